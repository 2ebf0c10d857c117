"""The workspace database locked by another process: whoever writes waits or is told, whoever reads is answered."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from studio_ext.contract.errors import Unavailable
from studio_ext.contract.jobs import JobStatus
from tests.faults.conftest import Drill, wait_for
from tests.faults.jupyter import JupyterServer, Visitor
from tests.faults.test_kills import LOG, metric, run_status

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

BUSY = "STUDIO_BUSY_SECONDS"
APPEND = "import os\nwith open(SIDE, 'a') as side:\n    side.write(os.environ['STUDIO_JOB_ID'] + '\\n')"
HOLD = (
    "import sqlite3, sys\ndatabase = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "database.execute('BEGIN IMMEDIATE')\nprint('locked', flush=True)\nsys.stdin.read()\ndatabase.execute('ROLLBACK')\n"
)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process is in the middle of writing to the database."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdin and holder.stdout
    try:
        assert holder.stdout.readline() == b"locked\n"
        yield
    finally:
        holder.stdin.close()
        assert holder.wait(30) == 0


@pytest.mark.parametrize("seconds", [4.0, pytest.param(25.0, marks=pytest.mark.long)])
def test_writers_wait(drill: Drill, runner_name: str, seconds: float) -> None:
    """Submissions, stops and what the controller has to note take longer; nothing is refused, readers wait for none."""
    drill.start_controller()
    with JupyterServer(drill.home, drill.folder) as server, server.http() as http:
        ends = drill.submit(drill.notebook(APPEND, drill.gate("go"), LOG, name="ends.ipynb"), runner=runner_name)
        stops = drill.submit(drill.notebook("import time\ntime.sleep(600)", name="stops.ipynb"), runner=runner_name)
        drill.wait_cell(ends, 2)
        drill.wait_cell(stops, 1)
        pages = ["jobs", f"jobs/{ends.id}", f"jobs/{ends.id}/log", "jobs/changes?since=0", "info"]
        with Visitor(server, lambda: pages, pause=0.0) as first:
            wait_for(lambda: len(first.all) > 100, 60, "the server has loaded what it needs")
        body = {
            "notebook": drill.notebook(APPEND, name="new.ipynb").name,
            "experiment": "drills",
            "runner": runner_name,
        }
        with ThreadPoolExecutor(12) as people, Visitor(server, lambda: pages) as visitor:
            with locked(drill.workspace.database):
                began, before = time.monotonic(), len(visitor.all)
                drill.open_gate("go")
                submissions = [people.submit(http.post, "jobs", json=body) for _ in range(10)]
                stop = people.submit(http.post, f"jobs/{stops.id}/stop")
                wait_for(lambda: time.monotonic() - began > seconds, seconds + 5, "the lock is held")
                assert not any(each.done() for each in (*submissions, stop))
                answered = len(visitor.all) - before
            replies = [each.result() for each in submissions]
            assert [reply.status_code for reply in replies] == [201] * 10
            assert stop.result().status_code == 200
        print(f"\n{answered} answers while the database was locked; p95 of all {visitor.p95:.3f} s")
        assert visitor.refused == []
        assert answered > 2 * len(pages), "a reader waited for the writers"
    assert drill.wait_recorded(ends).status is JobStatus.Completed
    assert (run_status(drill, ends), metric(drill, ends)) == ("FINISHED", [42.0])
    assert drill.wait_recorded(stops).status is JobStatus.Stopped
    ids = [reply.json()["id"] for reply in replies]
    for job_id in ids:
        assert drill.wait(drill.client.job(job_id)).status is JobStatus.Completed
    assert sorted(drill.lines()) == sorted([ends.id, *ids]), "each ran once"


@pytest.mark.parametrize("busy", [1.0, pytest.param(30.0, marks=pytest.mark.long)])
def test_longer_than_anybody_waits(
    drill: Drill, runner_name: str, busy: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Submitters are told, nothing of a job is left behind; the controller goes on when it can."""
    if busy != 30.0:
        monkeypatch.setenv(BUSY, str(busy))
    controller = drill.start_controller()
    ends = drill.submit(drill.notebook(APPEND, drill.gate("go"), LOG, name="ends.ipynb"), runner=runner_name)
    drill.wait_cell(ends, 2)
    waits = drill.notebook(APPEND, name="waits.ipynb")
    before = len(list(drill.workspace.jobs.iterdir()))
    with locked(drill.workspace.database):
        drill.open_gate("go")
        began = time.monotonic()
        with pytest.raises(Unavailable, match="database is locked"):
            drill.submit(waits, runner=runner_name)
        assert busy * 0.9 < time.monotonic() - began < busy + 10
        assert len(list(drill.workspace.jobs.iterdir())) == before, "half a job was left behind"
        wait_for((drill.attempt(ends) / "exit.json").exists, 30, "the job ends meanwhile", drill.explain)
        wait_for(lambda: "database is locked" in drill.explain(), busy + 30, "the controller says so", drill.explain)
        assert controller.poll() is None
        assert drill.client.job(ends.id).status is JobStatus.InProgress
    again = drill.submit(waits, runner=runner_name)
    assert drill.wait_recorded(ends).status is JobStatus.Completed
    assert (run_status(drill, ends), metric(drill, ends)) == ("FINISHED", [42.0])
    assert drill.wait_recorded(again).status is JobStatus.Completed
    assert drill.lines() == [ends.id, again.id]
    assert controller.poll() is None

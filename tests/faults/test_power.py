"""The plug is pulled: server, controller, fork servers, supervisors, executors and kernels are gone in one instant."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from studio_ext.contract.jobs import ExitReason, JobDetail, JobStatus
from studio_ext.core.states import FINAL
from studio_ext.testing.live_server import end_controller
from tests.faults.conftest import Drill, kill_all, wait_for
from tests.faults.jupyter import JupyterServer
from tests.faults.test_kills import LOG, metric, run_status

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

APPEND = "import os\nwith open(SIDE, 'a') as side:\n    side.write(os.environ['STUDIO_JOB_ID'] + '\\n')"
SLEEP = "import time\ntime.sleep(600)"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
NEXT_BOOT = "11111111-2222-4333-8444-555555555555\n"
RESTART_SECONDS = 10.0


def next_boot(folder: Path) -> list[str]:
    """What a command begins with so that it and all that it starts see the machine after its next boot."""
    (folder / "boot_id").write_text(NEXT_BOOT)
    mine = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = f'mount --bind "{folder}/boot_id" {BOOT_ID} && exec "$@"'
    return ["unshare", *mine, "--mount", "sh", "-c", script, "sh"]


def pull_the_plug(drill: Drill, server: JupyterServer, jobs: list[JobDetail]) -> None:
    """Kill everything at once: what was started for the workspace, and what belongs to its jobs."""
    lease = drill.client.store.lease()
    assert lease is not None
    tree = [each.pid for pid in (server.pid, lease.pid) for each in psutil.Process(pid).children(recursive=True)]
    pids = {server.pid, lease.pid, *tree, *(pid for job in jobs for pid in drill.processes(job))}
    commands = b" ".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids)
    for kind in (b"jupyter_server", b"controller.main", b"kernel-server", b"worker-server"):
        assert kind in commands, f"no {kind!r} among {pids}"
    kill_all(pids)
    assert server.process is not None
    server.process.wait()
    gone = lambda: not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)  # noqa: E731
    wait_for(gone, 10, "everything is dead")


@pytest.fixture
def workspace(drill: Drill) -> Iterator[Drill]:
    """A drill whose controllers are started by servers."""
    yield drill
    drill.client.close()
    drill._client = None
    end_controller(drill.home)  # also one that lives in what it takes for another boot


def submit(http: httpx.Client, drill: Drill, runner_name: str, name: str, *cells: str) -> JobDetail:
    body = {"notebook": drill.notebook(*cells, name=name).name, "experiment": "drills", "runner": runner_name}
    reply = http.post("jobs", json=body)
    assert reply.status_code == 201, reply.text
    return JobDetail.model_validate_json(reply.content)


@pytest.mark.parametrize("rebooted", [False, True], ids=["killed", "rebooted"])
def test_everything_dies_at_once(workspace: Drill, runner_name: str, rebooted: bool) -> None:
    drill = workspace
    (drill.home).mkdir(exist_ok=True)
    (drill.home / "studio.toml").write_text("[controller]\nmax_running = 2\n")
    with JupyterServer(drill.home, drill.folder) as server, server.http() as http:
        done = submit(http, drill, runner_name, "done.ipynb", APPEND, LOG)
        assert drill.wait_recorded(done, 60).status is JobStatus.Completed
        running = [submit(http, drill, runner_name, f"running-{number}.ipynb", APPEND, SLEEP) for number in range(2)]
        for job in running:
            drill.wait_cell(job, 2)
        waiting = submit(http, drill, runner_name, "waiting.ipynb", APPEND, LOG)
        assert drill.client.job(waiting.id).status is JobStatus.Pending
        before = drill.client.job(done.id)
        pull_the_plug(drill, server, [*running, waiting])

    prefix = next_boot(drill.folder.parent) if rebooted else []
    # Nobody submits or stops anything: that the server is there again has to be enough.
    with JupyterServer(drill.home, drill.folder, prefix=prefix) as server, server.http() as http:
        began = time.monotonic()
        over = lambda: all(http.get(f"jobs/{job.id}").json()["status"] in FINAL for job in running)  # noqa: E731
        wait_for(over, RESTART_SECONDS, "no job is in progress that does not run", drill.explain)
        print(f"\nsaid {time.monotonic() - began:.1f} s after the server answered")
        reason, sentence = (
            (ExitReason.host_restarted, "The machine was restarted at cell 2.")
            if rebooted
            else (ExitReason.worker_lost, "The process that looked after the job was killed at cell 2.")
        )
        for job in running:
            ended = drill.wait_recorded(job)
            assert ended.exit is not None
            assert (ended.status, ended.exit.reason, ended.message) == (JobStatus.Failed, reason, sentence)
            assert ended.started and ended.ended and ended.ended >= ended.started
            assert [step.status for step in ended.transitions].count(JobStatus.Failed) == 1
            log = (drill.attempt(ended) / "log.txt").read_text()
            assert log.count(sentence) == 1 and log.endswith(f"--- {sentence} ---\n")
            assert run_status(drill, ended) == "FAILED"
            assert drill.processes(ended) == []
        assert drill.wait_recorded(waiting).status is JobStatus.Completed, "what had not begun was not lost"
        assert metric(drill, waiting) == [42.0]
        assert drill.client.job(done.id) == before
        said = {job.id: drill.client.job(job.id) for job in (*running, waiting)}
        assert sorted(drill.lines()) == sorted(job.id for job in (done, waiting, *running)), "nothing ran twice"
        pull_the_plug(drill, server, [])

    with JupyterServer(drill.home, drill.folder, prefix=prefix) as server, server.http() as http:
        last = submit(http, drill, runner_name, "last.ipynb", "1")
        assert drill.wait_recorded(last, 60).status is JobStatus.Completed
        assert {job_id: drill.client.job(job_id) for job_id in said} == said, "it is said once"

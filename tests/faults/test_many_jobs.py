"""Very many submissions at once: all are accepted, all finish, and the page answers meanwhile."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from tests.faults.conftest import Drill, wait_for
from tests.faults.jupyter import JupyterServer, Visitor

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]

APPEND = "import os\nwith open(SIDE, 'a') as side:\n    side.write(os.environ['STUDIO_JOB_ID'] + '\\n')"


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_many_submissions_at_once(drill: Drill, runner_name: str, count: int) -> None:
    drill.start_controller()
    drill.wait(drill.submit(drill.notebook("1", name="warm.ipynb"), runner=runner_name))
    notebook = drill.notebook(APPEND)
    together = Barrier(count)

    with JupyterServer(drill.home, drill.folder) as server, server.http(timeout=600) as http:
        with Visitor(server, lambda: ["experiments", "jobs"], pause=0.0) as first:
            wait_for(lambda: len(first.all) > 100, 60, "the server has loaded what it needs")

        def submit(number: int) -> httpx.Response:
            request = {"notebook": notebook.name, "experiment": "many", "name": f"job {number}", "runner": runner_name}
            together.wait()
            return http.post("jobs", json=request)

        newest = http.get("jobs?limit=1").json()["items"][0]["id"]
        pages = ["jobs?limit=50", "jobs/changes?since=0", f"jobs/{newest}", f"jobs/{newest}/log", "info"]
        began = time.monotonic()
        with Visitor(server, lambda: pages) as visitor:
            with ThreadPoolExecutor(count) as people:
                replies = list(people.map(submit, range(count)))
            accepted = time.monotonic() - began
            while_accepting = visitor.p95
            left = lambda: http.get("jobs?status=Pending,Starting,InProgress,Stopping&limit=1").json()["total"]  # noqa: E731
            wait_for(lambda: left() == 0, 15 * count + 60, "all jobs end", drill.explain)
            over = time.monotonic() - began
        print(
            f"\n{count} jobs: accepted within {accepted:.1f} s, over within {over:.1f} s; {len(visitor.all)} answers, "
            f"p95 {visitor.p95:.3f} s ({while_accepting:.3f} s at first), longest {max(visitor.all):.2f} s"
        )
        assert [reply.status_code for reply in replies] == [201] * count
        ids = [reply.json()["id"] for reply in replies]
        assert len(set(ids)) == count
        totals = {
            status: http.get(f"jobs?status={status}&experiment=many").json()["total"] for status in ("Completed",)
        }
        assert totals == {"Completed": count}
        assert sorted(drill.lines()) == sorted(ids), "each ran once"
        assert visitor.refused == []
        assert visitor.p95 < 10

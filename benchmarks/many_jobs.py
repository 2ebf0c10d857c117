"""Twenty one-cell jobs at once, and a hundred submissions while the server is asked other things."""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import studio_ext as studio
from benchmarks import peers
from benchmarks.measure import TICKS, Options, Row, Samples, say, wait_for
from benchmarks.sandbox import jupyter_server, place, write_notebook
from studio_ext.contract.jobs import JobStatus
from studio_ext.core.states import FINAL
from studio_ext.sdk.connection import use

JOBS = 20
SUBMISSIONS = 100
SHARE = 1.15
"""Wall time may be so much more than CPU time spread over all cores."""


def run(options: Options) -> list[Row]:
    """Process and docker beside jupyter-scheduler, a round each in turn; then the submissions."""
    return [*_at_once(options), *_submissions(options)]


def _at_once(options: Options) -> list[Row]:
    rounds = 1 if options.quick else max(3, options.repeat // 3)
    names = ("process", "docker")
    walls = {name: Samples("s") for name in (*names, "jupyter-scheduler")}
    shares = {name: Samples("x") for name in walls}
    with place() as here, peers.scheduler() as scheduler:
        use(here.client)
        notebook = write_notebook(here.notebooks / "one.ipynb", ["x = 1"])
        for name in names:
            here.finished(studio.submit(notebook, runner=name).id)
        scheduler.run(-1)
        for number in range(rounds):
            for name in names:
                say(f"round {number + 1} of {rounds}, {JOBS} jobs at once: {name}")
                with _measured(walls[name], shares[name]):
                    ids = [studio.submit(notebook, runner=name).id for _ in range(JOBS)]
                    for job_id in ids:
                        here.finished(job_id)
            say(f"round {number + 1} of {rounds}, {JOBS} jobs at once: jupyter-scheduler")
            with _measured(walls["jupyter-scheduler"], shares["jupyter-scheduler"]):
                _schedule(scheduler, number)
    peer = "jupyter-scheduler"
    note = "wall time over CPU time of the whole machine divided by its cores"
    rows = []
    for name in names:
        what = f"{JOBS} one-cell jobs at once, {name}"
        rows.append(Row(what, walls[name], None, {peer: walls[peer]}, "to the end of the last one"))
        rows.append(Row(f"{what}: wall / (CPU / cores)", shares[name], SHARE, {peer: shares[peer]}, note))
    return rows


def _schedule(scheduler: peers.Scheduler, number: int) -> None:
    ids = []
    for index in range(JOBS):
        path = write_notebook(scheduler.server.root / f"many-{number}-{index}.ipynb", ["x = 1"])
        body = {
            "name": path.stem,
            "input_uri": path.name,
            "runtime_environment_name": scheduler.runtime,
            "output_formats": ["ipynb"],
        }
        ids.append(scheduler.server.request("POST", "scheduler/jobs", body)["job_id"])

    def is_over(job_id: str) -> bool:
        return scheduler.server.request("GET", f"scheduler/jobs/{job_id}")["status"] in ("COMPLETED", "FAILED")

    for job_id in ids:
        wait_for(lambda job_id=job_id: is_over(job_id), f"job {job_id}", timeout=300, pause=0.1)


@contextmanager
def _measured(wall: Samples, share: Samples) -> Iterator[None]:
    began, busy = time.monotonic(), _machine_seconds()
    yield
    seconds = time.monotonic() - began
    wall.add(seconds)
    share.add(seconds / max(0.01, (_machine_seconds() - busy) / (os.cpu_count() or 1)))


def _machine_seconds() -> float:
    """CPU seconds that the whole machine was busy: containers are nobody's children that we know."""
    fields = [int(each) for each in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    user, nice, system, _idle, _iowait, irq, soft = fields[:7]
    return (user + nice + system + irq + soft) / TICKS


def _submissions(options: Options) -> list[Row]:
    submitted, asked = Samples("s"), Samples("s")
    with place() as here:
        home = {"STUDIO_HOME": str(here.home)}
        with jupyter_server(sys.executable, "studio_ext", environ=home) as server:
            write_notebook(server.root / "one.ipynb", ["x = 1"])

            def submit(_: int) -> str:
                began = time.monotonic()
                job = server.request("POST", "studio/api/jobs", {"notebook": "one.ipynb"})
                submitted.add(time.monotonic() - began)
                return str(job["id"])

            here.finished(submit(0))
            submitted.values.clear()
            say(f"{SUBMISSIONS} submissions at once")
            with _asking(server.request, asked), ThreadPoolExecutor(8) as pool:
                ids = list(pool.map(submit, range(SUBMISSIONS)))
                wait_for(lambda: not here.client.store.active(), "the end of all jobs", timeout=600, pause=0.2)
            completed = sum(here.client.job(job_id).status is JobStatus.Completed for job_id in ids)
            assert all(here.client.job(job_id).status in FINAL for job_id in ids)
    note = f"95th percentile; {completed} of {SUBMISSIONS} completed"
    rows = {"submission": submitted, "other answers meanwhile": asked}
    return [
        Row(f"{SUBMISSIONS} submissions at once: {what}", Samples("s", [_p95(samples)]), 0.5, {}, note)
        for what, samples in rows.items()
    ]


@contextmanager
def _asking(request: Callable[..., object], samples: Samples) -> Iterator[None]:
    """Ask the server for the job list, and what the form asks, until the block is left."""
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            for address in ("jobs?limit=50", "jobs/changes?since=0", "options"):
                began = time.monotonic()
                request("GET", f"studio/api/{address}")
                samples.add(time.monotonic() - began)
            over.wait(0.05)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)


def _p95(samples: Samples) -> float:
    return statistics.quantiles(samples.values, n=20)[-1]

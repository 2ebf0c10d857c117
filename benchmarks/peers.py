"""The peers: what people use today to run a notebook. Each gives times of the same one-cell notebook."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import ORPHANS, wait_for
from benchmarks.sandbox import Server, clock_cell, environment, jupyter_server, read_clock, write_notebook

QUIET = {**os.environ, "PYTHONWARNINGS": "ignore"}

NBCLIENT = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


@dataclass(frozen=True)
class Times:
    """Seconds from the request on."""

    first_cell: float
    total: float


def papermill(folder: Path, number: int) -> Times:
    """``papermill in.ipynb out.ipynb``."""
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "--log-level", "ERROR"]
    return _run(folder, f"papermill-{number}", command)


def nbclient(folder: Path, number: int) -> Times:
    """A fresh process that imports nbclient and executes the notebook."""
    return _run(folder, f"nbclient-{number}", [sys.executable, "-c", NBCLIENT])


def _run(folder: Path, name: str, command: list[str]) -> Times:
    clock = folder / f"{name}.clock"
    notebook = write_notebook(folder / f"{name}.ipynb", [clock_cell(clock)])
    began = time.time()
    with (folder / f"{name}.log").open("wb") as log:
        ORPHANS.run([*command, str(notebook), str(folder / f"{name}-out.ipynb")], env=QUIET, stdout=log, stderr=log)
    total = time.time() - began
    return Times(read_clock(clock) - began, total)


@dataclass
class Scheduler:
    """jupyter-scheduler behind its own Jupyter server, in an environment of its own."""

    server: Server
    runtime: str

    def run(self, number: int) -> Times:
        """POST a job and wait until the server says that it is completed."""
        clock = self.server.root / f"job-{number}.clock"
        notebook = write_notebook(self.server.root / f"job-{number}.ipynb", [clock_cell(clock)])
        body = {
            "name": notebook.stem,
            "input_uri": notebook.name,
            "runtime_environment_name": self.runtime,
            "output_formats": ["ipynb"],
        }
        began = time.time()
        job = self.server.request("POST", "scheduler/jobs", body)["job_id"]

        def status() -> str:
            return str(self.server.request("GET", f"scheduler/jobs/{job}")["status"])

        first = read_clock(clock) - began
        # A new job is STOPPED until its process has started, so only these two words are an end.
        wait_for(lambda: status() in ("COMPLETED", "FAILED"), "jupyter-scheduler", pause=0.02)
        return Times(first, time.time() - began)


@contextmanager
def scheduler() -> Iterator[Scheduler]:
    """A server with jupyter-scheduler."""
    python = environment("jupyter-scheduler", "jupyter-scheduler", "ipykernel")
    with jupyter_server(str(python), "jupyter_scheduler", environ={"PYTHONWARNINGS": "ignore"}) as server:
        runtimes = server.request("GET", "scheduler/runtime_environments")
        yield Scheduler(server, runtimes[0]["name"])

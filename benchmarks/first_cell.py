"""From the request to a clock that the first cell reads, and to the end of a job of one cell."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import studio_ext as studio
from benchmarks import peers
from benchmarks.measure import Options, Row, Samples, say
from benchmarks.sandbox import (
    Place,
    Server,
    clock_cell,
    folder,
    jupyter_server,
    other_kernel,
    place,
    read_clock,
    write_notebook,
)
from benchmarks.steps import Steps
from studio_ext.sdk.connection import use

OWN, OTHER, REST, COMMAND = "own environment", "another environment", "REST", "command line"


@dataclass
class Way:
    """A way to submit, with a workspace of its own: while the others are timed its controller rests."""

    name: str
    place: Place
    kernel: str | None = None
    server: Server | None = None
    first: Samples = field(default_factory=lambda: Samples("s"))
    total: Samples = field(default_factory=lambda: Samples("s"))
    steps: Steps = field(default_factory=Steps)
    rested_since: float = 0.0

    def rest(self, seconds: float) -> None:
        """Wait until the controller has been idle for so long."""
        time.sleep(max(0.0, self.rested_since + seconds - time.monotonic()))

    def run(self, number: int, *, warm_up: bool = False, kernel: str | None = None) -> float:
        """Submit once and note the times; returns seconds to the first cell. ``kernel``: another one, this once."""
        root = self.server.root if self.server else self.place.notebooks
        base = root / f"job-{number}"
        base.mkdir()
        clock = base / "clock"
        notebook = write_notebook(base / "one.ipynb", [clock_cell(clock)], kernel=kernel or self.kernel or "python3")
        began = time.time()
        if self.server is not None:
            job_id = self.server.request("POST", "studio/api/jobs", {"notebook": f"job-{number}/one.ipynb"})["id"]
        elif self.name == COMMAND:
            command = [sys.executable, "-m", "studio_ext.cli", "submit", str(notebook), "--wait", "--json"]
            environ = {**os.environ, "STUDIO_HOME": str(self.place.home)}
            subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            ended = time.time()
            job_id = self.place.client.jobs(limit=1).items[0].id
        else:
            use(self.place.client)
            began = time.time()
            job_id = studio.submit(notebook).id
        submitted = time.time()
        job = self.place.finished(job_id)
        if self.name != COMMAND:
            ended = time.time()
        first = read_clock(clock)
        self.rested_since = time.monotonic()
        if not warm_up:
            self.first.add(first - began)
            self.total.add(ended - began)
            self.steps.add(job, began=began, submitted=submitted, first_cell=first, ended=ended)
        return first - began


def run(options: Options) -> list[Row]:
    """Interleaved rounds: each way and each peer once a round."""
    names = ("papermill", "nbclient", "jupyter-scheduler")
    firsts = {name: Samples("s") for name in names}
    totals = {name: Samples("s") for name in names}
    new, cold = Samples("s"), Samples("s")
    with ExitStack() as stack:
        ways = [Way(name, stack.enter_context(place())) for name in (OWN, OTHER, REST, COMMAND)]
        ways[1].kernel = stack.enter_context(other_kernel())
        home = {"STUDIO_HOME": str(ways[2].place.home)}
        ways[2].server = stack.enter_context(jupyter_server(sys.executable, "studio_ext", environ=home))
        scheduler = stack.enter_context(peers.scheduler())
        files = stack.enter_context(folder())
        for way in ways:
            say(f"first job: {way.name}")
            first = way.run(-1, warm_up=True, kernel="python3")
            if way.name in (OWN, OTHER):
                new.add(first)
        cold.add(ways[1].run(-2, warm_up=True))
        time.sleep(3)  # until the kernel server of the other environment is ready
        scheduler.run(-1)
        for number in range(options.repeat):
            say(f"round {number + 1} of {options.repeat}")
            for name, peer in (("papermill", peers.papermill), ("nbclient", peers.nbclient)):
                times = peer(files, number)
                firsts[name].add(times.first_cell)
                totals[name].add(times.total)
            times = scheduler.run(number)
            firsts["jupyter-scheduler"].add(times.first_cell)
            totals["jupyter-scheduler"].add(times.total)
            turn = number % len(ways)
            for way in ways[turn:] + ways[:turn]:  # whoever comes first finds the whole machine asleep
                way.rest(options.idle)
                way.run(number)
        for way in ways[:2]:
            way.steps.show(f"where the time goes, {way.name}")
    own, other, rest, command = ways
    note = f"controller idle for {options.idle:.0f} s before each"

    def only(name: str, samples: dict[str, Samples]) -> dict[str, Samples]:
        return {name: samples[name]}

    return [
        Row("submit() to first cell, own environment", own.first, 0.6, firsts, note),
        Row("POST to first cell, own environment", rest.first, 0.6, only("jupyter-scheduler", firsts), note),
        Row("submit() to first cell, another environment", other.first, 1.2, firsts, note),
        Row("submit() to first cell, first job of an environment", cold, None, {}, "no kernel server for it yet"),
        Row("submit() to first cell, new workspace", new, None, {}, "the controller starts and makes the databases"),
        Row("submit() to Completed, one cell", own.total, 0.8, totals, note),
        Row("command line to first cell", command.first, None, only("papermill", firsts), "a fresh process; " + note),
        Row("command line, --wait, to its exit", command.total, None, only("papermill", totals), note),
    ]

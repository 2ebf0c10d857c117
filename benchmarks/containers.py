"""Jobs in containers, beside papermill in a container: to the first cell, and to the end of a job of one cell."""

from __future__ import annotations

import time
from pathlib import Path

import studio_ext as studio
from benchmarks.measure import ORPHANS, Options, Row, Samples, say
from benchmarks.sandbox import clock_cell, folder, place, read_clock, write_notebook
from studio_ext.adapters.docker_runner.settings import DEFAULT_IMAGE
from studio_ext.sdk.connection import use


def run(options: Options) -> list[Row]:
    """Interleaved rounds: a job and ``docker run`` of the same image with papermill in it."""
    first, total, added = Samples("s"), Samples("s"), Samples("s")
    peer_first, peer_total = Samples("s"), Samples("s")
    with place() as here, folder() as files:
        use(here.client)
        notebook = write_notebook(here.notebooks / "one.ipynb", [clock_cell(Path("clock"))])
        here.finished(studio.submit(notebook, runner="docker").id)  # the first one proves that the engine sees us
        _papermill(files, -1)
        for number in range(options.repeat):
            say(f"round {number + 1} of {options.repeat}")
            peer = _papermill(files, number)
            time.sleep(1.0 if options.quick else 5.0)
            began = time.time()
            job = here.finished(studio.submit(notebook, runner="docker").id)
            total.add(time.time() - began)
            first.add(read_clock(Path(job.directory) / "code" / "clock") - began)
            peer_first.add(peer[0])
            peer_total.add(peer[1])
            added.add(first.values[-1] - peer[0])
    name = "docker run with papermill"
    note = f"image {DEFAULT_IMAGE}, interleaved"
    return [
        Row("docker: submit() to first cell", first, 1.3, {name: peer_first}, note),
        Row("docker: what we add to the first cell", added, 0.3, {}, "difference within a round; negative: quicker"),
        Row("docker: submit() to Completed, one cell", total, None, {name: peer_total}, note),
    ]


def _papermill(files: Path, number: int) -> tuple[float, float]:
    """Seconds to the first cell and to the end of ``docker run IMAGE papermill``."""
    clock = files / f"{number}.clock"
    write_notebook(files / f"{number}.ipynb", [clock_cell(Path("/work") / clock.name)])
    command = ["docker", "run", "--rm", "--network", "none", "-v", f"{files}:/work", DEFAULT_IMAGE, "papermill"]
    command += ["--no-progress-bar", "--log-level", "ERROR", f"/work/{number}.ipynb", f"/work/{number}-out.ipynb"]
    began = time.time()
    with (files / "log.txt").open("wb") as log:
        ORPHANS.run(command, stdout=log, stderr=log)
    ended = time.time()
    return read_clock(clock) - began, ended - began

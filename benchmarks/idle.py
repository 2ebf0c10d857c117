"""What an idle controller costs, with the fork servers that it keeps ready."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

import studio_ext as studio
from benchmarks import peers
from benchmarks.measure import MIB, Options, Row, Samples, cpu_seconds, descendants, pss_bytes, say
from benchmarks.sandbox import jupyter_server, other_kernel, place, write_notebook
from studio_ext.sdk.connection import use

SETTLE_SECONDS = 5.0


def run(options: Options) -> list[Row]:
    """One long look at all of them at the same time: they are idle, so they do not disturb each other."""
    seconds = 10.0 if options.quick else 60.0
    with ExitStack() as stack:
        here = stack.enter_context(place())
        kernel = stack.enter_context(other_kernel())
        use(here.client)
        for each in ("python3", kernel):  # both environments have been used, so both are kept ready
            notebook = write_notebook(here.notebooks / f"{each}.ipynb", ["x = 1"], kernel=each)
            here.finished(studio.submit(notebook).id)
        home = {"STUDIO_HOME": str(here.home)}
        studio_server = stack.enter_context(jupyter_server(sys.executable, "studio_ext", environ=home))
        scheduler = stack.enter_context(peers.scheduler())
        scheduler.run(0)
        groups: dict[str, Callable[[], list[int]]] = {
            "controller": here.family,
            "server with Studio": lambda: descendants(studio_server.pid),
            "server with jupyter-scheduler": lambda: descendants(scheduler.server.pid),
        }
        time.sleep(SETTLE_SECONDS)
        say(f"watching {seconds:.0f} s")
        processes = {name: group() for name, group in groups.items()}
        before = {name: cpu_seconds(pids) for name, pids in processes.items()}
        time.sleep(seconds)
        percent = {name: 100 * (cpu_seconds(pids) - before[name]) / seconds for name, pids in processes.items()}
        memory = {name: pss_bytes(pids) / MIB for name, pids in processes.items()}
    names = list(groups)
    note = f"{len(processes['controller'])} processes, two environments used, over {seconds:.0f} s"
    limit = 400e6 / MIB
    return [
        Row("idle controller, CPU", _one("%", percent[names[0]]), 1.0, _peers("%", percent, names[1:]), note),
        Row("idle controller, PSS", _one("MiB", memory[names[0]]), limit, _peers("MiB", memory, names[1:]), note),
    ]


def _one(unit: str, value: float) -> Samples:
    return Samples(unit, [value])


def _peers(unit: str, values: dict[str, float], names: list[str]) -> dict[str, Samples]:
    return {name: _one(unit, values[name]) for name in names}

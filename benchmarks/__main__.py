"""``python -m benchmarks [NAME ...] [--quick] [--idle SECONDS] [--repeat N] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks import (
    containers,
    first_cell,
    idle,
    log_lines,
    log_metric,
    many_jobs,
    progress,
    series,
    thousand_cells,
    tracker,
    trials,
)
from benchmarks.measure import ORPHANS, Benchmark, Options, Row

BENCHMARKS: dict[str, Benchmark] = {
    "first-cell": first_cell.run,
    "thousand-cells": thousand_cells.run,
    "progress": progress.run,
    "idle": idle.run,
    "log-metric": log_metric.run,
    "tracker": tracker.run,
    "containers": containers.run,
    "many-jobs": many_jobs.run,
    "log-lines": log_lines.run,
    "trials": trials.run,
    "series": series.run,
}
HEADINGS = ["what", "Studio", "target", "peers", "how"]
PACKAGES = ("jupyter_server", "ipykernel", "papermill", "nbclient", "mlflow")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run benchmarks and print one table. 0 also when a target is missed: a busy machine is not a fault."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed and size, beside the peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHMARKS)} (all)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and short rests; figures are rough")
    parser.add_argument("--idle", type=float, help="seconds that controllers rest before each submission (60)")
    parser.add_argument("--repeat", type=int, help="rounds (10)")
    parser.add_argument("--trials", type=int, default=0, help="trials to look among (100,000; --quick: 10,000)")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument(
        "--from", dest="earlier", type=Path, metavar="FILE", help="show what --json wrote; measure nothing"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all values to FILE as well")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    show = show_markdown if given.markdown else show_table
    if given.earlier:
        document = json.loads(given.earlier.read_text())
        show([Row.from_json(each) for each in document["rows"]], document["machine"])
        return 0
    idle_seconds = given.idle if given.idle is not None else (5.0 if given.quick else 60.0)
    repeat = given.repeat or (5 if given.quick else 10)
    options = Options(quick=given.quick, idle=idle_seconds, repeat=repeat, trials=given.trials)
    os.environ.pop("STUDIO_URL", None)
    os.environ.pop("STUDIO_TRACKING_URI", None)
    for number in (signal.SIGINT, signal.SIGTERM):  # either way everything that was started is ended
        signal.signal(number, signal.default_int_handler)
    ORPHANS.start()
    rows: list[Row] = []
    failed = False
    for name in given.names or BENCHMARKS:
        print(f"{name} ...", flush=True)
        began = time.monotonic()
        try:
            rows += BENCHMARKS[name](options)
        except Exception as error:
            failed = True
            print(f"  {name} failed: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"  {time.monotonic() - began:.0f} s", flush=True)
        if given.json:  # after each: what was measured is not lost when a later one is cut off
            document = {"machine": machine(), "options": vars(options), "rows": [row.as_json() for row in rows]}
            given.json.write_text(json.dumps(document, indent=1))
    show(rows, machine())
    return 1 if failed else 0


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    found: dict[str, Any] = {"python": platform.python_version(), "system": platform.platform(), "cpus": os.cpu_count()}
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    found["processor"] = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    found["load"] = round(os.getloadavg()[0], 1)
    return found


def show_table(rows: Sequence[Row], machine: dict[str, Any]) -> None:
    """Print the table for a terminal."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table(title="Studio beside its peers (median, range)", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*cells(row, "\n"))
    console.print(table)
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()))


def show_markdown(rows: Sequence[Row], machine: dict[str, Any]) -> None:
    """Print the table for a page."""
    for line in (HEADINGS, ["---"] * len(HEADINGS), *(cells(row, "<br>") for row in rows)):
        print(f"| {' | '.join(line)} |")
    print()
    print(", ".join(f"{name} {value}" for name, value in machine.items()))


def cells(row: Row, line_break: str) -> list[str]:
    """A line of the table."""
    mark = {True: "met", False: "MISSED", None: ""}[row.is_met]
    target = "" if row.target is None else f"{row.target:.3g} {row.ours.unit}{line_break}{mark}"
    others = line_break.join(f"{name}: {each.shown()}" for name, each in row.peers.items())
    return [row.what, row.ours.shown(), target, others, row.note]


if __name__ == "__main__":
    raise SystemExit(main())

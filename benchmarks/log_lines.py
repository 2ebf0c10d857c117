"""How many lines a second of a cell that prints reach the job's log, beside papermill's own log of the output."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import studio_ext as studio
from benchmarks.measure import ORPHANS, Options, Row, Samples, say
from benchmarks.peers import QUIET
from benchmarks.sandbox import folder, place, write_notebook
from studio_ext.sdk.connection import use

LINES = 1_000_000
TARGET = 50_000


def run(options: Options) -> list[Row]:
    """Interleaved; the time is from the first print to the last byte in the file."""
    lines = LINES // 10 if options.quick else LINES
    peer_lines = lines // 10  # the peer's cost grows faster than its lines
    rounds = 2 if options.quick else 3
    ours, docker, theirs = Samples("lines/s"), Samples("lines/s"), Samples("lines/s")
    with place() as here, folder() as files:
        use(here.client)
        notebook = write_notebook(here.notebooks / "print.ipynb", [_cell("began", lines)])
        for number in range(rounds):
            for name, samples in (("process", ours), ("docker", docker)):
                say(f"round {number + 1} of {rounds}: {name}")
                job = here.finished(studio.submit(notebook, runner=name).id, timeout=600)
                began = float((Path(job.directory) / "code" / "began").read_text())
                log = Path(job.directory) / "attempts" / "1" / "log.txt"
                samples.add(lines / (log.stat().st_mtime - began))
            say(f"round {number + 1} of {rounds}: papermill")
            theirs.add(_papermill(files, peer_lines))
    note = f"{lines:,} lines of 30 characters; papermill --log-output with {peer_lines:,}"
    peers = {"papermill": theirs}
    return [
        _fast(Row("log lines to the file, process", ours, None, peers, note)),
        _fast(Row("log lines to the file, docker", docker, None, peers, note)),
    ]


def _fast(row: Row) -> Row:
    """More is better here: the table's targets are upper bounds, so this one is said in words."""
    row.note += f"; target at least {TARGET:,}: {'met' if row.ours.median >= TARGET else 'MISSED'}"
    return row


def _cell(mark: str, lines: int) -> str:
    return (
        f"import time\nopen({mark!r}, 'w').write(repr(time.time()))\n"
        f"for number in range({lines}): print('a line of output, as they are', number)"
    )


def _papermill(files: Path, lines: int) -> float:
    mark, log = files / "began", files / "log.txt"
    notebook = write_notebook(files / "print.ipynb", [_cell(str(mark), lines)])
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "--log-output", "--log-level", "INFO"]
    with log.open("wb") as file:
        ORPHANS.run([*command, str(notebook), str(files / "out.ipynb")], env=QUIET, stdout=file, stderr=file)
    assert log.stat().st_size > lines * 20
    return lines / max(0.001, time.time() - float(mark.read_text()))

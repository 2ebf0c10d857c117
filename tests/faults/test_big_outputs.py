"""Jobs that print and show far too much: file and log end with a note, memory stays flat, the page answers."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest

from studio_ext.contract.jobs import JobDetail, JobStatus
from tests.faults.conftest import Drill, wait_for
from tests.faults.jupyter import JupyterServer, Visitor
from tests.faults.memory import Peak

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

MIB = 1 << 20
HUGE_LINE = "print('x' * 100_000_000)"
HUNDREDS_OF_MEGABYTES = "for number in range(200):\n    print(str(number % 10) * 1_000_000)"
MANY_LINES = "for number in range(100_000):\n    print(number)"
PICTURES = (
    "import base64, os\nfrom IPython.display import display\n"
    "for number in range(100):\n"
    "    display({'image/png': base64.b64encode(os.urandom(750_000)).decode()}, raw=True)\n"
)
LAST = "print('the end')"


def pages(job: JobDetail) -> list[str]:
    """What a person looks at while a job runs."""
    return [
        "jobs?limit=50",
        f"jobs/{job.id}",
        f"jobs/{job.id}/log?offset=-65536",
        f"jobs/{job.id}/files?path=output",
        f"contents/{job.content_path}?content=0",
    ]


def open_notebook(http: httpx.Client, job: JobDetail) -> Any:
    """The output notebook as JupyterLab gets it."""
    reply = http.get(f"contents/{job.content_path}?type=notebook&content=1")
    assert reply.status_code == 200, reply.text[:500]
    notebook = nbformat.from_dict(reply.json()["content"])
    nbformat.validate(notebook)
    return notebook


def text_of(cell: Any) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def run_loudly(drill: Drill, runner_name: str, cells: list[str], seconds: float) -> tuple[JobDetail, Any]:
    """Run cells between two gates, watched; returns the job and its notebook as JupyterLab gets it."""
    small = drill.submit(drill.notebook("print(1)", name="small.ipynb"), runner=runner_name)
    with JupyterServer(drill.home, drill.folder) as server, server.http() as http:
        small = drill.wait_recorded(small)
        open_notebook(http, small)
        with Visitor(server, lambda: ["experiments", *pages(small)], pause=0.0) as first:
            wait_for(lambda: len(first.all) > 300, 60, "the server has loaded what it needs")
        notebook = drill.notebook(drill.gate("first"), *cells, drill.gate("last"), name="loud.ipynb")
        job = drill.submit(notebook, runner=runner_name)
        drill.wait_cell(job, 1)
        peaks = {
            "server": Peak(server.pid),
            "controller": Peak(drill.controllers[-1].pid),
            "executor": Peak(drill.executor(job)),
        }
        with Visitor(server, lambda: pages(job)) as visitor:
            drill.open_gate("first")
            drill.wait_cell(job, len(cells) + 2, seconds)
            grown = {name: peak.grown() for name, peak in peaks.items()}
            drill.open_gate("last")
            ended = drill.wait_recorded(job, 60)
        peaks.pop("executor")
        print(
            f"\nmemory beyond before, MiB: { ({name: round(mib, 1) for name, mib in grown.items()}) }, "
            f"and to the end: { ({name: round(peak.grown(), 1) for name, peak in peaks.items()}) }; "
            f"{len(visitor.all)} answers, p95 {visitor.p95:.3f} s, longest {max(visitor.all):.3f} s"
        )
        assert ended.status is JobStatus.Completed, ended.message
        assert visitor.refused == []
        assert visitor.p95 < 5 and max(visitor.all) < 30
        assert grown["executor"] < 110, "the outputs that are kept, and one cell as it is written"
        assert grown["server"] < 40
        assert grown["controller"] < 40
        assert peaks["controller"].grown() < 160, "logging the notebook and its pictures takes some, once"
        peaks["server"].reset()
        opened = open_notebook(http, ended)
        assert peaks["server"].grown() < 300, "a notebook is opened as a whole"
        log = http.get(f"jobs/{job.id}/log?offset=-65536").json()
        assert log["complete"]
    return ended, opened


def test_far_too_much_output(drill: Drill, runner_name: str) -> None:
    """400 MB of text and 100 MB of pictures."""
    drill.start_controller(variables={"STUDIO_LOG_LIMIT": "100MiB"})
    cells = [HUGE_LINE, HUNDREDS_OF_MEGABYTES, MANY_LINES, PICTURES, LAST]
    job, notebook = run_loudly(drill, runner_name, cells, 240)
    line, lines, many, pictures, last = notebook.cells[1:-1]
    for cell in (line, lines):
        assert "of text left out here; the log has it, up to 100 MiB ---" in text_of(cell)
        assert MIB < len(text_of(cell)) < 3 * MIB
    assert text_of(line).startswith("xxxx") and text_of(line).endswith("xxx\n")
    assert text_of(lines).startswith("0000") and text_of(lines).endswith("9999\n")
    assert text_of(many).splitlines() == [str(number) for number in range(100_000)]
    shown = [output for output in pictures.outputs if output.output_type == "display_data"]
    assert 5 < len(shown) < 15
    assert f"{100 - len(shown)} outputs of" in text_of(pictures)
    assert text_of(last) == "the end\n"
    assert job.output_notebook is not None
    assert Path(job.output_notebook).stat().st_size < 33 * MIB
    log = drill.attempt(job) / "log.txt"
    assert 100 * MIB - 1000 < log.stat().st_size < 101 * MIB
    assert b"--- The log has reached 100 MiB: the rest of the output is left out here ---" in log.read_bytes()[-1000:]


@pytest.mark.long
def test_a_gigabyte_and_ten_million_lines(drill: Drill, runner_name: str) -> None:
    drill.start_controller()
    gigabyte = "for number in range(1000):\n    print(str(number % 10) * 1_000_000)"
    lines = "for number in range(10_000_000):\n    print(number)"
    job, notebook = run_loudly(drill, runner_name, [gigabyte, lines, LAST], 590)
    for cell, end in zip(notebook.cells[1:3], ("9999\n", "9999998\n9999999\n"), strict=True):
        assert "of text left out here; the log has it, up to 1 GiB ---" in text_of(cell)
        assert text_of(cell).endswith(end)
    log = drill.attempt(job) / "log.txt"
    assert log.stat().st_size < 1.07 * 1024 * MIB


@pytest.mark.parametrize("cells", [1500, pytest.param(10_000, marks=pytest.mark.long)])
def test_very_many_cells(drill: Drill, runner_name: str, cells: int) -> None:
    drill.start_controller()
    _, notebook = run_loudly(drill, runner_name, [f"print({number})" for number in range(cells)], 500)
    assert [text_of(cell) for cell in notebook.cells[1:-1]] == [f"{number}\n" for number in range(cells)]


def test_an_executor_that_is_held_up_loses_no_line(drill: Drill, runner_name: str) -> None:
    """Output that nobody takes is neither dropped nor piled up in memory: the program waits, as on a pipe."""
    drill.start_controller()
    printing = "for number in range(20_000):\n    print(number, flush=number % 5 == 0)\nprint('z' * 50_000_000)"
    began = drill.folder.parent / "began"
    job = drill.submit(drill.notebook(drill.gate("go"), f"open({str(began)!r}, 'w')\n{printing}"), runner=runner_name)
    drill.wait_cell(job, 1)
    executor = drill.executor(job)

    def others() -> list[int]:
        own = (executor, drill.client.job(job.id).pid)  # the row may have it a moment after the cell is seen
        return [pid for pid in drill.processes(job) if pid not in own]

    def seen() -> str:
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes()[:300] for pid in drill.processes(job)}
        return f"{executor}, {commands}, {drill.client.job(job.id)}"

    # What describes the environment has programs of its own, for a moment.
    wait_for(lambda: len(others()) == 1, 90, "nothing but the kernel", seen)
    (kernel,) = others()
    drill.open_gate("go")
    wait_for(began.exists, 30, "the cell prints", drill.explain)
    os.kill(executor, signal.SIGSTOP)
    wait_for(lambda: _sleeps(kernel), 30, "the kernel waits", drill.explain)
    os.kill(executor, signal.SIGCONT)
    ended = drill.wait(job, 90)
    assert ended.status is JobStatus.Completed, ended.message
    text = (drill.attempt(job) / "log.txt").read_text().partition("cell 2 of 2")[2]
    assert [line for line in text.splitlines() if line.isdigit()] == [str(number) for number in range(20_000)]
    assert text.count("z") == 50_000_000


def _sleeps(pid: int) -> bool:
    """Whether no thread of a process has anything to do."""
    states = [
        Path(task, "stat").read_text().rpartition(")")[2].split()[0] for task in Path(f"/proc/{pid}/task").iterdir()
    ]
    return all(state == "S" for state in states)

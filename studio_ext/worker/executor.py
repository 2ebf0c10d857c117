"""The executor: drives one notebook through papermill against a kernel that the supervisor started.

It runs none of the user's code. It ends with its supervisor.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import resource
import socket
import traceback
from pathlib import Path
from typing import Any

from . import records
from .clock import Clock
from .log_limit import LOG_BYTES
from .notebook_file import NotebookSaver, UnreadableNotebook, number_cells, read_notebook
from .outputs import NOTEBOOK_BYTES, middle_out
from .reporter import Reporter

_LONGEST_TEXT = 60_000
"""Characters of a traceback or a cell's source that go into the records."""

_DISK_FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "database or disk is full")
"""What programs and libraries say of a full disk, in whatever exception."""


def read_request(link: socket.socket) -> dict[str, Any] | None:
    """The first thing that a supervisor says: which attempt, and where its kernel is. None: it is gone."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = link.recv(1)  # what follows the line belongs to the engine
        if not byte:
            return None
        line += byte
    request: dict[str, Any] = json.loads(line)
    return request


def execute(link: socket.socket, request: dict[str, Any]) -> None:
    """Be the executor of the attempt that the supervisor at the other end of ``link`` names."""
    files = records.AttemptFiles(Path(request["job_dir"]), request["attempt"])
    owner = request.get("owner")
    records.OWNER = (owner[0], owner[1]) if owner else None
    result = _run(files, request, link)
    if result is None:  # the supervisor is gone
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    result |= {
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_memory_bytes": None,
        "ended": Clock(request.get("clock")).now(),
        "attempt": files.attempt,
    }
    with contextlib.suppress(OSError):
        files.finish(files.result, result)


def outcome(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    """An exit record without its figures."""
    code = {"Completed": 0, "CellFailed": 1}.get(reason)
    empty = {"code": code, "cell": None, "cell_source": None, "traceback": None}
    return empty | {"reason": reason, "message": message} | more


def _run(files: records.AttemptFiles, request: dict[str, Any], link: socket.socket) -> dict[str, Any] | None:
    try:
        from papermill.exceptions import PapermillExecutionError
        from papermill.execute import execute_notebook, remove_error_markers

        from .engine import KernelGone, Session, StopRequested, SupervisorLost, register
    except ImportError as error:
        name = (error.name or "papermill").split(".")[0]
        return outcome(
            "StartFailed",
            f"The notebook could not be executed: {name} is not installed where jobs are driven from. "
            f"Install it with: pip install {name}",
        )
    for name in ("papermill", "papermill.translators", "nbclient", "traitlets"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        notebook = read_notebook(files.notebook)
    except UnreadableNotebook as error:
        return outcome("StartFailed", str(error))
    job = records.read(files.job) or {}
    clock = Clock(request.get("clock"))
    reporter = Reporter(files, clock, request.get("log_bytes") or LOG_BYTES)
    numbers = number_cells(notebook.cells)
    reporter.start(len(numbers))
    saver = NotebookSaver(notebook, files.job_dir / "output" / job["notebook"])
    session = Session(
        connection_file=request["connection_file"],
        kernel_pid=request["kernel_pid"],
        interrupt_mode=job["environment"].get("interrupt_mode", "signal"),
        link=link,
        clock=clock,
        reporter=reporter,
        saver=saver,
        exits_by_itself=bool(request.get("exits_by_itself")),
        holds_back=bool(request.get("holds_back")),
        output_bytes=request.get("output_bytes") or NOTEBOOK_BYTES,
        fault=request.get("fault"),
        capture=request.get("capture"),
    )
    register()
    try:
        execute_notebook(
            notebook,
            None,
            engine_name="studio",
            kernel_name=job["environment"].get("kernel") or "python3",
            progress_bar=False,
            session=session,
        )
        result = outcome("Completed")
    except StopRequested as stop:
        result = outcome("Stopped", cell=stop.cell)
    except SupervisorLost:
        saver.save()
        return None
    except KernelGone as gone:
        if _is_closed(link):  # the kernel was killed because its supervisor died
            saver.save()
            return None
        result = outcome("KernelDied", cell=gone.cell, cell_source=_short(gone.source))
    except PapermillExecutionError as error:
        # papermill takes every error output for a failure, also that of a cell tagged raises-exception.
        result = _cell_failed(session, error) if session.failed else outcome("Completed")
        if not session.failed:
            remove_error_markers(saver.notebook)
    except Exception as error:
        if _is_full(error):
            result = outcome("DiskFull", "The disk is full.")
        else:
            traceback.print_exc()
            message = f"The notebook could not be executed: {type(error).__name__}: {error}"
            result = outcome("InternalError", message[:1000], traceback=_short(traceback.format_exc()))
    saver.save()
    if saver.error and result["reason"] in ("Completed", "CellFailed") and _is_full(saver.error):
        where = f" at cell {result['cell']}" if result["cell"] else ""
        result |= {
            "code": None,
            "reason": "DiskFull",
            "message": f"The disk is full: the output notebook could not be saved{where}.",
        }
    elif saver.error and result["reason"] == "Completed":
        result = outcome("InternalError", f"The output notebook could not be saved: {saver.error}")
    return result


def _cell_failed(session: Any, error: Any) -> dict[str, Any]:
    cell = session.failed_cell
    value = str(error.evalue)
    first = value.splitlines()[0][:300] if value else ""
    where = f"cell {cell}" if cell else "the parameters cell"
    reason = "CellFailed"
    if error.ename == "StdinNotImplementedError":
        message = f"A job cannot ask for input: {where} called input(). Pass the value as a parameter."
    elif any(sign in value for sign in _DISK_FULL):
        reason, message = "DiskFull", f"The disk was full at {where}."
    else:
        what = f"{error.ename} in {where}" if error.ename else f"{where[0].upper()}{where[1:]} failed"
        message = f"{what}{f': {first}' if first else ''}"
    text = "\n".join(error.traceback) if not isinstance(error.traceback, str) else error.traceback
    return outcome(reason, message, cell=cell, cell_source=_short(error.source), traceback=_short(text))


def _is_closed(link: socket.socket) -> bool:
    try:
        return link.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _short(text: str | None) -> str | None:
    return None if text is None else middle_out(text, _LONGEST_TEXT)


def _is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def main() -> int:
    """Entry point ``execute``: the link is standard input."""
    link = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    block_slow_imports()
    request = read_request(link)
    if request:
        execute(link, request)
    return 0


def block_slow_imports() -> None:
    """Keep out what papermill's imports load and nothing here uses: a format checker (0.8 s), and pyarrow, which
    brings numpy along (0.1 s, 12 MB in the worker server) and stands for reading notebooks from HDFS."""
    import sys

    for name in ("rfc3987_syntax", "pyarrow"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]

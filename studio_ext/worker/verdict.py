"""How an attempt ended, from all that is known: a pure rule.

Reasons are the ``ExitReason`` of the contract, written out: this package stands alone.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SIGNAL_WORDS = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "it aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "arithmetic error",
    signal.SIGILL: "illegal instruction",
    signal.SIGKILL: "killed from outside",
}


@dataclass
class Facts:
    """What the supervisor knows when everything is over."""

    result: Mapping[str, Any] | None = None
    """What the executor said of its own end."""
    cause: str | None = None
    """Why the supervisor ended the attempt: ``stopped``, ``time``, ``memory``, ``processes``, ``engine`` or
    nothing."""
    stop_reason: str = "Stopped"
    """How the sentence for a stop begins."""
    kernel_status: int | None = None
    """Wait status of the kernel's process, if it ended by itself."""
    kernel_answered: bool = False
    executor_status: int | None = None
    cell: int | None = None
    """Cell that ran last, 1-based."""
    memory_limit: int | None = None
    process_limit: int | None = None
    time_limit: float | None = None
    machine_out_of_memory: bool = False
    log_tail: str = ""
    kernel_command: tuple[str, ...] = ()
    error: str | None = None
    """What went wrong in the supervisor itself."""
    refusal: str | None = None
    """Why the user's code cannot be started at all."""


def judge(facts: Facts) -> dict[str, Any]:
    """The exit record of an attempt, without its figures."""
    result = dict(facts.result or {})
    cell = result.get("cell") or facts.cell
    record: dict[str, Any] = {
        "code": None,
        "reason": "InternalError",
        "message": "",
        "cell": cell,
        "cell_source": result.get("cell_source"),
        "traceback": result.get("traceback"),
    }
    where = f" at cell {cell}" if cell else ""
    if facts.cause == "memory" and result.get("reason") != "Completed":
        return record | {"code": 137, "reason": "OutOfMemory", "message": out_of_memory(cell, facts.memory_limit)}
    if result.get("reason") == "Completed":
        return record | {"code": 0, "reason": "Completed", "message": result.get("message", ""), "cell": None}
    if facts.cause == "time":
        limit = duration(facts.time_limit or 0)
        message = f"Ran longer than the time limit of {limit}{where and f', in cell {cell}'}."
        return record | {"reason": "MaxRuntimeExceeded", "message": message}
    if facts.cause == "processes":
        message = f"Started more than {facts.process_limit:,} processes{where}."
        return record | {"code": 137, "reason": "TooManyProcesses", "message": message}
    if facts.cause == "stopped":
        return record | {
            "reason": "Stopped",
            "message": f"{facts.stop_reason}{where}.",
            "traceback": None,
            "cell_source": None,
        }
    if facts.cause == "engine":
        message = f"The container was stopped from outside{where}: by its engine, which ended, or by hand."
        return record | {"reason": "EngineLost", "message": message}
    if facts.refusal:
        return record | {"reason": "StartFailed", "message": facts.refusal}
    if facts.error:
        return record | {"reason": "InternalError", "message": f"The supervisor failed: {facts.error}"}
    if result.get("reason") not in (None, "KernelDied"):
        return record | {key: result.get(key, record.get(key)) for key in ("code", "reason", "message")}
    if facts.kernel_status is not None or result.get("reason") == "KernelDied":
        return record | _kernel_ended(facts, cell)
    number = facts.executor_status and -_code(facts.executor_status)
    how = f" (killed by {_name(number)})" if number and number > 0 else ""
    return record | {
        "reason": "WorkerLost",
        "message": f"The process that drove the notebook ended unexpectedly{how}{where}.",
    }


def _kernel_ended(facts: Facts, cell: int | None) -> dict[str, Any]:
    status = facts.kernel_status
    code = _code(status) if status is not None else None
    if not facts.kernel_answered and (code is None or code >= 0):
        return {"code": code, "reason": "StartFailed", "message": start_failed(facts.kernel_command, facts.log_tail)}
    where = f" in cell {cell}" if cell else " before the first cell"
    if code is None:
        return {"reason": "KernelDied", "message": f"The kernel died{where}."}
    if code >= 0:
        return {"code": code, "reason": "KernelDied", "message": f"The kernel ended itself{where} (exit code {code})."}
    number = -code
    if number == signal.SIGKILL and facts.machine_out_of_memory:
        message = f"The machine ran out of memory{where.replace(' in ', ' at ')}, and the system killed the kernel."
        return {"code": 137, "reason": "OutOfMemory", "message": message}
    words = _SIGNAL_WORDS.get(signal.Signals(number)) if number in set(signal.Signals) else None
    detail = f"{_name(number)}: {words}" if words else _name(number)
    return {"code": 128 + number, "reason": "KernelDied", "message": f"The kernel died{where} ({detail})."}


def _code(status: int) -> int:
    """Exit code, or the negative number of a signal."""
    import os

    return os.waitstatus_to_exitcode(status)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def out_of_memory(cell: int | None, limit: int | None) -> str:
    """The sentence for a job that used too much memory."""
    stated = f" (limit {size(limit)})" if limit else ""
    return f"Ran out of memory{f' at cell {cell}' if cell else ''}{stated}."


def start_failed(command: tuple[str, ...], log_tail: str) -> str:
    """The sentence for a kernel that never answered; names what to install where that is known."""
    program = command[0] if command else "the kernel"
    for line in reversed(log_tail.splitlines()):
        if "No module named" in line:
            module = line.rsplit("No module named", 1)[1].strip().strip("'\"").split(".")[0]
            package = "ipykernel" if module == "ipykernel_launcher" else module
            return (
                f"The kernel did not start: {package} is not installed in its environment. "
                f"Install it with: {program} -m pip install {package}"
            )
    last = next((line.strip() for line in reversed(log_tail.splitlines()) if line.strip()), "")
    return f"The kernel did not start{f': {last[:300]}' if last else ''}."


def size(value: float) -> str:
    """Bytes for people: ``512 MiB``, ``1.5 GiB``."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.4g} {unit}"
        value /= 1024
    return f"{value:.4g} TiB"


def duration(seconds: float) -> str:
    """Seconds for people: ``45 s``, ``2 min``, ``1 h 30 min``."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)

"""Processes by their facts: identity, descendants, the mark that every process of a job carries.

Linux (``/proc``). A pid alone names nothing: it comes with the start time and the boot id.
"""

# Looked at many times a second, so plain strings instead of Path objects:
# ruff: noqa: PTH123, PTH208
from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

MARK = "STUDIO_JOB_ID"
PLACEHOLDER = "0" * 12
"""Value of the mark in a fork server; ids have the same length, so that a forked process can write its own over it."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")

_STATE, _PARENT, _USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM, _START, _RSS = 0, 1, 11, 12, 13, 14, 19, 21
_ENV_START, _ENV_END = 47, 48


def _stat(pid: int | str) -> list[bytes] | None:
    """Fields of ``/proc/<pid>/stat`` from the third (the state) on."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            data = file.read()
    except OSError:
        return None
    return data[data.rindex(b")") + 2 :].split()


def boot_id() -> str:
    """Identity of this boot of the machine; empty where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def start_time(pid: int) -> int | None:
    """Clock ticks between boot and the start of a process; None when there is no such process."""
    fields = _stat(pid)
    return int(fields[_START]) if fields else None


def is_running(pid: int, started: int | None) -> bool:
    """Whether ``pid`` is still the process that started at ``started`` and is not a zombie."""
    fields = _stat(pid)
    return fields is not None and fields[_STATE] not in (b"Z", b"X") and int(fields[_START]) == started


def usage(pid: int) -> tuple[int, float, float]:
    """Resident bytes, CPU seconds, and CPU seconds with those of children that it waited for; zeros when it is gone.

    The last one, summed over a tree, does not shrink when processes of it end.
    """
    fields = _stat(pid)
    if not fields:
        return 0, 0.0, 0.0
    own = int(fields[_USER]) + int(fields[_SYSTEM])
    waited = int(fields[_CHILDREN_USER]) + int(fields[_CHILDREN_SYSTEM])
    return int(fields[_RSS]) * _PAGE, own / _TICKS, (own + waited) / _TICKS


def disk_bytes(pid: int) -> tuple[int, int] | None:
    """Bytes that a process, and children that it waited for, had read from and written to disks; None if unknown."""
    read = written = None
    try:
        with open(f"/proc/{pid}/io", "rb") as file:
            for line in file:
                if line.startswith(b"read_bytes:"):
                    read = int(line.split()[1])
                elif line.startswith(b"write_bytes:"):
                    written = int(line.split()[1])
    except (OSError, ValueError):  # another user's, or gone
        return None
    return None if read is None or written is None else (read, written)


def proportional_bytes(pid: int) -> int:
    """Memory of a process with shared pages divided among those who share them (PSS); walks its page table."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except PermissionError:  # another user's, and we are a root that may not look: all of its pages count
        return usage(pid)[0]
    except OSError:
        pass
    return 0


def all_pids() -> Iterator[int]:
    """Every process of the machine that this one can see."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            yield int(name)


def descendants(pid: int) -> list[int]:
    """All processes below ``pid``, zombies excepted."""
    children: dict[int, list[int]] = {}
    zombies = set()
    for other in all_pids():
        fields = _stat(other)
        if fields:
            children.setdefault(int(fields[_PARENT]), []).append(other)
            if fields[_STATE] in (b"Z", b"X"):
                zombies.add(other)
    found: list[int] = []
    stack = [pid]
    while stack:
        below = children.get(stack.pop(), [])
        found += below
        stack += below
    return [other for other in found if other not in zombies]


def marked(job_id: str) -> list[int]:
    """Processes that carry the mark of a job, zombies excepted (their environment is gone)."""
    wanted = f"{MARK}={job_id}".encode()
    found = []
    for pid in all_pids():
        with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
            data = file.read()
            if wanted in data and wanted in data.split(b"\0"):
                found.append(pid)
    return found


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to processes, some of which may be gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def mark_self(job_id: str) -> None:
    """Write the job id over the placeholder in this process's own initial environment.

    ``/proc/<pid>/environ`` shows the memory that the process was started with, which a forked process shares with
    its fork server: without this nobody outside could tell to which job it belongs.
    """
    fields = _stat("self")
    if not fields or len(job_id) != len(PLACEHOLDER):
        return
    start, end = int(fields[_ENV_START]), int(fields[_ENV_END])
    if not 0 < start < end:
        return
    prefix = b"\0" + MARK.encode() + b"="
    block = b"\0" + ctypes.string_at(start, end - start)
    position = block.find(prefix)
    if position < 0:
        return
    address = start + position - 1 + len(prefix)
    if address + len(job_id) <= end:
        ctypes.memmove(address, job_id.encode("ascii"), len(job_id))


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Be killed when the parent dies: without a supervisor no limit holds."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def default_signals() -> None:
    """Undo what a fork server or a supervisor did to signals, in a process forked from it."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def close_descriptors(*keep: int) -> None:
    """Close everything above standard error except ``keep``."""
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        if fd > 2 and fd not in keep:
            with contextlib.suppress(OSError):
                os.close(fd)


def redirect(log_fd: int) -> None:
    """Standard input from nowhere, standard output and error to ``log_fd``."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(log_fd, 1)
    os.dup2(log_fd, 2)

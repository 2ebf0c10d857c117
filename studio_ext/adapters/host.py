"""Which processes live: a pid means nothing without its start time and the boot it belongs to."""

from __future__ import annotations

import os
from pathlib import Path


def boot_id() -> str:
    """Changes with every boot; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def start_time(pid: int) -> int | None:
    """Start of a process in clock ticks since boot; None if it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])


def lives(pid: int, started: int, boot: str) -> bool:
    """Whether the process that had this pid, start time and boot id still runs."""
    return boot == boot_id() and start_time(pid) == started


def user_name() -> str:
    """Name of the user that this process runs as."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())

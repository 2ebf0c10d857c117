"""The records of an attempt that other people's code could have written over: taken only where they make sense."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from studio_ext.contract.jobs import Exit
from studio_ext.worker import records
from studio_ext.worker.clock import Clock

_FINISHED = ("Completed", "CellFailed", "StartFailed", "DiskFull")
"""What an executor knows by itself; of the rest only the supervisor could have told why."""
_GROUPS = Path("/sys/fs/cgroup")
SPOILT = "The job's own record of its end cannot be read; something in the job wrote over it."
"""What is said of an attempt that ended and left no record that makes sense where one is."""
_MOST_PIDS = 1 << 22
"""What Linux gives out at most."""


@dataclass(frozen=True)
class Claim:
    """Who looks after an attempt."""

    pid: int
    start_time: int | None
    boot_id: str
    runtime: str = ""
    """Its private directory."""
    cgroups: tuple[str, ...] = ()
    clock: float | None = None
    """Offset of the attempt's clock, which jumps of the machine's do not reach."""


@dataclass(frozen=True)
class Ended:
    """How an attempt ended, and when, in seconds since the epoch."""

    exit: Exit
    at: float


class Sightings:
    """How long something about an attempt has been so, counted from the first look that saw it.

    The times of files do not tell it: they can come from another clock than ours, or ours was set since.
    """

    def __init__(self) -> None:
        self._first: dict[str, float] = {}

    def seconds(self, what: str) -> float:
        """Seconds since this was called with ``what`` for the first time."""
        now = time.monotonic()
        return now - self._first.setdefault(what, now)


def read_claim(path: Path) -> Claim | None:
    """The claim in ``path``; None when there is none, or nothing that a supervisor writes."""
    record = records.read(path) or {}
    pid = records.whole(record.get("pid"))
    started = record.get("start_time")
    boot_id, runtime, groups = record.get("boot_id"), record.get("runtime", ""), record.get("cgroups", [])
    if pid is None or not 1 < pid <= _MOST_PIDS or not isinstance(boot_id, str):
        return None
    if started is not None and (records.whole(started, most=1 << 62) is None):
        return None
    # These are removed at the end, so nothing but what a supervisor can have made is believed.
    temporary = (Path("/tmp"), Path(tempfile.gettempdir()))  # noqa: S108  # see runtime_directory() of the worker
    if runtime != "" and not (_is_ours(runtime) and Path(runtime).parent in temporary):
        return None
    if not isinstance(groups, list) or not all(_is_ours(group) and _GROUPS in Path(group).parents for group in groups):
        return None
    offset = record.get("clock")
    clock = offset if isinstance(offset, float) and records.moment(Clock(offset).now()) is not None else None
    return Claim(pid, started, boot_id, runtime, tuple(groups), clock)


def read_end(path: Path) -> Ended | None:
    """The end that the record in ``path`` tells of; None when there is none, or none that makes sense."""
    record = records.read(path)
    return checked(record) if record is not None else None


def read_result(files: records.AttemptFiles) -> Ended | None:
    """The end that the executor tells of, where it is one that it knows by itself."""
    result = records.read(files.result)
    return checked(result) if result is not None and result.get("reason") in _FINISHED else None


def write_end(files: records.AttemptFiles, ended: Ended) -> None:
    """Write the end that no supervisor wrote down, and the last line of the log. A full disk: it is said again."""
    record = ended.exit.model_dump(mode="json") | {"ended": ended.at, "attempt": files.attempt}
    with contextlib.suppress(OSError):
        files.finish(files.exit, record)
        files.drop_spares()
        if ended.exit.message:
            log = records.open_append(files.log)
            try:
                records.append(log, f"--- {ended.exit.message} ---\n".encode("utf-8", "replace"))
            finally:
                os.close(log)


def checked(record: Mapping[str, Any]) -> Ended | None:
    """An exit record with every value of the type and size that it must have; None if one is not."""
    values = {name: record[name] for name in Exit.model_fields if name in record}
    at = records.moment(record.get("ended"))
    if at is None:
        return None
    try:
        exit = Exit(**values)
        json.dumps(vars(exit), allow_nan=False, ensure_ascii=False).encode()  # no infinities, no lone surrogates
    except (ValidationError, ValueError):
        return None
    fits = all(abs(value) < 1 << 63 for value in vars(exit).values() if isinstance(value, int))
    return Ended(exit, at) if fits else None


def _is_ours(path: Any) -> bool:
    if not isinstance(path, str) or not path.isprintable():
        return False
    place = Path(path)
    return place.is_absolute() and ".." not in place.parts and place.name.startswith("studio-")


def size(path: Path) -> int | None:
    """Bytes; None when there is no such file."""
    try:
        return path.stat().st_size
    except OSError:
        return None

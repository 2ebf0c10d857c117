"""How far the tracking store is behind the journals: what was logged, is safe, and cannot be seen there yet."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path, PurePath

from studio_ext.contract.workspace import RecordingLag
from studio_ext.worker import inside

_TAIL = 1 << 16


def lag_bytes(directory: Path, attempt: int) -> int:
    """Bytes of a journal that the tracking store has not got yet; 0 where there is none. Two small reads.

    ``directory``: of a job, or of a tracker's run.
    """
    folder = PurePath("attempts", str(attempt))
    try:
        size = inside.look(directory, folder / "calls.jsonl").st_size
    except OSError:
        return 0
    return max(0, size - applied_bytes(directory, folder / "calls.jsonl")) if size else 0


def run_lag_bytes(trackers: Path, run_id: str) -> int:
    """The same for all journals of a run that is recorded to without a job."""
    home = trackers / run_id
    return sum(lag_bytes(home, attempt) for attempt in _attempts(home))


def recording_lag(trackers: Path, jobs: Iterable[tuple[Path, int]]) -> RecordingLag:
    """Of a whole workspace; ``jobs``: directory and attempt of those that may have something to apply."""
    found = [lag_bytes(directory, attempt) for directory, attempt in dict.fromkeys(jobs)]
    with contextlib.suppress(OSError):
        found += [run_lag_bytes(trackers, each.name) for each in os.scandir(trackers)]
    return RecordingLag(journals=sum(1 for each in found if each), bytes=sum(found))


def _attempts(home: Path) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(each.name) for each in os.scandir(home / "attempts") if each.name.isdigit()]
    return []


def applied_bytes(directory: Path, journal: PurePath) -> int:
    """Bytes of a journal, a file below ``directory``, that the tracking store has got for certain.

    It is what the last whole note beside it says. A job can put anything in the place of that.
    """
    try:
        with os.fdopen(inside.open_file(directory, journal.with_name("replies.jsonl")), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            lines = file.read(_TAIL).split(b"\n")
        return max(0, int(json.loads(lines[-2])["pos"])) if len(lines) > 1 else 0
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return 0

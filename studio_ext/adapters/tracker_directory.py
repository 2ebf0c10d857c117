"""The directory of a tracker's journal: taking a number, reading how far the store is."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from studio_ext.contract.errors import Unavailable

T = TypeVar("T")

_TAIL = 1 << 20


def claim(home: Path, prepare: Callable[[Path], T]) -> tuple[Path, T]:
    """A directory of our own below ``attempts``, and what ``prepare`` made of it before anybody else saw it.

    The controller may be clearing away what was there. Raises ``OSError``.
    """
    attempts = home / "attempts"
    while True:
        attempts.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            number = 1 + max((int(each.name) for each in attempts.iterdir() if each.name.isdigit()), default=0)
            # Under another name until it is ready: one that nobody holds is taken for that of a dead process.
            unready = attempts / f".{os.getpid()}-{time.monotonic_ns()}"
            unready.mkdir(mode=0o700)
            prepared = prepare(unready)
        except FileNotFoundError:
            continue
        try:
            unready.rename(attempts / str(number))
        except OSError as error:
            if isinstance(prepared, int):
                os.close(prepared)
            if not isinstance(error, FileNotFoundError):  # another process has this number, with something in it
                shutil.rmtree(unready, ignore_errors=True)
        else:
            return attempts / str(number), prepared


def notes(directory: Path) -> list[dict[str, Any]]:
    """What the controller has noted of late, oldest first."""
    try:
        with (directory / "replies.jsonl").open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return []
    found = []
    for line in lines[:-1] if size <= _TAIL else lines[1:-1]:
        with contextlib.suppress(ValueError):
            note = json.loads(line)
            if isinstance(note, dict):
                found.append(note)
    return found


def position(directory: Path) -> int:
    """How many bytes of the journal the store has."""
    found = notes(directory)
    return int(found[-1].get("pos", 0)) if found else 0


def full(path: Path, error: OSError) -> Unavailable:
    """What to say when nothing can be written there."""
    return Unavailable(
        f"What is logged cannot be written to {path}: {error.strerror or error}.",
        hint="Make room on the disk of the workspace; what waits in memory is written then.",
    )

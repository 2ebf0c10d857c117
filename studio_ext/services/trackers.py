"""Applies what was recorded without a job: the journals below ``trackers/`` of the workspace.

A journal is that of a process. It is open while its lock is held, or, where the process is elsewhere and records over
HTTP, while its lease is renewed. When it is not, the rest is applied, the run is ended where that was asked, and the
directory goes. Every step can be repeated.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.ports.tracking import Relay, RunHandle, Tracking
from studio_ext.services import durable

log = logging.getLogger(__name__)

MESSAGE_TAG = "tracker.status_message"
"""Tag with what a tracker's run ended with."""
GONE = "The process that recorded this was gone before it closed its tracker."
SILENT = "Who recorded this over HTTP was not heard of for {seconds:g} s."
_RETRY_SECONDS = 1.0
_UNREADY_SECONDS = 60.0
"""After that a journal that was being made was left by a process that was killed."""


@dataclass
class Trackers:
    """The journals of a workspace. One thread at a time; raises ``Unavailable`` while the store is away."""

    folder: Path
    tracking: Tracking
    relay: Relay
    _put_off: dict[Path, float] = field(default_factory=dict)
    """Journals that cannot be applied, and when they are tried again (monotonic seconds)."""
    _leases: dict[Path, tuple[tuple[int, ...], float]] = field(default_factory=dict)
    """Leases as they were last seen, and since when (monotonic seconds): clocks that are set end none."""

    def turn(self) -> bool:
        """A turn for each journal; whether there was anything to do. The fault of one does not hold up the others."""
        worked, away = False, None
        for home, attempt in list(_journals(self.folder)):
            directory = home / "attempts" / str(attempt)
            if time.monotonic() < self._put_off.get(directory, 0.0):
                continue
            try:
                worked |= self._advance(home, attempt, directory)
            except Unavailable as error:
                away = error
            except Exception:
                log.exception("the journal %s cannot be applied; it is tried again", directory)
                self._put_off[directory] = time.monotonic() + _RETRY_SECONDS
        if away is not None:
            raise away
        return worked

    def _advance(self, home: Path, attempt: int, directory: Path) -> bool:
        run = _handle(directory)
        if run is None:  # its process was gone before it said what it records
            if is_open(directory):
                return False
            _clear(home, directory)
            return True
        self._end_silent(directory)
        over = not is_open(directory)  # before the journal is read: what comes after the last look is not lost
        if not over:
            return self.relay.pump(run.run_id, home, attempt, run) > 0
        self.relay.finish(run.run_id, home, attempt, run)
        self._end(run, directory)
        _clear(home, directory)
        self._put_off.pop(directory, None)
        self._leases.pop(directory, None)
        return True

    def _end_silent(self, directory: Path) -> None:
        """Close a journal whose lease was not renewed for as long as it holds."""
        seen = _lease(directory)
        if seen is None:
            return
        now = time.monotonic()
        before, since = self._leases.setdefault(directory, (seen, now))
        if seen != before:
            self._leases[directory] = (seen, now)
            return
        seconds = float(_read(directory / "lease.json").get("seconds", 0.0))
        if now - since < seconds:
            return
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _lease(directory) != seen:
                return
            if (directory / "ends.json").exists():
                ended = max(map(_modified, (directory / "calls.jsonl", directory / "lease.json")))
                message = SILENT.format(seconds=seconds)
                durable.write_json(directory / "end.json", {"status": "FAILED", "message": message, "ended": ended})
            (directory / "lease.json").unlink()
        except BlockingIOError:
            return  # a request is under way: it renews the lease
        finally:
            os.close(lock)

    def _end(self, run: RunHandle, directory: Path) -> None:
        end = _read(directory / "end.json")
        if not end:
            if not (directory / "ends.json").exists():
                return
            end = {"status": "FAILED", "message": GONE, "ended": directory.stat().st_mtime}
            with contextlib.suppress(FileNotFoundError):
                end["ended"] = (directory / "calls.jsonl").stat().st_mtime
        tags = {MESSAGE_TAG: str(end.get("message") or "")[:4000]}  # nor does it keep what it said of an earlier end
        try:
            self.tracking.end_run(run.run_id, str(end["status"]), float(end["ended"]), tags)
        except Unavailable:
            raise
        except StudioError as error:  # the store will not have it, later neither
            log.warning("the run %s cannot be ended: %s", run.run_id, error)


def has_journals(folder: Path) -> bool:
    """Whether any journal is there. A few system calls."""
    return next(_journals(folder), None) is not None


def is_open(directory: Path) -> bool:
    """Whether the process of a journal holds its lock or has a lease."""
    if (directory / "lease.json").exists():
        return True
    try:
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _lease(directory: Path) -> tuple[int, ...] | None:
    """What changes whenever the client of a journal is heard of; None where there is no lease."""
    try:
        lease = (directory / "lease.json").stat()
    except FileNotFoundError:
        return None
    return (lease.st_ino, lease.st_mtime_ns, _size(directory / "calls.jsonl"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _journals(folder: Path) -> Iterator[tuple[Path, int]]:
    """Directories of runs and numbers of journals in them, in order."""
    for home in _listing(folder):
        numbers = [int(each.name) for each in _listing(home / "attempts") if each.name.isdigit()]
        for number in sorted(numbers):
            yield home, number


def _listing(folder: Path) -> list[Path]:
    try:
        return [Path(each.path) for each in os.scandir(folder)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _handle(directory: Path) -> RunHandle | None:
    found = _read(directory / "tracker.json")
    try:
        return RunHandle(found["run_id"], found["experiment_id"], found["artifact_uri"])
    except KeyError:
        return None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _clear(home: Path, directory: Path) -> None:
    """Remove a journal, and the run's directory with the last. Out of sight first: half of one says something else."""
    gone = directory.with_name(f".gone-{directory.name}-{time.monotonic_ns()}")
    with contextlib.suppress(FileNotFoundError):
        directory.rename(gone)
    attempts = directory.parent
    for each in _listing(attempts):
        if each.name.startswith(".gone-") or (each.name.startswith(".") and _age(each) > _UNREADY_SECONDS):
            shutil.rmtree(each, ignore_errors=True)
    with contextlib.suppress(OSError):  # another process records to the run
        attempts.rmdir()
        home.rmdir()


def _age(path: Path) -> float:
    with contextlib.suppress(OSError):
        return time.time() - path.lstat().st_mtime
    return 0.0

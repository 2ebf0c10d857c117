"""Where a process without a job keeps what it logs to a run until the controller has applied it.

``trackers/<run id>/`` of the workspace has the shape of a job directory, one attempt a process, so that what applies
the journals of jobs applies these. See ``docs/developers/decisions/0016-tracker.md``.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

from studio_ext.adapters.mlflow_backend import API
from studio_ext.contract.errors import Unavailable
from studio_ext.ports.records import RunRecord
from studio_ext.ports.submission import ControllerLauncher
from studio_ext.worker.relay_journal import CallJournal

_SYNC_SECONDS = 0.7
"""With the time that values wait in memory, a machine that loses its power loses less than a second."""
_TAIL = 1 << 20


class TrackerJournal:
    """The journal of this process for one run (:class:`studio_ext.ports.records.LogSink`).

    A record lock says that it is open. A fork does not inherit it: a child opens a journal of its own.
    """

    def __init__(self, trackers: Path, run: RunRecord, launcher: ControllerLauncher, *, ends: bool) -> None:
        """``ends``: see :class:`studio_ext.ports.records.Recorder`. Raises ``Unavailable``."""
        self._launcher = launcher
        try:
            self._directory, self._lock = _claim(trackers / run.run_id)
            self._inode = self._directory.stat().st_ino
            if ends:
                _write(self._directory / "ends.json", {"pid": os.getpid()})
            what = {"run_id": run.run_id, "experiment_id": run.experiment_id, "artifact_uri": run.artifact_uri}
            _write(self._directory / "tracker.json", what)
            self._journal = CallJournal(self._directory / "calls.jsonl", _SYNC_SECONDS)
        except OSError as error:
            raise _full(trackers, error) from error
        self._launcher.ensure()

    def write(self, body: bytes) -> None:
        """See :class:`~studio_ext.ports.records.LogSink`."""
        try:
            self._journal.append("POST", API + "runs/log-batch", body, "application/json", written_behind=True)
        except OSError as error:
            raise _full(self._directory, error) from error

    def sync(self) -> None:
        """See :class:`~studio_ext.ports.records.LogSink`."""
        try:
            self._journal.sync()
        except OSError as error:
            raise _full(self._directory, error) from error
        self._launcher.ensure()

    def applied(self) -> bool:
        """See :class:`~studio_ext.ports.records.LogSink`. One that was closed is applied when it is gone."""
        done = self._is_applied()
        if not done:  # somebody waits: the controller that was to do it may have been killed
            self._launcher.ensure()
        return done

    def _is_applied(self) -> bool:
        try:
            # Another process may have taken the number meanwhile.
            gone = self._directory.stat().st_ino != self._inode
            size = 0 if gone else (self._directory / "calls.jsonl").stat().st_size
        except FileNotFoundError:
            return True
        if gone or self._lock < 0:
            return gone
        notes = self._notes()
        return size == 0 or (bool(notes) and notes[-1].get("pos", 0) >= size)

    def refused(self) -> list[str]:
        """See :class:`~studio_ext.ports.records.LogSink`; what the controller has noted of late."""
        return [sentence for note in self._notes() for sentence in note.get("refused", [])]

    def close(self, status: str, message: str) -> None:
        """See :class:`~studio_ext.ports.records.LogSink`. Idempotent."""
        if self._lock < 0:
            return
        try:
            self._journal.close()
            if status:
                end = {"status": status, "message": message, "ended": time.time()}
                _write(self._directory / "end.json", end)
            else:
                (self._directory / "ends.json").unlink(missing_ok=True)
        except OSError as error:
            raise _full(self._directory, error) from error
        finally:
            os.close(self._lock)
            self._lock = -1
        self._launcher.ensure()

    def _notes(self) -> list[dict[str, Any]]:
        try:
            with (self._directory / "replies.jsonl").open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _TAIL))
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return []
        notes = []
        for line in lines[:-1] if size <= _TAIL else lines[1:-1]:
            with contextlib.suppress(ValueError):
                notes.append(json.loads(line))
        return notes


def _claim(home: Path) -> tuple[Path, int]:
    """A directory of our own below ``attempts``, and its lock. The controller may be clearing away what was there."""
    attempts = home / "attempts"
    while True:
        attempts.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            number = 1 + max((int(each.name) for each in attempts.iterdir() if each.name.isdigit()), default=0)
            # Under another name until it is locked: one without a lock is taken for that of a dead process.
            unready = attempts / f".{os.getpid()}-{time.monotonic_ns()}"
            unready.mkdir(mode=0o700)
            lock = os.open(unready / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            continue
        try:
            unready.rename(attempts / str(number))
        except FileNotFoundError:
            os.close(lock)
        except OSError:  # another process has this number, and there is something in it
            os.close(lock)
            with contextlib.suppress(OSError):
                (unready / "lock").unlink()
                unready.rmdir()
        else:
            return attempts / str(number), lock


def _write(path: Path, record: dict[str, Any]) -> None:
    spare = path.with_name(f".{path.name}.{os.getpid()}")
    with spare.open("w", encoding="utf-8") as file:
        json.dump(record, file)
        file.flush()
        os.fsync(file.fileno())
    spare.replace(path)


def _full(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"What is logged cannot be written to {path}: {error.strerror or error}.",
        hint="Make room on the disk of the workspace; what waits in memory is written then.",
    )

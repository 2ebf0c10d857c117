"""Where a process without a job keeps what it logs to a run until the controller has applied it.

``trackers/<run id>/`` of the workspace has the shape of a job directory, one attempt a process, so that what applies
the journals of jobs applies these. See ``docs/developers/decisions/0016-tracker.md``.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from studio_ext.adapters.mlflow_backend import API
from studio_ext.adapters.tracker_directory import claim, full, notes, position
from studio_ext.ports.records import RunRecord
from studio_ext.ports.submission import ControllerLauncher
from studio_ext.services.durable import write_json
from studio_ext.worker.relay_journal import CallJournal

_SYNC_SECONDS = 0.7
"""With the time that values wait in memory, a machine that loses its power loses less than a second."""


class TrackerJournal:
    """The journal of this process for one run (:class:`studio_ext.ports.records.LogSink`).

    A record lock says that it is open. A fork does not inherit it: a child opens a journal of its own.
    """

    def __init__(self, trackers: Path, run: RunRecord, launcher: ControllerLauncher, *, ends: bool) -> None:
        """``ends``: see :class:`studio_ext.ports.records.Recorder`. Raises ``Unavailable``."""
        self._launcher = launcher
        try:
            self._directory, self._lock = claim(trackers / run.run_id, _locked)
            self._inode = self._directory.stat().st_ino
            if ends:
                write_json(self._directory / "ends.json", {"pid": os.getpid()})
            what = {"run_id": run.run_id, "experiment_id": run.experiment_id, "artifact_uri": run.artifact_uri}
            write_json(self._directory / "tracker.json", what)
            self._journal = CallJournal(self._directory / "calls.jsonl", _SYNC_SECONDS)
        except OSError as error:
            raise full(trackers, error) from error
        self._launcher.ensure()

    def write(self, body: bytes) -> None:
        """See :class:`~studio_ext.ports.records.LogSink`."""
        try:
            self._journal.append("POST", API + "runs/log-batch", body, "application/json", written_behind=True)
        except OSError as error:
            raise full(self._directory, error) from error

    def sync(self) -> None:
        """See :class:`~studio_ext.ports.records.LogSink`."""
        try:
            self._journal.sync()
        except OSError as error:
            raise full(self._directory, error) from error
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
        return size == 0 or position(self._directory) >= size

    def behind(self) -> int:
        """See :class:`~studio_ext.ports.records.LogSink`."""
        if self._is_applied():
            return 0
        found = notes(self._directory)
        return max(0, self._journal.last - (int(found[-1].get("i", 0)) if found else 0))

    def refused(self) -> list[str]:
        """See :class:`~studio_ext.ports.records.LogSink`; what the controller has noted of late."""
        return [sentence for note in notes(self._directory) for sentence in note.get("refused", [])]

    def close(self, status: str, message: str) -> None:
        """See :class:`~studio_ext.ports.records.LogSink`. Idempotent."""
        if self._lock < 0:
            return
        try:
            self._journal.close()
            if status:
                end = {"status": status, "message": message, "ended": time.time()}
                write_json(self._directory / "end.json", end)
            else:
                (self._directory / "ends.json").unlink(missing_ok=True)
        except OSError as error:
            raise full(self._directory, error) from error
        finally:
            os.close(self._lock)
            self._lock = -1
        self._launcher.ensure()


def _locked(directory: Path) -> int:
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return lock

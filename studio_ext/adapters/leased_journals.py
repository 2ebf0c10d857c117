"""Journals of clients elsewhere: what a Jupyter server keeps for those who record over HTTP.

They lie where those of this machine's trackers lie and have the same form (``tracker_journal.py``), so the controller
applies them in the same way. Three things differ:

- A client has no process here that could hold a lock. It has a lease instead, ``lease.json``, which every request
  renews; the controller closes a journal whose lease has run out (``services/trackers.py``).
- The number of a call is the number of its line. So what a client sends again after a lost connection is known.
- Nothing is kept in memory between requests: a server that starts again, or another one, goes on.

Server and controller take turns with ``flock`` on the file ``lock``.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio_ext.adapters.mlflow_backend import API
from studio_ext.adapters.tracker_directory import claim, full, notes
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, Unavailable
from studio_ext.ports.records import JournalState, LogCall, RunRecord
from studio_ext.ports.submission import ControllerLauncher
from studio_ext.services.durable import write_json
from studio_ext.worker.relay_journal import CallJournal

LEASE_SECONDS = 120.0
_ID = re.compile(r"[0-9a-f]{32}")
_LOCK_SECONDS = 5.0


class LeasedJournals:
    """See :class:`studio_ext.ports.records.Journals`."""

    def __init__(self, trackers: Path, launcher: ControllerLauncher, lease_seconds: float = LEASE_SECONDS) -> None:
        self._trackers = trackers
        self._launcher = launcher
        self._lease_seconds = lease_seconds

    def open(self, run: RunRecord, client_id: str, *, ends: bool) -> JournalState:
        """See :class:`~studio_ext.ports.records.Journals`."""
        home = self._home(run.run_id, client_id)
        directory = _found(home, client_id)
        if directory is None:
            what = {"run_id": run.run_id, "experiment_id": run.experiment_id, "artifact_uri": run.artifact_uri}

            def prepare(unready: Path) -> None:
                (unready / "lock").touch(mode=0o600)
                if ends:
                    write_json(unready / "ends.json", {"client": client_id})
                write_json(unready / "tracker.json", what | {"client": client_id})
                write_json(unready / "lease.json", {"seconds": self._lease_seconds})

            try:
                directory, _ = claim(home, prepare)
            except OSError as error:
                raise full(home, error) from error
        self._launcher.ensure()
        return _state(directory)

    def append(self, run_id: str, client_id: str, first: int, calls: Sequence[LogCall]) -> JournalState:
        """See :class:`~studio_ext.ports.records.Journals`."""
        directory = self._open_directory(run_id, client_id)
        with _turn(directory):
            try:
                os.utime(directory / "lease.json")
                if calls:
                    _append(directory / "calls.jsonl", run_id, first, calls)
            except OSError as error:
                raise full(directory, error) from error
        self._launcher.ensure()
        return _state(directory)

    def state(self, run_id: str, client_id: str) -> JournalState:
        """See :class:`~studio_ext.ports.records.Journals`."""
        directory = _found(self._home(run_id, client_id), client_id)
        if directory is None:
            raise _gone()
        return _state(directory)

    def close(self, run_id: str, client_id: str, status: str, message: str, ended: float) -> None:
        """See :class:`~studio_ext.ports.records.Journals`."""
        directory = self._open_directory(run_id, client_id)
        with _turn(directory):
            try:
                if status:
                    write_json(directory / "end.json", {"status": status, "message": message, "ended": ended})
                else:
                    (directory / "ends.json").unlink(missing_ok=True)
                (directory / "lease.json").unlink()
            except OSError as error:
                raise full(directory, error) from error
        self._launcher.ensure()

    def _home(self, run_id: str, client_id: str) -> Path:
        if not _ID.fullmatch(run_id):
            raise NotFound(f"There is no run {run_id[:80]!r}.")
        if not _ID.fullmatch(client_id):
            raise InvalidRequest.field("client_id", "must be 32 hexadecimal digits")
        return self._trackers / run_id

    def _open_directory(self, run_id: str, client_id: str) -> Path:
        directory = _found(self._home(run_id, client_id), client_id)
        if directory is None:
            raise _gone()
        return directory


def _append(path: Path, run_id: str, first: int, calls: Sequence[LogCall]) -> None:
    journal = CallJournal(path, None)
    try:
        last = journal.last
        if first > last + 1:
            raise Conflict(
                f"Call {first} cannot follow call {last}.", hint="Open another journal and send what has no answer."
            )
        for call in calls[last + 1 - first :]:
            body = call.model_dump_json(exclude_defaults=True)
            text = f'{{"run_id":"{run_id}"{"," if len(body) > 2 else ""}{body[1:]}'
            journal.append("POST", API + "runs/log-batch", text.encode(), "application/json", written_behind=True)
    finally:
        journal.close()  # which syncs


@contextmanager
def _turn(directory: Path) -> Iterator[None]:
    """Hold the journal, which is open. Raises ``NotFound`` when it is not any more."""
    deadline = time.monotonic() + _LOCK_SECONDS
    try:
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _gone() from None
    try:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() > deadline:
                raise Unavailable("Another request for this journal is under way.", hint="Try again in a moment.")
            time.sleep(0.01)
        try:
            is_same = os.fstat(lock).st_ino == (directory / "lock").stat().st_ino
        except FileNotFoundError:
            is_same = False
        if not is_same or not (directory / "lease.json").exists():
            raise _gone()
        yield
    finally:
        os.close(lock)


def _found(home: Path, client_id: str) -> Path | None:
    """The directory of a client's journal."""
    with contextlib.suppress(OSError):
        for each in sorted((home / "attempts").iterdir(), key=lambda path: path.name, reverse=True):
            if each.name.isdigit() and _read(each / "tracker.json").get("client") == client_id:
                return each
    return None


def _state(directory: Path) -> JournalState:
    calls, found = directory / "calls.jsonl", notes(directory)
    size = 0
    with contextlib.suppress(FileNotFoundError):
        size = calls.stat().st_size
    refused = [str(sentence) for note in found for sentence in note.get("refused", [])]
    applied, done = (int(found[-1].get("i", 0)), int(found[-1].get("pos", 0))) if found else (0, 0)
    return JournalState(
        number=_last(calls, size) if size else 0,
        applied=applied,
        waiting_bytes=max(0, size - done),
        lease_seconds=float(_read(directory / "lease.json").get("seconds", 0.0)),
        refused=refused[:20],
    )


def _last(calls: Path, size: int) -> int:
    """Number of the last whole line."""
    with calls.open("rb") as file:
        tail, place = b"", size
        while place > 0 and tail.count(b"\n") < 2:
            step = min(1 << 16, place)
            place -= step
            file.seek(place)
            tail = file.read(step) + tail
    lines = tail[: tail.rfind(b"\n") + 1].splitlines()
    return int(json.loads(lines[-1])["i"]) if lines else 0


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _gone() -> NotFound:
    return NotFound("The journal is not open any more.", hint="Open another one and send what has no answer.")

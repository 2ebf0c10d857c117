"""The two files between a job and the tracking store, seen from inside the job."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from .records import open_file

_SYNC_INTERVAL = 1.0  # seconds between fdatasync calls while lines are written
_TAIL = 65536


class JournalFull(OSError):
    """A line could not be written, nothing of it is left in the file."""


class CallJournal:
    """Appends calls to ``calls.jsonl``: one write a line, numbered from 1, synced every ``sync_seconds``.

    Thread-safe. Goes on after the last whole line of an existing file; half a line at its end is cut off.
    """

    def __init__(self, path: Path, sync_seconds: float | None = _SYNC_INTERVAL) -> None:
        """``sync_seconds`` None: synced when asked for and at the end only, without a thread."""
        self._file = open_file(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self._lock = threading.Lock()
        self._size, self._last = _whole_lines(self._file)
        self._dirty = threading.Event()
        self._closed = False
        if sync_seconds is not None:
            threading.Thread(target=self._sync, args=(sync_seconds,), name="relay-sync", daemon=True).start()

    @property
    def last(self) -> int:
        """Number of the last call; 0 when there is none."""
        return self._last

    def append(
        self,
        method: str,
        path: str,
        body: bytes,
        content_type: str,
        *,
        written_behind: bool = False,
        slot: Slot | None = None,
    ) -> int:
        """Write one call and return its number. ``slot`` is told the number before the line is in the file."""
        call: dict[str, Any] = {"m": method, "p": path, "b": body.decode("latin1"), "ct": content_type}
        with self._lock:
            if self._closed:
                raise JournalFull("the job has ended")
            number = self._last + 1
            line = json.dumps({"i": number, "wb": written_behind, "t": round(time.time(), 3), **call}).encode() + b"\n"
            if slot is not None:
                slot.expect(number)
            try:
                written = os.write(self._file, line)
            except OSError as error:
                self._cut()
                raise JournalFull(error.strerror) from error
            if written < len(line):  # the disk is full: half a line would spoil the next one
                self._cut()
                raise JournalFull("no space left on the device")
            self._last, self._size = number, self._size + len(line)
        self._dirty.set()
        return number

    def sync(self) -> None:
        """When this returns, all lines survive a power cut. Raises ``OSError``."""
        with self._lock:
            if self._closed:  # which synced
                return
            copy = os.dup(self._file)
        try:
            os.fdatasync(copy)
        finally:
            os.close(copy)

    def close(self) -> None:
        """Sync and close. Idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            os.fdatasync(self._file)
            os.close(self._file)
        self._dirty.set()

    def _cut(self) -> None:
        os.ftruncate(self._file, self._size)

    def _sync(self, seconds: float) -> None:
        while True:
            self._dirty.wait()
            time.sleep(seconds)
            self._dirty.clear()
            with self._lock:
                if self._closed:
                    return
                copy = os.dup(self._file)  # sync outside the lock: calls go on meanwhile
            try:
                os.fdatasync(copy)
            except OSError:  # the next round tries again, and so does close
                self._dirty.set()
            finally:
                os.close(copy)


class Slot:
    """A call that waits for its answer. Use as a context manager."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._done = threading.Event()
        self._number = 0
        self._reply: tuple[int, bytes] = (503, b"")

    def expect(self, number: int) -> None:
        """Wait for the answer to this call."""
        self._number = number
        self._answers.register(number, self)

    def put(self, status: int, body: bytes) -> None:
        """Give the answer."""
        self._reply = (status, body)
        self._done.set()

    def wait(self) -> tuple[int, bytes]:
        """HTTP status and body of the answer, however long it takes."""
        self._done.wait()
        return self._reply

    def __enter__(self) -> Slot:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._answers.forget(self._number)


class Answers:
    """Follows ``replies.jsonl`` and hands each answer to the call that waits for it.

    Looks only while somebody waits: every 2 ms at first, every 50 ms for calls that wait long.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._waiting: dict[int, Slot] = {}
        self._condition = threading.Condition()
        self._closed = False
        self._since = 0.0
        # Answers already there belong to calls of an earlier server of the same attempt.
        if path.exists():
            self._offset = path.stat().st_size
        threading.Thread(target=self._follow, name="relay-answers", daemon=True).start()

    def slot(self) -> Slot:
        """A place for one answer."""
        return Slot(self)

    def register(self, number: int, slot: Slot) -> None:
        """Hand the answer to call ``number`` to ``slot``."""
        with self._condition:
            if self._closed:
                slot.put(503, _ENDED)
                return
            self._waiting[number] = slot
            self._since = time.monotonic()
            self._condition.notify()

    def forget(self, number: int) -> None:
        """Nobody waits for this call any more."""
        with self._condition:
            self._waiting.pop(number, None)

    def close(self) -> None:
        """Answer all that wait with 503."""
        with self._condition:
            self._closed = True
            for slot in self._waiting.values():
                slot.put(503, _ENDED)
            self._condition.notify()

    def _follow(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._closed:
                    self._condition.wait()
                if self._closed:
                    return
                waited = time.monotonic() - self._since
            if not self._read():
                time.sleep(0.002 if waited < 2 else 0.05)

    def _read(self) -> bool:
        """Hand out what is new; whether there was anything."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(1 << 22)
        except OSError:
            return False
        whole = data.rfind(b"\n") + 1
        if not whole and len(data) == 1 << 22:  # one very long answer
            with self._path.open("rb") as file:
                file.seek(self._offset)
                line = file.readline()
            data, whole = line, len(line) if line.endswith(b"\n") else 0
        for line in data[:whole].splitlines():
            reply = _reply(line)
            if reply is None:
                continue
            number, status, body = reply
            with self._condition:
                slot = self._waiting.pop(number, None)
            if slot is not None:
                slot.put(status, body)
        self._offset += whole
        return whole > 0


_ENDED = json.dumps({"error_code": "TEMPORARILY_UNAVAILABLE", "message": "The job has ended."}).encode()


def _reply(line: bytes) -> tuple[int, int, bytes] | None:
    """Number, status and body of an answer. None: one of the controller's own notes, or a line that somebody else
    wrote, which must not keep the answers after it from those who wait."""
    try:
        reply = json.loads(line)
        number, status, body = reply["i"], reply["s"], reply["b"].encode("latin1")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    is_answer = type(number) is int and type(status) is int and 100 <= status <= 599
    return (number, status, body) if is_answer else None


def _whole_lines(file: int) -> tuple[int, int]:
    """Cut off half a line at the end; size of the file and number of its last call."""
    size = os.fstat(file).st_size
    position, tail = size, b""
    while position > 0 and tail.count(b"\n") < 2:
        step = min(_TAIL, position)
        position -= step
        tail = os.pread(file, step, position) + tail
    whole = tail.rfind(b"\n") + 1
    if whole < len(tail):
        size -= len(tail) - whole
        os.ftruncate(file, size)
    lines = tail[:whole].splitlines()
    return size, json.loads(lines[-1])["i"] if lines else 0

"""The controller's end of the two files between a job and the tracking store.

``replies.jsonl`` is also the record of how far the controller is: every line holds the position in
``calls.jsonl`` after the call it speaks of, so that an answer and the fact that it was given are one write.

A job can put anything in the place of both: a link that it lays there is neither read, nor written, nor cut.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio_ext.adapters.mlflow_backend import Reply
from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.worker import inside

_CHUNK = 1 << 20
_MAX_LINE = 64 << 20  # a body of 16 MiB in JSON's longest spelling stays below
_MAX_NOTE = 4 * _MAX_LINE  # an answer may list thousands of runs; whatever is longer was not written by us
_MAX_REFUSED_KEPT = 20

NOTEBOOK, AUTOLOG = "notebook", "autolog"


@dataclass(frozen=True)
class Call:
    """One line of ``calls.jsonl``."""

    number: int
    start: int
    """Byte offset of the line."""
    end: int
    """Byte offset of the next line."""
    method: str
    path: str
    """Path and query."""
    body: bytes
    content_type: str
    acknowledged: bool
    """Whether the job got its answer already."""


@dataclass
class Own:
    """What the job made in the tracking store. The store itself is the record of it (see ``Policy.restore``)."""

    runs: dict[str, str] = field(default_factory=dict)
    """Artifact URI by run id."""
    models: dict[str, str] = field(default_factory=dict)
    """Artifact URI by id of a logged model."""
    registered: set[str] = field(default_factory=set)
    """Names of registered models."""
    versions: set[tuple[str, str]] = field(default_factory=set)
    """Name and version of model versions."""


class Journal:
    """Reads the calls of one attempt and notes what became of them. One thread at a time."""

    def __init__(self, directory: Path, attempt: int) -> None:
        self._directory = directory
        self._calls = Path("attempts", str(attempt), "calls.jsonl")
        self._replies = self._calls.with_name("replies.jsonl")
        self.position = 0
        self.number = 0
        self.taken: set[str] = set()
        """Who was given the job's run: ``NOTEBOOK`` with its first run, ``AUTOLOG`` with the first fit."""
        self.refused: list[str] = []
        self.refused_count = 0
        self._size = 0
        for note in _notes(directory, self._replies):
            self._take(note)
            self._size = note["_end"]
        self._cut()
        self.doubtful_until = self._size_of(self._calls)
        """Calls that start before this offset may have been carried out by a process that died before it said so."""

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was ever applied or answered."""
        return self._size == 0

    def has_new(self) -> bool:
        """Whether there is anything to read. One system call."""
        return self._size_of(self._calls) > self.position

    def read(self) -> Iterator[Call]:
        """Whole lines from the position on, at most about a megabyte."""
        try:
            with os.fdopen(inside.open_file(self._directory, self._calls), "rb") as file:
                file.seek(self.position)
                data = file.read(_CHUNK)
                if data and b"\n" not in data:
                    data += file.readline(_MAX_LINE)
        except FileNotFoundError:
            return
        start, number = self.position, self.number
        *lines, rest = data.split(b"\n")
        for line in lines:
            number += 1
            yield _parse(line, number, start)
            start += len(line) + 1
        if len(rest) >= _MAX_LINE:
            self.position = self._size_of(self._calls)  # no relay writes such a line: the rest is not ours to read

    def answer(self, call: Call, reply: Reply, *, took_run: str = "") -> None:
        """Answer a call that waits; ``took_run``: who was given the job's run with it."""
        line: dict[str, Any] = {"i": call.number, "s": reply.status, "b": reply.body.decode("latin1"), "pos": call.end}
        if took_run:
            line["took_run"] = took_run
        self._write(line)

    def applied(self, last: Call, refused: list[str]) -> None:
        """Note that all calls up to ``last`` were applied, except those refused with these sentences."""
        line: dict[str, Any] = {"i": last.number, "pos": last.end}
        if refused:
            line |= {"refused": refused[:_MAX_REFUSED_KEPT], "refused_count": len(refused)}
        self._write(line)

    def doubt(self, call: Call) -> None:
        """The call may have been carried out although it has no answer."""
        self.doubtful_until = max(self.doubtful_until, call.end)

    def _take(self, note: dict[str, Any]) -> None:
        self.position, self.number = note["pos"], note["i"]
        took = note.get("took_run")
        self.taken |= {NOTEBOOK} if took is True else {took} & {NOTEBOOK, AUTOLOG} if isinstance(took, str) else set()
        self.refused = (self.refused + note.get("refused", []))[:_MAX_REFUSED_KEPT]
        self.refused_count += note.get("refused_count", 0)

    def _write(self, note: dict[str, Any]) -> None:
        line = json.dumps(note).encode() + b"\n"
        try:
            file = inside.open_file(self._directory, self._replies, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            try:
                written = os.write(file, line)
                if written < len(line):
                    raise OSError(28, "No space left on device")
            finally:
                os.close(file)
        except inside.NotOurs as error:
            raise StudioError("The job has put something else in the place of the answers to its calls.") from error
        except OSError as error:
            self._cut()
            raise Unavailable(
                f"The answer to a job's MLflow call cannot be written: {error.strerror}.",
                hint="Make room on the disk of the workspace.",
            ) from error
        self._size += len(line)
        self._take(note)

    def _cut(self) -> None:
        """Remove half a line that a full disk or a power cut left."""
        with contextlib.suppress(FileNotFoundError):
            file = inside.open_file(self._directory, self._replies, os.O_WRONLY)
            try:
                if os.fstat(file).st_size > self._size:
                    os.ftruncate(file, self._size)
            finally:
                os.close(file)

    def _size_of(self, path: Path) -> int:
        """Bytes of a file; of a link that lies there, a few."""
        try:
            return os.lstat(self._directory / path).st_size
        except (FileNotFoundError, NotADirectoryError):
            return 0


def _notes(directory: Path, path: Path) -> Iterator[dict[str, Any]]:
    """Whole lines of ``replies.jsonl`` with the offset after each (``_end``)."""
    end = 0
    try:
        with os.fdopen(inside.open_file(directory, path), "rb") as file:
            while line := file.readline(_MAX_NOTE):
                if not line.endswith(b"\n"):
                    return
                end += len(line)
                yield json.loads(line) | {"_end": end}
    except FileNotFoundError:
        return
    except ValueError:
        return  # a power cut left rubbish; what follows it is applied again


def _parse(line: bytes, number: int, start: int) -> Call:
    """A call; a line (without its end) that is none becomes one that no rule allows."""
    end = start + len(line) + 1
    try:
        fields = json.loads(line)
        return Call(
            number=int(fields["i"]),
            start=start,
            end=end,
            method=str(fields["m"]),
            path=str(fields["p"]),
            body=str(fields["b"]).encode("latin1"),
            content_type=str(fields.get("ct") or "application/json"),
            acknowledged=fields.get("wb") is True,
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return Call(number, start, end, "", "", b"", "", True)

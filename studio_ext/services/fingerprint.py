"""What a file of data is: its hash, and how many rows it has where that is cheap to tell."""

from __future__ import annotations

import csv
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from studio_ext.core import parquet

_CHUNK = 1 << 20
_LARGEST_FOOTER = 8 << 20
_HEAD = 1 << 16


class TooLate(Exception):
    """There is no more time for it."""


@dataclass(frozen=True)
class Fingerprint:
    """Of one file."""

    sha256: str
    rows: int | None = None
    columns: int | None = None


def fingerprint(descriptor: int, name: str, deadline: float) -> Fingerprint:
    """Read a file to its end. ``name`` tells what it is. Raises ``OSError`` and, past ``deadline`` (monotonic),
    :class:`TooLate`.
    """
    digest = hashlib.sha256()
    suffix = os.path.splitext(name.lower())[1]  # noqa: PTH122  (a name of the job's, not a path of ours)
    count = _COUNTERS.get(suffix)
    counter = count() if count else None
    os.lseek(descriptor, 0, os.SEEK_SET)
    while piece := os.read(descriptor, _CHUNK):
        digest.update(piece)
        if counter:
            counter.feed(piece)
        if time.monotonic() > deadline:
            raise TooLate
    if suffix in (".parquet", ".pq"):
        return Fingerprint(digest.hexdigest(), *_parquet_shape(descriptor))
    return Fingerprint(digest.hexdigest(), *(counter.result() if counter else (None, None)))


class _Lines:
    """Rows of a file with one record a line."""

    def __init__(self) -> None:
        self._rows = 0
        self._last = b""

    def feed(self, piece: bytes) -> None:
        self._rows += piece.count(b"\n")
        self._last = piece[-1:]

    def result(self) -> tuple[int, int | None]:
        return self._rows + (self._last not in (b"", b"\n")), None


class _Table:
    """Rows and columns of a table of delimited text; line ends in quotes end no row."""

    delimiter = ","

    def __init__(self) -> None:
        self._rows = 0
        self._last = b""
        self._is_quoted = False
        self._head = b""

    def feed(self, piece: bytes) -> None:
        if len(self._head) < _HEAD:
            self._head += piece[:_HEAD]
        self._last = piece[-1:]
        if b'"' not in piece and not self._is_quoted:
            self._rows += piece.count(b"\n")
            return
        for number, part in enumerate(piece.split(b'"')):
            if number:
                self._is_quoted = not self._is_quoted
            if not self._is_quoted:
                self._rows += part.count(b"\n")

    def result(self) -> tuple[int | None, int | None]:
        rows = self._rows + (self._last not in (b"", b"\n"))
        lines = self._head.decode("utf-8-sig", "replace").splitlines()
        if self._is_quoted or not lines:
            return (None, None) if self._is_quoted else (0, None)
        try:
            first = next(csv.reader(lines, delimiter=self.delimiter))
        except (csv.Error, StopIteration):
            return rows, None
        has_header = not all(map(_is_number, first))
        return max(rows - has_header, 0), len(first)


class _TabTable(_Table):
    delimiter = "\t"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parquet_shape(descriptor: int) -> tuple[int | None, int | None]:
    size = os.fstat(descriptor).st_size
    try:
        length = parquet.footer_length(os.pread(descriptor, 8, max(size - 8, 0)))
        if length > min(_LARGEST_FOOTER, size - 8):
            return None, None
        return parquet.shape(os.pread(descriptor, length, size - 8 - length))
    except ValueError:
        return None, None


_COUNTERS: dict[str, Callable[[], _Lines | _Table]] = {
    ".csv": _Table,
    ".tsv": _TabTable,
    ".jsonl": _Lines,
    ".ndjson": _Lines,
}

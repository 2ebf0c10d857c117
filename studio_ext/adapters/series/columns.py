"""Keeps series column by column: short ones in memory, long ones in files that others read, too.

A file holds a header of 512 bytes (JSON, then spaces) and a row of 24 bytes for each value: step, time, value. What is
appended is written behind the rows that count, then the header is written anew: whoever is killed in between leaves
rows that do not count. One process at a time appends (``flock``); another finds in the header how far it got. A file
of another boot is not read: what the disk has of it nobody knows.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import math
import os
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.host import boot_id
from studio_ext.adapters.series.sources import Mark, Piece

VERSION = 1
LONG = 5_000
"""Values from which a series is kept in a file."""
MAX_BYTES = 1 << 30
"""Of all files; the ones that nobody asked for longest are thrown away."""
MAX_MEMORY = 128 << 20
"""Bytes in memory, but for what the question at hand is about."""
_HEADER = 512
_ROW = np.dtype([("step", "<i8"), ("time", "<f8"), ("value", "<f8")])
_OVERHEAD = 1_000
_SUFFIX = ".series"
_TIDY_SECONDS = 60.0

Rows = NDArray[np.void]


@dataclass
class Column:
    """One series, as far as it was read."""

    mark: Mark = ()
    is_done: bool = False
    """Whether it was read to its end of then."""
    is_sealed: bool = False
    """Whether all of that was read after its run was over."""
    count: int = 0
    not_finite: int = 0
    last: float = math.nan
    steps_grow: bool = True
    """Whether no value has a smaller step than the one before it."""
    times_grow: bool = True
    rows: Rows = field(default_factory=lambda: np.empty(0, dtype=_ROW))
    """At least ``count`` of them."""
    path: Path | None = None
    """The file that the rows are in; None: they are in memory."""
    orders: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    """Positions in the order of an axis, where that is another."""

    @property
    def memory(self) -> int:
        """Bytes that it takes."""
        rows = self.rows.nbytes if self.path is None else 0
        return _OVERHEAD + rows + sum(each.nbytes for each in self.orders.values())

    def take(self, piece: Piece) -> None:
        """Add values, in memory."""
        if piece.is_whole:
            self.clear()
        added = len(piece.step)
        if added:
            self._note(piece)
            if len(self.rows) < self.count + added:
                grown = np.empty(max(64, self.count + added, int(1.5 * self.count)), dtype=_ROW)
                grown[: self.count] = self.rows[: self.count]
                self.rows = grown
            part = self.rows[self.count : self.count + added]
            part["step"], part["time"], part["value"] = piece.step, piece.time, piece.value
            self.count += added
        self.mark, self.is_done = piece.mark, piece.is_done

    def clear(self) -> None:
        """Know nothing of it."""
        self.__init__()  # type: ignore[misc]

    def header(self) -> bytes:
        """All of it but the rows."""
        found = {
            "version": VERSION,
            "boot": boot_id(),
            "mark": list(self.mark),
            "done": self.is_done,
            "sealed": self.is_sealed,
            "count": self.count,
            "not_finite": self.not_finite,
            "last": None if math.isnan(self.last) else self.last,
            "steps_grow": self.steps_grow,
            "times_grow": self.times_grow,
        }
        return json.dumps(found).encode().ljust(_HEADER)

    @classmethod
    def of(cls, header: bytes) -> Column | None:
        """What a header says; None for one that is not ours."""
        try:
            found = json.loads(header)
            if found["version"] != VERSION or found["boot"] != boot_id():
                return None
            return cls(
                mark=tuple(found["mark"]),
                is_done=bool(found["done"]),
                is_sealed=bool(found["sealed"]),
                count=int(found["count"]),
                not_finite=int(found["not_finite"]),
                last=math.nan if found["last"] is None else float(found["last"]),
                steps_grow=bool(found["steps_grow"]),
                times_grow=bool(found["times_grow"]),
            )
        except (ValueError, KeyError, TypeError):
            return None

    def _note(self, piece: Piece) -> None:
        """What is known of all values without reading them again."""
        before = self.rows[self.count - 1] if self.count else None
        step_, time_ = piece.step, piece.time
        is_after = before is None or bool(before["step"] <= step_[0])
        self.steps_grow &= is_after and bool((step_[1:] >= step_[:-1]).all())
        is_after = before is None or bool(before["time"] <= time_[0])
        self.times_grow &= is_after and bool((time_[1:] >= time_[:-1]).all())
        self.not_finite += int(np.isnan(piece.value).sum())
        self.last = float(piece.value[-1])
        self.orders = {}


class Columns:
    """The series that are kept. For one thread at a time."""

    def __init__(self, folder: Path, tracking_uri: str, *, memory: int = MAX_MEMORY, disk: int = MAX_BYTES) -> None:
        """``folder``: where files may be made; what is in it can be thrown away."""
        self._folder = folder / hashlib.sha256(tracking_uri.encode()).hexdigest()[:24]
        self._root = folder
        self._memory = memory
        self._disk = disk
        self._kept: OrderedDict[tuple[str, str], Column] = OrderedDict()
        self._tidied = 0.0

    def get(self, run_id: str, metric: str) -> tuple[Column, bool]:
        """The series; and whether it was read from a file just now: its mark is another process's."""
        key = (run_id, metric)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found, False
        path = self._path(run_id, metric)
        loaded = self._load(path)
        column = self._kept[key] = loaded or Column()
        return column, loaded is not None

    def add(self, run_id: str, metric: str, piece: Piece, *, is_sealed: bool = False) -> None:
        """Add what was read. Long series go to their file; where that cannot be written they stay in memory."""
        column, _ = self.get(run_id, metric)
        if column.path is None:
            column.take(piece)
            column.is_sealed = is_sealed
            if column.count > LONG:
                self._store(column, self._path(run_id, metric))
            return
        column.is_sealed = is_sealed
        if piece.is_whole or not self._append(column, piece):
            theirs = None if piece.is_whole else self._load(column.path)
            if theirs is not None and theirs.count > column.count:
                theirs.is_done = False  # another process has read on: what it has not, is read after this
                self._kept[run_id, metric] = theirs
                return
            self._into_memory(column)
            column.take(piece)
            column.is_sealed = is_sealed

    def drop(self, run_id: str, metric: str) -> None:
        """Forget a series, and its file."""
        self._kept.pop((run_id, metric), None)
        with contextlib.suppress(OSError):
            self._path(run_id, metric).unlink()

    def clear(self) -> None:
        """Forget all."""
        for run_id, metric in list(self._kept):
            self.drop(run_id, metric)

    def make_room(self, keep: set[tuple[str, str]]) -> None:
        """Forget what was not asked for longest, but for what is asked for now."""
        held = sum(each.memory for each in self._kept.values())
        for key in list(self._kept):
            if held <= self._memory:
                break
            if key not in keep:
                held -= self._kept.pop(key).memory
        if time.monotonic() - self._tidied > _TIDY_SECONDS:
            self._tidied = time.monotonic()
            self._tidy()

    # -- files

    def _path(self, run_id: str, metric: str) -> Path:
        run = run_id if run_id.isalnum() and run_id.isascii() else hashlib.sha256(run_id.encode()).hexdigest()[:32]
        return self._folder / run / f"{hashlib.sha256(metric.encode()).hexdigest()[:32]}{_SUFFIX}"

    def _load(self, path: Path) -> Column | None:
        try:
            with path.open("rb") as file:
                column = Column.of(file.read(_HEADER))
                size = os.fstat(file.fileno()).st_size
            if column is None or size < _HEADER + column.count * _ROW.itemsize:
                path.unlink(missing_ok=True)
                return None
            self._map(column, path)
            os.utime(path)
        except OSError:
            return None
        return column

    @staticmethod
    def _map(column: Column, path: Path) -> None:
        column.rows = np.memmap(path, dtype=_ROW, mode="r", offset=_HEADER, shape=(column.count,))
        column.path = path

    def _store(self, column: Column, path: Path) -> None:
        """Put a series that has become long into a file: written beside, then renamed."""
        beside = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("xb") as file:
                file.write(column.header())
                file.write(column.rows[: column.count].tobytes())
            beside.rename(path)
            self._map(column, path)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)

    def _append(self, column: Column, piece: Piece) -> bool:
        """Add values to a file; False where that cannot be done, or another process has added some."""
        path = column.path
        assert path is not None
        added = np.empty(len(piece.step), dtype=_ROW)
        added["step"], added["time"], added["value"] = piece.step, piece.time, piece.value
        try:
            with _opened(path) as file:
                if _count(file) != column.count or not os.path.samestat(os.fstat(file), path.stat()):
                    return False
                data, place = added.tobytes(), _HEADER + column.count * _ROW.itemsize
                while data:
                    written = os.pwrite(file, data, place)
                    data, place = data[written:], place + written
                if len(added):
                    column._note(piece)
                column.count += len(added)
                column.mark, column.is_done = piece.mark, piece.is_done
                os.pwrite(file, column.header(), 0)
                if len(added):
                    self._map(column, path)
        except OSError:
            return False
        return True

    @staticmethod
    def _into_memory(column: Column) -> None:
        column.rows = np.array(column.rows[: column.count])
        column.path = None

    def _tidy(self) -> None:
        """Throw away the files that nobody asked for longest, and what was left half made."""
        found: list[tuple[float, int, Path]] = []
        for path in self._root.glob(f"*/*/*{_SUFFIX}*"):
            with contextlib.suppress(OSError):
                facts = path.stat()
                found.append((facts.st_mtime, facts.st_size, path))
        size = sum(each[1] for each in found)
        now = time.time()
        for modified, taken, path in sorted(found):
            is_left = path.name.startswith(".") and now - modified > _TIDY_SECONDS
            if size > self._disk or is_left:
                with contextlib.suppress(OSError):
                    path.unlink()
                    size -= taken
                with contextlib.suppress(OSError):
                    path.parent.rmdir()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A file that no other process appends to meanwhile. Raises ``BlockingIOError`` while one does."""
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file
    finally:
        os.close(file)


def _count(file: int) -> int:
    found: Any = Column.of(os.pread(file, _HEADER, 0))
    return -1 if found is None else int(found.count)

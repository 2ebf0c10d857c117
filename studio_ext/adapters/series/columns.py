"""Keeps series column by column: short ones in memory, long ones in files that others read, too.

A file holds a header of 512 bytes (JSON, then spaces) and a row of 24 bytes for each value: step, time, value. What is
appended is written behind the rows that count, then the header is written anew: whoever is killed in between leaves
rows that do not count. One process at a time appends (``flock``); another finds in the header how far it got. A file
of another boot is not read: what the disk has of it nobody knows.

No file is open but while it is read: there may be more series than a process may have files open.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import math
import mmap
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.host import boot_id
from studio_ext.adapters.series.sources import Mark, Piece

VERSION = 2
LONG = 5_000
"""Values from which a series is kept in a file."""
MAX_BYTES = 1 << 30
"""Of all files but those that the question at hand is about; the ones that nobody asked for longest are thrown away."""
MAX_MEMORY = 128 << 20
"""Bytes in memory; of what the question at hand is about, series beyond it go to files."""
_HEADER = 512
_ROW = np.dtype([("step", "<i8"), ("time", "<f8"), ("value", "<f8")])
_OVERHEAD = 1_000
_BLOCK = 4_096
"""Bytes of rows in memory from which a file is worth it."""
_SUFFIX = ".series"
_TIDY_SECONDS = 60.0

Rows = NDArray[np.void]


class Gone(Exception):
    """The file of a series was thrown away or made anew by another process."""


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
    held: Rows = field(default_factory=lambda: np.empty(0, dtype=_ROW))
    """Rows in memory, at least ``count`` of them; none where there is a file."""
    path: Path | None = None
    """The file that the rows are in; None: they are in memory."""
    token: str = ""
    """Of the file: whether it is still the same one."""
    orders: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    """Positions in the order of an axis, where that is another."""

    @property
    def memory(self) -> int:
        """Bytes that it takes."""
        return _OVERHEAD + self.held.nbytes + sum(each.nbytes for each in self.orders.values())

    @property
    def rows(self) -> Rows:
        """``count`` of them. Those of a file keep it open for as long as somebody has them. Raises :class:`Gone`."""
        if self.path is None:
            return self.held[: self.count]
        try:
            with self.path.open("rb", buffering=0) as file:
                found = Column.of(os.pread(file.fileno(), _HEADER, 0))
                if found is None or found.token != self.token or found.count < self.count:
                    raise Gone
                size = _HEADER + self.count * _ROW.itemsize
                mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            raise Gone from None
        return np.frombuffer(mapped, dtype=_ROW, count=self.count, offset=_HEADER)

    def take(self, piece: Piece) -> None:
        """Add values, in memory."""
        if piece.is_whole:
            self.clear()
        added = len(piece.step)
        if added:
            self.note(piece, self.held[self.count - 1] if self.count else None)
            if len(self.held) < self.count + added:
                grown = np.empty(max(64, self.count + added, int(1.5 * self.count)), dtype=_ROW)
                grown[: self.count] = self.held[: self.count]
                self.held = grown
            part = self.held[self.count : self.count + added]
            part["step"], part["time"], part["value"] = piece.step, piece.time, piece.value
            self.count += added
        self.mark, self.is_done = piece.mark, piece.is_done

    def clear(self) -> None:
        """Know nothing of it."""
        self.__init__()  # type: ignore[misc]

    def header(self) -> bytes:
        """All of it but the rows. Raises ``OSError`` where that is too long for a file."""
        found = {
            "version": VERSION,
            "boot": _boot(),
            "token": self.token,
            "mark": list(self.mark),
            "done": self.is_done,
            "sealed": self.is_sealed,
            "count": self.count,
            "not_finite": self.not_finite,
            "last": None if math.isnan(self.last) else self.last,
            "steps_grow": self.steps_grow,
            "times_grow": self.times_grow,
        }
        header = json.dumps(found).encode()
        if len(header) > _HEADER:
            raise OSError("The mark is too long.")
        return header.ljust(_HEADER)

    @classmethod
    def of(cls, header: bytes) -> Column | None:
        """What a header says; None for one that is not ours."""
        try:
            found = json.loads(header)
            if found["version"] != VERSION or found["boot"] != _boot():
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
                token=str(found["token"]),
            )
        except (ValueError, KeyError, TypeError):
            return None

    def note(self, piece: Piece, before: np.void | None) -> None:
        """What is known of all values without reading them again. ``before``: the last row of now."""
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
        """Add what was read, to what was there before. Long series go to their file; where that cannot be written they
        stay in memory. Where another process has thrown the file away, or is ahead, the piece is left out: the mark is
        another one then than that of the piece.
        """
        key = (run_id, metric)
        column, _ = self.get(run_id, metric)
        if column.path is None:
            column.take(piece)
            column.is_sealed = is_sealed
            if column.count > LONG:
                self._store(column, self._path(run_id, metric))
            return
        grown = None if piece.is_whole else self._append(column, piece, is_sealed=is_sealed)
        if grown is None:
            theirs = None if piece.is_whole else self._load(column.path)
            if theirs is not None and (theirs.count > column.count or theirs.token != column.token):
                theirs.is_done = False  # another process has read it: what it has not, is read after this
                self._kept[key] = theirs
                return
            grown = Column() if piece.is_whole else _in_memory(column)
            if grown is None:
                self._kept[key] = Column()
                return
            grown.take(piece)
            grown.is_sealed = is_sealed
        self._kept[key] = grown

    def forget(self, run_id: str, metric: str) -> None:
        """Know nothing of a series, but what its file says by then."""
        self._kept.pop((run_id, metric), None)

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
        """Forget what was not asked for longest. What is asked for now goes to files where it is too much."""
        held = sum(each.memory for each in self._kept.values())
        for key in list(self._kept):
            if held <= self._memory:
                break
            if key not in keep:
                held -= self._kept.pop(key).memory
        for key, column in self._kept.items():
            if held <= self._memory:
                break
            if column.held.nbytes > _BLOCK:
                held -= column.memory
                self._store(column, self._path(*key))
                held += column.memory
                if column.path is None:
                    break
        if time.monotonic() - self._tidied > _TIDY_SECONDS:
            self._tidied = time.monotonic()
            self._tidy({self._path(*key) for key in keep})

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
            os.utime(path)
        except OSError:
            return None
        column.path = path
        return column

    def _store(self, column: Column, path: Path) -> None:
        """Put a series that has become long into a file: written beside, then renamed."""
        beside = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
        column.token = secrets.token_hex(8)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("xb") as file:
                file.write(column.header())
                file.write(column.held[: column.count].tobytes())
            beside.rename(path)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            return
        column.path, column.held = path, column.held[:0].copy()

    def _append(self, column: Column, piece: Piece, *, is_sealed: bool) -> Column | None:
        """Add values to a file. The column with them; None where that cannot be done, or another process has added
        some: the column stays what it was."""
        path = column.path
        assert path is not None
        added = np.empty(len(piece.step), dtype=_ROW)
        added["step"], added["time"], added["value"] = piece.step, piece.time, piece.value
        grown = replace(column, mark=piece.mark, is_done=piece.is_done, is_sealed=is_sealed)
        try:
            with _opened(path) as file:
                found = Column.of(os.pread(file, _HEADER, 0))
                if found is None or (found.token, found.count) != (column.token, column.count):
                    return None
                place = _HEADER + column.count * _ROW.itemsize
                if len(added):
                    before = os.pread(file, _ROW.itemsize, place - _ROW.itemsize)
                    grown.note(piece, np.frombuffer(before, dtype=_ROW)[0])
                    grown.count += len(added)
                header = grown.header()
                _write(file, added.tobytes(), place)
                _write(file, header, 0)
                # Of a file that was thrown away meanwhile nobody would have what was added.
                return grown if os.path.samestat(os.fstat(file), path.stat()) else None
        except OSError:
            return None

    def _tidy(self, asked: set[Path]) -> None:
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
            if (size > self._disk and path not in asked) or is_left:
                with contextlib.suppress(OSError):
                    path.unlink()
                    size -= taken
                with contextlib.suppress(OSError):
                    path.parent.rmdir()


@functools.cache
def _boot() -> str:
    return boot_id()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A file that no other process appends to meanwhile. Raises ``BlockingIOError`` while one does."""
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file
    finally:
        os.close(file)


def _write(file: int, data: bytes, place: int) -> None:
    while data:
        written = os.pwrite(file, data, place)
        data, place = data[written:], place + written


def _in_memory(column: Column) -> Column | None:
    """The same, without its file; None where that is gone."""
    try:
        return replace(column, held=np.array(column.rows), path=None)
    except Gone:
        return None

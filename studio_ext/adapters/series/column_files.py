"""The files of series that are long, or of which there is too much for the memory.

A file holds a header of 512 bytes (its CRC-32, JSON, then spaces) and a row of 24 bytes for each value: step, time,
value. What is appended is written behind the rows that count, then the header is written anew: whoever is killed in
between leaves rows that do not count. One process at a time appends (``flock``); another finds in the header how far it
got. Nobody waits for the disk: whether a file of another boot came there as a whole, the CRC-32 of its rows tells.

No file is open but while it is read: there may be more series than a process may have files open.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import secrets
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from studio_ext.adapters.host import boot_id
from studio_ext.adapters.series.column import BLOCK, HEADER, ROW, Column, Gone
from studio_ext.adapters.series.sources import Piece

SUFFIX = ".series"
TIDY_SECONDS = 60.0
_ASKED_SECONDS = 600.0
"""By which the date of a file may be behind the last time somebody asked for it."""
_PART = 1 << 20


def load(path: Path, *, is_asked: bool = True, across_boots: bool = True, held: int = 0) -> Column | None:
    """What a file has; None where there is none that counts.

    ``is_asked``: somebody wants to see it. ``across_boots``: one of before the machine was started counts. ``held``: of
    at most so many values the rows are in memory then, read while the file is open anyway; the column has no path.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            facts = os.fstat(file)
            start = os.pread(file, facts.st_size if facts.st_size <= HEADER + held * ROW.itemsize else HEADER, 0)
            column = Column.of(start[:HEADER])
            if column is None or not _is_whole(file, column, across_boots):
                if os.path.samestat(facts, path.stat()):
                    path.unlink()
                return None
            is_held = 0 < column.count <= held
            if is_held and len(start) < HEADER + column.count * ROW.itemsize:  # with rows behind them that do not count
                start = os.pread(file, HEADER + column.count * ROW.itemsize, 0)
        finally:
            os.close(file)
        if is_asked and time.time() - facts.st_mtime > _ASKED_SECONDS:
            os.utime(path)
    except OSError:
        return None
    if not is_held:
        column.path = path
        return column
    if len(start) < HEADER + column.count * ROW.itemsize:
        return None
    column.held = np.frombuffer(start, dtype=ROW, count=column.count, offset=HEADER)
    return column


def _is_whole(file: int, column: Column, across_boots: bool) -> bool:
    left = column.count * ROW.itemsize
    if os.fstat(file).st_size < HEADER + left:
        return False
    if column.boot and column.boot == _boot():
        return True
    if not across_boots:
        return False
    found, place = 0, HEADER
    # Not mapped: a disk that cannot read it would end the process.
    while left and (part := os.pread(file, min(left, _PART), place)):
        found = zlib.crc32(part, found)
        left, place = left - len(part), place + len(part)
    return not left and found == column.checksum


def store(column: Column, path: Path, dated: float | None = None) -> bool:
    """Put a series into a file: written beside, then renamed. Where that cannot be done it stays what it was.

    ``dated``: seconds since the epoch; None: now. The oldest files are thrown away first.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    rows = column.held[: column.count].tobytes()
    column.token, column.boot, column.checksum = secrets.token_hex(8), _boot(), zlib.crc32(rows)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("xb") as file:
            file.write(column.header())
            file.write(rows)
        if dated is not None:
            os.utime(beside, (dated, dated))
        beside.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        return False
    column.path, column.held = path, column.held[:0].copy()
    return True


def append(column: Column, piece: Piece, *, is_sealed: bool, is_asked: bool = True) -> Column | None:
    """Add values to a file. The column with them; None where that cannot be done, or another process has added
    some: the column stays what it was. ``is_asked``: somebody wants to see it; else its date stays."""
    path = column.path
    assert path is not None
    added = np.empty(len(piece.step), dtype=ROW)
    added["step"], added["time"], added["value"] = piece.step, piece.time, piece.value
    rows = added.tobytes()
    grown = replace(
        column,
        mark=piece.mark,
        is_done=piece.is_done,
        is_sealed=is_sealed,
        boot=_boot(),
        checksum=zlib.crc32(rows, column.checksum),
    )
    try:
        with _opened(path) as file:
            facts = os.fstat(file)
            found = Column.of(os.pread(file, HEADER, 0))
            if found is None or (found.token, found.count) != (column.token, column.count):
                return None
            place = HEADER + column.count * ROW.itemsize
            if len(added):
                before = os.pread(file, ROW.itemsize, place - ROW.itemsize)
                grown.note(piece, np.frombuffer(before, dtype=ROW)[0])
                grown.count += len(added)
            header = grown.header()
            _write(file, rows, place)
            _write(file, header, 0)
            if not is_asked:
                os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
            # Of a file that was thrown away meanwhile nobody would have what was added.
            return grown if os.path.samestat(os.fstat(file), path.stat()) else None
    except OSError:
        return None


def tidy(root: Path, most: int, asked: set[Path]) -> None:
    """Throw away files beyond ``most`` bytes of the disk, the oldest first and none of ``asked``, and what was left
    half made. The date of a file is when somebody last asked for it, within ten minutes, or the end of its trial where
    nobody has."""
    found: list[tuple[float, int, str]] = []
    for store_ in _entries(str(root)):
        for run in _entries(store_.path):
            for file in _entries(run.path):
                with contextlib.suppress(OSError):
                    facts = file.stat()
                    found.append((facts.st_mtime, -(-facts.st_size // BLOCK) * BLOCK, file.path))
    size = sum(each[1] for each in found)
    now = time.time()
    for modified, taken, name in sorted(found):
        is_left = name.rpartition("/")[2].startswith(".") and now - modified > TIDY_SECONDS
        if is_left or (size > most and Path(name) not in asked):
            path = Path(name)
            with contextlib.suppress(OSError):
                path.unlink()
                size -= taken
            with contextlib.suppress(OSError):
                path.parent.rmdir()


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """There may be tens of thousands: what ``pathlib`` makes of each takes ten times as long."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


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


def in_memory(column: Column) -> Column | None:
    """The same, without its file; None where that is gone."""
    try:
        return replace(column, held=np.array(column.rows), path=None)
    except Gone:
        return None


@functools.cache
def _boot() -> str:
    return boot_id()

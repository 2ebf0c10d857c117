"""Keeps series column by column: short ones in memory, long ones in files that others read, too."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from studio_ext.adapters.series.column import BLOCK, ROW, Column
from studio_ext.adapters.series.column_files import SUFFIX, TIDY_SECONDS, append, in_memory, load, store, tidy
from studio_ext.adapters.series.sources import Piece

LONG = 5_000
"""Values from which a series is kept in a file."""
MAX_BYTES = 1 << 30
"""Of all files but those that the question at hand is about; the oldest are thrown away."""
MAX_MEMORY = 128 << 20
"""Bytes in memory; of what the question at hand is about, series beyond it go to files."""


class Columns:
    """The series that are kept. For one thread at a time."""

    def __init__(
        self,
        folder: Path,
        tracking_uri: str,
        *,
        across_boots: bool = True,
        memory: int = MAX_MEMORY,
        disk: int = MAX_BYTES,
    ) -> None:
        """``folder``: where files may be made; what is in it can be thrown away. ``across_boots``: files of before the
        machine was started count, for what the store has changed since is found."""
        self._folder = folder / hashlib.sha256(tracking_uri.encode()).hexdigest()[:24]
        self._root = folder
        self._across_boots = across_boots
        self._memory = memory
        self._room = memory // 2
        """Bytes of files that may be read into memory until :meth:`make_room`; the rest is for what no file has."""
        self._disk = disk
        self._kept: OrderedDict[tuple[str, str], Column] = OrderedDict()
        self._tidied = time.monotonic()
        self.dated: float | None = None
        """What files are dated that nobody has asked for (seconds since the epoch): the oldest are thrown away first.
        None: somebody asks, and it is now."""

    def get(self, run_id: str, metric: str) -> tuple[Column, bool]:
        """The series; and whether it was read from a file just now: its mark is another process's."""
        key = (run_id, metric)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found, False
        path = self._path(run_id, metric)
        is_asked = self.dated is None
        held = min(LONG, self._room // ROW.itemsize) if is_asked else 0  # what nobody sees stays where it is
        loaded = load(path, is_asked=is_asked, across_boots=self._across_boots, held=held)
        if loaded is not None:
            self._room -= loaded.held.nbytes
        column = self._kept[key] = loaded or Column()
        return column, loaded is not None

    def add(self, run_id: str, metric: str, piece: Piece, *, is_sealed: bool = False) -> None:
        """Add what was read, to what was there before. Long series go to their file; where that cannot be written they
        stay in memory, and ``OSError`` is raised if nobody has asked for them. Where another process has thrown the
        file away, or is ahead, the piece is left out: the mark is another one then than that of the piece.
        """
        key = (run_id, metric)
        column, _ = self.get(run_id, metric)
        is_nothing = not piece.is_whole and len(piece.step) == 0
        is_sealed |= is_nothing and piece.is_done and column.is_sealed
        if column.path is None:
            column.take(piece)
            column.is_sealed = is_sealed
            if column.count > LONG:
                self._store(key, column)
            return
        if is_nothing and (piece.is_done, is_sealed) == (column.is_done, column.is_sealed):
            column.mark = piece.mark  # not worth writing: whoever reads the file asks for what came later anyway
            return
        is_asked = self.dated is None
        grown = None if piece.is_whole else append(column, piece, is_sealed=is_sealed, is_asked=is_asked)
        if grown is None:
            theirs = None if piece.is_whole else load(column.path, is_asked=is_asked, across_boots=self._across_boots)
            if theirs is not None and (theirs.count > column.count or theirs.token != column.token):
                theirs.is_done = False  # another process has read it: what it has not, is read after this
                self._kept[key] = theirs
                return
            grown = Column() if piece.is_whole else in_memory(column)
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

    def put_away(self, keys: Iterable[tuple[str, str]]) -> bool:
        """Have the series that were read to their ends in files only; returns whether that are all. Raises ``OSError``
        where one cannot be written."""
        are_all = True
        for key in keys:
            column, _ = self.get(*key)
            if not column.is_done:
                are_all = False
                continue
            if column.path is None and column.count:
                self._store(key, column)
            del self._kept[key]
        return are_all

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
            if column.held.nbytes > BLOCK:
                held -= column.memory
                store(column, self._path(*key), self.dated)
                held += column.memory
                if column.path is None:
                    break
        self._room = max(0, self._memory // 2 - held)
        if time.monotonic() - self._tidied > TIDY_SECONDS:
            self._tidied = time.monotonic()
            tidy(self._root, self._disk, {self._path(*key) for key in keep})

    def _store(self, key: tuple[str, str], column: Column) -> None:
        if not store(column, self._path(*key), self.dated) and self.dated is not None:
            raise OSError(f"a file below {self._folder} cannot be written")

    def _path(self, run_id: str, metric: str) -> Path:
        run = run_id if run_id.isalnum() and run_id.isascii() else hashlib.sha256(run_id.encode()).hexdigest()[:32]
        return Path(f"{self._folder}/{run}/{hashlib.sha256(metric.encode()).hexdigest()[:32]}{SUFFIX}")

"""Reads the files of an experiment, as they were at one moment, while they are written."""

from __future__ import annotations

import json
import mmap
import os
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.trial_index import layout
from studio_ext.adapters.trial_index.cache import Cache
from studio_ext.adapters.trial_index.layout import BLOCK, CELLS, ENTRY, HEADER_BYTES, STREAM, Header, Part
from studio_ext.adapters.trial_index.words import Words

T = TypeVar("T")

_PATIENCE = 1.0
"""Seconds for a header that is just being written."""


@dataclass(frozen=True)
class Snapshot:
    """What is valid at a moment."""

    header: Header
    streams: dict[tuple[str, str, str], int]
    facts: NDArray[np.uint64]
    """Revision, length and number of texts of each stream."""
    arena: NDArray[np.uint64]
    """Blocks by cells."""
    table: NDArray[np.int32]
    """Entries of ``blocks``, by stream."""
    bounds: NDArray[np.int64]
    """Where the entries of each stream begin."""

    def find(self, kind: str, name: str, part: str = Part.last) -> int | None:
        """Number of a stream."""
        return self.streams.get((kind, name, part))

    def revision(self, stream: int) -> int:
        """Of a stream."""
        return int(self.facts[stream, 0])

    def blocks(self, stream: int, count: int) -> NDArray[np.int32]:
        """Where the first blocks of a stream are in the arena."""
        found = np.zeros(count, dtype=np.int32)
        mine = self.table[self.bounds[stream] : self.bounds[stream + 1]]
        mine = mine[mine[:, 1] < count]
        found[mine[:, 1]] = mine[:, 2]
        return found

    def cells(self, stream: int) -> Words:
        """All cells of a column."""
        blocks = self.blocks(stream, -(-self.header.rows // CELLS))
        return np.take(self.arena, blocks, axis=0).reshape(-1)[: self.header.rows]

    def some_cells(self, stream: int, rows: NDArray[np.int64]) -> Words:
        """Cells of some rows."""
        blocks = self.blocks(stream, -(-self.header.rows // CELLS))
        found: Words = self.arena[blocks[rows // CELLS], rows % CELLS]
        return found

    def length(self, stream: int) -> int:
        """Of a stream of bytes. Facts may be newer than the header: what lies in blocks that it does not know of yet is
        not counted."""
        known = int(self.bounds[stream + 1] - self.bounds[stream]) * BLOCK
        return min(int(self.facts[stream, 1]), known)

    def bytes(self, stream: int) -> bytes:
        """What a stream of bytes holds."""
        length = self.length(stream)
        blocks = self.blocks(stream, -(-length // BLOCK))
        return np.take(self.arena, blocks, axis=0).tobytes()[:length]


class ExperimentFiles:
    """Keeps the files of an experiment open, and what was derived from them. Thread-safe.

    Raises ``OSError`` where they are gone, and ``ValueError`` where they cannot be read.
    """

    def __init__(self, folder: Path, cache: Cache | None = None) -> None:
        self.folder = folder
        self.cache = cache or Cache()
        self._mark = object()
        self._lock = threading.RLock()
        self._header = os.open(folder / layout.HEADER, os.O_RDONLY | os.O_CLOEXEC)
        self._bytes = b""
        self._snapshot: Snapshot | None = None
        self._streams: dict[tuple[str, str, str], int] = {}
        self._catalogue = 0

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files; snapshots stay valid."""
        header, self._header = getattr(self, "_header", -1), -1
        if header >= 0:
            os.close(header)
            self.cache.forget(self._mark)

    def snapshot(self) -> Snapshot:
        """The files as they are now; the same object when nothing changed."""
        with self._lock:
            found = os.pread(self._header, HEADER_BYTES, 0)
            if self._snapshot is None or found != self._bytes:
                self._snapshot, self._bytes = self._read(found)
            return self._snapshot

    def cached(self, key: Hashable, state: Any, make: Callable[[], T], size: Callable[[T], int] = lambda _: 0) -> T:
        """What ``make`` gives, kept as long as ``state`` is the same and there is room."""
        return self.cache.get((self._mark, key), state, lambda _: make(), size)

    def grown(self, key: Hashable, state: Any, make: Callable[[T | None], T], size: Callable[[T], int]) -> T:
        """As :meth:`cached`; ``make`` is given what it gave before."""
        return self.cache.get((self._mark, key), state, make, size)

    def _read(self, found: bytes) -> tuple[Snapshot, bytes]:
        deadline = time.monotonic() + _PATIENCE
        header = Header.unpack(found)
        while header is None:
            if time.monotonic() > deadline:
                raise ValueError(f"{self.folder} cannot be read")
            time.sleep(0.0005)
            found = os.pread(self._header, HEADER_BYTES, 0)
            header = Header.unpack(found)
        if header.catalogue > self._catalogue:
            data = _part(self.folder / layout.CATALOGUE, self._catalogue, header.catalogue)
            streams = dict(self._streams)
            for line in data.splitlines():
                kind, name, part = json.loads(line)
                streams[kind, name, part] = len(streams)
            self._streams, self._catalogue = streams, header.catalogue
        facts = np.frombuffer(_part(self.folder / layout.STREAMS, 0, header.streams * STREAM.size), dtype=np.uint64)
        before = self._snapshot
        if before is not None and before.header.entries == header.entries and before.header.streams == header.streams:
            table, bounds, arena = before.table, before.bounds, before.arena
        else:
            raw = _part(self.folder / layout.BLOCKS, 0, header.entries * ENTRY.size)
            table = np.frombuffer(raw, dtype=np.int32).reshape(-1, 3)
            table = table[np.argsort(table[:, 0], kind="stable")]
            bounds = np.searchsorted(table[:, 0], np.arange(header.streams + 1))
            arena = self._map(header)
        facts = facts.reshape(-1, 3).copy()
        # Newer than the header, they would name what is read now, without the blocks that the next header brings.
        facts[:, 0] = np.minimum(facts[:, 0], np.uint64(header.revision))
        return Snapshot(header, self._streams, facts, arena, table, bounds), found

    def _map(self, header: Header) -> NDArray[np.uint64]:
        with (self.folder / layout.ARENA).open("rb") as file:
            mapped = mmap.mmap(file.fileno(), header.blocks * BLOCK, access=mmap.ACCESS_READ)
        return np.frombuffer(mapped, dtype=np.uint64).reshape(-1, CELLS)


def _part(path: Path, begin: int, end: int) -> bytes:
    if begin == end:
        return b""
    with path.open("rb") as file:
        data = os.pread(file.fileno(), end - begin, begin)
    if len(data) != end - begin:
        raise ValueError(f"{path} is shorter than it says")
    return data

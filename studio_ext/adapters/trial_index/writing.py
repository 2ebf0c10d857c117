"""Writes the columns of one experiment."""

from __future__ import annotations

import contextlib
import json
import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.trial_index import layout, words
from studio_ext.adapters.trial_index.layout import BLOCK, CELLS, ENTRY, STREAM, Header, Part
from studio_ext.adapters.trial_index.words import Words

_KNOWN_TEXTS = 20_000
"""Texts of a column that are looked for among its entries; with more, some are there twice."""

FINGERPRINTS = ("flag", "fingerprint")
"""Column that tells whether a run and its tags are as they were when they were written."""

Block = NDArray[np.uint64]


@dataclass
class Stream:
    """Blocks that belong together: the cells of a column, its texts, or the run ids."""

    number: int
    revision: int = 0
    length: int = 0
    texts: int = 0
    table: array[int] = field(default_factory=lambda: array("i"))
    """Where its blocks are in the arena; 0: nowhere."""
    known: dict[str, int] = field(default_factory=dict)
    """Cells of texts that were written lately (of a column, not of its heap)."""


class ExperimentWriter:
    """Appends rows and sets cells; :meth:`commit` makes it all visible. One at a time for an experiment.

    Opens files only while it commits and reads: there may be very many experiments.
    """

    def __init__(self, folder: Path) -> None:
        """Goes on with what is there; raises ``ValueError`` or ``OSError`` where that cannot be read."""
        self.folder = folder
        self.header = Header()
        self.streams: dict[tuple[str, str, str], Stream] = {}
        self._ordered: list[Stream] = []
        self._dirty: dict[tuple[int, int], Block] = {}
        self._changed: set[int] = set()
        self._catalogue: list[bytes] = []
        self._new_entries: list[tuple[int, int, int]] = []
        self._late: set[int] = set()
        self._is_new = not (folder / layout.HEADER).exists()
        if not self._is_new:
            self._load()

    @property
    def rows(self) -> int:
        """Rows, those that are not committed included."""
        return self.header.rows

    def stream(self, kind: str, name: str, part: Part = Part.last) -> Stream:
        """A stream, made where it is not there."""
        found = self.streams.get((kind, name, part))
        if found is None:
            found = Stream(len(self._ordered))
            self.streams[kind, name, part] = found
            self._ordered.append(found)
            if (kind, name) == FINGERPRINTS:
                self._late.add(found.number)
            self._catalogue.append(json.dumps([kind, name, part]).encode() + b"\n")
        return found

    def find(self, kind: str, name: str, part: Part = Part.last) -> Stream | None:
        """A stream, where it is there."""
        return self.streams.get((kind, name, part))

    def names(self, kind: str) -> list[str]:
        """Names of the columns of a kind."""
        return [name for each, name, part in self.streams if each == kind and part == Part.last]

    def add_rows(self, run_ids: Sequence[str]) -> int:
        """Append rows; returns the number of the first. Ids have 32 bytes at most, of ASCII."""
        first = self.header.rows
        ids = np.array([each.encode("ascii") for each in run_ids], dtype=f"S{layout.ID_BYTES}")
        self._append(self.stream("run", "", Part.ids), ids.tobytes())
        self.header.rows += len(run_ids)
        return first

    def put(self, stream: Stream, rows: Sequence[int] | NDArray[np.int64], cells: Words) -> bool:
        """Set cells; returns whether any of them changed. Of equal rows the last counts."""
        at = np.asarray(rows, dtype=np.int64)
        if len(at) > 1 and (at[1:] < at[:-1]).any():
            order = np.argsort(at, kind="stable")
            at, cells = at[order], cells[order]
        indices = at // CELLS
        bounds = np.flatnonzero(indices[1:] != indices[:-1]) + 1
        changed = False
        for begin, end in zip([0, *bounds.tolist()], [*bounds.tolist(), len(at)], strict=True):
            if begin == end:
                continue
            index, places, values = int(indices[begin]), at[begin:end] % CELLS, cells[begin:end]
            block = self._read(stream, index)
            if block is None:
                if (values == words.MISSING_WORD).all():
                    continue
                block = words.missing(CELLS)
            elif (block[places] == values).all():
                continue
            block[places] = values
            self._touch(stream, index, block)
            changed = True
        return changed

    def get(self, stream: Stream, rows: NDArray[np.int64]) -> Words:
        """Some cells."""
        found = words.missing(len(rows))
        for index in np.unique(rows // CELLS).tolist():
            block = self._read(stream, index)
            if block is not None:
                here = rows // CELLS == index
                found[here] = block[rows[here] % CELLS]
        return found

    def cells_of_texts(self, kind: str, name: str, texts: Iterable[str | None]) -> Words:
        """Cells of a column of texts; what has to be added to its entries is added."""
        column = self.stream(kind, name)
        known = column.known
        if len(known) > _KNOWN_TEXTS:
            known.clear()
        cells: list[int] = []
        added: list[bytes] = []
        heap = self.find(kind, name, Part.heap)
        first = heap.texts if heap else 0
        for text in texts:
            if text is None:
                cells.append(words.MISSING_WORD)
                continue
            word = known.get(text)
            if word is None:

                def entry(text: str = text) -> int:
                    added.append(text.encode("utf-8", "replace"))
                    return first + len(added) - 1

                word = known[text] = words.word_of_text(text, entry)
            cells.append(word)
        if added:
            heap = heap or self.stream(kind, name, Part.heap)
            heap.texts += len(added)
            self._append(heap, layout.SEPARATOR.join(added) + layout.SEPARATOR)
        return np.array(cells, dtype=np.uint64)

    def run_ids(self) -> NDArray[np.bytes_]:
        """Ids of all rows."""
        stream = self.find("run", "", Part.ids)
        data = b"" if stream is None else self._bytes(stream)
        return np.frombuffer(data, dtype=f"S{layout.ID_BYTES}")[: self.rows]

    def texts(self, heap: Stream) -> list[str]:
        """All entries of a column."""
        return [each.decode("utf-8", "replace") for each in self._bytes(heap).split(layout.SEPARATOR)[:-1]]

    def expire(self) -> None:
        """Have readers read every stream again after the next commit: cells may have been set without one."""
        self._changed.update(range(len(self._ordered)))

    def commit(self) -> bool:
        """Make visible what changed since the last time; false where nothing did. Raises ``OSError``: call it again, or
        leave the object alone."""
        if not self._dirty and not self._catalogue and not self._changed and not self._is_new:
            return False
        if self._is_new:
            self.folder.mkdir(exist_ok=True, mode=0o700)
        header = self.header
        revision = header.revision + 1
        with _opened(self.folder / layout.ARENA) as file:
            if self._is_new:
                os.pwrite(file, words.missing(CELLS).tobytes(), 0)
            if os.fstat(file).st_size < header.blocks * BLOCK:
                os.ftruncate(file, header.blocks * BLOCK)
            for offset, data in self._runs(late=False):
                _write_all(file, data, offset)
        if self._new_entries:
            with _opened(self.folder / layout.BLOCKS) as file:
                packed = b"".join(ENTRY.pack(*each) for each in self._new_entries)
                _write_all(file, packed, header.entries * ENTRY.size)
        if self._catalogue:
            with _opened(self.folder / layout.CATALOGUE) as file:
                _write_all(file, b"".join(self._catalogue), header.catalogue)
        with _opened(self.folder / layout.STREAMS) as file:
            for number in sorted({*self._changed, *range(header.streams, len(self._ordered))}):
                stream = self._ordered[number]
                stream.revision = revision
                _write_all(file, STREAM.pack(revision, stream.length, stream.texts), number * STREAM.size)
        header.revision = revision
        header.entries += len(self._new_entries)
        header.streams = len(self._ordered)
        header.catalogue += sum(map(len, self._catalogue))
        with _opened(self.folder / layout.HEADER) as file:
            _write_all(file, header.pack(), 0)
        with _opened(self.folder / layout.ARENA) as file:
            for offset, data in self._runs(late=True):
                _write_all(file, data, offset)
        self._is_new = False
        self._dirty.clear()
        self._changed.clear()
        self._catalogue.clear()
        self._new_entries.clear()
        return True

    def _runs(self, *, late: bool) -> Iterator[tuple[int, bytes]]:
        """Blocks that changed, neighbours together.

        ``late``: those of fingerprints. Written before the rest were known to be there, they would say that rows were
        read which a writer that was killed had not written.
        """
        placed = sorted(
            (
                (self._ordered[number].table[index], block)
                for (number, index), block in self._dirty.items()
                if (number in self._late) == late
            ),
            key=lambda each: each[0],
        )
        begin = 0
        for end in range(1, len(placed) + 1):
            if end == len(placed) or placed[end][0] != placed[end - 1][0] + 1:
                yield placed[begin][0] * BLOCK, b"".join(block.tobytes() for _, block in placed[begin:end])
                begin = end

    def _append(self, stream: Stream, data: bytes) -> None:
        done = 0
        while done < len(data):
            index, offset = divmod(stream.length, BLOCK)
            block = self._read(stream, index)
            if block is None:
                block = np.zeros(CELLS, dtype=np.uint64)
            piece = data[done : done + BLOCK - offset]
            block.view(np.uint8)[offset : offset + len(piece)] = np.frombuffer(piece, dtype=np.uint8)
            self._touch(stream, index, block)
            stream.length += len(piece)
            done += len(piece)

    def _bytes(self, stream: Stream) -> bytes:
        parts = [self._read(stream, index) for index in range(len(stream.table))]
        return b"".join(b"" if each is None else each.tobytes() for each in parts)[: stream.length]

    def _touch(self, stream: Stream, index: int, block: Block) -> None:
        while len(stream.table) <= index:
            stream.table.append(0)
        if stream.table[index] == 0:
            stream.table[index] = self.header.blocks
            self._new_entries.append((stream.number, index, self.header.blocks))
            self.header.blocks += 1
        self._dirty[stream.number, index] = block
        self._changed.add(stream.number)

    def _read(self, stream: Stream, index: int) -> Block | None:
        """A block to change or to read; None where there is none."""
        block = self._dirty.get((stream.number, index))
        if block is not None:
            return block
        if index >= len(stream.table) or stream.table[index] == 0:
            return None
        with _opened(self.folder / layout.ARENA, os.O_RDONLY) as file:
            data = os.pread(file, BLOCK, stream.table[index] * BLOCK)
        if len(data) != BLOCK:
            raise OSError(f"{self.folder} is shorter than it says")
        return np.frombuffer(data, dtype=np.uint64).copy()

    def _load(self) -> None:
        header = Header.unpack((self.folder / layout.HEADER).read_bytes())
        if header is None:
            raise ValueError(f"{self.folder} cannot be read")
        self.header = header
        for line in (self.folder / layout.CATALOGUE).read_bytes()[: header.catalogue].splitlines():
            kind, name, part = json.loads(line)
            stream = Stream(len(self._ordered))
            self.streams[kind, name, Part(part)] = stream
            self._ordered.append(stream)
            if (kind, name) == FINGERPRINTS:
                self._late.add(stream.number)
        facts = (self.folder / layout.STREAMS).read_bytes()
        for stream in self._ordered[: header.streams]:
            stream.revision, stream.length, stream.texts = STREAM.unpack_from(facts, stream.number * STREAM.size)
        if header.entries:
            raw = (self.folder / layout.BLOCKS).read_bytes()[: header.entries * ENTRY.size]
            for number, index, block in ENTRY.iter_unpack(raw):
                table = self._ordered[number].table
                table.extend([0] * (index + 1 - len(table)))
                table[index] = block
        self._mend()

    def _mend(self) -> None:
        """Cut off what a writer that was killed in the middle of a commit had added; what it had set is set again."""
        for stream, (_, _, part) in zip(self._ordered, self.streams, strict=True):
            if stream.revision <= self.header.revision:
                continue
            self.header.revision = stream.revision  # so that the next one is none that a reader has seen
            if part == Part.ids:
                stream.length = self.header.rows * layout.ID_BYTES
            elif part == Part.heap:
                data = self._bytes(stream)
                stream.length = data.rfind(layout.SEPARATOR) + 1
                stream.texts = data.count(layout.SEPARATOR, 0, stream.length)


@contextlib.contextmanager
def _opened(path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_all(file: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written

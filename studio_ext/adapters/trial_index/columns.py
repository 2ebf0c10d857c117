"""The columns of an experiment, as people ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.trial_index import layout, words
from studio_ext.adapters.trial_index.column_texts import ColumnTexts, PlainTexts, is_numeric
from studio_ext.adapters.trial_index.ingest import FLAGS
from studio_ext.adapters.trial_index.layout import Part
from studio_ext.adapters.trial_index.reading import ExperimentFiles, Snapshot
from studio_ext.adapters.trial_index.run_map import fits, hashes_of, hashes_of_texts
from studio_ext.adapters.trial_index.texts import Texts, find_all
from studio_ext.adapters.trial_index.words import Words
from studio_ext.core.trial_keys import ATTRIBUTES, Key, Kind, Summary, is_shown
from studio_ext.ports.trial_index import KeyFacts, Mask, Numbers, Rows

_MENTIONED = ("name", "notebook", "commit", "user")
_FEW = 64


class FileColumns:
    """Implements :class:`studio_ext.ports.trial_index.TrialColumns` on the files."""

    def __init__(self, files: ExperimentFiles, snapshot: Snapshot, generation: str) -> None:
        self._files = files
        self._now = snapshot
        self.size = snapshot.header.rows
        self.revision = snapshot.header.revision
        self.generation = generation

    # -- which rows

    def active(self) -> Mask:
        """See :class:`~studio_ext.ports.trial_index.TrialColumns`, as for all that follow."""
        cells = self._cells(*FLAGS)
        return np.ones(self.size, dtype=bool) if cells is None else cells == words.MISSING_WORD

    def run_ids(self, rows: Rows) -> list[str]:
        """Ids of some rows."""
        return [each.decode("ascii") for each in self._ids()[np.asarray(rows, dtype=np.int64)].tolist()]

    def rows_of(self, run_ids: Sequence[str]) -> NDArray[np.int64]:
        """Rows of runs."""
        found = np.full(len(run_ids), -1, dtype=np.int64)
        are_fit = [fits(each) for each in run_ids]
        if any(are_fit):
            found[are_fit] = self._rows_of([each for each, is_fit in zip(run_ids, are_fit, strict=True) if is_fit])
        return found

    def parents(self) -> NDArray[np.int64]:
        """Rows of parents."""
        stream = self._now.find(Kind.attribute, "parent")
        if stream is None:
            return np.full(self.size, -1, dtype=np.int64)

        def make() -> NDArray[np.int64]:
            texts = self._texts(stream, Key(Kind.attribute, "parent"))
            rows = self._rows_of(texts.texts.all) if len(texts.texts) else np.empty(0, dtype=np.int64)
            return texts.of_entries(rows, -1)

        return self._files.cached(
            ("parents", stream), (self._state(stream), self.size), make, lambda made: int(made.nbytes)
        )

    # -- numbers

    def numbers(self, key: Key) -> Numbers:
        """Values as numbers."""
        if key.kind is Kind.attribute:
            if key.name == "duration":
                return self._attribute("ended") - self._attribute("started")
            return self._attribute(key.name) if ATTRIBUTES.get(key.name) else np.full(self.size, np.nan)
        stream = self._now.find(key.kind, key.name)
        if stream is None:
            return np.full(self.size, np.nan)
        if key.kind is Kind.metric:
            return self._metric(stream, key)
        return self._files.cached(
            ("numbers", stream),
            self._state(stream),
            lambda: self._texts(stream, key).numbers(),
            lambda made: int(made.nbytes),
        )

    def present(self, key: Key) -> Mask:
        """Rows that have a value."""
        if key.kind is Kind.attribute and key.name == "duration":
            return ~np.isnan(self.numbers(key))
        if key.kind is Kind.attribute and key.name == "run_id":
            return np.ones(self.size, dtype=bool)
        cells = self._cells(key.kind, key.name)
        return np.zeros(self.size, dtype=bool) if cells is None else cells != words.MISSING_WORD

    def facts(self, key: Key) -> KeyFacts | None:
        """What is known of a column."""
        stream = self._now.find(key.kind, key.name)
        if stream is None or (key.kind is Kind.attribute and key.name in ("duration", "run_id")):
            return self._facts(key)
        parts = [self._now.find(key.kind, key.name, part) for part in (Part.minimum, Part.maximum)]
        state = (self._state(stream), *(self._now.revision(each) for each in parts if each is not None))
        return self._files.cached(("facts", key), state, lambda: self._facts(key))

    def _facts(self, key: Key) -> KeyFacts | None:
        is_present = self.present(key)
        count = int(is_present.sum())
        if not count:
            return None
        numbers = self.numbers(key)
        finite = numbers[np.isfinite(numbers)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (None, None)
        if key.kind is Kind.metric or ATTRIBUTES.get(key.name if key.kind is Kind.attribute else ""):
            there = numbers[is_present]
            constant = bool(np.isnan(there).all()) or (not np.isnan(there).any() and bool((there == there[0]).all()))
            return KeyFacts(key, count, True, constant, low, high)
        if key.name == "run_id" and key.kind is Kind.attribute:
            return KeyFacts(key, count, False, count == 1)
        cells = cast("Words", self._cells(key.kind, key.name))[is_present]
        is_numeric = key.kind is not Kind.attribute and not bool((words.kinds(cells) == words.TEXT).any())
        constant = bool((cells == cells[0]).all())
        if not constant and not (words.kinds(cells[:_FEW]) < words.MISSING).any():
            distinct = np.unique(cells[:_FEW])  # the same text may be there twice
            if len(set(self._decode(key, distinct))) == 1:
                constant = len(set(self._decode(key, np.unique(cells)))) == 1
        return KeyFacts(key, count, is_numeric, constant, low, high)

    # -- texts

    def equals(self, key: Key, text: str) -> Mask:
        """Rows whose value is this text."""
        if key.kind is Kind.attribute and key.name == "run_id":
            found = np.zeros(self.size, dtype=bool)
            rows = self.rows_of([text])
            found[rows[rows >= 0]] = True
            return found
        stream = self._text_stream(key)
        return np.zeros(self.size, dtype=bool) if stream is None else self._texts(stream, key).equal(text)

    def contains(self, key: Key, text: str) -> Mask:
        """Rows whose value holds this text."""
        if key.kind is Kind.attribute and key.name == "run_id":
            return self._ids_containing(text)
        stream = self._text_stream(key)
        return np.zeros(self.size, dtype=bool) if stream is None else self._texts(stream, key).containing(text)

    def mentions(self, text: str) -> Mask:
        """Rows that hold this text somewhere."""
        found = self._ids_containing(text)
        keys = [Key(Kind.attribute, name) for name in _MENTIONED]
        for key in (*keys, *self.keys((Kind.parameter, Kind.tag))):
            stream = self._text_stream(key)
            # In most columns it is nowhere: then their cells need not be looked at.
            if stream is not None and (is_numeric(text) or self._texts_of(key).containing(text).any()):
                found |= self._texts(stream, key).containing(text)
        return found

    def ranks(self, key: Key) -> NDArray[np.int64]:
        """Positions in the order of texts."""
        if key.kind is Kind.attribute and key.name == "run_id":
            ranks = np.empty(self.size, dtype=np.int64)
            ranks[np.argsort(self._ids(), kind="stable")] = np.arange(self.size)
            return ranks
        stream = self._text_stream(key)
        if stream is None:
            return np.full(self.size, -1, dtype=np.int64)
        return self._files.cached(
            ("ranks", stream),
            self._state(stream),
            lambda: self._texts(stream, key).ranks(),
            lambda made: int(made.nbytes),
        )

    def texts(self, key: Key, rows: Rows) -> list[str | None]:
        """Values of some rows."""
        at = np.asarray(rows, dtype=np.int64)
        if key.kind is Kind.attribute and key.name == "run_id":
            return list(self.run_ids(at))
        stream = self._text_stream(key)
        if stream is None:
            return [None] * len(at)
        return self._decode(key, self._now.some_cells(stream, at))

    def top_texts(self, key: Key, text: str, limit: int) -> list[str]:
        """Values to choose from."""
        if key.kind is Kind.attribute and key.name == "run_id":
            rows = np.flatnonzero(self._ids_containing(text))
            return sorted(self.run_ids(rows[: 100 * limit]))[:limit]
        stream = self._text_stream(key)
        return [] if stream is None else self._texts(stream, key).top(text, limit)

    def keys(self, kinds: Sequence[Kind] = (), text: str = "") -> list[Key]:
        """Columns that occur."""
        state = (len(self._now.streams), self._now.header.streams)
        every = self._files.cached("keys", state, self._all_keys, lambda made: 200 * len(made))
        wanted = text.lower()
        return [each for each in every if (not kinds or each.kind in kinds) and wanted in each.name.lower()]

    # -- inside

    def _all_keys(self) -> list[Key]:
        order = {Kind.parameter: 0, Kind.metric: 1, Kind.tag: 2}
        found = [
            Key(Kind(kind), name, Summary.last)
            for (kind, name, part), number in self._now.streams.items()
            if kind in order and part == Part.last and number < self._now.header.streams
        ]
        shown = [each for each in found if each.kind is not Kind.tag or is_shown(each.name)]
        return sorted(shown, key=lambda each: (order[each.kind], each.name))

    def _state(self, stream: int) -> tuple[int, int]:
        return self._now.revision(stream), self.size

    def _cells(self, kind: str, name: str, part: str = Part.last) -> Words | None:
        stream = self._now.find(kind, name, part)
        if stream is None or stream >= self._now.header.streams:
            return None
        return self._files.cached(
            ("cells", stream), self._state(stream), lambda: self._now.cells(stream), lambda made: int(made.nbytes)
        )

    def _attribute(self, name: str) -> Numbers:
        cells = self._cells(Kind.attribute, name)
        return np.full(self.size, np.nan) if cells is None else cells.view(np.float64)

    def _metric(self, stream: int, key: Key) -> Numbers:
        last = cast("Words", self._cells(key.kind, key.name))
        if key.summary is Summary.last:
            return last.view(np.float64)
        bound = self._now.find(key.kind, key.name, key.summary)
        if bound is None:
            return last.view(np.float64)

        def make() -> Numbers:
            cells = cast("Words", self._cells(key.kind, key.name, key.summary))
            return np.where(cells == words.MISSING_WORD, last, cells).view(np.float64)

        state = (*self._state(stream), self._now.revision(bound))
        return self._files.cached(("bound", bound), state, make, lambda made: int(made.nbytes))

    def _text_stream(self, key: Key) -> int | None:
        if key.kind is Kind.metric or (key.kind is Kind.attribute and ATTRIBUTES.get(key.name, True)):
            return None
        stream = self._now.find(key.kind, key.name)
        return None if stream is None or stream >= self._now.header.streams else stream

    def _texts(self, stream: int, key: Key) -> ColumnTexts:
        heap = self._now.find(key.kind, key.name, Part.heap)
        if heap is not None and heap >= self._now.header.streams:
            heap = None
        length = 0 if heap is None else self._now.length(heap)

        def plain() -> PlainTexts:
            return self._files.grown(
                ("plain", stream),
                self._state(stream),
                lambda before: PlainTexts(cells(), before),
                lambda made: made.nbytes,
            )

        def cells() -> Words:
            return cast("Words", self._cells(key.kind, key.name))

        state = (*self._state(stream), length)
        return self._files.cached(
            ("texts", stream),
            state,
            lambda: ColumnTexts(cells(), self._heap(heap, length), plain),
            lambda made: made.nbytes,
        )

    def _texts_of(self, key: Key) -> Texts:
        """Entries of a column."""
        heap = self._now.find(key.kind, key.name, Part.heap)
        if heap is None or heap >= self._now.header.streams:
            return Texts(b"")
        return self._heap(heap, self._now.length(heap))

    def _heap(self, heap: int | None, length: int) -> Texts:
        if heap is None:
            return Texts(b"")
        return self._files.cached(
            ("heap", heap), length, lambda: Texts(self._now.bytes(heap)), lambda made: made.nbytes
        )

    def _decode(self, key: Key, cells: Words) -> list[str | None]:
        texts: Texts | None = None
        found: list[str | None] = []
        for word in cells.tolist():
            if word >> 48 in (words.TEXT, words.NUMERIC_TEXT):
                if texts is None:
                    texts = self._texts_of(key)
                entry = word & ((1 << 48) - 1)
                found.append(texts.get(entry) if entry < len(texts) else None)
            else:
                found.append(words.text_of_word(word))
        return found

    def _ids(self) -> NDArray[np.bytes_]:
        stream = self._now.find("run", "", Part.ids)
        if stream is None or not self.size:
            return np.empty(0, dtype=f"S{layout.ID_BYTES}")
        width = f"S{layout.ID_BYTES}"
        return self._files.cached(
            "ids",
            self.size,
            lambda: np.frombuffer(self._now.bytes(stream), dtype=width)[: self.size],
            lambda made: int(made.nbytes),
        )

    def _rows_of(self, run_ids: list[str]) -> NDArray[np.int64]:
        def make() -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
            hashes = hashes_of(self._ids())
            order = np.argsort(hashes, kind="stable")
            return hashes[order], order

        found = np.full(len(run_ids), -1, dtype=np.int64)
        if not self.size:
            return found
        hashes, order = self._files.cached("rows", self.size, make, lambda made: int(made[0].nbytes * 2))
        wanted = hashes_of_texts(run_ids)
        at = np.searchsorted(hashes, wanted)
        at[at == len(hashes)] = 0
        rows = order[at]
        hit = hashes[at] == wanted
        encoded = np.array([each.encode("ascii", "replace")[: layout.ID_BYTES] for each in run_ids], dtype="S32")
        hit &= self._ids()[rows] == encoded
        found[hit] = rows[hit]
        return found

    def _ids_containing(self, text: str) -> Mask:
        found = np.zeros(self.size, dtype=bool)
        wanted = text.lower().encode("utf-8", "replace")
        if not wanted:
            found[:] = True
        elif len(wanted) <= layout.ID_BYTES and b"\0" not in wanted:
            lower = self._files.cached("lower ids", self.size, lambda: self._ids().tobytes().lower(), len)
            places = find_all(lower, wanted)
            places = places[places % layout.ID_BYTES + len(wanted) <= layout.ID_BYTES]
            found[places // layout.ID_BYTES] = True
        return found

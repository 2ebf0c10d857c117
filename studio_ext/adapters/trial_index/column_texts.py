"""The cells of a column together with its texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.trial_index import words
from studio_ext.adapters.trial_index.layout import SEPARATOR
from studio_ext.adapters.trial_index.texts import Texts
from studio_ext.adapters.trial_index.words import Words
from studio_ext.core.trial_keys import parse_number
from studio_ext.ports.trial_index import Mask, Numbers

_NUMBER_CHARACTERS = frozenset("0123456789.+-einfa")


class PlainTexts:
    """Texts of numbers that are kept as numbers, one for each row; rows with something else have an empty one.

    To write a number as people read it takes a third of a microsecond: what was written before is kept while rows are
    added.
    """

    def __init__(self, cells: Words, before: PlainTexts | None = None) -> None:
        self._cells = cells
        first, heap = 0, b""
        if before is not None and np.array_equal(before._cells, cells[: len(before._cells)]):
            first, heap = len(before._cells), before.texts.heap
        distinct, which = np.unique(cells[first:], return_inverse=True)
        pieces = [each.encode("ascii") + SEPARATOR for each in _written(distinct)]
        added = b"".join([pieces[each] for each in which.tolist()])
        self.texts: Texts = Texts(heap + added)

    @property
    def nbytes(self) -> int:
        """Memory that it takes, about, besides the cells."""
        return self.texts.nbytes

    def containing(self, text: str) -> Mask:
        """Rows whose number, as a text, holds this one, which is not empty."""
        return self.texts.containing(text)


class ColumnTexts:
    """Questions about the texts of a column. Numbers that are kept as such have texts only when they are asked for."""

    def __init__(self, cells: Words, texts: Texts, plain: Callable[[], PlainTexts] | None = None) -> None:
        """``plain``: gives the texts of the cells that are numbers."""
        self._cells = cells
        self.texts = texts
        self._plain = plain or (lambda: PlainTexts(cells))

    @property
    def nbytes(self) -> int:
        """Memory that it comes to take, without cells and texts."""
        return int(self._cells.nbytes) // 2

    @cached_property
    def _entries(self) -> NDArray[np.int32]:
        """Entry of each row; -1 where it has none."""
        kinds = words.kinds(self._cells)
        found = np.where(kinds >= words.TEXT, words.entries(self._cells), -1).astype(np.int32)
        found[found >= len(self.texts)] = -1  # written by somebody who was killed; it will be set again
        return found

    @cached_property
    def has_plain(self) -> bool:
        """Whether there are numbers that are kept as such."""
        kinds = words.kinds(self._cells)
        return bool(((kinds != words.MISSING) & (kinds != words.TEXT) & (kinds != words.NUMERIC_TEXT)).any())

    def of_entries(self, values: NDArray[np.int64], nothing: int) -> NDArray[np.int64]:
        """For each row what ``values`` has for its entry."""
        found = np.full(len(self._cells), nothing, dtype=np.int64)
        has = self._entries >= 0
        found[has] = values[self._entries[has]]
        return found

    def numbers(self) -> Numbers:
        """Of each row; NaN where it is none."""
        found = self._cells.view(np.float64).copy()
        kinds = words.kinds(self._cells)
        whole = kinds == words.INTEGER
        if whole.any():
            found[whole] = words.integers(self._cells[whole])
        spelled = kinds == words.NUMERIC_TEXT
        if spelled.any():
            distinct, which = np.unique(self._entries[spelled], return_inverse=True)
            values = [parse_number(self.texts.get(entry)) if entry >= 0 else None for entry in distinct.tolist()]
            found[spelled] = np.array([np.nan if each is None else each for each in values])[which]
        return found

    def equal(self, text: str) -> Mask:
        """Rows whose text is this one."""
        found = self._rows_with(self.texts.equal(text))
        word = words.word_of_text(text, lambda: 0) if text else words.MISSING_WORD
        if word >> 48 not in (words.TEXT, words.NUMERIC_TEXT, words.MISSING):
            found |= self._cells == np.uint64(word)
        return found

    def containing(self, text: str) -> Mask:
        """Rows whose text holds this one."""
        if not text:
            return cast("Mask", self._cells != words.MISSING_WORD)
        found = self._rows_with(self.texts.containing(text))
        if is_numeric(text) and self.has_plain:
            found |= self._plain().containing(text)
        return found

    def ranks(self) -> NDArray[np.int64]:
        """Position of each row's text in the order of texts."""
        if not self.has_plain:
            return self.of_entries(self.texts.ranks, -1) if len(self.texts) else self._none()
        texts = [*self.texts.all, *self._plain().texts.all]
        rows = np.arange(len(self._cells)) + len(self.texts)
        at = np.where(self._entries >= 0, self._entries, np.where(self._cells != words.MISSING_WORD, rows, -1))
        found = self._none()
        found[at >= 0] = Texts.of(texts).ranks[at[at >= 0]]
        _, found[at >= 0] = np.unique(found[at >= 0], return_inverse=True)
        return found

    def top(self, text: str, limit: int) -> list[str]:
        """Texts that occur and hold this one: the first in the order of texts."""
        rows = np.flatnonzero(self.containing(text))
        ranks = self.ranks()[rows]
        _, first = np.unique(ranks, return_index=True)
        return [self._text(int(row)) for row in rows[first[:limit]]]

    def _text(self, row: int) -> str:
        entry = int(self._entries[row])
        return self.texts.get(entry) if entry >= 0 else words.text_of_word(int(self._cells[row])) or ""

    def _rows_with(self, entries: Mask) -> Mask:
        if not entries.any():
            return np.zeros(len(self._cells), dtype=bool)
        return cast("Mask", np.append(entries, False)[self._entries])

    def _none(self) -> NDArray[np.int64]:
        return np.full(len(self._cells), -1, dtype=np.int64)


def _written(cells: Words) -> list[str]:
    """Texts of numbers; of anything else none."""
    kinds = words.kinds(cells)
    whole = kinds == words.INTEGER
    texts = [repr(each) for each in cells.view(np.float64).tolist()]
    for place, value in zip(np.flatnonzero(whole).tolist(), words.integers(cells[whole]).tolist(), strict=True):
        texts[place] = str(value)
    is_text = (kinds == words.MISSING) | (kinds == words.TEXT) | (kinds == words.NUMERIC_TEXT)
    for place in np.flatnonzero(is_text).tolist():
        texts[place] = ""
    return texts


def is_numeric(text: str) -> bool:
    """Whether the text of a number may hold it."""
    return set(text.lower()) <= _NUMBER_CHARACTERS

"""Many texts in one run of bytes: finding those that hold something takes one pass over it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.trial_index.layout import SEPARATOR
from studio_ext.ports.trial_index import Mask

_FEW = 2000
"""Occurrences that are found one by one."""


class Texts:
    """Texts in the order in which they were added; each ends with a separator."""

    def __init__(self, heap: bytes) -> None:
        self._heap = heap

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """Texts that lie elsewhere."""
        return cls(b"".join(each.encode("utf-8", "replace") + SEPARATOR for each in texts))

    @property
    def nbytes(self) -> int:
        """Memory that it takes, about."""
        return 3 * len(self._heap) + 64

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Where the separator of each is."""
        return _ends(self._heap)

    @cached_property
    def _lower(self) -> bytes:
        if self._heap.replace(SEPARATOR, b"").isascii():
            return self._heap.lower()
        text = self._heap.decode("utf-8", "surrogateescape")
        return text.lower().encode("utf-8", "surrogateescape")

    @cached_property
    def _lower_ends(self) -> NDArray[np.int64]:
        return self.ends if len(self._lower) == len(self._heap) else _ends(self._lower)

    def __len__(self) -> int:
        return len(self.ends)

    def get(self, entry: int) -> str:
        """One of them."""
        begin = int(self.ends[entry - 1]) + 1 if entry else 0
        return self._heap[begin : int(self.ends[entry])].decode("utf-8", "replace")

    @cached_property
    def all(self) -> list[str]:
        """All of them."""
        return self._heap.decode("utf-8", "surrogateescape").split("\udcff")[:-1]

    def equal(self, text: str) -> Mask:
        """Those that are this text."""
        found = np.zeros(len(self), dtype=bool)
        wanted = text.encode("utf-8", "surrogateescape") + SEPARATOR
        if self._heap.startswith(wanted):
            found[0] = True
        places = find_all(self._heap, SEPARATOR + wanted) if SEPARATOR not in wanted[:-1] else np.empty(0, np.int64)
        found[np.searchsorted(self.ends, places) + 1] = True
        return found

    def containing(self, text: str) -> Mask:
        """Those that hold this text, upper and lower case being the same."""
        found = np.zeros(len(self), dtype=bool)
        wanted = text.lower().encode("utf-8", "replace")
        if not wanted:
            found[:] = True
        else:
            places = find_all(self._lower, wanted)
            found[np.searchsorted(self._lower_ends, places)] = True
        return found

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """Position of each in the order of texts; equal ones have the same."""
        texts = self.all
        lower = self._lower.decode("utf-8", "surrogateescape").split("\udcff")[:-1]
        order = sorted(range(len(texts)), key=lambda entry: (lower[entry], texts[entry]))
        ranks = np.empty(len(texts), dtype=np.int64)
        rank, before = -1, None
        for entry in order:
            if texts[entry] != before:
                rank, before = rank + 1, texts[entry]
            ranks[entry] = rank
        return ranks


def find_all(heap: bytes, wanted: bytes) -> NDArray[np.int64]:
    """Where something begins, wherever it occurs (of occurrences that overlap, at least the first)."""
    places: list[int] = []
    at = heap.find(wanted)
    while at >= 0 and len(places) < _FEW:
        places.append(at)
        at = heap.find(wanted, at + len(wanted))
    if at < 0:
        return np.array(places, dtype=np.int64)
    return _find_many(np.frombuffer(heap, dtype=np.uint8), wanted)


def _find_many(heap: NDArray[np.uint8], wanted: bytes) -> NDArray[np.int64]:
    """All at once: where the byte of it that is rarest occurs, and of those where the others do."""
    sample = np.bincount(heap[:: max(1, len(heap) >> 16)], minlength=256)
    rarest = min(range(len(wanted)), key=lambda place: int(sample[wanted[place]]))
    places = np.flatnonzero(heap == wanted[rarest]) - rarest
    places = places[(places >= 0) & (places <= len(heap) - len(wanted))]
    for place, byte in enumerate(wanted):
        if place != rarest:
            places = places[heap[places + place] == byte]
    return cast("NDArray[np.int64]", places)


def _ends(heap: bytes) -> NDArray[np.int64]:
    return np.flatnonzero(np.frombuffer(heap, dtype=np.uint8) == SEPARATOR[0])

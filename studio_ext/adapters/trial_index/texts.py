"""Many texts in one run of bytes: finding those that hold something takes one pass over it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.trial_index.layout import SEPARATOR
from studio_ext.ports.trial_index import Mask

_WIDTH = 7
_BYTES_EACH = 24
"""Of a text, for where it ends, in lower case, too, and its rank."""
_FEW = 2000
"""Occurrences that are found one by one."""


class Texts:
    """Texts in the order in which they were added; each ends with a separator."""

    def __init__(self, heap: bytes) -> None:
        self.heap = heap
        """Their bytes, each followed by a separator."""
        self._last: tuple[str, Mask] | None = None

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """Texts that lie elsewhere."""
        return cls(b"".join(each.encode("utf-8", "replace") + SEPARATOR for each in texts))

    @property
    def nbytes(self) -> int:
        """Memory that it takes, about."""
        return 2 * len(self.heap) + _BYTES_EACH * self.heap.count(SEPARATOR) + 64

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Where the separator of each is."""
        return _ends(self.heap)

    @cached_property
    def _lower(self) -> bytes:
        if self.heap.replace(SEPARATOR, b"").isascii():
            lower = self.heap.lower()
            return self.heap if lower == self.heap else lower
        text = self.heap.decode("utf-8", "surrogateescape")
        return text.lower().encode("utf-8", "surrogateescape")

    @cached_property
    def _lower_ends(self) -> NDArray[np.int64]:
        return self.ends if self._lower is self.heap else _ends(self._lower)

    def __len__(self) -> int:
        return len(self.ends)

    def get(self, entry: int) -> str:
        """One of them."""
        begin = int(self.ends[entry - 1]) + 1 if entry else 0
        return self.heap[begin : int(self.ends[entry])].decode("utf-8", "replace")

    @property
    def all(self) -> list[str]:
        """All of them."""
        return self.heap.decode("utf-8", "surrogateescape").split("\udcff")[:-1]

    def equal(self, text: str) -> Mask:
        """Those that are this text."""
        found = np.zeros(len(self), dtype=bool)
        wanted = text.encode("utf-8", "surrogatepass") + SEPARATOR
        places = find_all(self.heap, wanted)
        entries = np.searchsorted(self.ends, places)
        begins = np.where(entries > 0, self.ends[entries - 1] + 1, 0)
        found[entries[places == begins]] = True
        return found

    def containing(self, text: str) -> Mask:
        """Those that hold this text, upper and lower case being the same."""
        last = self._last
        if last is not None and last[0] == text:
            return last[1]
        found = np.zeros(len(self), dtype=bool)
        wanted = text.lower().encode("utf-8", "replace")
        if not wanted:
            found[:] = True
        else:
            places = find_all(self._lower, wanted)
            found[np.searchsorted(self._lower_ends, places)] = True
        self._last = (text, found)
        return found

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """Position of each in the order of texts; equal ones have the same. Of two that differ in upper and lower case
        only, the first is the one whose characters come first."""
        lower = _order(self._lower, self._lower_ends)
        if self._lower == self.heap:
            return lower
        exact = _order(self.heap, self.ends)
        _, both = np.unique(lower * len(self) + exact, return_inverse=True)
        return cast("NDArray[np.int64]", both)


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


def _order(heap: bytes, ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Position of each text in the order of their bytes, which is that of their characters. Equal texts have the same.

    Seven bytes of all texts are compared at once, then the next seven of those that are still equal.
    """
    ranks = np.zeros(len(ends), dtype=np.int64)
    if not len(ends):
        return ranks
    padded = np.frombuffer(heap + bytes(_WIDTH), dtype=np.uint8)
    begins = np.concatenate([np.zeros(1, dtype=np.int64), ends[:-1] + 1])
    tied = np.arange(len(ends))
    depth = 0
    while len(tied):
        at = begins[tied] + depth
        left = ends[tied] - at
        key = np.zeros(len(tied), dtype=np.uint64)
        for place in range(_WIDTH):
            inside = place < left
            byte = padded[np.minimum(at + place, len(padded) - 1)].astype(np.uint64)
            key = (key << np.uint64(8)) | np.where(inside, byte, np.uint64(0))
        key = (key << np.uint64(4)) | np.clip(left, 0, _WIDTH).astype(np.uint64)  # the end is less than a NUL
        order = np.lexsort((key, ranks[tied]))
        before, tied, key, left = ranks[tied][order], tied[order], key[order], left[order]
        differs = np.concatenate([[True], (before[1:] != before[:-1]) | (key[1:] != key[:-1])])
        first = np.flatnonzero(differs)
        sizes = np.diff(np.append(first, len(tied)))
        # Those that were tied keep their place among the others, and are numbered from it on.
        group_first = np.flatnonzero(np.concatenate([[True], before[1:] != before[:-1]]))
        offset = first - np.repeat(group_first, np.diff(np.searchsorted(first, np.append(group_first, len(tied)))))
        ranks[tied] = before + np.repeat(offset, sizes)
        tied = tied[np.repeat(sizes > 1, sizes) & (left > _WIDTH)]
        depth += _WIDTH
    _, dense = np.unique(ranks, return_inverse=True)
    return dense

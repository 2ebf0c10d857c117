"""Which row of which experiment each run is: compact, because there may be a million of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.trial_index.layout import ID_BYTES

_RECENT = 4096
"""Runs that are kept in a dictionary until they are sorted in."""

Numbers = NDArray[np.int64]


class RunMap:
    """Numbers runs in the order in which they were added."""

    def __init__(self) -> None:
        self._hashes = np.empty(0, dtype=np.uint64)
        self._sorted = np.empty(0, dtype=np.int64)
        self._recent: dict[str, int] = {}
        self._size = 0
        self._experiment = np.empty(0, dtype=np.int32)
        self._row = np.empty(0, dtype=np.int32)
        self._fingerprint = np.empty(0, dtype=np.int64)
        self._seen = np.empty(0, dtype=np.int32)

    def __len__(self) -> int:
        return self._size

    @property
    def experiments(self) -> NDArray[np.int32]:
        """Number of the experiment of each run."""
        return self._experiment[: self._size]

    @property
    def rows(self) -> NDArray[np.int32]:
        """Row of each run."""
        return self._row[: self._size]

    @property
    def fingerprints(self) -> Numbers:
        """Of each run, as it was written last; 0 where that is not known. May be set."""
        return self._fingerprint[: self._size]

    @property
    def seen(self) -> NDArray[np.int32]:
        """When each run was last seen, in rounds. May be set."""
        return self._seen[: self._size]

    def add(self, run_ids: Sequence[str], experiment: int, first_row: int) -> int:
        """Add runs in rows that follow each other; returns the number of the first."""
        first, count = self._size, len(run_ids)
        self._grow(first + count)
        self._experiment[first : first + count] = experiment
        self._row[first : first + count] = np.arange(first_row, first_row + count)
        self._size += count
        if count > _RECENT:
            self._sort_in(hashes_of_texts(run_ids), np.arange(first, first + count))
        else:
            self._recent.update(zip(run_ids, range(first, first + count), strict=True))
            if len(self._recent) > _RECENT:
                numbers = np.fromiter(self._recent.values(), dtype=np.int64, count=len(self._recent))
                self._sort_in(hashes_of_texts(list(self._recent)), numbers)
                self._recent.clear()
        return first

    def find(self, run_ids: Sequence[str]) -> Numbers:
        """Numbers of runs; -1 for those that are not known."""
        found = np.full(len(run_ids), -1, dtype=np.int64)
        if len(self._hashes):
            wanted = hashes_of_texts(run_ids)
            at = np.searchsorted(self._hashes, wanted)
            at[at == len(self._hashes)] = 0
            hit = self._hashes[at] == wanted
            found[hit] = self._sorted[at[hit]]
        if self._recent:
            for place, run_id in enumerate(run_ids):
                number = self._recent.get(run_id)
                if number is not None:
                    found[place] = number
        return found

    def _sort_in(self, hashes: NDArray[np.uint64], numbers: Numbers) -> None:
        hashes, numbers = np.concatenate([self._hashes, hashes]), np.concatenate([self._sorted, numbers])
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._sorted = hashes[order], numbers[order]

    def _grow(self, size: int) -> None:
        if size <= len(self._row):
            return
        capacity = max(size, 2 * len(self._row), 1024)
        for name in ("_experiment", "_row", "_fingerprint", "_seen"):
            old = getattr(self, name)
            new = np.zeros(capacity, dtype=old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)


def fits(run_id: str) -> bool:
    """Whether an id can be kept: MLflow's have 32 digits."""
    return 0 < len(run_id) <= ID_BYTES and run_id.isascii() and "\0" not in run_id


def hashes_of(ids: NDArray[np.bytes_]) -> NDArray[np.uint64]:
    """A number of 64 bits for each id. Ids are drawn at random: two of a million share one in 40 million cases."""
    four = np.ascontiguousarray(ids).view(np.uint64).reshape(-1, 4)
    mixed = four[:, 0].copy()
    for column in range(1, 4):
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15) + four[:, column]
    return cast("NDArray[np.uint64]", mixed ^ (mixed >> np.uint64(32)))


def hashes_of_texts(run_ids: Sequence[str]) -> NDArray[np.uint64]:
    """As :func:`hashes_of`."""
    data = [each.encode("ascii", "replace")[:ID_BYTES] for each in run_ids]
    return hashes_of(np.array(data, dtype=f"S{ID_BYTES}"))

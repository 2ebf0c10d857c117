"""The order of trials: by several columns, trials without a value last either way.

Within a column numbers come before texts, then NaN, then what is missing; numbers and texts are turned around where it
is descending. Trials that are equal in all columns stand newest first.

Each value becomes a whole number whose order is that of the values, so that a column of any kind is sorted in one way.
The bits of a float, read as a whole number, have the order of the float (of negative ones after they are turned
around), and leave 2**52 numbers above infinity free for texts.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio_ext.core.trial_keys import Key, Kind
from studio_ext.ports.trial_index import Numbers, Rows, TrialColumns
from studio_ext.services.trial_query.evaluate import NAN_TEXTS, is_number, numbers, one_of_texts

Codes = NDArray[np.int64]

_MISSING = np.int64(2**63 - 1)
_NAN = np.int64(2**63 - 2)
_FIRST_TEXT = np.int64(0x7FF0000000000001)
_MAGNITUDE = np.int64(2**63 - 1)

_FEW = 2_000
"""Up to here the first rows are picked out without sorting all."""
_MANY = 20 * _FEW


def codes(columns: TrialColumns, key: Key, rows: Rows, now: float, descending: bool = False) -> Codes:
    """A whole number for each of some rows, in the order of their values."""
    if key.kind is Kind.attribute and not is_number(key):
        ranks = columns.ranks(key)[rows]
        return np.where(ranks < 0, _MISSING, -ranks if descending else ranks)
    values = numbers(columns, key, now)[rows]
    found = _of_floats(values)
    if descending:
        found = -found
    without = np.isnan(values)
    if not without.any():
        return found
    facts = None if is_number(key) else columns.facts(key)
    if facts is None or facts.numeric:
        has_value = columns.present(key)[rows] if key.name != "duration" or key.kind is not Kind.attribute else ~without
        found[without] = np.where(has_value[without], _NAN, _MISSING)
        return found
    ranks = columns.ranks(key)[rows][without]
    turned = ranks.max(initial=0) - ranks if descending else ranks
    found[without] = np.where(ranks < 0, _MISSING, _FIRST_TEXT + turned)
    found[one_of_texts(columns, key, NAN_TEXTS)[rows]] = _NAN
    return found


def _of_floats(values: Numbers) -> Codes:
    bits = (values + 0.0).view(np.int64)  # + 0.0: there is one zero
    return bits ^ ((bits >> 63) & _MAGNITUDE)


class Order:
    """Rows in order. They are sorted no further than they are looked at. Thread-safe."""

    def __init__(self, rows: Rows, keys: Sequence[Codes]) -> None:
        """``rows``: ascending, which is oldest first; ``keys``: codes of these rows, the first column first."""
        self._rows = rows[::-1]
        self._keys = [each[::-1] for each in keys]
        self._sorted: Rows | None = None
        self._first: Rows = np.empty(0, dtype=np.int64)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def nbytes(self) -> int:
        """About how much memory this takes, in bytes."""
        return int(self._rows.nbytes * (2 + len(self._keys)))

    def all(self) -> Rows:
        """All rows."""
        with self._lock:
            if self._sorted is None:
                self._sorted = self._rows[_sort(self._keys, None)]
                self._keys = []
            return self._sorted

    def part(self, offset: int, limit: int) -> Rows:
        """Some rows."""
        end = offset + limit
        if self._sorted is None and end <= _FEW and len(self._rows) > _MANY:
            with self._lock:
                if self._sorted is None and len(self._first) < end:
                    found = self._pick(_FEW // 4 if end <= _FEW // 4 else _FEW)
                    if found is not None:
                        self._first = found
                if self._sorted is None and len(self._first) >= end:
                    return self._first[offset:end]
        return self.all()[offset:end]

    def _pick(self, count: int) -> Rows | None:
        """The first rows; None where sorting all is not slower."""
        leading = self._keys[0]
        if _is_sorted(self._keys):
            return self._rows[:count]
        limit = np.partition(leading, count - 1)[count - 1]
        candidates = np.flatnonzero(leading <= limit)
        if len(candidates) > len(leading) // 2:
            return None
        chosen = candidates[_sort([each[candidates] for each in self._keys], count)]
        return self._rows[chosen]


def _is_sorted(keys: Sequence[Codes]) -> bool:
    return len(keys) == 1 and bool((keys[0][1:] >= keys[0][:-1]).all())


def _sort(keys: Sequence[Codes], count: int | None) -> NDArray[np.int64]:
    """Positions in order, equal ones as they stand."""
    if _is_sorted(keys):
        return np.arange(len(keys[0]))[:count]
    if len(keys) > 1:
        return np.lexsort(keys[::-1])[:count]
    # The quickest sort does not keep equal ones as they stand; mostly there are none.
    positions = np.argsort(keys[0])
    in_order = keys[0][positions]
    if (in_order[1:] == in_order[:-1]).any():
        positions = np.argsort(keys[0], kind="stable")
    return positions[:count]

"""Keeps the shape of a series of any length in little memory: extremes of groups of neighbours."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST = 8_192
"""Points that are kept of one series; twice as many as a chart can show, so that a part of them is still sharp."""


@dataclass(frozen=True)
class Points:
    """Some of the values of a series, in order."""

    index: list[int]
    """Number of the value among all values of all series that are counted together."""
    step: list[int]
    time: list[float]
    value: list[float]
    """NaN stands for all that is not finite."""


class Thinned:
    """A series that is appended to. All points that it gives are values that it was given.

    Up to :data:`MOST` values are kept as they are. Beyond, of each group of neighbours only the smallest and the
    largest value are kept, and groups grow as the series does: the memory is bounded, an append takes the same
    (amortised) time always, and no extreme is lost. Not thread-safe.
    """

    def __init__(self, most: int = MOST) -> None:
        self.count = 0
        self.not_finite = 0
        self.last = math.nan
        """The last value as it came."""
        self._most = most
        self._size = 1
        """Values in a group."""
        self._index, self._step = array("q"), array("q")
        self._time, self._value = array("d"), array("d")
        self._group: list[tuple[int, int, float, float]] = []
        """Smallest and largest of the group that is being filled."""
        self._filled = 0
        self._latest: list[tuple[int, int, float, float]] = []

    def append(self, index: int, step: int, time: float, value: float) -> None:
        """Add a value. ``index`` grows with every value."""
        self.count += 1
        self.last = value
        if not math.isfinite(value):
            self.not_finite += 1
            value = math.nan
        point = (index, step, time, value)
        self._latest = [point]
        if self._size == 1:
            self._keep(point)
        else:
            self._fill(point)
        if len(self._index) >= self._most:
            self._halve()

    def points(self, most: int, after: int = -1) -> Points:
        """At most ``most`` points (at least 4) whose index is larger than ``after``, the last one among them."""
        first = bisect_right(self._index, after)
        rows = list(zip(self._index[first:], self._step[first:], self._time[first:], self._value[first:], strict=True))
        begun = {point[0]: point for point in (*self._group, *self._latest)}
        rows += [begun[each] for each in sorted(begun) if each > after and not (rows and each <= rows[-1][0])]
        most = max(4, most)
        if len(rows) > most:
            inner = [row[3] for row in rows[1:-1]]
            chosen = [1 + each for each in extremes(inner, (most - 2) // 2)]
            rows = [rows[0], *(rows[each] for each in chosen), rows[-1]]
        return Points(
            [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows], [row[3] for row in rows]
        )

    def _keep(self, point: tuple[int, int, float, float]) -> None:
        self._index.append(point[0])
        self._step.append(point[1])
        self._time.append(point[2])
        self._value.append(point[3])

    def _fill(self, point: tuple[int, int, float, float]) -> None:
        if self._filled == 0:
            self._group = [point, point]
        else:
            value = point[3]
            low, high = self._group
            if value == value:  # no NaN takes the place of a number
                if not low[3] <= value:  # which is also true when it is a NaN
                    low = point
                if not high[3] >= value:
                    high = point
            self._group = [low, high]
        self._filled += 1
        if self._filled == self._size:
            low, high = self._group
            for kept in sorted({low, high}, key=lambda each: each[0]):
                self._keep(kept)
            self._group, self._filled = [], 0

    def _halve(self) -> None:
        """Every four points become two; what a group stands for doubles (one value and its like become four)."""
        chosen = list(extremes(self._value, max(1, len(self._value) // 4)))
        for name in ("_index", "_step", "_time", "_value"):
            column = getattr(self, name)
            setattr(self, name, array(column.typecode, (column[each] for each in chosen)))
        self._size = 4 if self._size == 1 else self._size * 2


def extremes(values: Sequence[float], groups: int) -> Iterator[int]:
    """Positions of the smallest and the largest number of each of ``groups`` groups of neighbours, in order.

    A group without any number gives its first position, one whose numbers are equal the first of them.
    Comparisons with NaN are false: the first number takes the place of a NaN.
    """
    count = len(values)
    groups = min(groups, count)
    for group in range(groups):
        start, end = group * count // groups, (group + 1) * count // groups
        low = high = start
        for position in range(start + 1, end):
            value = values[position]
            if value != value:
                continue
            if not values[low] <= value:
                low = position
            if not values[high] >= value:
                high = position
        yield min(low, high)
        if low != high:
            yield max(low, high)

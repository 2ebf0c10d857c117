"""Some of the values of a long series that show its shape: extremes of groups of neighbours, with arrays.

For series that grow value by value there is :mod:`studio_ext.core.thinning`, which does the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def sample(values: Floats, most: int) -> Places:
    """Positions of at most ``most`` values (at least 4), in order: the first, the last, and of each group of neighbours
    between them the smallest and the largest. NaN stands for nothing that counts."""
    count = len(values)
    if count <= most:
        return np.arange(count)
    groups = (max(4, most) - 2) // 2
    inner = np.ascontiguousarray(values[1:-1])
    return np.concatenate(([0], 1 + extremes(inner, groups), [count - 1]))


def extremes(values: Floats, groups: int) -> Places:
    """Positions of the smallest and the largest number of each of at most ``groups`` groups of neighbours, in order.

    A group without any number gives its first position, one whose numbers are equal the first of them.
    """
    count = len(values)
    if count == 0:
        return np.empty(0, dtype=np.int64)
    size = -(-count // groups)
    is_nan = np.isnan(values)
    has_nan = bool(is_nan.any())
    low = np.where(is_nan, np.inf, values) if has_nan else values
    high = np.where(is_nan, -np.inf, values) if has_nan else values
    whole = count // size * size
    starts = np.arange(0, whole, size)
    lows = starts + low[:whole].reshape(-1, size).argmin(axis=1)
    highs = starts + high[:whole].reshape(-1, size).argmax(axis=1)
    if whole < count:
        lows = np.append(lows, whole + int(low[whole:].argmin()))
        highs = np.append(highs, whole + int(high[whole:].argmax()))
    return np.unique(np.concatenate((lows, highs)))


def between(x: Floats, low: float | None, high: float | None) -> tuple[int, int]:
    """The part of places that grow which lies between two of them, with a neighbour at either end: first and end."""
    first, end = 0, len(x)
    if low is not None:
        first = max(0, _position(x, low, 0, end, right=False) - 1)
    if high is not None:
        end = min(end, _position(x, high, first, end, right=True) + 1)
    return first, end


def _position(x: Floats, place: float, first: int, end: int, *, right: bool) -> int:
    """As ``searchsorted``, which would copy a column of a file that has others beside it."""
    while first < end:
        middle = (first + end) // 2
        if x[middle] < place or (right and x[middle] == place):
            first = middle + 1
        else:
            end = middle
    return first

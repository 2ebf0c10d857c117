"""Groups of trials with equal values of a column."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from studio_ext.contract.trial_table import Extent, Value
from studio_ext.core.trial_filter.values import Holds, holds
from studio_ext.core.trial_keys import Key
from studio_ext.ports.trial_index import Numbers, Rows, TrialColumns
from studio_ext.services.trial_query.cells import cells
from studio_ext.services.trial_query.evaluate import is_number, numbers
from studio_ext.services.trial_query.order import codes

_QUARTER = 900.0
"""Seconds; every zone of the world is a whole number of these from UTC."""

Members = NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """Groups of rows, in the order in which they are shown."""

    rows: Rows
    """All rows, group by group, in the order in which they are shown."""
    starts: Members
    """Where in ``rows`` each group starts, and the number of rows at the end."""
    names: list[str | None]
    """Values that make the groups, as texts; None for the group of those that have none."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def counts(self) -> Members:
        """Rows of each group."""
        return np.diff(self.starts)

    @property
    def of_row(self) -> Members:
        """Group of each of ``rows``."""
        return np.repeat(np.arange(len(self)), self.counts)

    def moved(self, order: Members) -> Groups:
        """The same groups in another order."""
        counts = self.counts[order]
        starts = np.concatenate(([0], np.cumsum(counts)))
        inside = np.arange(len(self.rows)) - np.repeat(starts[:-1], counts)
        rows = self.rows[np.repeat(self.starts[order], counts) + inside]
        return Groups(rows, starts, [self.names[at] for at in order.tolist()])


def _names(columns: TrialColumns, key: Key, first: Rows, now: float) -> list[str | None]:
    """Names of groups, by a row of each. They are kept: the value of that row may change."""
    if not is_number(key):
        return columns.texts(key, first)
    found = cells(columns, key, first, now)
    name = _day if holds(key) is Holds.moment else lambda each: str(each).removesuffix(".0")
    return [None if each is None else name(each) for each in found]


def _day(moment: Value) -> str:
    try:
        return datetime.fromtimestamp(float(moment or 0)).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return str(moment)


def grouped(
    columns: TrialColumns, key: Key, rows: Rows, now: float, by: Key | None = None, descending: bool = False
) -> Groups:
    """Groups of ``rows`` by ``key``, those without a value last. Rows keep their order within a group.

    ``by``: the column that the rows are sorted by. Groups stand in the order of their values where that is ``key``
    itself, or none; else by the mean of numbers, or by their first row.
    """
    if holds(key) is Holds.moment:
        values = numbers(columns, key, now)[rows]
        quarters, positions = np.unique(np.floor(values / _QUARTER), return_inverse=True)
        days = [2**62 if np.isnan(each) else _ordinal(each * _QUARTER) for each in quarters.tolist()]
        code = np.array(days, dtype=np.int64)[positions]
        code = np.where((code < 2**62) & descending & (by == key), -code, code)
    else:
        code = codes(columns, key, rows, now, descending and by == key)
    order = np.argsort(code, kind="stable")
    in_order = code[order]
    starts = np.flatnonzero(np.concatenate(([True], in_order[1:] != in_order[:-1]))) if len(rows) else order
    groups = Groups(rows[order], np.append(starts, len(rows)), _names(columns, key, rows[order][starts], now))
    if by is None or by == key or not len(rows):
        return groups
    if is_number(by) or (facts := columns.facts(by)) is None or facts.numeric:
        means = _means(numbers(columns, by, now)[groups.rows], groups.starts)
        return groups.moved(np.argsort(-means if descending else means, kind="stable"))
    positions = np.empty(columns.size, dtype=np.int64)
    positions[rows] = np.arange(len(rows))
    return groups.moved(np.argsort(positions[groups.rows[groups.starts[:-1]]], kind="stable"))


def _ordinal(moment: float) -> int:
    try:
        return datetime.fromtimestamp(moment).toordinal()
    except (ValueError, OverflowError, OSError):
        return 2**61 if moment > 0 else -(2**61)


def _means(values: Numbers, starts: Members) -> Numbers:
    """Mean finite number of each group; NaN where there is none."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if np.isfinite(values.sum()):
            return np.asarray(np.add.reduceat(values, starts[:-1]) / np.diff(starts), dtype=np.float64)
        is_finite = np.isfinite(values)
        counts = np.add.reduceat(is_finite, starts[:-1], dtype=np.float64)
        sums = np.add.reduceat(np.where(is_finite, values, 0.0), starts[:-1])
        return np.asarray(sums / counts, dtype=np.float64)


class Aggregates:
    """What some groups amount to, column by column."""

    def __init__(self, columns: TrialColumns, groups: Groups, which: Members, now: float) -> None:
        """``which``: numbers of the groups."""
        counts = groups.counts[which]
        self._columns, self._now = columns, now
        self._starts = np.cumsum(counts) - counts
        inside = np.arange(int(counts.sum())) - np.repeat(self._starts, counts)
        self._rows = groups.rows[np.repeat(groups.starts[which], counts) + inside]

    def of(self, key: Key) -> tuple[list[Value], list[Extent | None]]:
        """For each group its mean, or the value that all its trials have; and extents."""
        starts = self._starts
        if not len(starts):
            return [], []
        values: list[Value] = [None] * len(starts)
        extents: list[Extent | None] = [None] * len(starts)
        code = codes(self._columns, key, self._rows, self._now)
        common = (np.minimum.reduceat(code, starts) == np.maximum.reduceat(code, starts)).tolist()
        if any(common):
            first = cells(self._columns, key, self._rows[starts], self._now)
            values = [each if same else None for each, same in zip(first, common, strict=True)]
        found = numbers(self._columns, key, self._now)[self._rows]
        if not np.isfinite(np.fmin.reduce(found)) or not np.isfinite(np.fmax.reduce(found)):
            found = np.where(np.isfinite(found), found, np.nan)
        lows, highs = np.fmin.reduceat(found, starts), np.fmax.reduceat(found, starts)
        means = _means(found, np.append(starts, len(found)))
        for at, (low, high, mean) in enumerate(zip(lows.tolist(), highs.tolist(), means.tolist(), strict=True)):
            if low <= high:
                mean = min(max(mean, low), high)
                extents[at] = Extent.model_construct(minimum=low, maximum=high, mean=mean)
                if not common[at]:
                    values[at] = mean
        return values, extents

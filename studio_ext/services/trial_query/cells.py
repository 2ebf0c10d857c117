"""Values of a few trials, as cells of a table."""

from __future__ import annotations

import math
import re

import numpy as np

from studio_ext.contract.trial_table import Extent, Value
from studio_ext.core.trial_filter.values import Holds, holds
from studio_ext.core.trial_keys import Key
from studio_ext.ports.trial_index import Numbers, Rows, TrialColumns
from studio_ext.services.trial_query.evaluate import is_number, numbers, present

_PLAIN = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?\Z", re.ASCII)
_EXACT = 2**53
_BLOCK = 2**15
"""Numbers that stay in a processor's cache from one pass to the next."""


def cells(columns: TrialColumns, key: Key, rows: Rows, now: float) -> list[Value]:
    """Values of a column in some rows."""
    if is_number(key):
        has_value = present(columns, key, now)[rows]
        values = numbers(columns, key, now)[rows].tolist()
        return [spelt(each) if has else None for each, has in zip(values, has_value.tolist(), strict=True)]
    texts = columns.texts(key, rows)
    match holds(key):
        case Holds.flag:
            return [None if each is None else each == "true" for each in texts]
        case Holds.anything:
            return [None if each is None else plain_number(each) for each in texts]
    return list(texts)


def differs(columns: TrialColumns, key: Key, rows: Rows, now: float) -> bool:
    """Whether some rows do not all have the same value."""
    if not len(rows):
        return False
    if not is_number(key):
        first = columns.texts(key, rows[:1])[0]
        if first is None:
            return bool(present(columns, key, now)[rows].any())
        return not bool(columns.equals(key, first)[rows].all())
    has_value = present(columns, key, now)[rows]
    values = numbers(columns, key, now)[rows]
    is_same = (values == values[0]) | (np.isnan(values) & np.isnan(values[0]))
    return bool(has_value.any() and not (has_value.all() and is_same.all()))


def spelt(number: float) -> float | str:
    """A number; in words where JSON has none for it."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def plain_number(text: str) -> int | float | str:
    """A text as a number if nothing is lost by that: ``007`` stays, and so does an id of twenty digits."""
    match = _PLAIN.match(text)
    if match is None:
        return text
    if match[1] is None and match[2] is None:
        whole = int(text) if len(text) < 20 else _EXACT + 1
        return whole if abs(whole) <= _EXACT else text
    number = float(text)
    return number if math.isfinite(number) else text


def extent(values: Numbers) -> Extent | None:
    """Smallest, largest and mean finite number; None where there is none. Passes over a million numbers in 1 ms."""
    low, high = np.fmin.reduce(values, initial=np.nan), np.fmax.reduce(values, initial=np.nan)
    if math.isinf(low) or math.isinf(high):
        values = values[np.isfinite(values)]
        low, high = np.fmin.reduce(values, initial=np.nan), np.fmax.reduce(values, initial=np.nan)
    if math.isnan(low):
        return None
    return Extent.model_construct(
        minimum=float(low), maximum=float(high), mean=min(max(_mean(values), float(low)), float(high))
    )


def _mean(values: Numbers) -> float:
    """Mean of the values that are not NaN, none of which is infinite."""
    total, count = 0.0, 0
    for first in range(0, len(values), _BLOCK):
        block = values[first : first + _BLOCK]
        with np.errstate(over="ignore"):
            part = float(block.sum())
        if not math.isnan(part):
            total, count = total + part, count + len(block)
            continue
        are_numbers = ~np.isnan(block)
        count += int(np.count_nonzero(are_numbers))
        with np.errstate(over="ignore"):
            total += float(np.where(are_numbers, block, 0.0).sum())
    if math.isfinite(total):
        return total / count
    with np.errstate(over="ignore"):  # the sum itself is too large for a float
        return float((values[~np.isnan(values)] / count).sum())

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
    """Smallest, largest and mean finite number; None where there is none."""
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    with np.errstate(over="ignore"):
        mean = float(values.mean())
    if not math.isfinite(mean):  # the sum was too large
        mean = float((values / len(values)).sum())
    return Extent(minimum=low, maximum=high, mean=min(max(mean, low), high))

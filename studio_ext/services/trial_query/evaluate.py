"""Which trials a filter matches.

``!=``, ``!~``, ``not in`` and ``is missing`` are the exact opposite of ``=``, ``~``, ``in`` and ``is present``: a trial
without the value matches them. A comparison with ``<`` and its like holds for numbers only, never for NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio_ext.core.trial_filter import And, Condition, Flag, Mention, Moment, Node, Not, Number, Operator, Or, Value
from studio_ext.core.trial_filter.values import Holds, holds
from studio_ext.core.trial_keys import ATTRIBUTES, Key, Kind
from studio_ext.ports.trial_index import Mask, Numbers, TrialColumns

DURATION = Key(Kind.attribute, "duration")
STARTED = Key(Kind.attribute, "started")
ENDED = Key(Kind.attribute, "ended")
STATUS = Key(Kind.attribute, "status")
NAN_TEXTS = ("nan", "NaN", "NAN")
"""How parameters and tags spell what is no number."""

_EXACT = 2.0**53
"""From here on not every whole number is a float."""


def matches(node: Node | None, columns: TrialColumns, now: float) -> Mask:
    """Rows that a filter matches, deleted ones included. ``now``: epoch seconds."""
    match node:
        case None:
            return np.ones(columns.size, dtype=bool)
        case Condition():
            return _condition(node, columns, now)
        case Mention():
            return columns.mentions(node.text)
        case Not():
            return ~matches(node.node, columns, now)
        case And() | Or():
            join = np.logical_and if isinstance(node, And) else np.logical_or
            mask = matches(node.nodes[0], columns, now)
            for each in node.nodes[1:]:
                mask = join(mask, matches(each, columns, now))
            return mask


def is_volatile(node: Node | None) -> bool:
    """Whether other trials match as time goes by, though nothing changes."""
    match node:
        case Condition():
            relative = any(isinstance(each, Moment) and (each.is_relative or each.is_daily) for each in node.values)
            return relative or node.key == DURATION
        case Not():
            return is_volatile(node.node)
        case And() | Or():
            return any(is_volatile(each) for each in node.nodes)
    return False


def is_number(key: Key) -> bool:
    """Whether a column holds numbers and nothing else, whatever was recorded."""
    return key.kind is Kind.metric or (key.kind is Kind.attribute and ATTRIBUTES[key.name])


def numbers(columns: TrialColumns, key: Key, now: float) -> Numbers:
    """Values as numbers; of trials that run, the duration up to now."""
    found = columns.numbers(key)
    if key != DURATION:
        return found
    started = columns.numbers(STARTED)
    running = np.isnan(found) & ~np.isnan(started) & np.isnan(columns.numbers(ENDED))
    if running.any():
        running &= columns.equals(STATUS, "RUNNING")
        found = np.where(running, np.maximum(now - started, 0.0), found)
    return found


def present(columns: TrialColumns, key: Key, now: float) -> Mask:
    """Rows that have a value."""
    return ~np.isnan(numbers(columns, key, now)) if key == DURATION else columns.present(key)


def _condition(node: Condition, columns: TrialColumns, now: float) -> Mask:
    key, values = node.key, node.values
    match node.operator:
        case Operator.present:
            return present(columns, key, now)
        case Operator.missing:
            return ~present(columns, key, now)
        case Operator.contains | Operator.lacks:
            mask = columns.contains(key, _text(values[0]))
            return mask if node.operator is Operator.contains else ~mask
        case Operator.equal | Operator.one_of:
            return _any_of(values, key, columns, now)
        case Operator.unequal | Operator.none_of:
            return ~_any_of(values, key, columns, now)
    return _compare(node.operator, values[0], numbers(columns, key, now), now)


def _any_of(values: tuple[Value, ...], key: Key, columns: TrialColumns, now: float) -> Mask:
    mask = _equal(values[0], key, columns, now)
    for each in values[1:]:
        mask = mask | _equal(each, key, columns, now)
    return mask


def _equal(value: Value, key: Key, columns: TrialColumns, now: float) -> Mask:
    match value:
        case Moment():
            found = numbers(columns, key, now)
            first, last = value.span(now)
            return found == first if first == last else (found >= first) & (found < last)
        case Number():
            return _equal_number(value, key, columns, now)
        case Flag():
            word = str(value.flag)
            words = [word.lower()] if holds(key) is Holds.flag else [word, word.lower(), word.upper()]
            return one_of_texts(columns, key, words)
    return columns.equals(key, value.text)


def _equal_number(value: Number, key: Key, columns: TrialColumns, now: float) -> Mask:
    is_recorded_text = holds(key) is Holds.anything
    if math.isnan(value.number):
        if is_recorded_text:
            return one_of_texts(columns, key, NAN_TEXTS)
        return present(columns, key, now) & np.isnan(numbers(columns, key, now))
    if is_recorded_text and abs(value.number) >= _EXACT and value.text.lstrip("+-").isdigit():
        return columns.equals(key, value.text)  # ids and seeds: as numbers, neighbours would be equal
    found: Mask = numbers(columns, key, now) == value.number
    return found


def one_of_texts(columns: TrialColumns, key: Key, texts: Sequence[str]) -> Mask:
    """Rows whose value is one of these texts."""
    mask = columns.equals(key, texts[0])
    for each in texts[1:]:
        mask = mask | columns.equals(key, each)
    return mask


def _compare(operator: Operator, value: Value, found: NDArray[np.float64], now: float) -> Mask:
    if isinstance(value, Moment):
        first, last = value.span(now)
    else:
        assert isinstance(value, Number)
        first = last = value.number
    match operator:
        case Operator.less:
            return found < first
        case Operator.at_least:
            return found >= first
        case Operator.at_most:
            return found <= last if first == last else found < last
    return found > last if first == last else found >= last


def _text(value: Value) -> str:
    assert not isinstance(value, (Moment, Flag)), "parts are asked of texts"
    return value.text

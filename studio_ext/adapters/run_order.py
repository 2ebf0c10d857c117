"""The order in which MLflow's databases list runs, for lists that are put together here."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from studio_ext.ports.records import RunRecord

_TERM = re.compile(r"\s*(\w+)\.(.+?)(?:\s+(ASC|DESC))?\s*", re.IGNORECASE | re.DOTALL)
_COLUMNS: dict[str, Callable[[RunRecord], Any]] = {
    "start_time": lambda run: run.started,
    "end_time": lambda run: run.ended,
    "run_name": lambda run: run.name,
    "status": lambda run: run.status,
}
_Place = tuple[int, Any]
"""What has a value comes before what has none, both upwards and downwards."""


def run_order(order_by: Sequence[str]) -> Callable[[RunRecord], Any]:
    """The key that sorts runs as MLflow does for these words; where they say nothing, the newest are first."""
    terms = [_term(each) for each in order_by]
    terms.append((_placed(_COLUMNS["start_time"]), -1))

    def compare(one: RunRecord, other: RunRecord) -> int:
        for read, sign in terms:
            (rank, value), (other_rank, other_value) = read(one), read(other)
            if rank != other_rank:
                return rank - other_rank
            if value != other_value:
                return sign if value > other_value else -sign
        return (one.run_id > other.run_id) - (one.run_id < other.run_id)

    return functools.cmp_to_key(compare)


def _term(words: str) -> tuple[Callable[[RunRecord], _Place], int]:
    found = _TERM.fullmatch(words)
    kind, name, order = found.groups() if found else ("", "", "")
    name = name.strip("`\"'")
    sign = -1 if (order or "").upper() == "DESC" else 1
    if kind == "metrics":
        return _placed(lambda run: run.metrics[name].value if name in run.metrics else None), sign
    if kind == "params":
        return _placed(lambda run: run.parameters.get(name)), sign
    if kind == "tags":
        return _placed(lambda run: run.tags.get(name)), sign
    return _placed(_COLUMNS.get(name, lambda _: None)), sign


def _placed(read: Callable[[RunRecord], Any]) -> Callable[[RunRecord], _Place]:
    def place(run: RunRecord) -> _Place:
        value = read(run)
        if value is None:
            return 2, 0
        if isinstance(value, float) and math.isnan(value):
            return 1, 0
        return 0, value

    return place

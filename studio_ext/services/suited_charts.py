"""Charts that suit some trials, for a view that names none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from studio_ext.contract.comparison import ComparedRow
from studio_ext.contract.trial_table import Value
from studio_ext.contract.views import (
    ImportanceChartSpec,
    LineChartSpec,
    ParallelChartSpec,
    ScatterChartSpec,
    ViewChart,
)

_MAX_LINES = 12
_MAX_AXES = 8
_SOME = 3
"""From so many trials on a chart with each one as a point tells something."""
_MANY = 10
"""From so many on it can be told which parameters matter."""
_LETTERS = 11
"""Those that are left of a long text at an axis of parallel coordinates."""
_HELD_BACK = re.compile(r"(?:^|[^a-z])(?:val|valid|validation|test|eval)(?:[^a-z]|$)", re.IGNORECASE)


def suited_charts(rows: Sequence[ComparedRow], trials: int) -> list[ViewChart]:
    """The histories of what was measured, and what the parameters have to do with it.

    ``rows``: parameters and metrics, the most telling first; ``trials``: how many are compared.
    """
    metrics = sorted((row for row in rows if row.kind == "metric"), key=_interest, reverse=True)
    charts: list[ViewChart] = [
        LineChartSpec(id=f"line-{at}", type="line", metrics=[row.name])
        for at, row in enumerate([row for row in metrics if _has_history(row)][:_MAX_LINES], start=1)
    ]
    main = next((row for row in metrics if row.numeric and row.differs), None)
    parameters = [row for row in rows if row.kind == "parameter" and row.differs and _is_choice(row)]
    if main is None or not parameters or trials < _SOME:
        return charts
    # Numbers first; of those, what was tried with more values says more about the metric.
    ordered = sorted(parameters, key=lambda row: -len(set(row.values)) if row.numeric else 1)
    return [*charts, *_of_parameters(ordered, main, trials)]


def _of_parameters(parameters: list[ComparedRow], main: ComparedRow, trials: int) -> Iterator[ViewChart]:
    shown = _axes(parameters)[: _MAX_AXES - 1]
    if shown:
        yield ScatterChartSpec(id="scatter-1", type="scatter", x=shown[0].key, y=main.key, log_x=_is_wide(shown[0]))
    if trials >= _MANY:
        yield ImportanceChartSpec(id="importance-1", type="importance", metric=main.key)
    if len(shown) > 1:  # the last one: it takes a row of its own, and leaves no gap before others
        yield ParallelChartSpec(
            id="parallel-1",
            type="parallel",
            keys=[row.key for row in [*shown, main]],
            log=[row.key for row in shown if _is_wide(row)],
            colour=main.key,
            wide=True,
        )


def _axes(rows: Sequence[ComparedRow]) -> list[ComparedRow]:
    """Those whose values can be told apart at an axis. Of rows with the same values, the one with the shortest name:
    libraries record parameters under two."""
    found: dict[tuple[Value, ...], ComparedRow] = {}
    for row in rows:
        texts = {str(each) for each in row.values if each is not None}
        if not row.numeric and len({each[:_LETTERS] for each in texts}) < len(texts):
            continue
        values = tuple(row.values)
        known = found.get(values)
        if known is None or len(row.name) < len(known.name):
            found[values] = row
    return list(found.values())


def _has_history(row: ComparedRow) -> bool:
    """Whether the metric had more than one value in any of the trials."""
    return len(row.name) <= 250 and any(
        value is not None and low is not None and (low != high or low != value)
        for value, low, high in zip(row.values, row.lows, row.highs, strict=True)
    )


def _interest(row: ComparedRow) -> int:
    """What was measured on data that was held back comes first, then what is known to be good or bad."""
    return 4 * row.differs + 2 * (row.better is not None) + bool(_HELD_BACK.search(row.name))


def _is_choice(row: ComparedRow) -> bool:
    """Whether trials can be told apart by it at a glance: not by a path or a text of its own for each."""
    return row.numeric or 1 < len({each for each in row.values if each is not None}) <= _MANY


def _is_wide(row: ComparedRow) -> bool:
    """Whether the values are positive and spread over powers of ten."""
    numbers = [each for each in row.values if isinstance(each, int | float) and not isinstance(each, bool)]
    if not numbers or min(numbers) <= 0:
        return False
    ratio = max(numbers) / min(numbers)
    return ratio >= 100 or (min(numbers) < 0.01 and ratio >= 8)

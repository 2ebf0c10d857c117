"""Gathers what a view shows, so that it can be read without a server."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from studio_ext.contract.comparison import (
    MAX_COMPARED_ROWS,
    CompareQuery,
    Comparison,
    Importance,
    ImportanceQuery,
)
from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.report import MAX_COLOURS, ChartHistories, ChartImportance, ViewReport
from studio_ext.contract.series import SeriesPage, SeriesQuery
from studio_ext.contract.views import ImportanceChartSpec, LineChartSpec, View, ViewChart

_MAX_KEYS = 100
"""Columns that one question may name."""
_POINTS = 400_000
"""Points of all histories of a report, about."""
_MOST_POINTS = 1_000
_FEWEST_POINTS = 4
_PATIENCE_SECONDS = 60.0
"""For so long it is waited for long histories to be read."""


class Source(Protocol):
    """What a report is made of; the client port has it."""

    def compare(self, query: CompareQuery) -> Comparison:
        """Trials side by side."""

    def importance(self, query: ImportanceQuery) -> Importance:
        """Which parameters matter."""

    def trial_series(self, query: SeriesQuery) -> SeriesPage:
        """Histories."""


def view_report(
    source: Source,
    view: View,
    version: str,
    *,
    colours: Mapping[str, int] | None = None,
    now: float,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> ViewReport:
    """A view with everything that it shows.

    Charts of a view that names none are those that suit its trials. Histories are sampled more coarsely, the more of
    them there are. ``colours``: places of trials in the list of colours, by run id, where they are shown already;
    others get the first that are free. ``now``: epoch seconds. Raises ``InvalidRequest`` for a view without trials,
    and what the questions raise.
    """
    if not view.sources:
        raise InvalidRequest.field("sources", "names no trials", hint="Add trials to the view first.")
    comparison, charts = _compare(source, view)
    if not comparison.trials:
        raise InvalidRequest.field(
            "sources", "finds no trials", hint="They were deleted, or the filter finds none any more."
        )
    drawn = [each.run_id for each in comparison.trials if each.run_id not in view.hidden]
    notes: list[str] = []
    lines = [each for each in charts if isinstance(each, LineChartSpec)]
    histories = _histories(source, lines, drawn, clock, pause, notes) if drawn else []
    return ViewReport(
        made=now,
        version=version,
        view=view.model_copy(update={"charts": charts}),
        comparison=comparison,
        colours=_colours([each.run_id for each in comparison.trials], colours or {}),
        histories=histories,
        importances=[
            ChartImportance(
                chart=each.id,
                importance=source.importance(ImportanceQuery(sources=view.sources, metric=each.metric)),
            )
            for each in charts
            if isinstance(each, ImportanceChartSpec)
        ],
        notes=notes,
    )


def _compare(source: Source, view: View) -> tuple[Comparison, list[ViewChart]]:
    """All rows there is room for, those that charts need, and these charts."""
    query = CompareQuery(sources=view.sources, limit=MAX_COMPARED_ROWS, suited=view.charts is None)
    comparison = source.compare(query)
    charts, comparison.charts = comparison.charts if view.charts is None else view.charts, []
    ids = [each.run_id for each in comparison.trials]
    known = {row.key for row in comparison.rows}
    keys = [key for key in dict.fromkeys(key for each in charts for key in _keys(each)) if key not in known]
    for first in range(0, len(keys), _MAX_KEYS):
        part = keys[first : first + _MAX_KEYS]
        more = source.compare(CompareQuery(sources=view.sources, limit=0, keys=part))
        if [each.run_id for each in more.trials] == ids:  # else trials came or went in between
            comparison.rows += more.rows
    return comparison, charts


def _colours(run_ids: Sequence[str], given: Mapping[str, int]) -> dict[str, int]:
    """The colours of trials as the Compare tab chooses them: those they have, else the first that is free."""
    taken = {given[each] for each in run_ids if each in given}
    free = (each for each in range(MAX_COLOURS) if each not in taken)
    return {each: given[each] if each in given else next(free, at % MAX_COLOURS) for at, each in enumerate(run_ids)}


def _keys(chart: ViewChart) -> list[str]:
    """Columns that a chart draws."""
    match chart.type:
        case "line":
            keys = [chart.group_by]
        case "scatter":
            keys = [chart.x, chart.y, chart.colour, chart.size]
        case "parallel":
            keys = [*chart.keys, chart.colour]
        case "box":
            keys = [chart.by, chart.value]
        case "histogram":
            keys = [chart.value]
        case "heatmap":
            keys = [chart.x, chart.y, chart.value]
        case "importance":
            keys = [chart.metric]
    return [key for key in keys if key is not None]


def _histories(
    source: Source,
    charts: Sequence[LineChartSpec],
    run_ids: list[str],
    clock: Callable[[], float],
    pause: Callable[[float], None],
    notes: list[str],
) -> list[ChartHistories]:
    lines = sum(len(_metrics(each)) for each in charts) * len(run_ids)
    max_points = max(_FEWEST_POINTS, min(_MOST_POINTS, _POINTS // max(1, lines)))
    deadline = clock() + _PATIENCE_SECONDS
    found = []
    is_short = False
    for chart in charts:
        query = SeriesQuery(
            run_ids=run_ids,
            metrics=_metrics(chart),
            x="step" if chart.x == "metric" else chart.x,
            max_points=max_points,
        )
        page = source.trial_series(query)
        while page.more and clock() < deadline:
            pause(0.05)  # a turn of reading: the answer is what is there, not what is waited for
            page = source.trial_series(query)
        is_short |= page.more
        if page.message and page.message not in notes:
            notes.append(page.message)
        found.append(ChartHistories(chart=chart.id, series=page.series))
    if is_short:
        notes.append("Very long histories were still being read: their lines are too short.")
    return found


def _metrics(chart: LineChartSpec) -> list[str]:
    over = [chart.x_metric] if chart.x == "metric" and chart.x_metric is not None else []
    return list(dict.fromkeys([*chart.metrics, *over]))

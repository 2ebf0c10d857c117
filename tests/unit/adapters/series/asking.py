"""Questions for histories, and their answers."""

from __future__ import annotations

from typing import Any

from studio_ext.adapters.series.histories import Histories
from studio_ext.contract.live import MetricSeries
from studio_ext.contract.series import SeriesPage, SeriesQuery

RUN, OTHER = "a" * 32, "b" * 32


def query(*metrics: str, runs: tuple[str, ...] = (RUN,), **fields: Any) -> SeriesQuery:
    return SeriesQuery(run_ids=list(runs), metrics=list(metrics or ["loss"]), **fields)


def whole(histories: Histories, question: SeriesQuery) -> SeriesPage:
    """The answer when everything is read."""
    page = histories.page(question)
    while page.more:
        page = histories.page(question)
    return page


def points(series: MetricSeries) -> list[tuple[float, float | None]]:
    return list(zip(series.step or series.time, series.value, strict=True))

"""Histories of metrics of many trials, as a DataFrame."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.experiments import Trial
from studio_ext.contract.series import MAX_ANSWERED, MAX_METRICS, SampledSeries, SeriesQuery
from studio_ext.contract.views import MAX_TRIALS
from studio_ext.sdk.request import invalid

if TYPE_CHECKING:
    import pandas as pd

    from studio_ext.ports.client import Client

COLUMNS = ["trial", "run_id", "metric", "step", "time", "value"]
_FEWEST = 4
"""Points of a series of which it is only asked whether it was read."""
_PAUSE_SECONDS = 0.05


def histories(client: Client, trials: Sequence[Trial], metrics: Sequence[str], max_points: int) -> pd.DataFrame:
    """See :func:`studio_ext.sdk.api.histories`. ``metrics``: empty for all that the trials have."""
    import numpy as np
    import pandas as pd

    names = {each.run_id: each.name for each in trials}
    found = list(_read(client, list(names), metrics or _metrics(trials), max_points)) if names else []
    missing = [each for each in metrics if not any(each == series.name for series in found)]
    if missing and names:
        known = ", ".join(_metrics(trials)[:20]) or "none"
        warnings.warn(f"No trial has {', '.join(map(repr, missing))}; there are {known}.", stacklevel=3)
    counts = np.array([len(series.value) for series in found], dtype=np.int64)
    texts = [(names[series.run_id], series.run_id, series.name) for series in found]
    columns = {
        name: np.repeat(np.array([each[at] for each in texts], dtype=object), counts)
        for at, name in enumerate(COLUMNS[:3])
    }
    frame = pd.DataFrame(columns)
    frame["step"] = np.array([step for series in found for step in series.step], dtype="int64")
    moments = np.array([moment for series in found for moment in series.time], dtype="float64")
    frame["time"] = pd.to_datetime(moments, unit="s", utc=True)
    values = [math.nan if value is None else value for series in found for value in series.value]
    frame["value"] = np.array(values, dtype="float64")
    return frame


def _metrics(trials: Sequence[Trial]) -> list[str]:
    return list(dict.fromkeys(name for trial in trials for name in trial.metrics))


def _read(client: Client, run_ids: Sequence[str], metrics: Sequence[str], max_points: int) -> Iterator[SampledSeries]:
    """All series, in the order of trials and metrics. No question is so large that its answer is thinned out more."""
    said: set[str] = set()
    per_trial = min(len(metrics), MAX_METRICS) * max_points
    size = max(1, min(MAX_TRIALS, MAX_ANSWERED // max(1, per_trial)))
    for first in range(0, len(run_ids), size):
        some = list(run_ids[first : first + size])
        series: list[SampledSeries] = []
        for start in range(0, len(metrics), MAX_METRICS):
            try:
                query = SeriesQuery(
                    run_ids=some, metrics=list(metrics[start : start + MAX_METRICS]), both=True, max_points=max_points
                )
            except ValidationError as error:
                raise invalid(error) from error
            small = query.model_copy(update={"max_points": _FEWEST})
            while True:
                while client.trial_series(small).more:
                    time.sleep(_PAUSE_SECONDS)  # a turn of reading: each answers with what is there by then
                page = client.trial_series(query)
                if not page.more:
                    break  # else something has to be read again: a trial has ended, or others took the room
            series += page.series
            if page.message and page.message not in said:
                said.add(page.message)
                warnings.warn(page.message, stacklevel=4)
        order = {run_id: at for at, run_id in enumerate(some)}
        yield from sorted(series, key=lambda each: order[each.run_id])


def trials_of(client: Client, run_ids: Sequence[str]) -> list[Trial]:
    """Trials by run id. Raises ``InvalidRequest`` where none is named, and ``NotFound``."""
    if not run_ids:
        raise InvalidRequest.field(
            "trials",
            "no trial is named",
            hint="Write studio.histories(run_id, ..., metrics=...) or studio.histories(experiment=..., metrics=...).",
        )
    return [client.trial(each) for each in dict.fromkeys(run_ids)]

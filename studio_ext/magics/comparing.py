"""What ``%compare`` shows: ``studio.compare``, for who knows the names of trials and the metric that counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from studio_ext.contract.errors import NotFound
from studio_ext.core.metric_direction import better
from studio_ext.core.trial_keys import Key, Kind
from studio_ext.sdk.api import compare
from studio_ext.sdk.connection import current
from studio_ext.sdk.entities import settle
from studio_ext.sdk.frames import all_trials

if TYPE_CHECKING:
    from studio_ext.contract.experiments import Trial
    from studio_ext.sdk.comparison import Comparison

_LOOKED_AT = 5000


def compare_trials(
    experiment: str, *, metric: str | None, best: str | None, names: Sequence[str], differing: bool, limit: int
) -> Comparison:
    """The newest trials, or those that are named, of an experiment; with a metric the best ones, first.

    ``best``: whether ``higher`` or ``lower`` values of the metric are better; None: as its name tells, else higher.
    Raises ``NotFound``.
    """
    is_lower = metric is not None and (best or better(metric)) == "lower"
    if names:
        settle()
        known = list(islice(all_trials(current(), experiment), _LOOKED_AT))
        named = [_named(known, name, experiment) for name in names]
        if metric is not None:
            named.sort(key=lambda trial: _rank(trial, metric, is_lower))
        found = compare(*(trial.run_id for trial in named), only_differences=differing)
    else:
        sort = None if metric is None else f"{'' if is_lower else '-'}{Key(Kind.metric, metric).text}"
        found = compare(experiment=experiment, sort=sort, limit=limit, only_differences=differing)
    if metric is not None:
        _put_first(found, metric, best, experiment)
    return found


def _put_first(found: Comparison, metric: str, best: str | None, experiment: str) -> None:
    """The row of the metric before all others, with the best value as it was asked for."""
    rows = found.answer.rows
    for at, row in enumerate(rows):
        if row.kind == Kind.metric and row.name == metric:
            rows.insert(0, rows.pop(at))
            row.better = best or row.better
            return
    known = [trial.metrics for trial in islice(all_trials(current(), experiment), _LOOKED_AT)]
    if known and not any(metric in each for each in known):  # else it is not among those that are shown
        names = sorted({name for each in known for name in each})
        raise NotFound(
            f"No trial of {experiment!r} has a metric {metric!r}.", hint=f"There are {', '.join(names[:20]) or 'none'}."
        )


def _rank(trial: Trial, metric: str, is_lower: bool) -> float:
    """Smaller is better; what is no number comes last."""
    value = trial.metrics.get(metric)
    return math.inf if value is None or not math.isfinite(value) else value if is_lower else -value


def _named(trials: Sequence[Trial], name: str, experiment: str) -> Trial:
    """The newest trial with this name, or the one whose run id begins so."""
    for trial in trials:
        if trial.name == name:
            return trial
    matches = [trial for trial in trials if trial.run_id.startswith(name)]
    if len(matches) != 1:
        what = "no trial" if not matches else f"{len(matches)} trials"
        raise NotFound(f"There is {what} {name!r} in {experiment!r}.", hint=f"%compare {experiment} shows them.")
    return matches[0]

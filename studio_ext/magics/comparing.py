"""Which trials ``%compare`` compares."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from studio_ext.contract.errors import NotFound
from studio_ext.magics.tables import Comparison
from studio_ext.sdk.connection import current
from studio_ext.sdk.entities import settle
from studio_ext.sdk.frames import all_trials

if TYPE_CHECKING:
    from studio_ext.contract.experiments import Trial

_LOOKED_AT = 5000


def compare_trials(
    experiment: str,
    *,
    metric: str | None,
    best: int | None,
    names: Sequence[str],
    differing: bool,
    limit: int,
) -> Comparison:
    """The newest trials, or those that are named, of an experiment. Raises ``NotFound``."""
    settle()
    found = list(islice(all_trials(current(), experiment), _LOOKED_AT))
    if names:
        shown = [_named(found, name, experiment) for name in names]
    elif metric is not None:
        shown = [trial for trial in found if metric in trial.metrics]
    else:
        shown = found[:limit]
    if metric is not None and found and not any(metric in trial.metrics for trial in found):
        known = sorted({key for trial in found for key in trial.metrics})
        raise NotFound(
            f"No trial of {experiment!r} has a metric {metric!r}.", hint=f"There are {', '.join(known[:20]) or 'none'}."
        )
    comparison = Comparison(experiment, shown, metric=metric, best=best, differing=differing)
    del comparison.trials[max(limit, len(names)) :]
    return comparison


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

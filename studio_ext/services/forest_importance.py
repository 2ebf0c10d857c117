"""How much each of some features matters for a target: what a forest of trees loses when a feature is shuffled."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_TREES = 40
_FOLDS = 4
_REPEATS = 3
"""Shufflings of each feature in each fold."""
_FITTED = 1_000
"""Most rows that one tree is fitted to: more tell hardly more, and take longer."""
_PREDICTED = 20_000
"""Rows that are predicted at once: what is shuffled takes this much memory, not all of it."""
_SEED = 0
_REACH = 1.5
"""Values further from the middle half than this many times its width count as if they were no further: one loss of
1e30 would be all that there is to explain."""


@dataclass(frozen=True)
class Found:
    """What the forests tell."""

    importances: Numbers
    """Share of each feature in what all explain, 0 to 1."""
    spreads: Numbers
    """Standard deviation of each over folds and shufflings."""
    score: float
    """Cross-validated R²: how well a target is told from the features, at most 1."""


def forest_importance(features: Numbers, target: Numbers) -> Found:
    """Permutation importance on held-out rows, over several folds; the same input gives the same answer.

    Parameters
    ----------
    features:
        Shape (rows, features), ranks as :func:`ranks` makes them.
    target:
        Shape (rows,), finite, at least 10 of them, not all the same.

    Notes
    -----
    L. Breiman, Random Forests, Machine Learning 45, 2001, section 10; on rows that the forest has not seen, so that a
    feature of noise, to which trees fit well, gets nothing.
    """
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.model_selection import KFold

    goal = _tamed(target)
    rng = np.random.default_rng(_SEED)
    predicted = np.empty(len(goal))
    losses: list[Numbers] = []
    for fitted, held in KFold(_FOLDS, shuffle=True, random_state=_SEED).split(features):
        forest = RandomForestRegressor(
            _TREES,
            max_features=_share(features.shape[1]),
            max_samples=min(len(fitted), _FITTED),
            random_state=_SEED,
            n_jobs=1,
        )
        forest.fit(features[fitted], goal[fitted])
        predicted[held] = forest.predict(features[held])
        before = np.mean((goal[held] - predicted[held]) ** 2)
        after = _shuffled_errors(forest, features[held], goal[held], rng)
        losses.append((after - before) / np.var(goal))
    drops = np.concatenate(losses)  # (folds * repeats, features)
    mean = np.maximum(drops.mean(axis=0), 0.0)
    total = mean.sum()
    score = 1.0 - float(np.mean((goal - predicted) ** 2) / np.var(goal))
    if total <= 0.0:
        nothing = np.zeros(features.shape[1])
        return Found(nothing, nothing, score)
    return Found(mean / total, drops.std(axis=0) / total, score)


def _share(features: int) -> float:
    """Features that a tree may choose from at each branch: not all, or the strongest would hide all others."""
    return max(2.0 / features, 0.5) if features > 2 else 1.0


def _shuffled_errors(forest: object, features: Numbers, goal: Numbers, rng: np.random.Generator) -> Numbers:
    """Mean squared error after each feature was shuffled, several times; shape (repeats, features)."""
    rows, count = features.shape
    errors = np.empty((_REPEATS, count))
    at_once = max(1, _PREDICTED // max(1, rows))
    tries = [(repeat, feature) for repeat in range(_REPEATS) for feature in range(count)]
    for first in range(0, len(tries), at_once):
        part = tries[first : first + at_once]
        changed = np.tile(features, (len(part), 1, 1))
        for at, (_, feature) in enumerate(part):
            changed[at, :, feature] = features[rng.permutation(rows), feature]
        predicted = forest.predict(changed.reshape(-1, count)).reshape(len(part), rows)  # type: ignore[attr-defined]
        for at, (repeat, feature) in enumerate(part):
            errors[repeat, feature] = np.mean((goal - predicted[at]) ** 2)
    return errors


def _tamed(target: Numbers) -> Numbers:
    """The target without its outliers and about as large as 1: squares of 1e200 are no numbers."""
    first, third = np.quantile(target, [0.25, 0.75], method="lower").tolist()
    size = max(abs(first), abs(third))
    values = target
    if first != third:
        with np.errstate(over="ignore"):
            reach = np.float64(_REACH * (third / size - first / size)) * size
            values = np.clip(target, first - reach, third + reach)
    values = values / np.abs(values).max()
    middle = values.mean()
    spread = values.std()
    return np.asarray((values - middle) / spread if spread > 0 else values - middle)


def ranks(values: Numbers) -> Numbers:
    """Position of each value among the different ones, -1 for NaN: trees see the order only, whatever the scale."""
    found = np.full(len(values), -1.0)
    there = ~np.isnan(values)
    found[there] = np.unique(values[there], return_inverse=True)[1]
    return found


def spearman(first: Numbers, second: Numbers) -> float | None:
    """Spearman's correlation over the rows where both are numbers; None where there are too few, or all are equal."""
    there = ~(np.isnan(first) | np.isnan(second))
    if there.sum() < 3:
        return None
    a, b = _mean_ranks(first[there]), _mean_ranks(second[there])
    if a.std() == 0 or b.std() == 0:
        return None
    found = float(np.corrcoef(a, b)[0, 1])
    return max(-1.0, min(1.0, found)) if math.isfinite(found) else None


def _mean_ranks(values: Numbers) -> Numbers:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[places])

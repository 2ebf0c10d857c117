"""How much each parameter matters for a metric, over the columns of the trial index."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from studio_ext.contract.comparison import Importance, ImportanceQuery, ParameterImportance
from studio_ext.contract.errors import FieldError, InvalidRequest, NotFound
from studio_ext.contract.trial_table import TrialQuery
from studio_ext.contract.views import TrialSource
from studio_ext.core.trial_keys import Key, Kind
from studio_ext.ports.trial_index import Numbers, Rows, TrialColumns, TrialIndex
from studio_ext.services.forest_importance import Found, forest_importance, ranks, spearman
from studio_ext.services.trial_query.evaluate import STARTED, numbers
from studio_ext.services.trial_query.tables import TrialTables, key_of

MAX_TRIALS = 5_000
MAX_PARAMETERS = 100
_FEWEST = 10
"""From fewer trials nothing is told."""
_FEW = 30
_KEPT = 32
"""Answers that are kept."""


@dataclass(frozen=True)
class _Part:
    """Trials of one experiment."""

    columns: TrialColumns
    rows: Rows


@dataclass(frozen=True)
class _Feature:
    """A parameter, with a value for each trial."""

    key: Key
    ranks: Numbers
    numbers: Numbers | None
    """None for one that is no number."""


class Importances:
    """Thread-safe: one is worked out at a time, and kept for those who ask the same. Raises ``StudioError``."""

    def __init__(self, index: TrialIndex, tables: TrialTables, clock: Callable[[], float] = time.time) -> None:
        """``clock``: epoch seconds."""
        self._index = index
        self._tables = tables
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, Found] = OrderedDict()

    def importance(self, query: ImportanceQuery) -> Importance:
        """Parameters, most important first.

        Of a source with a filter all trials that match count, whatever its ``limit``, and of very many the newest
        :data:`MAX_TRIALS`. Of very many parameters those count that most trials have. Raises as ``compare``.
        """
        now = self._clock()
        key = key_of(query.metric, "metric")
        parts, goal = self._trials(query.sources, key, now)
        answer = Importance(metric=query.metric, name=key.name, trials=len(goal), items=[])
        if len(goal) < _FEWEST:
            answer.thin = f"Only {_trials(len(goal))} with a finite value of {key.name}: it takes {_FEWEST} or more."
            return answer
        if goal.min() == goal.max():
            answer.thin = f"{key.name} is the same in all {_trials(len(goal))}."
            return answer
        features, answer.left_out = _features(parts, key)
        if not features:
            answer.thin = f"No parameter differs between the {_trials(len(goal))}."
            return answer
        found = self._find(np.column_stack([each.ranks for each in features]), goal)
        answer.items = _items(features, found, goal)
        answer.score = round(found.score, 4)
        answer.thin = _doubt(found, key.name, len(goal))
        return answer

    def _trials(self, sources: Sequence[TrialSource], key: Key, now: float) -> tuple[list[_Part], Numbers]:
        """Trials with a finite value, each once, and these values."""
        chosen: dict[str, tuple[TrialColumns, dict[int, None]]] = {}
        for at, source in enumerate(sources):
            try:
                columns, rows = self._rows(source, f"sources.{at}")
            except NotFound:
                if not source.run_ids:
                    raise
                continue
            latest, places = chosen.get(source.experiment, (columns, {}))
            if latest.generation == columns.generation:  # else rows have other numbers: built anew in this moment
                places.update(dict.fromkeys(rows.tolist()))
                if columns.size > latest.size:  # trials were added between two sources: the first has no such rows
                    latest = columns
            chosen[source.experiment] = (latest, places)
        parts, goals, started = [], [], []
        for columns, places in chosen.values():
            found = np.array(sorted(places), dtype=np.int64)
            values = numbers(columns, key, now)[found]
            finite = np.isfinite(values)
            parts.append(_Part(columns, found[finite]))
            goals.append(values[finite])
            started.append(columns.numbers(STARTED)[found[finite]])
        goal = np.concatenate(goals) if goals else np.empty(0)
        if len(goal) <= MAX_TRIALS:
            return parts, goal
        newest = np.zeros(len(goal), dtype=bool)
        newest[np.argsort(-np.nan_to_num(np.concatenate(started)), kind="stable")[:MAX_TRIALS]] = True
        pieces = np.split(newest, np.cumsum([len(each) for each in goals])[:-1])
        return [_Part(part.columns, part.rows[kept]) for part, kept in zip(parts, pieces, strict=True)], goal[newest]

    def _rows(self, source: TrialSource, field: str) -> tuple[TrialColumns, Rows]:
        if not source.run_ids:
            try:
                columns, result = self._tables.find(
                    TrialQuery.model_construct(experiment=source.experiment, filter=source.filter)
                )
            except InvalidRequest as error:
                fields = [FieldError(field=f"{field}.{each.field}", message=each.message) for each in error.fields]
                raise InvalidRequest(error.message, hint=error.hint, fields=fields) from None
            return columns, result.matched
        columns = self._index.open(source.experiment)
        rows = columns.rows_of(source.run_ids)
        found = rows[rows >= 0]
        return columns, found[columns.active()[found]]

    def _find(self, features: Numbers, goal: Numbers) -> Found:
        digest = hashlib.blake2b(features.tobytes(), digest_size=16)
        digest.update(goal.tobytes())
        token = digest.digest()
        with self._lock:  # many who ask must not take all processors
            if token not in self._kept:
                self._kept[token] = forest_importance(features, goal)
            self._kept.move_to_end(token)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[token]


def _features(parts: Sequence[_Part], metric: Key) -> tuple[list[_Feature], int]:
    """Parameters that differ, and how many there are too many."""
    keys: dict[Key, int] = {}
    for part in parts:
        for key in part.columns.keys((Kind.parameter,)):
            if key != metric:
                keys[key] = keys.get(key, 0) + int(part.columns.present(key)[part.rows].sum())
    found = []
    # Those that most trials have, first; of as many, by name.
    for key in sorted((key for key, count in keys.items() if count), key=lambda key: (-keys[key], key.name)):
        feature = _feature(parts, key)
        if (feature.ranks != feature.ranks[0]).any():
            found.append(feature)
    return found[:MAX_PARAMETERS], max(0, len(found) - MAX_PARAMETERS)


def _feature(parts: Sequence[_Part], key: Key) -> _Feature:
    values = np.concatenate([part.columns.numbers(key)[part.rows] for part in parts])
    there = np.concatenate([part.columns.present(key)[part.rows] for part in parts])
    if not np.isnan(values[there]).any():
        return _Feature(key, ranks(values), values)
    texts = [text for part in parts for text in part.columns.texts(key, part.rows)]
    positions = {text: at for at, text in enumerate(sorted({each for each in texts if each is not None}))}
    return _Feature(key, np.array([-1.0 if each is None else positions[each] for each in texts]), None)


def _items(features: Sequence[_Feature], found: Found, goal: Numbers) -> list[ParameterImportance]:
    items = []
    for at, feature in enumerate(features):
        correlation = None if feature.numbers is None else spearman(feature.numbers, goal)
        items.append(
            ParameterImportance(
                key=feature.key.text,
                name=feature.key.name,
                importance=round(float(found.importances[at]), 6),
                spread=round(float(found.spreads[at]), 6),
                correlation=None if correlation is None else round(correlation, 4),
            )
        )
    return sorted(items, key=lambda each: (-each.importance, each.name))


def _doubt(found: Found, metric: str, trials: int) -> str:
    """Why little is to be made of it; empty: nothing speaks against it."""
    if not math.isfinite(found.score) or found.score <= 0.0 or not found.importances.any():
        return f"The parameters tell nothing of {metric}: it does not follow from them, or the trials are too few."
    if found.score < 0.2:
        return f"The parameters tell little of {metric}."
    if trials < _FEW:
        return f"Out of {_trials(trials)} only: a hint, no more."
    return ""


def _trials(count: int) -> str:
    return f"{count} trial" if count == 1 else f"{count:,} trials"

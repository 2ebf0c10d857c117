"""Trials side by side: what they have in common, and what differs. Over the columns of the trial index."""

from __future__ import annotations

import itertools
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studio_ext.contract.comparison import (
    MAX_COMPARED_ROWS,
    ComparedRow,
    ComparedTrial,
    CompareQuery,
    Comparison,
)
from studio_ext.contract.errors import FieldError, InvalidRequest, NotFound
from studio_ext.contract.trial_table import IndexPhase, IndexState, TrialQuery, Value
from studio_ext.contract.views import MAX_TRIALS, TrialSource, ViewChart
from studio_ext.core.metric_direction import better
from studio_ext.core.trial_keys import Key, Kind, Summary, parse_number
from studio_ext.ports.trial_index import Rows, TrialColumns, TrialIndex
from studio_ext.services.suited_charts import suited_charts
from studio_ext.services.trial_query.cells import cells, spelt
from studio_ext.services.trial_query.tables import TrialTables, key_of

_KINDS = (Kind.parameter, Kind.metric, Kind.tag, Kind.attribute)
"""In the order of the rows."""
_ATTRIBUTES = ("status", "started", "ended", "duration", "notebook", "commit", "dirty", "user", "parent")
"""Attributes that are compared; name, run id and job are what each trial has to itself."""
_NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})
_DIGITS = re.compile(r"[+-]?\d+\Z", re.ASCII)
_EXACT = 2.0**53


@dataclass(frozen=True)
class _Part:
    """The trials of one experiment among those that are compared."""

    experiment: str
    columns: TrialColumns
    rows: Rows
    places: list[int]
    """Where each stands in the comparison."""


class Comparisons:
    """Thread-safe. Raises ``StudioError``."""

    def __init__(self, index: TrialIndex, tables: TrialTables, clock: Callable[[], float] = time.time) -> None:
        """``clock``: epoch seconds."""
        self._index = index
        self._tables = tables
        self._clock = clock

    def compare(self, query: CompareQuery) -> Comparison:
        """Trials and the rows of their table.

        What is not there is told in ``missing``, so that a comparison goes on when one of its trials is deleted. Where
        there are more rows than ``limit``, those that differ are kept before others.

        Raises ``InvalidRequest`` for a filter or a column that is wrong, ``NotFound`` for a filter of an experiment
        that is not there, and ``Unavailable`` while nothing is known of an experiment yet.
        """
        now = self._clock()
        wanted = [key_of(text, f"keys.{at}") for at, text in enumerate(query.keys)]
        parts, missing, left_out = self._find(query.sources)
        rows = _Rows(parts, now)
        keys = rows.keys()
        differing = {key for key in keys if rows.differs(key)}
        text = query.text.casefold()
        matching = [
            key
            for key in keys
            if (not query.only_differences or key in differing) and (not text or text in key.name.casefold())
        ]
        # A stable sort: kinds stay in their order, names in theirs.
        shown = sorted(matching, key=lambda key: key not in differing)[: query.limit]
        shown = list(dict.fromkeys([*shown, *wanted]))
        trials = _trials(parts)
        return Comparison.model_construct(
            trials=trials,
            rows=[rows.row(key) for key in rows.arranged(shown)],
            total_rows=len(matching),
            differing_rows=len(differing),
            missing=missing,
            left_out=left_out,
            charts=_suited(rows, keys, len(trials)) if query.suited else [],
            index=self._state([each.experiment for each in query.sources]),
        )

    def _find(self, sources: Sequence[TrialSource]) -> tuple[list[_Part], list[str], int]:
        """The trials, those that are not there, and how many there are too many."""
        found: dict[str, str] = {}  # the experiment of each run
        columns: dict[str, TrialColumns] = {}
        left_out: set[str] = set()
        missing: dict[str, None] = {}
        for at, source in enumerate(sources):
            try:
                columns[source.experiment], run_ids = self._run_ids(source, f"sources.{at}")
            except NotFound:
                if not source.run_ids:
                    raise
                missing.update(dict.fromkeys(source.run_ids))
                continue
            for run_id in run_ids:
                if len(found) < MAX_TRIALS:
                    found.setdefault(run_id, source.experiment)
                elif run_id not in found:
                    left_out.add(run_id)
        active = _active_rows(columns, found)
        rows: dict[str, list[int]] = {each: [] for each in columns}
        places: dict[str, list[int]] = {each: [] for each in columns}
        count = 0
        for run_id, experiment in found.items():
            row = active.get(run_id)
            if row is None:
                missing[run_id] = None
                continue
            rows[experiment].append(row)
            places[experiment].append(count)
            count += 1
        parts = [
            _Part(each, columns[each], np.array(rows[each], dtype=np.int64), places[each])
            for each in columns
            if rows[each]
        ]
        # One whose experiment is gone may be named as another's, too.
        return parts, [each for each in missing if each not in active], len(left_out)

    def _run_ids(self, source: TrialSource, field: str) -> tuple[TrialColumns, Sequence[str]]:
        if source.run_ids:
            return self._index.open(source.experiment), source.run_ids
        query = TrialQuery.model_construct(experiment=source.experiment, filter=source.filter, sort=source.sort)
        try:
            columns, result = self._tables.find(query)
        except InvalidRequest as error:
            fields = [FieldError(field=f"{field}.{each.field}", message=each.message) for each in error.fields]
            raise InvalidRequest(error.message, hint=error.hint, fields=fields) from None
        return columns, columns.run_ids(result.order.part(0, source.limit))

    def _state(self, experiments: Iterable[str]) -> IndexState:
        """Of the experiment that is furthest behind."""
        states = [self._index.state(each) for each in dict.fromkeys(experiments)]
        return next((each for each in states if each.phase is not IndexPhase.ready), states[0])


class _Rows:
    """Values of all the trials, in their order."""

    def __init__(self, parts: Sequence[_Part], now: float) -> None:
        self._parts = parts
        self._now = now
        self._count = sum(len(each.places) for each in parts)
        self._values: dict[Key, list[Value]] = {}
        self._differs: dict[Key, bool] = {}
        self._rows: dict[Key, ComparedRow] = {}

    def keys(self) -> list[Key]:
        """Columns in which any of the trials has a value."""
        found = dict.fromkeys(
            itertools.chain(
                itertools.chain.from_iterable(part.columns.keys() for part in self._parts),
                (Key(Kind.attribute, name) for name in _ATTRIBUTES),
            )
        )
        there = [key for key in found if any(each is not None for each in self.values(key))]
        return sorted(there, key=lambda key: (_KINDS.index(key.kind), _natural(key.name)))

    def arranged(self, keys: Iterable[Key]) -> list[Key]:
        """In the order of a table: by kind, then those that differ before others, then by name."""
        return sorted(keys, key=lambda key: (_KINDS.index(key.kind), not self.differs(key), _natural(key.name)))

    def values(self, key: Key) -> list[Value]:
        """None where a trial has none."""
        if key not in self._values:
            values: list[Value] = [None] * self._count
            for part in self._parts:
                for place, value in zip(part.places, cells(part.columns, key, part.rows, self._now), strict=True):
                    values[place] = value
            self._values[key] = values
        return self._values[key]

    def differs(self, key: Key) -> bool:
        """Whether not all have the same value; ``0.1`` is the same as ``0.10``."""
        if key not in self._differs:
            values = self.values(key)
            found = set(values) if _are_plain(values) else {_comparable(each) for each in values}
            self._differs[key] = len(found) > 1
        return self._differs[key]

    def row(self, key: Key) -> ComparedRow:
        """One row of the table."""
        if key not in self._rows:
            self._rows[key] = self._row(key)
        return self._rows[key]

    def _row(self, key: Key) -> ComparedRow:
        values = self.values(key)
        numbers = values if _are_plain(values) else [_as_number(each) for each in values]
        has_value = [each is not None for each in values]
        numeric = any(has_value) and all(each is not None for each, has in zip(numbers, has_value, strict=True) if has)
        is_metric = key.kind is Kind.metric
        return ComparedRow.model_construct(
            key=key.text,
            kind=str(key.kind),
            name=key.name if key.summary is Summary.last else f"{key.name} ({key.summary})",
            numeric=numeric,
            differs=self.differs(key),
            better=better(key.name) if is_metric else None,
            values=numbers if numeric else values,
            lows=self._bounds(key, Summary.minimum) if is_metric else [],
            highs=self._bounds(key, Summary.maximum) if is_metric else [],
        )

    def _bounds(self, key: Key, summary: Summary) -> list[float | None]:
        bounds: list[float | None] = [None] * self._count
        for part in self._parts:
            found = part.columns.numbers(Key(key.kind, key.name, summary))[part.rows].tolist()
            for place, number in zip(part.places, found, strict=True):
                bounds[place] = number if math.isfinite(number) else None
        return bounds


def _suited(rows: _Rows, keys: Iterable[Key], trials: int) -> list[ViewChart]:
    """Charts that suit the trials, whatever rows are asked for."""
    telling = sorted(
        (key for key in keys if key.kind in (Kind.parameter, Kind.metric)), key=lambda key: not rows.differs(key)
    )[:MAX_COMPARED_ROWS]
    return suited_charts([rows.row(key) for key in rows.arranged(telling)], trials)


def _active_rows(columns: Mapping[str, TrialColumns], runs: Mapping[str, str]) -> dict[str, int]:
    """Rows of those trials that are there and not deleted. ``runs``: the experiment of each."""
    found: dict[str, int] = {}
    for experiment, part in columns.items():
        run_ids = [each for each, theirs in runs.items() if theirs == experiment]
        active = part.active()
        rows = zip(run_ids, part.rows_of(run_ids).tolist(), strict=True)
        found.update({run_id: row for run_id, row in rows if row >= 0 and active[row]})
    return found


def _trials(parts: Sequence[_Part]) -> list[ComparedTrial]:
    found: list[tuple[int, ComparedTrial]] = []
    for part in parts:
        names, states, jobs = (
            part.columns.texts(Key(Kind.attribute, name), part.rows) for name in ("name", "status", "job")
        )
        started, ended = (
            part.columns.numbers(Key(Kind.attribute, name))[part.rows].tolist() for name in ("started", "ended")
        )
        for at, run_id in enumerate(part.columns.run_ids(part.rows)):
            trial = ComparedTrial.model_construct(
                run_id=run_id,
                experiment=part.experiment,
                name=names[at] or "",
                status=states[at] or "",
                started=started[at] if math.isfinite(started[at]) else None,
                ended=ended[at] if math.isfinite(ended[at]) else None,
                job_id=jobs[at],
            )
            found.append((part.places[at], trial))
    return [trial for _, trial in sorted(found, key=lambda each: each[0])]


_PLAIN = {int, float, type(None)}


def _are_plain(values: Sequence[Value]) -> bool:
    """Whether these are numbers, and nothing else: that is most of them, and quick to see."""
    return {type(each) for each in values} <= _PLAIN


def _as_number(value: Value) -> Value:
    """A value as the number that it is; None for one that is none, or would lose something: ids, ``007``."""
    if isinstance(value, bool) or value is None:
        return None
    if not isinstance(value, str) or value in _NOT_FINITE:
        return value
    number = parse_number(value)
    return None if number is None or _DIGITS.match(value) else spelt(number)


def _comparable(value: Value) -> Value:
    """What is the same for values that mean the same."""
    if not isinstance(value, str):
        return value
    number = parse_number(value)
    if number is None or (abs(number) >= _EXACT and _DIGITS.match(value)):
        return value
    return "nan" if math.isnan(number) else number


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """``layer2`` before ``layer10``, upper and lower case beside each other."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(0, int(each), "") if each.isdecimal() and len(each) < 20 else (1, 0, each) for each in parts], name

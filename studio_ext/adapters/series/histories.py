"""Answers questions for histories: what the store has, kept so that it is read once, and what journals have beyond."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.series.column import Column, Gone
from studio_ext.adapters.series.columns import Columns
from studio_ext.adapters.series.journals import Journals
from studio_ext.adapters.series.sources import HistorySource, RunFacts, Want
from studio_ext.contract.errors import NotFound, Unavailable
from studio_ext.contract.series import MAX_ANSWERED, PREVIEWED, SampledSeries, SeriesPage, SeriesQuery
from studio_ext.core.log_calls import LoggedValue
from studio_ext.core.packed_series import pack
from studio_ext.core.sampling import between, sample

TURN_SECONDS = 0.4
"""How long one question reads; what takes longer is read in several."""
FIRST_SECONDS = 0.06
"""How long it reads for whoever follows them and has nothing yet, once there is something of each metric: some lines
now are better than all of them later."""
PREVIEW_SECONDS = 0.01
"""How long before the rest is shown as previews, where the store has them;"""
MOST_PREVIEW_SECONDS = 0.1
"""and how long those take at most."""
PREVIEW_VALUES = 2_500
"""Of all previews of one answer, about."""
EXPECT_SECONDS = 0.1
"""How long is read what somebody is about to ask for."""
PROGRAM_SECONDS = 0.05
"""How long a program's question reads at least while somebody who looks at charts waits."""
FEW_POINTS = 4
_RECENT = 1_000
"""Values of the store among which one of a journal is looked for."""


@dataclass(frozen=True)
class _View:
    """A series as it is while one question is answered."""

    run_id: str
    metric: str
    ahead: list[LoggedValue]
    """Values that the store has not got."""
    column: Column
    not_finite: int
    is_preview: bool
    grows: bool
    """Whether the places of the axis that is asked for are in order."""
    started: float

    @property
    def count(self) -> int:
        return self.column.count + len(self.ahead)


@dataclass(frozen=True)
class _Sampled:
    """What is answered of a series."""

    facts: dict[str, Any]
    """Fields of :class:`SampledSeries` but the points."""
    steps: NDArray[Any]
    times: NDArray[Any]
    values: NDArray[np.float64]


class Histories:
    """The histories of a workspace. Thread-safe; a question waits for the turn of the one before, which is a short one
    where somebody looks at charts while the one before is of a program."""

    def __init__(self, source: HistorySource, columns: Columns, journals: Journals) -> None:
        self._source = source
        self._columns = columns
        self._journals = journals
        self._lock = threading.Lock()
        self._followers: deque[None] = deque()
        """One for each question that waits, of those who look at charts."""
        self._epoch = secrets.token_hex(4)
        self._generation = 0
        self._begun_over: set[tuple[str, str]] = set()
        """Series whose reading began when their run was over, and goes on."""
        self._expected: frozenset[tuple[str, str]] = frozenset()
        """Series that were last read before they were asked for: a page that looks again and again says the same."""

    def page(self, query: SeriesQuery) -> SeriesPage:
        """Some series, as far as one turn gets."""
        page, found = self._ask(query)
        for each in found:
            values: list[float | None] = each.values.tolist()
            if np.isnan(each.values).any():
                values = [None if value != value else value for value in values]
            page.series.append(
                SampledSeries.model_construct(
                    **each.facts, step=each.steps.tolist(), time=each.times.tolist(), value=values
                )
            )
        return page

    def packed(self, query: SeriesQuery) -> bytes:
        """The same, as :mod:`studio_ext.core.packed_series` has it; always with the places of the axis alone."""
        page, found = self._ask(query)
        for each in found:
            page.series.append(SampledSeries.model_construct(**each.facts, step=[], time=[], value=[]))
        points = [(each.steps if query.x == "step" else each.times, each.values) for each in found]
        return pack(page.model_dump_json().encode(), points)

    def expect(self, run_ids: Sequence[str], metrics: Sequence[str]) -> None:
        """Begin to read what somebody is about to ask for, for as long as they can be kept waiting. Of SQLite
        only: a store elsewhere may take its time, and is asked by those who want to know. Nothing is read while
        somebody else reads, nor what was expected last; what goes wrong is told to whoever asks.
        """
        keys = frozenset((run_id, metric) for run_id in run_ids for metric in metrics)
        if not self._source.tells_changes or not self._lock.acquire(blocking=False):
            return
        try:
            if keys != self._expected:
                self._expected = keys
                deadline = time.monotonic() + EXPECT_SECONDS
                self._look()
                facts = self._source.runs(run_ids)
                self._read([each for each in run_ids if each in facts], metrics, facts, deadline)
                self._columns.make_room(set(keys))
        except (NotFound, Unavailable):
            self._expected = frozenset()
        finally:
            self._lock.release()

    def keep(self, run_id: str, metrics: Sequence[str], *, ended: float, seconds: float) -> bool:
        """Have series of a run that is over in files, for whoever asks for them later. Returns whether there is more to
        read, after about so many seconds; else nothing of them stays in memory. Raises ``Unavailable``, and ``OSError``
        where files cannot be written. ``ended``: seconds since the epoch, the date of the files.
        """
        keys = {(run_id, metric) for metric in metrics}
        has_more = False
        with self._lock:
            try:
                deadline = time.monotonic() + seconds
                self._columns.dated = ended
                self._look()
                facts = self._source.runs([run_id])
                if run_id in facts and facts[run_id].is_over:
                    self._read([run_id], metrics, facts, deadline)
                    has_more = not self._columns.put_away(keys)
                self._columns.make_room(keys)
            finally:
                if not has_more:
                    self._begun_over -= keys
                    for key in keys:
                        self._columns.forget(*key)
        return has_more

    def _ask(self, query: SeriesQuery) -> tuple[SeriesPage, list[_Sampled]]:
        run_ids = list(dict.fromkeys(query.run_ids))
        metrics = list(dict.fromkeys(query.metrics))
        if not _is_of_chart(query):
            with self._lock:
                return self._answer(query, run_ids, metrics)
        self._followers.append(None)
        try:
            self._lock.acquire()
        finally:
            self._followers.pop()
        try:
            return self._answer(query, run_ids, metrics)
        finally:
            self._lock.release()

    def _answer(self, query: SeriesQuery, run_ids: list[str], metrics: list[str]) -> tuple[SeriesPage, list[_Sampled]]:
        """An answer without series, and its series."""
        known = _known(query)
        has_nothing = bool(query.known) and not known
        deadline = time.monotonic() + TURN_SECONDS
        ahead = self._journals.read(run_ids)
        recorded = self._journals.open_runs(run_ids)
        facts: dict[str, RunFacts] = {}
        message = ""
        is_over = False  # nor before all that has grown was read: nobody would ask for the rest
        previews: dict[tuple[str, str], Column] = {}
        try:
            self._look()
            facts = self._source.runs(run_ids)
            there = [each for each in run_ids if each in facts]
            is_over = self._read(
                there, metrics, facts, deadline, is_first=has_nothing, gives_way=not _is_of_chart(query)
            )
            if query.known and self._source.can_preview:
                previews = self._previews(_unknown(query, there))
        except NotFound as error:
            message = error.message
        except Unavailable as error:
            message = error.message
        self._columns.make_room({(run_id, metric) for run_id in run_ids for metric in metrics})
        generation = f"{self._epoch}:{self._generation}"
        if query.generation != generation:
            known = {}
        views = []
        waiting: set[str] = set()
        read = 0
        for run_id in run_ids:
            if run_id not in facts and not message:
                continue
            fact = facts.get(run_id, RunFacts(None, False))
            is_over &= fact.is_over and run_id not in recorded
            for metric in metrics:
                key = (run_id, metric)
                column, _ = self._columns.get(*key)
                try:
                    view = _view(query.x, key, previews.get(key, column), ahead.get(key, ()), fact, key in previews)
                except Gone:
                    self._columns.forget(run_id, metric)
                    waiting.add(run_id)
                    continue
                is_over &= not view.ahead
                if not column.is_done:
                    waiting.add(run_id)
                    read += column.count
                # A preview stays until all is there: half of it would say less.
                is_waited_for = known.get(key) == PREVIEWED and not column.is_done
                if view.count and view.count != known.get(key, 0) and not is_waited_for:
                    views.append(view)
        most = max(FEW_POINTS, min(query.max_points, MAX_ANSWERED // max(1, len(views))))
        series: list[_Sampled] = []
        for view in views:  # one after the other: not all of them are open at a time
            try:
                found = _sampled(view, query, most, known.get((view.run_id, view.metric), 0))
            except Gone:
                self._columns.forget(view.run_id, view.metric)
                waiting.add(view.run_id)
            else:
                if found is not None:
                    series.append(found)
        if message:
            waiting, read = set(), 0  # nothing is read just now
        page = SeriesPage.model_construct(
            series=[],
            generation=generation,
            more=bool(waiting),
            read=read,
            waiting=len(waiting),
            complete=is_over and not waiting,
            missing=[] if message else [each for each in run_ids if each not in facts and each not in recorded],
            message=message,
        )
        return page, series

    def _look(self) -> None:
        """See what is new in the store; what was read does not count where its marks do not."""
        self._source.look()
        if self._source.generation != self._generation:
            self._columns.clear()
            self._generation = self._source.generation

    def _read(
        self,
        run_ids: Sequence[str],
        metrics: Sequence[str],
        facts: dict[str, RunFacts],
        deadline: float,
        *,
        is_first: bool = False,
        gives_way: bool = False,
    ) -> bool:
        """Read on what is not read to its end, and what has grown. Returns whether there was time for all of it.
        ``is_first``: something of each metric is enough, or nothing where there are previews. ``gives_way``: while
        somebody waits who looks at charts, of what was not read to its end before something is enough.
        """
        empty = set(metrics)
        new: list[Want] = []
        done: list[Want] = []
        for run_id in run_ids:
            is_over = facts[run_id].is_over
            for metric in metrics:
                column, is_loaded = self._columns.get(run_id, metric)
                if is_loaded and not self._source.is_valid(column.mark):
                    column = self._anew(run_id, metric)
                if column.is_done and is_over and not column.is_sealed and not self._source.tells_changes:
                    # Such a store is read on by time: what came late, for an earlier time, is found at the end only.
                    column = self._anew(run_id, metric)
                if column.count:
                    empty.discard(metric)
                if not column.mark and is_over:
                    self._begun_over.add((run_id, metric))
                if not column.is_done:
                    new.append(Want(run_id, metric, column.mark))
                else:  # one that is over, too: MLflow takes more of it, and lets it go on again
                    done.append(Want(run_id, metric, column.mark))
        grown = self._source.grown(done) if done else []
        now = self._source.mark_now()
        if now is not None:
            for each in set(done).difference(grown):
                self._columns.get(each.run_id, each.metric)[0].mark = now
        # What is read as a whole again, and can be told to be over, is whole then.
        self._begun_over.update(
            (each.run_id, each.metric) for each in grown if not each.mark and facts[each.run_id].is_over
        )
        marks = {(each.run_id, each.metric): each.mark for each in (*new, *grown)}
        left = set(marks)
        # Of these an answer says that there is more; of what has grown it would not.
        unread = {(each.run_id, each.metric) for each in new}
        program_turn = time.monotonic() + PROGRAM_SECONDS
        enough = deadline
        if is_first:
            can_preview = self._source.can_preview
            enough = time.monotonic() + (PREVIEW_SECONDS if can_preview else FIRST_SECONDS)
            empty = set() if can_preview else empty
        for pieces in self._source.read([*new, *grown]):
            for piece in pieces:
                key = (piece.run_id, piece.metric)
                if piece.is_whole or self._columns.get(*key)[0].mark == marks[key]:  # else another process's by now
                    self._columns.add(*key, piece, is_sealed=piece.is_done and key in self._begun_over)
                    marks[key] = piece.mark
                    if piece.is_done:
                        self._begun_over.discard(key)
                if len(piece.value):
                    empty.discard(piece.metric)
                if piece.is_done:
                    left.discard(key)
            moment = time.monotonic()
            if moment > deadline or (moment > enough and not empty):
                return not left
            if gives_way and self._followers and moment > program_turn and not unread.isdisjoint(left):
                return False
        return True

    def _previews(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Column]:
        """Of those series that are not read to their ends; of some of them, where it takes long. Of one with few steps
        there is none: it would have a dot in the place of all that is of the same step."""
        unread = [key for key in keys if not self._columns.get(*key)[0].is_done]
        most = min(200, max(16, PREVIEW_VALUES // max(1, len(unread))))
        enough = time.monotonic() + MOST_PREVIEW_SECONDS
        found: dict[tuple[str, str], Column] = {}
        for key in unread:
            piece = self._source.preview(*key, most)
            if 2 * len(piece.step) > most:
                found[key] = Column()
                found[key].take(piece)
            if time.monotonic() > enough:
                break
        return found

    def _anew(self, run_id: str, metric: str) -> Column:
        self._columns.drop(run_id, metric)
        return self._columns.get(run_id, metric)[0]


def _is_of_chart(query: SeriesQuery) -> bool:
    """Whether somebody looks at a chart: follows histories, or looks at a part of them."""
    return bool(query.known) or query.low is not None or query.high is not None


def _known(query: SeriesQuery) -> dict[tuple[str, str], int]:
    return {
        (run_id, metric): count
        for run_id, counts in zip(query.run_ids, query.known, strict=False)
        for metric, count in zip(query.metrics, counts, strict=False)
        if count
    }


def _unknown(query: SeriesQuery, run_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Series of those runs of which nothing is known."""
    there = set(run_ids)
    return [
        (run_id, metric)
        for run_id, counts in zip(query.run_ids, query.known, strict=False)
        for metric, count in zip(query.metrics, counts, strict=False)
        if count == 0 and run_id in there
    ]


def _view(
    x: str, key: tuple[str, str], column: Column, ahead: Sequence[LoggedValue], fact: RunFacts, is_preview: bool
) -> _View:
    started = fact.started
    fresh: list[LoggedValue] = []
    grows = column.steps_grow if x == "step" else column.times_grow
    if ahead or (started is None and column.count):
        rows = column.rows
        if ahead:
            fresh = _fresh(rows, ahead)
            grows = grows and _grow(x, rows, fresh)
        if started is None and len(rows):
            started = float(rows["time"].min())
    if started is None:
        started = fresh[0].time if fresh else 0.0
    not_finite = column.not_finite + sum(1 for each in fresh if not np.isfinite(each.value))
    return _View(*key, fresh, column, not_finite, is_preview, grows, started)


def _fresh(rows: NDArray[np.void], ahead: Sequence[LoggedValue]) -> list[LoggedValue]:
    """Those values of journals that the store has not got, each once: the store does not keep the same one twice."""
    recent = rows[-(_RECENT + len(ahead)) :]
    known = {
        (int(step), round(float(moment) * 1000), _comparable(float(value)))
        for step, moment, value in zip(recent["step"], recent["time"], recent["value"], strict=True)
    }
    fresh = []
    for each in ahead:
        key = (each.step, round(each.time * 1000), _comparable(each.value))
        if key not in known:
            known.add(key)
            fresh.append(each)
    return fresh


def _comparable(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _grow(x: str, rows: NDArray[np.void], fresh: Sequence[LoggedValue]) -> bool:
    places = [each.step if x == "step" else each.time for each in fresh]
    if places and len(rows):
        places.insert(0, rows["step" if x == "step" else "time"][-1])
    return all(one <= other for one, other in pairwise(places))


def _sampled(view: _View, query: SeriesQuery, most: int, known: int) -> _Sampled | None:
    """The points of a series that are answered; None where there are none."""
    is_step = query.x == "step"
    axis, other = ("step", "time") if is_step else ("time", "step")
    rows = view.column.rows
    places, values = _logged(view, rows, axis), _logged(view, rows, "value")
    others = _logged(view, rows, other) if query.both else places[:0]
    last = float(values[-1])
    first = known if view.grows and 0 < known < view.count else 0
    part = slice(first, None) if view.grows else _order(view, places, query.x)
    places, values = places[part], values[part]
    if query.both:
        others = others[part]
    offset = view.started if query.x == "relative" else 0.0
    if query.low is not None or query.high is not None:
        low = None if query.low is None else query.low + offset
        high = None if query.high is None else query.high + offset
        start, end = between(places, low, high)
        places, values, others = places[start:end], values[start:end], others[start:end]
    if len(values) == 0:
        return None
    shown = len(values)
    if shown > most:
        chosen = sample(values, most)
        places, values = places[chosen], values[chosen]
        others = others[chosen] if query.both else others
    facts = {
        "run_id": view.run_id,
        "name": view.metric,
        "count": view.count,
        "not_finite": view.not_finite,
        "last": last if np.isfinite(last) else None,
        "shown": shown,
        "preview": view.is_preview,
        "first": first,
    }
    steps, times = (places, others) if is_step else (others, places)
    # Copies: nothing of a file stays open, and nothing of the memory is held, while it is sent.
    return _Sampled(facts, np.array(steps), times - offset, np.array(values))


def _logged(view: _View, rows: NDArray[np.void], name: str) -> NDArray[Any]:
    """Steps, times or values: those of the store, then those that it has not got."""
    kept: NDArray[Any] = rows[name]
    if not view.ahead:
        return kept
    ahead = np.array([getattr(each, name) for each in view.ahead], dtype=kept.dtype)
    if name == "value":
        ahead[~np.isfinite(ahead)] = np.nan
    return np.concatenate((kept, ahead))


def _order(view: _View, places: NDArray[Any], x: str) -> NDArray[np.int64]:
    """Positions in the order of the axis; kept as long as nothing is added."""
    key = "step" if x == "step" else "time"
    known = view.column.orders.get(key)
    if known is None or len(known) != len(places):
        known = np.argsort(places, kind="stable")
        if not view.ahead:
            view.column.orders[key] = known
    return known

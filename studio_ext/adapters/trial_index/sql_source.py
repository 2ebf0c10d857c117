"""Follows MLflow's tables.

SQLite tells when anything changed, and which rows are new by their ``rowid``. What was changed in place is seen with
runs that go on and by the sweep. Rowids are given out again when the last rows are deleted, and all of them when
the file is packed: the last row of each table is remembered, and when it is another one, everything is read again.

Other databases tell neither. There, runs that go on are read again at each look, and new are those that are not known.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.trial_index.records import LIVE, Batch
from studio_ext.adapters.trial_index.sources import Stale
from studio_ext.adapters.trial_index.sql_reading import AT_ONCE, SqlReading, parts
from studio_ext.adapters.trial_index.sql_tables import Tables
from studio_ext.adapters.trial_index.store_writer import StoreWriter

_PAGE = 2000
"""Runs between two commits while everything is read."""
_SWEEP = 500
_VALUES = 100_000
"""Metrics that are held at once."""
_NEW_ROWS = 20_000
_LIVE = 250
"""Runs that go on which each look reads, the last ones begun; of others, as many in turns."""
_TABLES = {"runs": "run_uuid", "params": "{key}", "tags": "{key}", "metrics": "{key}"}
"""Tables that are followed, and what tells whether a row of them is the one that it was."""
_SLACK_MS = 3600 * 1000
"""How wrong the clocks of those who log may be."""
_RECENT_MS = 24 * 3600 * 1000
"""Where there are no rowids: how long ago runs may have started to be found by a look."""


class SqlSource:
    """Implements :class:`~studio_ext.adapters.trial_index.sources.Source` for databases."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._reading = SqlReading(tables)
        self._version: int | None = None
        self._swept_version: int | None = None
        self._turn = 0
        self._followed: StoreWriter | None = None
        self._sweep_soon = False
        self._value_marks: dict[str, int] = {}
        self.tells_changes = tables.has_rowid
        self.look_seconds = 0.1 if tables.has_rowid else 0.7
        self.expected: dict[str, int] = {}

    # -- everything

    def build(self, writer: StoreWriter) -> Iterator[None]:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`."""
        version = self._tables.version()
        with self._tables.snapshot():
            marks = self._marks()
            writer.set_experiments(self._reading.experiments())
            self.expected = self._reading.counts()
            is_long = self._reading.has_long_histories()
            with_extremes = not is_long and self._reading.has_histories()
        for ids in self._reading.newest_pages(_PAGE):
            for part in self._by_size(ids):
                writer.ingest(self._reading.whole(part, extremes=with_extremes))
                writer.commit()
                yield
        if is_long:
            for ids in self._reading.newest_pages(AT_ONCE):
                for some in parts(ids, 20):
                    writer.ingest(Batch(extremes=self._reading.extremes(some)))
                    yield
                writer.commit()
        writer.marks = marks or {"swept": int(time.time() * 1000)}
        writer.is_complete = True
        writer.commit()
        self.expected = {}
        self._version = self._swept_version = version

    # -- what is new

    def has_changed(self) -> bool:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`."""
        return not self._tables.has_rowid or self._tables.version() != self._version

    def read(self, writer: StoreWriter, run_ids: Sequence[str]) -> None:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`."""
        with self._tables.snapshot():
            known = [run_id for run_id, number in zip(run_ids, writer.runs.find(run_ids), strict=True) if number >= 0]
            self._read_again(writer, known)
            self._add_new(writer, list(set(run_ids) - set(known)))
        writer.commit()

    def look(self, writer: StoreWriter) -> None:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`."""
        version = self._tables.version()
        with self._tables.snapshot():
            writer.set_experiments(self._reading.experiments())
            if self._tables.has_rowid:
                self._follow(writer)
            else:
                self._ask_again(writer)
        writer.commit()
        self._version = version

    def _follow(self, writer: StoreWriter) -> None:
        before, marks = writer.marks, self._marks()
        self._compare(before)
        is_new = writer is not self._followed
        self._followed = writer
        span = {table: (int(before[table][0]), int(marks[table][0])) for table in _TABLES}
        fresh = self._add_new(writer, self._ids_between("runs", span["runs"]))
        for page in self._pages("params", span["params"], "run_uuid, {key}, value"):
            writer.ingest(Batch(params=[row[1:] for row in page if row[1] not in fresh]))
        again = {*self._ids_between("tags", span["tags"]), *self._turn_of(writer)}
        for some in parts(list(again - fresh)):
            writer.ingest(self._reading.runs(some))
        self._add_values(writer, span["metrics"], fresh, again=is_new)
        writer.marks = marks

    def _add_values(self, writer: StoreWriter, span: tuple[int, int], fresh: set[str], *, again: bool) -> None:
        """Of each metric that has new values: the last one, and how far they reach.

        ``again``: some may have been written already, by a writer that ended in the middle: the last value, from
        which the others are known where it is one of them, may be a newer one. So all values are read.
        """
        for first in range(span[0], span[1], _NEW_ROWS):
            found = self._tables.rows(
                "SELECT run_uuid, {key}, min(CASE WHEN is_nan THEN NULL ELSE value END), "
                "max(CASE WHEN is_nan THEN NULL ELSE value END) FROM metrics "
                "WHERE rowid > ? AND rowid <= ? GROUP BY run_uuid, {key}",
                (first, min(first + _NEW_ROWS, span[1])),
            )
            known = [row for row in found if row[0] not in fresh]
            latest = self._reading.latest((row[0], row[1]) for row in known)
            if again:
                writer.ingest(Batch(metrics=latest))
                for some in parts(list({row[0] for row in known}), 20):
                    writer.ingest(Batch(extremes=self._reading.extremes(some)))
            else:
                writer.ingest(Batch(metrics=latest, extremes=known, are_all=False))

    def _compare(self, before: dict[str, Any]) -> None:
        """Whether rowids still mean what they did."""
        for table, column in _TABLES.items():
            mark = before.get(table)
            if mark is None:
                raise Stale(table)
            if mark[0] and self._row(table, column, f"rowid = {int(mark[0])}") != mark:
                if table != "tags":  # of those the last one is deleted now and then
                    raise Stale(table)
                before[table] = [min(int(mark[0]), int(self._marks()[table][0])), "", ""]
                self._sweep_soon = True

    def _marks(self) -> dict[str, Any]:
        """The last row of each table."""
        if not self._tables.has_rowid:
            return {}
        return {
            table: self._row(table, column, f"rowid = (SELECT max(rowid) FROM {table})") or [0, "", ""]
            for table, column in _TABLES.items()
        }

    def _row(self, table: str, column: str, condition: str) -> list[Any] | None:
        found = self._tables.rows(f"SELECT rowid, run_uuid, {column} FROM {table} WHERE {condition}")
        return list(found[0]) if found else None

    def _ids_between(self, table: str, span: tuple[int, int]) -> list[str]:
        found = self._tables.rows(f"SELECT DISTINCT run_uuid FROM {table} WHERE rowid > ? AND rowid <= ?", span)
        return [row[0] for row in found]

    def _pages(self, table: str, span: tuple[int, int], columns: str) -> Iterator[list[Any]]:
        after, end = span
        while after < end:
            page = self._tables.rows(
                f"SELECT rowid, {columns} FROM {table} WHERE rowid > ? AND rowid <= ? ORDER BY rowid LIMIT {_NEW_ROWS}",
                (after, end),
            )
            if not page:
                return
            after = int(page[-1][0])
            yield page

    # -- without rowids

    def _ask_again(self, writer: StoreWriter) -> None:
        since = int(time.time() * 1000) - _RECENT_MS
        marks = ", ".join("?" * len(LIVE))
        found = self._tables.rows(
            f"SELECT run_uuid FROM runs WHERE start_time > ? OR status IN ({marks})",
            (since, *LIVE),
        )
        ids = [row[0] for row in found]
        numbers = writer.runs.find(ids)
        fresh = self._add_new(
            writer, [run_id for run_id, number in zip(ids, numbers.tolist(), strict=True) if number < 0]
        )
        for some in self._by_size([each for each in self._turn_of(writer) if each not in fresh]):
            writer.ingest(self._reading.whole(some))

    # -- everything again

    def needs_sweep(self) -> bool:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`."""
        return self._sweep_soon or not self._tables.has_rowid or self._version != self._swept_version

    def sweep(self, writer: StoreWriter) -> Iterator[None]:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`.

        Values need no look on SQLite: each one that is logged is a row that is new.
        """
        version, began = self._tables.version(), int(time.time() * 1000)
        self._sweep_soon = False
        round_, known = int(writer.runs.seen.max(initial=0)) + 1, len(writer.runs)
        after = None
        while True:
            with self._tables.snapshot():
                after, page = self._reading.page(after, _SWEEP)
                ids = [each[0] for each in page]
                if ids:
                    numbers = writer.runs.find(ids)
                    writer.runs.seen[numbers[numbers >= 0]] = round_
                    self._add_new(writer, list(itertools.compress(ids, (numbers < 0).tolist())))
                    marks = np.array([each[1] for each in page], dtype=np.int64)
                    changed = (numbers >= 0) & (writer.runs.fingerprints[numbers] != marks)
                    if not self._tables.has_rowid:
                        changed |= (numbers >= 0) & self._have_new_values(writer, ids)
                    self._read_again(writer, list(itertools.compress(ids, changed.tolist())))
            writer.commit()
            if not ids:
                break
            yield
        self._find_gone(writer, round_, known)
        if not self._tables.has_rowid:
            writer.marks = {"swept": began}
        writer.commit()
        self._swept_version = version

    def _have_new_values(self, writer: StoreWriter, ids: list[str]) -> NDArray[np.bool_]:
        """Which runs have values that were logged since the sweep before.

        After a start that is not known: then those count to which something was logged since the last sweep ended.
        """
        since = int(writer.marks.get("swept", 0)) - _SLACK_MS
        marks = self._reading.value_marks(ids)
        found = np.zeros(len(ids), dtype=bool)
        for place, run_id in enumerate(ids):
            mark, last = marks[run_id]
            known = self._value_marks.get(run_id)
            found[place] = last >= since if known is None else known != mark
            self._value_marks[run_id] = mark
        return found

    def _read_again(self, writer: StoreWriter, ids: Sequence[str]) -> None:
        if self._tables.has_rowid:  # values were seen when they came
            for some in parts(ids):
                writer.ingest(self._reading.runs(some))
        else:
            self._add_new(writer, ids)

    def _find_gone(self, writer: StoreWriter, round_: int, known: int) -> None:
        missed = np.flatnonzero(writer.runs.seen[:known] != round_)
        if len(missed):
            writer.ingest.mark_gone(missed.tolist())

    # -- both

    def _add_new(self, writer: StoreWriter, ids: Sequence[str]) -> set[str]:
        for some in self._by_size(ids):
            writer.ingest(self._reading.whole(some))
        return set(ids)

    def _turn_of(self, writer: StoreWriter) -> Iterable[str]:
        """Runs that go on, some of them: those that were killed stay among them forever."""
        live = list(writer.ingest.live)
        if len(live) <= 2 * _LIVE:
            return live
        others = live[:-_LIVE]
        self._turn = (self._turn + _LIVE) % len(others)
        return [*live[-_LIVE:], *(others + others)[self._turn : self._turn + _LIVE]]

    def _by_size(self, ids: Sequence[str]) -> Iterator[list[str]]:
        """Runs in parts that have no more metrics than can be held."""
        for some in parts(ids):
            counts = dict(
                self._tables.rows(
                    f"SELECT run_uuid, count(*) FROM latest_metrics WHERE run_uuid IN ({', '.join('?' * len(some))}) "
                    "GROUP BY run_uuid",
                    list(some),
                )
            )
            part: list[str] = []
            held = 0
            for run_id in some:
                if part and held + counts.get(run_id, 0) > _VALUES:
                    yield part
                    part, held = [], 0
                part.append(run_id)
                held += counts.get(run_id, 0)
            if part:
                yield part

    def close(self) -> None:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`."""
        self._tables.close()
        self._version = None

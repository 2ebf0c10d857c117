"""Reads histories from MLflow's tables.

Rows of SQLite have a ``rowid`` that grows. A series is first read in the order of its steps, by the index that has
run, metric and step, as far as rows had come by then; later rows are found by their rowid. Its marks are::

    0, digest of the last row of then, last row of then, next step           while it is read first
    then, digest of the last row of then, last row of then                   after that

Rowids are given out again when the last rows are deleted, and all of them when the file is packed: a mark counts as
long as its last row is the one that it was.

Other databases have none. There a series is read in the order of time, and the mark is the time of its last value, how
many there are of that time, and a digest of what MLflow keeps as the last value, the one with the largest step. Series
where that is another one are asked for first; of the others of runs that go on, whose steps may go back, a few in turn.
What comes late, for an earlier time, is found when the run is over, and the series is read anew; what is added to a run
that is over is found where it is the last value.
"""

from __future__ import annotations

import math
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from studio_ext.adapters.series.column import ROW, Rows
from studio_ext.adapters.series.sources import Mark, Piece, RunFacts, Want, finite
from studio_ext.adapters.trial_index.sql_tables import NotThere, Tables

_ROWS = 50_000
"""In one piece."""
_AT_ONCE = 500
_NEWS = 200_000
"""New rows among which it is looked for runs; beyond, every run may have some."""
_IN_TURN = 50
"""Series without news that are asked for in one answer,"""
_REMEMBERED = 100_000
"""and most of which it is known when that was."""
_LIVE = ("RUNNING", "SCHEDULED")
_EXACT = 2**53
"""Below it every whole number is a float."""
_VALUES = "step, timestamp, CASE WHEN is_nan THEN NULL ELSE value END"
_BY_STEP = "FROM metrics INDEXED BY index_metrics_run_uuid_key_step WHERE run_uuid = ? AND {key} = ?"
_PREVIEW = f"""
WITH RECURSIVE ends(low, high) AS (
    SELECT (SELECT step {_BY_STEP} ORDER BY step LIMIT 1), (SELECT step {_BY_STEP} ORDER BY step DESC LIMIT 1)
), place(begin, n) AS (
    SELECT low, 0 FROM ends
    UNION ALL SELECT CASE n + 1 WHEN ? THEN high ELSE low + (high - low) * (n + 1) / ? END, n + 1
    FROM place, ends WHERE n < ? AND low < high
)
SELECT {_VALUES} FROM place CROSS JOIN metrics
ON metrics.rowid = (SELECT rowid {_BY_STEP} AND step >= place.begin ORDER BY step, rowid LIMIT 1)
"""


class SqlHistories:
    """Implements :class:`~studio_ext.adapters.series.sources.HistorySource` for databases."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.tells_changes = tables.has_rowid
        self.generation = 0
        self._version: int | None = None
        self._told: int | None = None
        """What :meth:`has_changed` knows."""
        self._top = (0, 0)
        """Last row there is: its rowid and digest."""
        self._digests: dict[int, int] = {}
        """Of last rows of marks, as they were at the last look."""
        self._news: set[str] | None = None
        """Runs that have rows which the look before did not see; None: all may have."""
        self._before = 0
        self._by_step = False
        self._over: set[str] = set()
        """Of the runs that were asked for last, those that are over."""
        self._asked: dict[tuple[str, str], float] = {}
        """When a series was last read (monotonic seconds), without row numbers."""
        self._seen: dict[tuple[str, str], int] = {}
        """Digests of last values that the answer at hand has asked for."""

    def look(self) -> None:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`."""
        if not self._tables.has_rowid:
            return
        try:
            version = self._tables.version()
        except NotThere:  # nobody has recorded anything yet
            return
        if version == self._version:
            return
        self._digests.clear()
        before, rowid = self._top
        if before and self._digest(before) != rowid:
            self.generation += 1
            before = 0
        found = self._tables.rows("SELECT max(rowid) FROM metrics")
        top = int(found[0][0] or 0)
        self._before = before
        if before and top - before <= _NEWS:
            rows = self._tables.rows(
                "SELECT DISTINCT run_uuid FROM metrics WHERE rowid > ? AND rowid <= ?", (before, top)
            )
            self._news = {row[0] for row in rows}
        else:
            self._news = None
        self._top = (top, self._digest(top) if top else 0)
        self._version = version

    def runs(self, run_ids: Sequence[str]) -> dict[str, RunFacts]:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`."""
        found: dict[str, RunFacts] = {}
        if self._tables.has_rowid and self._version is None:
            return found
        for first in range(0, len(run_ids), _AT_ONCE):
            some = list(run_ids[first : first + _AT_ONCE])
            marks = ", ".join("?" * len(some))
            for run_id, started, status in self._tables.rows(
                "SELECT run_uuid, start_time, status FROM runs "
                f"WHERE lifecycle_stage = 'active' AND run_uuid IN ({marks})",
                some,
            ):
                found[run_id] = RunFacts(started / 1000 if started else None, status not in _LIVE)
        self._over = {run_id for run_id, facts in found.items() if facts.is_over}
        return found

    def is_valid(self, mark: Mark) -> bool:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`."""
        if not self._tables.has_rowid:
            return len(mark) == 3 and all(isinstance(each, int) for each in mark)
        if len(mark) not in (3, 4) or not all(isinstance(each, int) for each in mark):
            return False
        last = int(mark[2])
        if last and last not in self._digests:
            self._digests[last] = self._digest(last)
        return not last or self._digests[last] == mark[1]

    def grown(self, wants: Sequence[Want]) -> list[Want]:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`."""
        if not self._tables.has_rowid:
            latest = self._seen = self._latest(wants)
            changed = [each for each in wants if each.mark[2] != latest.get((each.run_id, each.metric), 0)]
            others = {each for each in wants if each.run_id not in self._over}.difference(changed)
            return self._longest_first(changed) + self._longest_first(others)[:_IN_TURN]
        top = self._top[0]
        grown = [
            each
            for each in wants
            if int(each.mark[0]) < top
            and (self._news is None or int(each.mark[0]) < self._before or each.run_id in self._news)
        ]
        return sorted(grown, key=lambda each: each.mark[0])

    def _longest_first(self, wants: Iterable[Want]) -> list[Want]:
        """The longest not asked for first."""
        return sorted(wants, key=lambda each: self._asked.get(each[:2], 0.0))

    def mark_now(self) -> Mark | None:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`."""
        top, digest = self._top
        return (top, digest, top) if self._tables.has_rowid else None

    @property
    def can_preview(self) -> bool:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`."""
        return self._tables.has_rowid and self._version is not None and self._has_steps()

    def preview(self, run_id: str, metric: str, most: int) -> Piece:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`. Some 10 µs a value, however long it is."""
        series = (run_id, metric)
        rows = self._read_rows(_PREVIEW, (*series, *series, most - 1, most - 1, most - 1, *series))
        # Between two places there may be none.
        _, apart = np.unique(rows["step"], return_index=True)
        return _piece(Want(*series, ()), rows[apart], (), False)

    def read(self, wants: Sequence[Want]) -> Iterator[list[Piece]]:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`."""
        if not self._tables.has_rowid:
            if len(self._asked) > _REMEMBERED:
                self._asked.clear()
            # Before the values: what comes in between counts as more. Of most of them it was just asked.
            seen, self._seen = self._seen, {}
            latest = seen | self._latest([each for each in wants if each[:2] not in seen])
            for each in wants:
                self._asked[each.run_id, each.metric] = time.monotonic()
                yield from self._by_time(each, latest.get((each.run_id, each.metric), 0))
            return
        later: dict[str, list[Want]] = defaultdict(list)
        for each in wants:
            if len(each.mark) == 3 or not self._has_steps():
                later[each.run_id].append(each)
            else:
                yield from self._first(each)
        for run_id, some in later.items():
            yield from self._follow(run_id, some)

    # -- reading ahead: of databases whose rows have numbers

    def has_changed(self) -> bool:
        """Whether something was written since it was last asked."""
        version = self._tables.version()
        has_changed, self._told = version != self._told, version
        return has_changed

    def ended(self, limit: int) -> dict[str, float]:
        """Runs that are over, the ones that were made last first, and when they ended (seconds since the epoch)."""
        rows = self._tables.rows(
            "SELECT run_uuid, CAST(coalesce(end_time, start_time, 0) AS REAL) FROM runs "
            f"WHERE lifecycle_stage = 'active' AND status NOT IN (?, ?) ORDER BY rowid DESC LIMIT {limit}",
            _LIVE,
        )
        return {run_id: ended / 1000 for run_id, ended in rows}

    def lengths(self, run_id: str) -> dict[str, int]:
        """How many values each series of a run has."""
        rows = self._tables.rows("SELECT {key}, count(*) FROM metrics WHERE run_uuid = ? GROUP BY {key}", (run_id,))
        return {str(name): int(count) for name, count in rows}

    def close(self) -> None:
        """Let go of the database; the next question opens it again."""
        self._tables.close()

    # -- rows with numbers

    def _has_steps(self) -> bool:
        """Whether there is the index that newer versions of MLflow make."""
        if not self._by_step:  # MLflow may just be making it
            name = "index_metrics_run_uuid_key_step"
            self._by_step = bool(
                self._tables.rows("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?", (name,))
            )
        return self._by_step

    def _first(self, want: Want) -> Iterator[list[Piece]]:
        """All values up to the last row of now."""
        mark = want.mark
        if len(mark) == 4:
            digest, top, step = int(mark[1]), int(mark[2]), int(mark[3])
        else:
            (top, digest), step = self._top, -(2**63)
        while True:
            rows = self._steps(want, ">=", step, top, _ROWS)
            is_done = len(rows) < _ROWS
            if not is_done:
                # The last step may not be here as a whole; where there is no other, it is read by itself.
                step = int(rows["step"][-1])
                if rows["step"][0] < step:
                    rows = rows[: np.searchsorted(rows["step"], step)]
                else:
                    rows = self._steps(want, "=", step, top, -1)
                    is_done = step == 2**63 - 1
                    step += 1
            after: Mark = (top, digest, top) if is_done else (0, digest, top, step)
            yield [_piece(want, rows, after, is_done)]
            if is_done:
                return

    def _steps(self, want: Want, which: str, step: int, top: int, limit: int) -> Rows:
        return self._read_rows(
            f"SELECT {_VALUES} {_BY_STEP} AND step {which} ? AND rowid <= ? ORDER BY step, rowid LIMIT {limit}",
            (want.run_id, want.metric, step, top),
        )

    def _read_rows(self, statement: str, values: Sequence[Any]) -> Rows:
        """Step, time and value of each row. As numbers at once, which is three times as fast, where that is exact."""
        found = self._tables.numbers(statement, values, 3)
        if found is None or (len(found) and not np.abs(found[:, :2]).max() < _EXACT):
            return _rows(self._tables.rows(statement, values))
        rows = np.empty(len(found), dtype=ROW)
        rows["step"], rows["time"], rows["value"] = found.T
        return rows

    def _follow(self, run_id: str, wants: Sequence[Want]) -> Iterator[list[Piece]]:
        """Values of rows that came after those that were read, from the series that is least far. Those that are
        farther than a turn gets stay where they are."""
        top, digest = self._top
        marks = {each.metric: int(each.mark[0]) if each.mark else 0 for each in wants}
        after = min(marks.values())
        names = ", ".join("?" * len(marks))
        while True:
            rows = self._tables.rows(
                f"SELECT {_VALUES}, rowid, {{key}} FROM metrics INDEXED BY index_metrics_run_uuid "
                f"WHERE run_uuid = ? AND rowid > ? AND rowid <= ? AND {{key}} IN ({names}) "
                f"ORDER BY rowid LIMIT {_ROWS}",
                (run_id, after, top, *marks),
            )
            is_done = len(rows) < _ROWS
            after = top if is_done else int(rows[-1][3])
            last = digest if is_done else self._digest(after)
            by_name: dict[str, list[Any]] = {name: [] for name in marks}
            for row in rows:
                if row[3] > marks[row[4]]:
                    by_name[row[4]].append(row[:3])
            yield [
                _piece(each, _rows(by_name[each.metric]), (after, last, after), is_done)
                for each in wants
                if marks[each.metric] <= after
            ]
            if is_done:
                return

    def _digest(self, rowid: int) -> int:
        found = self._tables.rows("SELECT run_uuid, {key}, step, timestamp FROM metrics WHERE rowid = ?", (rowid,))
        return zlib.crc32(repr(found[0]).encode()) or 1 if found else 0

    # -- rows without

    def _latest(self, wants: Sequence[Want]) -> dict[tuple[str, str], int]:
        """Of each series a digest of its last value; one question for many of them."""
        run_ids = list(dict.fromkeys(each.run_id for each in wants))
        names = list(dict.fromkeys(each.metric for each in wants))
        found: dict[tuple[str, str], int] = {}
        for first in range(0, len(run_ids), _AT_ONCE):
            some = run_ids[first : first + _AT_ONCE]
            rows = self._tables.rows(
                "SELECT run_uuid, {key}, timestamp, step, value, is_nan FROM latest_metrics "
                f"WHERE run_uuid IN ({', '.join('?' * len(some))}) AND {{key}} IN ({', '.join('?' * len(names))})",
                [*some, *names],
            )
            found |= {(row[0], row[1]): zlib.crc32(repr(row[2:]).encode()) or 1 for row in rows}
        return found

    def _by_time(self, want: Want, latest: int) -> Iterator[list[Piece]]:
        moment, known = (int(want.mark[0]), int(want.mark[1])) if len(want.mark) == 3 else (-(2**63), 0)
        while True:
            rows = self._read_rows(
                f"SELECT {_VALUES} FROM metrics WHERE run_uuid = ? AND {{key}} = ? AND timestamp >= ? "
                f"ORDER BY timestamp, step, is_nan, value LIMIT {_ROWS} OFFSET {known}",
                (want.run_id, want.metric, moment),
            )
            is_done = len(rows) < _ROWS
            if len(rows):
                last = int(rows["time"][-1])
                of_last = int((rows["time"] == last).sum())
                known = known + of_last if last == moment else of_last
                moment = last
            yield [_piece(want, rows, (moment, known, latest), is_done)]
            if is_done:
                return


def _rows(found: list[Any]) -> Rows:
    try:
        return np.array(found, dtype=ROW)
    except (TypeError, ValueError):  # None, or what no database but SQLite would have taken for a number
        return np.array([(*row[:2], _number(row[2])) for row in found], dtype=ROW)


def _piece(want: Want, rows: Rows, mark: Mark, is_done: bool) -> Piece:
    step, moment, value = rows["step"], rows["time"], rows["value"]
    return Piece(want.run_id, want.metric, step, moment / 1000, finite(value), mark, is_done)


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else math.nan

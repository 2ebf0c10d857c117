"""What the index asks of MLflow's tables."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from studio_ext.adapters.trial_index.layout import ExperimentEntry
from studio_ext.adapters.trial_index.records import Batch, RunRow, fingerprint, joined
from studio_ext.adapters.trial_index.sql_tables import Tables

AT_ONCE = 500
"""Runs in one question."""
_RUN = "run_uuid, experiment_id, name, status, start_time, end_time, user_id, lifecycle_stage"
_HISTORY_RATIO = 4
"""Values of a metric, on average, from which histories are looked through after everything else."""

Extreme = tuple[str, str, float | None, float | None]


class SqlReading:
    """Answers in the form that the columns are made of."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def experiments(self) -> list[ExperimentEntry]:
        """All of them, deleted ones too."""
        found = self.tables.rows(
            "SELECT experiment_id, name, lifecycle_stage, last_update_time FROM experiments ORDER BY experiment_id"
        )
        return [
            ExperimentEntry(str(row[0]), row[1], row[2] != "deleted", row[3] / 1000 if row[3] else None)
            for row in found
        ]

    def counts(self) -> dict[str, int]:
        """Runs of each experiment, deleted ones too."""
        found = self.tables.rows("SELECT experiment_id, count(*) FROM runs GROUP BY experiment_id")
        return {str(row[0]): int(row[1]) for row in found}

    def has_long_histories(self) -> bool:
        """Whether looking for smallest and largest values takes much longer than all the rest."""
        values, metrics = self._size("metrics"), self._size("latest_metrics")
        return values > _HISTORY_RATIO * metrics and values > 100_000

    def has_histories(self) -> bool:
        """Whether any metric of a run may have more than one value. Counting the values would take too long."""
        if not self.tables.has_rowid:
            return True
        return self._size("metrics") > int(self.tables.rows("SELECT count(*) FROM latest_metrics")[0][0])

    def whole(self, run_ids: Sequence[str], *, extremes: bool = True) -> Batch:
        """Everything of some runs."""
        batch = self.runs(run_ids)
        for some in parts(run_ids):
            batch.params += self._of("SELECT run_uuid, {key}, value FROM params", some)
            batch.metrics += self._latest(some)
            if extremes:
                batch.extremes += self.extremes(some)
        return batch

    def runs(self, run_ids: Sequence[str]) -> Batch:
        """Rows and tags of some runs."""
        batch = Batch()
        for some in parts(run_ids):
            batch.runs += [run_row(row) for row in self._of(f"SELECT {_RUN} FROM runs", some)]
            batch.tags += self._of("SELECT run_uuid, {key}, value FROM tags", some)
        return batch

    def page(self, after: Any, limit: int) -> tuple[Any, list[tuple[str, int]]]:
        """Some runs, those after a place (at first ``None``), with the fingerprint of each; and the place of the last.

        In the order in which they lie in the file, where there is one: anything else reads all over it.
        """
        place = "rowid" if self.tables.has_rowid else "run_uuid"
        condition, values = ("", []) if after is None else (f"WHERE {place} > ?", [after])
        found = self.tables.rows(f"SELECT {_RUN}, {place} FROM runs {condition} ORDER BY {place} LIMIT {limit}", values)
        runs = [run_row(row) for row in found]
        ids = [each.id for each in runs]
        tags: dict[str, str] = {}
        if self.tables.joined_tags:
            for some in parts(ids):
                marks = ", ".join("?" * len(some))
                tags.update(self.tables.rows(self.tables.joined_tags.format(ids=marks, key="{key}"), list(some)))
        else:
            lists: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
            for some in parts(ids):
                for run_id, key, value in self._of("SELECT run_uuid, {key}, value FROM tags", some):
                    lists[run_id].append((key, value))
            tags = {run_id: joined(each) for run_id, each in lists.items()}
        last = found[-1][-1] if found else None
        return last, [(each.id, fingerprint(each, tags.get(each.id, ""))) for each in runs]

    def value_marks(self, run_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Of each run a number that differs where metrics were logged to it or parameters added, and when a metric
        last was (milliseconds since the epoch)."""
        found: dict[str, tuple[int, int]] = {}
        for some in parts(run_ids):
            added = dict(self._of("SELECT run_uuid, count(*) FROM params", some, "GROUP BY run_uuid"))
            logged = self._of(
                "SELECT run_uuid, count(*), max(timestamp), sum(step) FROM latest_metrics", some, "GROUP BY run_uuid"
            )
            last = {row[0]: int(row[2] or 0) for row in logged}
            marks = {row[0]: [str(each) for each in row[1:]] for row in logged}
            for run_id in some:
                text = f"{added.get(run_id, 0)} {marks.get(run_id)}"
                found[run_id] = (zlib.crc32(text.encode()) or 1, last.get(run_id, 0))
        return found

    def extremes(self, run_ids: Sequence[str]) -> list[Extreme]:
        """Smallest and largest values of metrics that have more than one value."""
        marks = ", ".join("?" * len(run_ids))
        return self.tables.rows(
            "SELECT run_uuid, {key}, min(CASE WHEN is_nan THEN NULL ELSE value END), "
            "max(CASE WHEN is_nan THEN NULL ELSE value END) FROM metrics "
            f"WHERE run_uuid IN ({marks}) GROUP BY run_uuid, {{key}} HAVING count(*) > 1",
            list(run_ids),
        )

    def latest(self, touched: Iterable[tuple[str, str]]) -> list[tuple[str, str, float | None]]:
        """Last values of metrics of runs."""
        keys: dict[str, list[str]] = defaultdict(list)
        for run_id, key in touched:
            keys[run_id].append(key)
        found: list[tuple[str, str, float | None]] = []
        few = [run_id for run_id, names in keys.items() if len(names) > 20]
        for some in parts(few):
            found += self._latest(some)
        for run_id in few:
            del keys[run_id]
        # Those with the same metrics together.
        groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for run_id, names in keys.items():
            groups[tuple(names)].append(run_id)
        for together, run_ids in groups.items():
            for some in parts(run_ids):
                found += self._latest(some, together)
        return found

    def run_ids(self) -> list[str]:
        """Ids of all runs, newest first."""
        found = self.tables.rows("SELECT run_uuid FROM runs ORDER BY coalesce(start_time, 0) DESC, run_uuid")
        return [row[0] for row in found]

    def newest_pages(self, limit: int) -> Iterator[list[str]]:
        """Ids of all runs, page by page, as they were when it began; newest first."""
        if not self.tables.has_rowid:
            ids = self.run_ids()
            for first in range(0, len(ids), limit):
                yield ids[first : first + limit]
            return
        below: int | None = None
        while True:
            condition = "" if below is None else f"WHERE rowid < {below}"
            found = self.tables.rows(f"SELECT rowid, run_uuid FROM runs {condition} ORDER BY rowid DESC LIMIT {limit}")
            if not found:
                return
            below = int(found[-1][0])
            yield [row[1] for row in found]

    def _latest(self, run_ids: Sequence[str], keys: Sequence[str] = ()) -> list[tuple[str, str, float | None]]:
        condition = f" AND {{key}} IN ({', '.join('?' * len(keys))})" if keys else ""
        marks = ", ".join("?" * len(run_ids))
        return self.tables.rows(
            "SELECT run_uuid, {key}, CASE WHEN is_nan THEN NULL ELSE value END FROM latest_metrics "
            f"WHERE run_uuid IN ({marks}){condition}",
            [*run_ids, *keys],
        )

    def _of(self, statement: str, run_ids: Sequence[str], rest: str = "") -> list[Any]:
        marks = ", ".join("?" * len(run_ids))
        return self.tables.rows(f"{statement} WHERE run_uuid IN ({marks}) {rest}", list(run_ids))

    def _size(self, table: str) -> int:
        what = "max(rowid)" if self.tables.has_rowid else "count(*)"
        return int(self.tables.rows(f"SELECT {what} FROM {table}")[0][0] or 0)


def run_row(row: Sequence[Any]) -> RunRow:
    """A row of ``runs``."""
    return RunRow(row[0], str(row[1]), row[2], row[3] or "", row[4], row[5], row[6], row[7] == "deleted")


def parts(run_ids: Sequence[str], size: int = AT_ONCE) -> Iterator[Sequence[str]]:
    """As many at once as a question holds."""
    for first in range(0, len(run_ids), size):
        yield run_ids[first : first + size]

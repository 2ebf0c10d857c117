"""A store whose reads are counted, those who read it, and trials that are over in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio_ext.adapters.series.columns import Columns
from studio_ext.adapters.series.histories import Histories
from studio_ext.adapters.series.journals import Journals
from studio_ext.adapters.series.read_ahead import LEAST, ReadAhead
from studio_ext.adapters.series.sql_source import SqlHistories
from studio_ext.adapters.trial_index.sql_tables import SqliteTables
from studio_ext.core.workspace import Workspace


class Listening(SqliteTables):
    """Counts the rows of values that were read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.read = 0

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        found = super().rows(statement, values)
        self.read += len(found) if "is_nan" in statement else 0
        return found

    def numbers(self, statement: str, values: Sequence[Any], columns: int) -> Any:
        found = super().numbers(statement, values, columns)
        self.read += 0 if found is None else len(found)
        return found


def histories_of(tables: Listening, home: Workspace) -> Histories:
    """Of a server that was just started."""
    columns = Columns(home.cache / "series", home.tracking_uri)
    return Histories(SqlHistories(tables), columns, Journals(home.trackers, lambda: []))


def made(tables: Listening, home: Workspace) -> ReadAhead:
    """That of a controller that was just started."""
    source = SqlHistories(tables)
    columns = Columns(home.cache / "series", home.tracking_uri)
    home.home.mkdir(exist_ok=True)
    return ReadAhead(source, Histories(source, columns, Journals(home.trackers, lambda: [])), home.home)


def work(ahead: ReadAhead, turns: int = 1_000) -> None:
    """All that there is to do after a look."""
    ahead._look_due = 0.0
    for _ in range(turns):
        ahead.turn()
        if not ahead._trials:
            assert ahead._histories._columns._kept == {}, "nothing of it stays in memory"
            return
    raise AssertionError("it goes on and on")


def files(home: Workspace) -> dict[str, int]:
    """How many files there are of each run."""
    folders = [path.parent.name for path in (home.cache / "series").rglob("*.series")]
    return {name: folders.count(name) for name in folders}


def falling(count: int) -> list[float]:
    return [1.0 / (1 + step) for step in range(count)]


def some_runs(store: Any, count: int) -> list[str]:
    """The first one was made, and ended, first."""
    runs = [f"{number:032}" for number in range(count)]
    for number, run_id in enumerate(runs):
        store.run(run_id, ended=2000.0 + number)
        store.log(run_id, "loss", falling(LEAST))
    return runs

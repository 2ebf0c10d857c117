"""Trials that are over are in files before somebody asks, and what is in them is what the store has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.series import open_histories, open_read_ahead, read_ahead, sql_source
from studio_ext.adapters.series.columns import LONG, Columns
from studio_ext.adapters.series.histories import Histories
from studio_ext.adapters.series.journals import Journals
from studio_ext.adapters.series.read_ahead import LEAST, ReadAhead
from studio_ext.adapters.series.sql_source import SqlHistories
from studio_ext.adapters.trial_index.sql_tables import SqliteTables
from studio_ext.core.workspace import Workspace
from tests.unit.adapters.series.asking import OTHER, RUN, query, whole


class Listening(SqliteTables):
    """Notes for which series rows were read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.read: list[tuple[str, str]] = []

    def numbers(self, statement: str, values: Sequence[Any], columns: int) -> Any:
        self.read.append((values[0], values[1]))
        return super().numbers(statement, values, columns)


class WithoutRowid(Listening):
    """As databases are that tell nothing of their rows' numbers."""

    has_rowid = False


@pytest.fixture(params=[Listening, WithoutRowid])
def tables(request: pytest.FixtureRequest, store: Any) -> Listening:
    found: Listening = request.param(store.path)
    return found


def histories_of(tables: Listening, home: Workspace) -> Histories:
    return Histories(
        SqlHistories(tables),
        Columns(home.cache / "series", home.tracking_uri),
        Journals(home.trackers, lambda: []),
    )


def made(tables: Listening, home: Workspace) -> ReadAhead:
    source = SqlHistories(tables)
    columns = Columns(home.cache / "series", home.tracking_uri)
    return ReadAhead(source, Histories(source, columns, Journals(home.trackers, lambda: [])))


def work(ahead: ReadAhead, turns: int = 1_000) -> None:
    """All that there is to do after a look."""
    ahead._look_due = 0.0
    for _ in range(turns):
        ahead.turn()
        if not ahead._metrics and not ahead._trials:
            return
    raise AssertionError("it goes on and on")


def files(home: Workspace) -> dict[str, int]:
    """How many files there are of each run."""
    folders = [path.parent.name for path in (home.cache / "series").rglob("*.series")]
    return {name: folders.count(name) for name in folders}


def falling(count: int) -> list[float]:
    return [1.0 / (1 + step) for step in range(count)]


def test_whoever_asks_first_reads_no_rows(store: Any, home: Workspace, tables: Listening) -> None:
    for run_id in (RUN, OTHER):
        store.run(run_id, ended=2000.0)
        store.log(run_id, "loss", falling(LEAST))
        store.log(run_id, "long", falling(LONG + 1))
    ahead = made(tables, home)
    work(ahead)
    assert files(home) == {RUN: 2, OTHER: 2}
    assert ahead._histories._columns._kept == {}, "nothing of it stays in memory"
    tables.read.clear()
    asked = histories_of(tables, home)
    page = whole(asked, query("loss", "long", runs=(RUN, OTHER), max_points=5_000))
    assert [(each.run_id, each.count, each.value[0]) for each in page.series] == [
        (RUN, LEAST, 1.0),
        (RUN, LONG + 1, 1.0),
        (OTHER, LEAST, 1.0),
        (OTHER, LONG + 1, 1.0),
    ]
    assert page.complete and page.series[0].value == falling(LEAST)
    assert tables.read == []


def test_what_goes_on_and_what_is_short_or_deleted_is_left(store: Any, home: Workspace, tables: Listening) -> None:
    for number, (status, stage) in enumerate([("RUNNING", "active"), ("FINISHED", "deleted"), ("KILLED", "active")]):
        store.run(str(number) * 32, status=status, stage=stage, ended=3000.0)
        store.log(str(number) * 32, "loss", falling(LEAST))
        store.log(str(number) * 32, "short", falling(LEAST - 1))
    work(made(tables, home))
    assert files(home) == {"2" * 32: 1}


def test_a_trial_that_comes_to_its_end_is_next(store: Any, home: Workspace, tables: Listening) -> None:
    runs = [f"{number:032}" for number in range(4)]
    for number, run_id in enumerate(runs):
        store.run(run_id, status="RUNNING" if number == 0 else "FAILED", ended=2000.0 + number)
        store.log(run_id, "loss", falling(LEAST))
    ahead = made(tables, home)
    for _ in range(3):  # a look, and the one that ended last
        ahead.turn()
    assert files(home) == {runs[3]: 1}
    store.run(runs[0], ended=1.0)  # by a clock that is wrong
    store.run("f" * 32, ended=9000.0)
    store.log("f" * 32, "loss", falling(LEAST))
    ahead._look_due = 0.0
    for _ in range(3):
        ahead.turn()
    assert files(home) == {runs[3]: 1, "f" * 32: 1}
    work(ahead)
    assert set(files(home)) == {*runs, "f" * 32}


def test_what_comes_later_is_read_by_whoever_asks(store: Any, home: Workspace, tables: Listening) -> None:
    """MLflow takes more of a run that is over, and lets it go on."""
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    work(made(tables, home))
    store.log(RUN, "loss", [7.0], first=LEAST, time=1000.0 + LEAST)
    assert whole(histories_of(tables, home), query()).series[0].value == [*falling(LEAST), 7.0]


def test_another_store_in_its_place(store: Any, home: Workspace) -> None:
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    ahead = made(Listening(store.path), home)
    work(ahead)
    store.execute("DELETE FROM metrics")
    store.log(RUN, "loss", [3.0] * (2 * LEAST), time=5000.0)
    assert whole(histories_of(Listening(store.path), home), query()).series[0].value == [3.0] * (2 * LEAST)
    ahead._seen.clear()
    work(ahead)
    tables = Listening(store.path)
    assert whole(histories_of(tables, home), query()).series[0].value == [3.0] * (2 * LEAST)
    assert tables.read == []


def test_the_first_round_stops_where_there_is_no_room(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "MAX_BYTES", 2 * 4_096)
    runs = [f"{number:032}" for number in range(5)]
    for number, run_id in enumerate(runs):
        store.run(run_id, ended=2000.0 + number)
        store.log(run_id, "loss", falling(LEAST))
    ahead = made(tables, home)
    work(ahead)
    assert set(files(home)) == set(runs[3:])
    store.run("f" * 32, ended=9000.0)
    store.log("f" * 32, "loss", falling(LEAST))
    work(ahead)
    assert set(files(home)) == {*runs[3:], "f" * 32}


def test_long_series_come_in_pieces(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_source, "_ROWS", 30)
    monkeypatch.setattr(read_ahead, "_PIECE_SECONDS", 0.0)
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    ahead = made(tables, home)
    work(ahead)
    assert len(tables.read) > 3 and files(home) == {RUN: 1}
    assert whole(histories_of(tables, home), query()).series[0].value == falling(LEAST)


def test_a_trial_that_is_deleted_meanwhile(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_source, "_ROWS", 30)
    monkeypatch.setattr(read_ahead, "_PIECE_SECONDS", 0.0)
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    ahead = made(tables, home)
    for _ in range(3):
        ahead.turn()
    assert ahead._metrics == ["loss"]
    store.run(RUN, ended=2000.0, stage="deleted")
    work(ahead)
    assert ahead._metrics == [] and files(home) == {}


def test_a_disk_that_takes_nothing(
    store: Any, home: Workspace, tables: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    (home.cache / "series").parent.mkdir(parents=True)
    (home.cache / "series").write_text("in the way")
    ahead = made(tables, home)
    rests = [ahead.turn() for _ in range(3)]
    assert rests[-1] == read_ahead._FULL_SECONDS
    assert "Histories of trials cannot be kept" in caplog.text
    assert whole(histories_of(tables, home), query()).series[0].value == falling(LEAST)
    (home.cache / "series").unlink()
    store.run(OTHER, ended=3000.0)
    store.log(OTHER, "loss", falling(LEAST))
    work(ahead)
    assert OTHER in files(home)


def test_a_store_that_is_away(store: Any, home: Workspace, tables: Listening) -> None:
    ahead = made(tables, home)
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    away = store.path.with_suffix(".away")
    store.path.rename(away)
    assert ahead.turn() == read_ahead._AWAY_SECONDS
    away.rename(store.path)
    work(ahead)
    assert files(home) == {RUN: 1}


def test_a_store_that_makes_no_sense(store: Any, home: Workspace, tables: Listening) -> None:
    """Nothing of ours can be expected of it, and the thread goes on."""
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    ahead = made(tables, home)
    broken: Callable[[str], Any] = lambda run_id: 1 / 0  # noqa: E731
    ahead._source.lengths = broken  # type: ignore[method-assign]
    rests = [ahead.turn() for _ in range(2)]
    assert rests[-1] == read_ahead._AWAY_SECONDS and not ahead._trials


def test_nothing_new_costs_next_to_nothing(store: Any, home: Workspace) -> None:
    store.run(RUN, ended=2000.0)
    ahead = made(Listening(store.path), home)
    work(ahead)
    ahead._look_due = 0.0
    asked: list[int] = []
    ahead._source.ended = lambda limit: asked.append(limit) or []  # type: ignore[method-assign, func-returns-value]
    ahead.turn()
    assert asked == [] and 0 < ahead.turn() <= read_ahead._LOOK_SECONDS


def test_stores_that_are_no_database_are_left_alone(tmp_path: Path) -> None:
    assert open_read_ahead(Workspace(tmp_path, "http://127.0.0.1:9")) is None
    assert open_read_ahead(Workspace(tmp_path, (tmp_path / "mlruns").as_uri())) is None
    there = Workspace(tmp_path, f"sqlite:///{tmp_path}/none.db")
    ahead = open_read_ahead(there)
    assert ahead is not None
    assert ahead.turn() == read_ahead._AWAY_SECONDS
    ahead.close()
    assert open_histories(there, lambda: []).page(query()).series == []

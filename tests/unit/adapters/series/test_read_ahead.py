"""Trials that are over are in files before somebody asks, and what is in them is what the store has."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio_ext.adapters.series import column_files, open_read_ahead, read_ahead, sql_source
from studio_ext.adapters.series import columns as columns_module
from studio_ext.adapters.series import histories as histories_module
from studio_ext.adapters.series.columns import LONG
from studio_ext.adapters.series.read_ahead import LEAST
from studio_ext.contract.errors import Unavailable
from studio_ext.core.workspace import Workspace
from tests.unit.adapters.series.asking import OTHER, RUN, query, whole
from tests.unit.adapters.series.reading_ahead import Listening, falling, files, histories_of, made, some_runs, work


def test_whoever_asks_first_reads_no_rows(store: Any, home: Workspace, tables: Listening) -> None:
    for run_id in (RUN, OTHER):
        store.run(run_id, ended=2000.0)
        store.log(run_id, "loss", falling(LEAST))
        store.log(run_id, "long", falling(LONG + 1))
    work(made(tables, home))
    assert files(home) == {RUN: 2, OTHER: 2}
    tables.read = 0
    page = whole(histories_of(tables, home), query("loss", "long", runs=(RUN, OTHER), max_points=5_000))
    assert [(each.run_id, each.count, each.value[0]) for each in page.series] == [
        (RUN, LEAST, 1.0),
        (RUN, LONG + 1, 1.0),
        (OTHER, LEAST, 1.0),
        (OTHER, LONG + 1, 1.0),
    ]
    assert page.complete and page.series[0].value == falling(LEAST)
    assert tables.read == 0


def test_after_a_restart_of_the_machine_nothing_is_read_again(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = some_runs(store, 3)
    work(made(tables, home))
    monkeypatch.setattr(column_files, "_boot", lambda: "the next one")
    tables.read = 0
    work(made(tables, home))
    assert whole(histories_of(tables, home), query(runs=tuple(runs))).series[2].value == falling(LEAST)
    assert tables.read == 0


def test_a_first_look_writes_nothing(store: Any, home: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    work(made(Listening(store.path), home))
    store.run(OTHER, status="RUNNING")
    store.log(OTHER, "loss", [1.0])  # so that there is something new, of another run
    written: list[int] = []
    monkeypatch.setattr(column_files, "_write", lambda *arguments: written.append(1))
    asked = histories_of(Listening(store.path), home)
    assert whole(asked, query()).series[0].value == falling(LEAST)
    assert written == []


def test_what_goes_on_and_what_is_short_or_deleted_is_left(store: Any, home: Workspace, tables: Listening) -> None:
    for number, (status, stage) in enumerate([("RUNNING", "active"), ("FINISHED", "deleted"), ("KILLED", "active")]):
        store.run(str(number) * 32, status=status, stage=stage, ended=3000.0)
        store.log(str(number) * 32, "loss", falling(LEAST))
        store.log(str(number) * 32, "short", falling(LEAST - 1))
    work(made(tables, home))
    assert files(home) == {"2" * 32: 1}


def test_a_trial_that_comes_to_its_end_is_next(store: Any, home: Workspace, tables: Listening) -> None:
    runs = some_runs(store, 4)
    store.run(runs[0], status="RUNNING")
    ahead = made(tables, home)
    for _ in range(2):  # a look, and the newest one
        ahead.turn()
    newest = files(home)
    assert len(newest) == 1 and runs[0] not in newest
    store.run(runs[0], ended=1.0)  # by a clock that is wrong
    store.run("f" * 32, ended=9000.0)
    store.log("f" * 32, "loss", falling(LEAST))
    ahead._look_due = 0.0
    for _ in range(3):
        ahead.turn()
    assert "f" * 32 in files(home) and len(files(home)) == 3
    work(ahead)
    assert set(files(home)) == {*runs, "f" * 32}


def test_what_comes_later_is_read_by_whoever_asks(store: Any, home: Workspace, tables: Listening) -> None:
    """MLflow takes more of a run that is over, and lets it go on."""
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    work(made(tables, home))
    store.log(RUN, "loss", [7.0], first=LEAST, time=1000.0 + LEAST)
    assert whole(histories_of(tables, home), query()).series[0].value == [*falling(LEAST), 7.0]


def test_many_series_of_one_trial_come_in_turns(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_source, "_ROWS", 70)
    monkeypatch.setattr(read_ahead, "_PIECE_SECONDS", 0.0)
    names = [f"m{number}" for number in range(5)]
    store.run(RUN, ended=2000.0)
    for first in range(0, 2 * LEAST, 10):  # as training loops do: all of them at each step
        for name in names:
            store.log(RUN, name, falling(2 * LEAST)[first : first + 10], first=first, time=1000.0 + first)
    work(made(tables, home))
    assert files(home) == {RUN: 5}
    assert tables.read <= 2 * 5 * 2 * LEAST, "rows are read again and again"
    for series in whole(histories_of(tables, home), query(*names)).series:
        assert series.value == falling(2 * LEAST)


def test_a_trial_that_somebody_watched_before_it_ended(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are files of it already, that are not equally far."""
    monkeypatch.setattr(columns_module, "LONG", 50)
    monkeypatch.setattr(sql_source, "_ROWS", 70)
    store.run(RUN, status="RUNNING")
    store.log(RUN, "loss", falling(100))
    watching = histories_of(tables, home)
    whole(watching, query())
    store.log(RUN, "loss", [5.0] * 200, first=100, time=2000.0)
    store.log(RUN, "acc", falling(300))
    whole(watching, query())
    whole(watching, query("acc"))
    store.log(RUN, "acc", [3.0] * 300, first=300, time=9000.0)
    store.log(RUN, "loss", [4.0] * 300, first=300, time=9000.0)
    store.run(RUN, ended=20_000.0)
    monkeypatch.setattr(read_ahead, "_PIECE_SECONDS", 0.0)
    work(made(tables, home))
    loss, acc = whole(histories_of(tables, home), query("loss", "acc", max_points=5_000)).series
    assert loss.value == [*falling(100), *[5.0] * 200, *[4.0] * 300]
    assert acc.value == [*falling(300), *[3.0] * 300]


def test_series_that_are_not_equally_far_are_read_once(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_source, "_ROWS", 30)
    store.run(RUN, status="RUNNING")
    store.log(RUN, "loss", falling(10))
    store.log(RUN, "acc", falling(10))
    asked = histories_of(tables, home)
    whole(asked, query("loss", "acc"))
    store.log(RUN, "loss", [5.0] * 100, first=10, time=2000.0)
    store.log(RUN, "acc", [3.0] * 100, first=10, time=2000.0)
    whole(asked, query("loss"))  # which is ahead then
    store.log(RUN, "loss", [6.0], first=110, time=3000.0)
    monkeypatch.setattr(histories_module, "TURN_SECONDS", 0.0)
    loss, acc = whole(asked, query("loss", "acc")).series
    assert loss.value == [*falling(10), *[5.0] * 100, 6.0]
    assert acc.value == [*falling(10), *[3.0] * 100]


@pytest.mark.parametrize("is_replaced", [False, True])
def test_another_store_in_its_place(store: Any, home: Workspace, is_replaced: bool) -> None:
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    ahead = made(Listening(store.path), home)
    work(ahead)
    if is_replaced:
        shutil.copy(store.path, store.path.with_suffix(".copy"))
        store.path.with_suffix(".copy").replace(store.path)
    store.execute("DELETE FROM metrics")
    store.log(RUN, "loss", [3.0] * (2 * LEAST), time=5000.0)
    assert whole(histories_of(Listening(store.path), home), query()).series[0].value == [3.0] * (2 * LEAST)
    ahead._seen.clear()
    work(ahead)
    tables = Listening(store.path)
    assert whole(histories_of(tables, home), query()).series[0].value == [3.0] * (2 * LEAST)
    assert tables.read == 0


def test_a_round_stops_where_there_is_no_room(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "MAX_BYTES", 2 * 4_096)
    runs = some_runs(store, 5)
    ahead = made(tables, home)
    for number in range(3):
        ahead._look_due = 0.0
        ahead.turn()
        ahead.turn()
        store.run(f"{number}" * 32, status="RUNNING")  # somebody writes all the time
    work(ahead)
    assert set(files(home)) == set(runs[3:])
    store.run("f" * 32, ended=9000.0)
    store.log("f" * 32, "loss", falling(LEAST))
    work(ahead)
    assert set(files(home)) == {*runs[3:], "f" * 32}


def test_one_that_is_too_large_does_not_hold_up_the_others(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "MAX_BYTES", 2 * 4_096)
    runs = some_runs(store, 2)
    store.run(RUN, ended=9000.0)
    store.log(RUN, "loss", falling(1_000))
    work(made(tables, home))
    assert set(files(home)) == set(runs)


def test_the_oldest_that_nobody_asked_for_are_thrown_away_first(store: Any, home: Workspace, tables: Listening) -> None:
    runs = some_runs(store, 5)
    ahead = made(tables, home)
    work(ahead)
    asked = histories_of(tables, home)
    whole(asked, query(runs=(runs[1],)))
    again = made(tables, home)  # a controller that starts looks at all of them, which is no question for them
    work(again)
    column_files.tidy(home.cache / "series", 3 * 4_096, set())
    assert set(files(home)) == {runs[1], runs[3], runs[4]}


def test_a_long_series_of_nobody_is_as_old_as_its_trial(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns_module, "LONG", 50)
    monkeypatch.setattr(sql_source, "_ROWS", 30)
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    work(made(tables, home))
    (file,) = (home.cache / "series").rglob("*.series")
    assert file.stat().st_mtime == 2000.0
    assert whole(histories_of(tables, home), query()).series[0].value == falling(LEAST)


@pytest.mark.parametrize("change", [{"stage": "deleted"}, {"status": "RUNNING"}])
def test_a_trial_that_is_deleted_or_goes_on_meanwhile(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    monkeypatch.setattr(sql_source, "_ROWS", 30)
    monkeypatch.setattr(read_ahead, "_PIECE_SECONDS", 0.0)
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    ahead = made(tables, home)
    for _ in range(3):
        ahead.turn()
    assert len(ahead._trials) == 1 and ahead._histories._columns._kept
    store.run(RUN, ended=2000.0, **change)
    work(ahead)
    assert files(home) == {} and not ahead._histories._begun_over


def test_a_disk_that_takes_nothing(
    store: Any, home: Workspace, tables: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    runs = some_runs(store, 3)
    (home.cache / "series").parent.mkdir(parents=True)
    (home.cache / "series").write_text("in the way")
    ahead = made(tables, home)
    rests = [ahead.turn() for _ in range(4)]
    assert rests[1:] == [read_ahead._FULL_SECONDS] * 3
    assert caplog.text.count("Histories are not read ahead") == 1
    assert whole(histories_of(tables, home), query(runs=(runs[0],))).series[0].value == falling(LEAST)
    (home.cache / "series").unlink()
    work(ahead)
    assert set(files(home)) == set(runs)


def test_room_on_the_disk_is_left_to_others(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = some_runs(store, 2)
    ahead = made(tables, home)
    free = [read_ahead.MIN_FREE - 1]
    monkeypatch.setattr(read_ahead.shutil, "disk_usage", lambda _: SimpleNamespace(free=free[0]))
    assert [ahead.turn() for _ in range(2)][-1] == read_ahead._FULL_SECONDS and files(home) == {}
    free[0] = read_ahead.MIN_FREE
    work(ahead)
    assert set(files(home)) == set(runs)


def test_a_store_that_is_away(store: Any, home: Workspace, tables: Listening) -> None:
    runs = some_runs(store, 2)
    ahead = made(tables, home)
    away = store.path.with_suffix(".away")
    store.path.rename(away)
    assert ahead.turn() == read_ahead._AWAY_SECONDS
    away.rename(store.path)
    ahead.turn()
    store.path.rename(away)
    for _ in range(10):
        ahead._look_due = 0.0
        assert ahead.turn() == read_ahead._AWAY_SECONDS
    away.rename(store.path)
    work(ahead)
    assert set(files(home)) == set(runs)


@pytest.mark.parametrize("error", [ZeroDivisionError("of ours"), Unavailable("A page of it is damaged.")])
def test_a_trial_that_cannot_be_read_does_not_hold_up_the_others(
    store: Any, home: Workspace, tables: Listening, error: Exception
) -> None:
    runs = some_runs(store, 3)
    ahead = made(tables, home)
    right: Callable[[str], Any] = ahead._source.lengths

    def wrong(run_id: str) -> Any:
        if run_id == runs[2]:
            raise error
        return right(run_id)

    ahead._source.lengths = wrong  # type: ignore[method-assign]
    work(ahead)
    assert set(files(home)) == set(runs[:2])


def test_a_trial_that_ended_at_no_time_there_is(store: Any, home: Workspace, tables: Listening) -> None:
    runs = some_runs(store, 3)
    for run_id, ended in zip(runs, ("'yesterday'", 9e300, -5), strict=True):
        store.execute(f"UPDATE runs SET end_time = {ended} WHERE run_uuid = '{run_id}'")
    work(made(tables, home))
    assert set(files(home)) == set(runs)


def test_nothing_new_costs_next_to_nothing(store: Any, home: Workspace) -> None:
    store.run(RUN, ended=2000.0)
    ahead = made(Listening(store.path), home)
    work(ahead)
    ahead._look_due = 0.0
    asked: list[int] = []
    ahead._source.ended = lambda limit: asked.append(limit) or {}  # type: ignore[method-assign, func-returns-value]
    ahead.turn()
    assert asked == [] and 0 < ahead.turn() <= read_ahead._LOOK_SECONDS


def test_stores_elsewhere_are_left_alone(tmp_path: Path) -> None:
    for uri in ("http://127.0.0.1:9", (tmp_path / "mlruns").as_uri(), "postgresql://someone@127.0.0.1:9/mlflow"):
        assert open_read_ahead(Workspace(tmp_path, uri)) is None
    ahead = open_read_ahead(Workspace(tmp_path, f"sqlite:///{tmp_path}/none.db"))
    assert ahead is not None
    assert ahead.turn() == read_ahead._AWAY_SECONDS
    ahead.close()
    assert list(tmp_path.iterdir()) == []

"""Histories are what was logged, whatever they are read from and however much of them was known before."""

from __future__ import annotations

import json
import math
import random
import threading
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.series import columns, open_histories, sql_source
from studio_ext.adapters.series import histories as module
from studio_ext.adapters.series.columns import LONG, Columns
from studio_ext.adapters.series.histories import Histories
from studio_ext.adapters.series.journals import Journals
from studio_ext.adapters.series.sql_source import SqlHistories
from studio_ext.adapters.trial_index.sql_tables import SqliteTables
from studio_ext.contract.series import SampledSeries, SeriesPage
from studio_ext.core.packed_series import unpack
from studio_ext.core.workspace import Workspace
from tests.unit.adapters.series.asking import OTHER, RUN, points, query, whole


class WithoutRowid(SqliteTables):
    """As databases are that tell nothing of their rows' numbers."""

    has_rowid = False


@pytest.fixture(params=["rowid and step", "rowid", "neither"])
def any_store(request: pytest.FixtureRequest, store: Any, home: Workspace) -> Histories:
    """The same store, read in each of the three ways."""
    if request.param == "rowid":
        store.execute("DROP INDEX index_metrics_run_uuid_key_step")
    tables = WithoutRowid(store.path) if request.param == "neither" else SqliteTables(store.path)
    return Histories(
        SqlHistories(tables), Columns(home.cache / "series", store.uri), Journals(home.trackers, lambda: [])
    )


def test_values_of_several_trials_and_metrics(store: Any, any_store: Histories) -> None:
    for run_id in (RUN, OTHER):
        store.run(run_id)
        store.log(run_id, "loss", [3.0, 2.0, 1.0])
    store.log(OTHER, "acc", [0.5])
    store.log(OTHER, "unasked", [9.0])
    page = any_store.page(query("loss", "acc", "none", runs=(OTHER, RUN, "c" * 32)))
    assert [(each.run_id, each.name) for each in page.series] == [(OTHER, "loss"), (OTHER, "acc"), (RUN, "loss")]
    assert points(page.series[0]) == [(0, 3.0), (1, 2.0), (2, 1.0)]
    assert page.series[0].time == [] and page.series[0].last == 1.0 and page.series[0].count == 3
    assert page.missing == ["c" * 32] and page.complete and not page.more and page.message == ""


def test_long_histories_come_in_turns(store: Any, any_store: Histories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_source, "_ROWS", 70)
    monkeypatch.setattr(module, "TURN_SECONDS", 0.0)
    store.run(RUN)
    values = [random.Random(step).random() for step in range(300)]
    store.log(RUN, "loss", values)
    turns = 0
    known, seen = 0, []
    page = any_store.page(query())
    while page.more:
        turns += 1
        assert page.waiting == 1 and page.read > known and not page.complete
        seen += page.series[0].value
        known = page.series[0].count
        page = any_store.page(query(known=[[known]], generation=page.generation))
    seen += [value for each in page.series for value in each.value]
    assert turns >= 3 and seen == values and page.complete


def test_whoever_follows_and_has_nothing_is_answered_first_without_previews(
    store: Any, any_store: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SqlHistories, "can_preview", False)
    monkeypatch.setattr(module, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(module, "TURN_SECONDS", 60.0)
    runs = (RUN, OTHER)
    for run_id in runs:
        store.run(run_id)
        store.log(run_id, "loss", [2.0, 1.0])
        store.log(run_id, "acc", [0.5])
    first = any_store.page(query("loss", runs=runs, known=[[0], [0]]))
    assert (first.more, first.waiting, first.complete) == (True, 1, False)
    assert [(each.run_id, each.value) for each in first.series] == [(RUN, [2.0, 1.0])]
    rest = any_store.page(query("loss", runs=runs, known=[[2], [0]], generation=first.generation))
    assert not rest.more and rest.complete
    assert [(each.run_id, each.value) for each in rest.series] == [(OTHER, [2.0, 1.0])]
    # Who says nothing of what is known gets all of it each time: not sooner, but whole.
    assert len(any_store.page(query("acc", runs=runs)).series) == 2
    # Nor is it an answer that there is nothing yet.
    store.log(OTHER, "late", [9.0])
    late = any_store.page(query("late", runs=runs, known=[[0], [0]]))
    assert [each.value for each in late.series] == [[9.0]]


def test_many_values_of_one_step(store: Any, any_store: Histories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_source, "_ROWS", 7)
    store.run(RUN)
    points_ = [(step, 1000.0 + number, float(step * 100 + number)) for step in (-3, 5, 5, 5, 2**63 - 1) for number in
               range(5)]  # fmt: skip
    unique = sorted(set(points_))
    store.points(RUN, "loss", unique)
    store.points(RUN, "same", [(2**63 - 1, 1000.0 + number, number) for number in range(30)])
    same, loss = whole(any_store, query("same", "loss")).series
    assert sorted(loss.value) == sorted(value for _, _, value in unique) and loss.step == sorted(loss.step)
    assert sorted(same.value) == list(range(30))


def test_sampling_keeps_ends_and_extremes(store: Any, any_store: Histories) -> None:
    store.run(RUN)
    values = [math.sin(step / 50) for step in range(2000)]
    values[700], values[701] = 99.0, -99.0
    store.log(RUN, "loss", values)
    (series,) = whole(any_store, query(max_points=100)).series
    assert len(series.value) <= 100 and series.count == series.shown == 2000
    assert {(700, 99.0), (701, -99.0), (0, values[0]), (1999, values[-1])} <= set(points(series))


def test_a_part_is_answered_with_its_neighbours(store: Any, histories: Histories) -> None:
    store.run(RUN, started=900.0)
    store.log(RUN, "loss", [float(step) for step in range(2000)])
    (part,) = whole(histories, query(low=500, high=510.5)).series
    assert part.step == list(range(499, 512)) and part.shown == 13 and part.count == 2000
    (part,) = whole(histories, query(x="time", low=1500.0, high=1501.0)).series
    assert part.time == [1499.0, 1500.0, 1501.0, 1502.0] and part.step == []
    (part,) = whole(histories, query(x="relative", low=600.0, high=601.0)).series
    assert part.time == [599.0, 600.0, 601.0, 602.0]
    assert part.value == [499.0, 500.0, 501.0, 502.0]
    assert whole(histories, query(low=5000)).series[0].step == [1999]


def test_points_with_step_and_time(store: Any, any_store: Histories) -> None:
    """By whichever of the two they are placed: each value keeps its own."""
    store.run(RUN, started=900.0)
    logged = [(step, 1000.0 + 7 * step % 11, float(step)) for step in range(200)]
    store.points(RUN, "loss", logged)
    for x, offset in (("step", 0.0), ("time", 0.0), ("relative", 900.0)):
        for most in (1000, 20):
            (series,) = whole(any_store, query(x=x, both=True, max_points=most)).series
            assert len(series.step) == len(series.time) == len(series.value) <= most
            found = set(zip(series.step, (each + offset for each in series.time), series.value, strict=True))
            assert found <= set(logged)
            places = series.step if x == "step" else series.time
            assert places == sorted(places)
    (part,) = whole(any_store, query(both=True, low=50, high=52)).series
    assert part.step == [49, 50, 51, 52, 53] and part.time == [logged[step][1] for step in part.step]


def test_what_is_no_number(store: Any, any_store: Histories) -> None:
    store.run(RUN)
    store.log(RUN, "loss", [math.nan, math.inf, -math.inf, 2.0, math.nan])
    store.log(RUN, "never", [math.nan] * 20)
    page = any_store.page(query("loss", "never", max_points=10))
    assert page.series[0].value == [None, None, None, 2.0, None]
    assert page.series[0].not_finite == 4 and page.series[0].last is None
    assert set(page.series[1].value) == {None} and page.series[1].not_finite == 20
    SeriesPage.model_validate_json(page.model_dump_json())


@pytest.mark.parametrize("axis", ["step", "time", "relative"])
def test_packed_it_is_the_same(store: Any, histories: Histories, axis: str) -> None:
    store.run(RUN, started=900.0)
    store.log(RUN, "loss", [3.0, math.nan, *(float(step % 17) for step in range(500))])
    store.points(RUN, "back", [(5, 1000.0, 0.5), (1, 1001.0, math.inf)])
    question = query("loss", "none", "back", x=axis, max_points=50)
    page = whole(histories, question)
    found, arrays = unpack(histories.packed(question))
    assert [len(each["value"]) + len(each["step"]) + len(each["time"]) for each in found["series"]] == [0, 0]
    for each, (places, values) in zip(found["series"], arrays, strict=True):
        each["step" if axis == "step" else "time"] = places.tolist()
        each["value"] = [None if math.isnan(value) else value for value in values]
    assert found == json.loads(page.model_dump_json())


def test_what_is_answered_is_kept_by_nobody(store: Any, histories: Histories) -> None:
    store.run(RUN, status="RUNNING")
    store.log(RUN, "loss", [1.0, 2.0])
    _, before = unpack(histories.packed(query()))
    store.log(RUN, "loss", [9.0] * 500, first=2, time=1002.0)
    whole(histories, query())
    assert before[0][1].tolist() == [1.0, 2.0]


def test_steps_that_are_no_floats(store: Any, any_store: Histories) -> None:
    store.run(RUN)
    steps = [2**53, 2**53 + 1, 2**62 + 1]
    store.points(RUN, "loss", [(step, 1000.0 + number, 0.5) for number, step in enumerate(steps)])
    assert any_store.page(query()).series[0].step == steps


def test_what_is_not_even_a_value(store: Any, any_store: Histories) -> None:
    store.run(RUN)
    store.log(RUN, "loss", [1.0, 2.0, 3.0])
    store.execute("UPDATE metrics SET value = x'00ff' WHERE step = 1")
    assert any_store.page(query()).series[0].value == [1.0, None, 3.0]


def test_steps_that_go_back_are_put_in_order(store: Any, any_store: Histories) -> None:
    store.run(RUN, status="RUNNING")
    store.points(RUN, "loss", [(5, 1000.0, 0.5), (6, 1001.0, 0.6)])
    page = whole(any_store, query())
    store.points(RUN, "loss", [(1, 1002.0, 0.1), (5, 1003.0, 0.55)])
    later = whole(any_store, query(known=[[2]], generation=page.generation))
    (series,) = later.series
    assert points(series) == [(1, 0.1), (5, 0.5), (5, 0.55), (6, 0.6)]
    assert series.first == 0 and series.last in (0.55, 0.6)
    (series,) = whole(any_store, query(low=4.5, high=5.5)).series
    assert points(series) == [(1, 0.1), (5, 0.5), (5, 0.55), (6, 0.6)]
    assert whole(any_store, query(x="time")).series[0].time == [1000.0, 1001.0, 1002.0, 1003.0]


def test_only_what_came_after_is_answered(store: Any, any_store: Histories) -> None:
    store.run(RUN, status="RUNNING")
    store.log(RUN, "loss", [3.0, 2.0])
    page = any_store.page(query("loss", "acc"))
    assert not page.complete
    known: dict[str, Any] = {"known": [[2, 0]], "generation": page.generation}
    assert any_store.page(query("loss", "acc", **known)).series == []
    store.log(RUN, "loss", [1.0], first=2, time=1002.0)
    store.log(RUN, "acc", [0.5, 0.6])
    store.run(OTHER)
    store.log(OTHER, "loss", [7.0] * 9)
    loss, acc = any_store.page(query("loss", "acc", **known)).series
    assert (loss.first, loss.count, points(loss)) == (2, 3, [(2, 1.0)])
    assert (acc.first, acc.count, points(acc)) == (0, 2, [(0, 0.5), (1, 0.6)])
    again = any_store.page(query("loss", "acc", known=[[2, 0]], generation="another"))
    assert [each.first for each in again.series] == [0, 0]
    store.run(RUN)
    last = any_store.page(query("loss", "acc", known=[[3, 2]], generation=page.generation))
    assert last.complete and last.series == []


def test_values_that_came_late_for_an_earlier_time_are_there_in_the_end(store: Any, any_store: Histories) -> None:
    store.run(RUN, status="RUNNING")
    store.log(RUN, "loss", [3.0, 2.0])
    any_store.page(query())
    store.points(RUN, "loss", [(7, 900.0, 7.0)])
    store.run(RUN)
    assert sorted(points(whole(any_store, query()).series[0])) == [(0, 3.0), (1, 2.0), (7, 7.0)]


def test_a_trial_that_goes_on_again(store: Any, any_store: Histories) -> None:
    store.run(RUN)
    store.log(RUN, "loss", [3.0, 2.0])
    assert any_store.page(query()).complete
    store.log(RUN, "loss", [1.5], first=2, time=1002.0)  # MLflow takes values of a run that is over
    assert whole(any_store, query()).series[0].value == [3.0, 2.0, 1.5]
    store.run(RUN, status="RUNNING")
    store.log(RUN, "loss", [1.0], first=3, time=1003.0)
    page = whole(any_store, query())
    assert page.series[0].value == [3.0, 2.0, 1.5, 1.0] and not page.complete
    store.points(RUN, "loss", [(9, 900.0, 9.0)])
    store.run(RUN)
    assert whole(any_store, query()).series[0].step == [0, 1, 2, 3, 9]


def test_of_many_that_go_on_those_with_more_are_asked_for_first(
    store: Any, home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tuple(f"{number:032x}" for number in range(40))
    for run_id in runs:
        store.run(run_id, status="RUNNING")
        store.log(run_id, "loss", [2.0, 1.0])
    asked: list[str] = []

    class Listening(WithoutRowid):
        def rows(self, statement: str, values: Any = ()) -> list[Any]:
            asked.append(statement)
            return super().rows(statement, values)

        def numbers(self, statement: str, values: Any, columns: int) -> Any:
            asked.append(statement)
            return super().numbers(statement, values, columns)

    source = SqlHistories(Listening(store.path))
    histories = Histories(source, Columns(home.cache / "series", store.uri), Journals(home.trackers, lambda: []))
    assert len(whole(histories, query("loss", "acc", runs=runs)).series) == 40
    store.log(runs[-1], "loss", [0.5], first=2, time=1002.0)
    asked.clear()
    # However little time there is, whoever has more gets its turn.
    monkeypatch.setattr(module, "TURN_SECONDS", 0.0)
    page = whole(histories, query("loss", "acc", runs=runs))
    assert page.series[-1].value == [2.0, 1.0, 0.5]
    assert len([each for each in asked if "FROM metrics" in each]) == 1


def test_it_is_not_complete_before_all_that_has_grown_is_read(
    store: Any, any_store: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run_id in (RUN, OTHER):
        store.run(run_id)
        store.log(run_id, "loss", [1.0])
    assert whole(any_store, query(runs=(RUN, OTHER))).complete
    for run_id in (RUN, OTHER):
        store.log(run_id, "loss", [0.5], first=1, time=2000.0)
    monkeypatch.setattr(module, "TURN_SECONDS", 0.0)
    page = any_store.page(query(runs=(RUN, OTHER)))
    assert not page.complete and sorted(each.count for each in page.series) == [1, 2]
    turns = 0
    while not page.complete and turns < 5:
        turns += 1
        page = any_store.page(query(runs=(RUN, OTHER)))
    assert page.complete and [each.value for each in page.series] == [[1.0, 0.5]] * 2


def test_a_trial_that_is_deleted_is_missing(store: Any, any_store: Histories) -> None:
    store.run(RUN)
    store.log(RUN, "loss", [1.0])
    assert any_store.page(query()).missing == []
    store.run(RUN, stage="deleted")
    page = any_store.page(query())
    assert page.missing == [RUN] and page.series == [] and page.complete


def test_no_more_points_than_an_answer_holds(store: Any, histories: Histories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ANSWERED", 100)
    store.run(RUN)
    for name in "abcde":
        store.log(RUN, name, range(200))
    page = whole(histories, query(*"abcde", max_points=5000))
    assert [len(each.value) <= 20 and len(each.value) > 4 for each in page.series] == [True] * 5


def test_a_store_that_is_not_there_yet(tmp_path: Path) -> None:
    histories = open_histories(Workspace(tmp_path, f"sqlite:///{tmp_path}/none.db"), lambda: [])
    page = histories.page(query())
    assert page.missing == [RUN] and page.series == [] and page.message == ""


def test_a_store_that_is_away_keeps_what_is_known(store: Any, histories: Histories) -> None:
    store.run(RUN)
    store.log(RUN, "loss", [1.0, 2.0])
    histories.page(query())
    away = store.path.with_name("away")
    store.path.rename(away)
    store.path.mkdir()
    page = histories.page(query())
    assert "cannot be read" in page.message and points(page.series[0]) == [(0, 1.0), (1, 2.0)]
    assert not page.complete and not page.more and page.missing == []
    store.path.rmdir()
    away.rename(store.path)
    page = histories.page(query())
    assert page.message == "" and page.complete


def test_a_store_that_was_packed_is_read_anew(store: Any, histories: Histories) -> None:
    store.run(RUN)
    store.log(RUN, "loss", [1.0, 2.0])
    first = histories.page(query())
    store.execute("DELETE FROM metrics")
    store.log(RUN, "loss", [7.0, 8.0, 9.0], time=2000.0)
    page = histories.page(query(known=[[2]], generation=first.generation))
    assert page.generation != first.generation
    assert page.series[0].value == [7.0, 8.0, 9.0] and page.series[0].first == 0


def test_long_histories_are_read_once_by_all_servers(store: Any, home: Workspace) -> None:
    store.run(RUN, status="RUNNING")
    count = LONG + 10
    store.log(RUN, "loss", [float(step % 7) for step in range(count)])
    page = whole(open_histories(home, lambda: []), query(low=10, high=12))
    assert points(page.series[0]) == [(step, float(step % 7)) for step in range(9, 14)]

    other = open_histories(home, lambda: [])
    asked: list[str] = []
    rows = SqliteTables.rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            SqliteTables, "rows", lambda self, text, values=(): asked.append(text) or rows(self, text, values)
        )
        page = whole(other, query(low=10, high=12))
    assert page.series[0].count == count and not any("_key_step" in each for each in asked)
    store.log(RUN, "loss", [0.5], first=count, time=99_999.0)
    for histories in (other, open_histories(home, lambda: [])):
        (series,) = whole(histories, query(low=count - 1)).series
        assert series.step[-1] == count and series.value[-1] == 0.5 and series.count == count + 1


def test_many_ask_at_once(store: Any, histories: Histories) -> None:
    for number in range(20):
        store.run(f"{number:032x}")
        store.log(f"{number:032x}", "loss", range(200))
    runs = tuple(f"{number:032x}" for number in range(20))
    found: list[int] = []

    def ask() -> None:
        found.append(sum(each.count for each in whole(histories, query(runs=runs)).series))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert found == [4000] * 6


def test_answers_pass_their_own_check(store: Any, histories: Histories) -> None:
    """They are made without it."""
    store.run(RUN)
    store.log(RUN, "x" * 250, [1.0, math.nan])
    for x in ("step", "time", "relative"):
        page = histories.page(query("x" * 250, x=x))
        assert SeriesPage.model_validate_json(page.model_dump_json()).series[0] == SampledSeries.model_validate(
            page.series[0].model_dump()
        )


def series_files(home: Workspace) -> list[Path]:
    return sorted((home.cache / "series").rglob("*.series"))


def test_many_long_histories_keep_no_file_open(
    store: Any, home: Workspace, histories: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "LONG", 10)
    store.run(RUN)
    names = [f"m{at}" for at in range(50)]
    for name in names:
        store.log(RUN, name, [float(step) for step in range(20)])
    whole(histories, query(*names))
    most = 0

    def counting(*asked: Any) -> Any:
        nonlocal most
        most = max(most, sum(1 for _ in Path("/proc/self/fd").iterdir()))
        return sample(*asked)

    sample = module.sample
    monkeypatch.setattr(module, "sample", counting)
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    page = histories.page(query(*names, max_points=10))
    assert len(series_files(home)) == len(page.series) == 50
    assert before <= most < before + 10 and sum(1 for _ in Path("/proc/self/fd").iterdir()) == before


@pytest.mark.parametrize("at", ["view", "sample"])
def test_a_file_that_another_process_threw_away_is_read_anew(
    store: Any, home: Workspace, histories: Histories, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    monkeypatch.setattr(columns, "LONG", 10)
    store.run(RUN)
    if at == "view":
        store.execute("UPDATE runs SET start_time = NULL")
    values = [float(step) for step in range(30)]
    store.log(RUN, "loss", values)
    store.log(RUN, "acc", [0.5])
    assert whole(histories, query("loss", "acc")).series[0].value == values
    (file,) = series_files(home)
    file.unlink()
    page = histories.page(query("loss", "acc"))
    assert [each.name for each in page.series] == ["acc"]
    assert (page.more, page.waiting, page.complete) == (True, 1, False)
    assert [each.value for each in whole(histories, query("loss", "acc")).series] == [values, [0.5]]


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_file_that_is_thrown_away_between_two_pieces_loses_nothing(
    store: Any, home: Workspace, any_store: Histories, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    monkeypatch.setattr(columns, "LONG", 10)
    monkeypatch.setattr(sql_source, "_ROWS", 20)
    monkeypatch.setattr(module, "TURN_SECONDS", 60.0)
    store.run(RUN)
    values = [float(step) for step in range(100)]
    store.log(RUN, "loss", values)
    append = columns.append
    turns = 0

    def thrown_away(*args: Any, **fields: Any) -> Any:
        nonlocal turns
        turns += 1
        if turns == turn:
            for each in series_files(home):
                each.unlink()
        return append(*args, **fields)

    monkeypatch.setattr(columns, "append", thrown_away)
    page = any_store.page(query())
    assert page.more and turns == turn
    assert whole(any_store, query()).series[0].value == values

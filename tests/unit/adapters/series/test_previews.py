"""What is shown of histories before they are read: some values of each, over its whole length."""

from __future__ import annotations

import math
from typing import Any

import pytest

from studio_ext.adapters.series import histories as module
from studio_ext.adapters.series import open_histories, sql_source
from studio_ext.adapters.series.histories import Histories
from studio_ext.adapters.series.sql_source import SqlHistories
from studio_ext.adapters.trial_index.sql_tables import SqliteTables
from studio_ext.contract.series import PREVIEWED
from studio_ext.core.packed_series import unpack
from studio_ext.core.workspace import Workspace
from tests.unit.adapters.series.asking import OTHER, RUN, query

RUNS = (RUN, OTHER)
NOTHING = [[0], [0]]
BOTH_PREVIEWED = [[PREVIEWED], [PREVIEWED]]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is time for one piece of 70 values in each answer."""
    monkeypatch.setattr(sql_source, "_ROWS", 70)
    monkeypatch.setattr(module, "PREVIEW_SECONDS", 0.0)
    monkeypatch.setattr(module, "TURN_SECONDS", 0.0)


def previewed(store: Any, most: int = 5, metric: str = "loss") -> list[tuple[float, float | None]]:
    found = SqlHistories(SqliteTables(store.path)).preview(RUN, metric, most)
    values = [None if math.isnan(value) else value for value in found.value]
    return list(zip(found.step.tolist(), values, strict=True))


def test_short_histories_are_read_instead(store: Any, histories: Histories) -> None:
    for run_id in RUNS:
        store.run(run_id)
        store.log(run_id, "loss", [2.0, 1.0])
    page = histories.page(query(runs=RUNS, known=NOTHING))
    assert [each.preview for each in page.series] == [False, False] and page.complete


@pytest.mark.usefixtures("slow")
def test_a_preview_stays_until_all_is_there(store: Any, histories: Histories) -> None:
    values = [float(step) for step in range(1000)]
    for run_id in RUNS:
        store.run(run_id)
        store.log(run_id, "loss", values)
    page = histories.page(query(runs=RUNS, known=NOTHING))
    assert [(each.run_id, each.preview, each.first) for each in page.series] == [(RUN, True, 0), (OTHER, True, 0)]
    for each in page.series:
        assert each.step[0] == 0 and each.step[-1] == 999 and each.last == 999.0
        assert each.count == each.shown == len(each.value) == 200 and each.value == each.step
    assert (page.more, page.waiting, page.complete) == (True, 2, False)
    known, seen = BOTH_PREVIEWED, {}
    read = -1
    while page.more:
        assert page.read > read or seen
        read = page.read
        page = histories.page(query(runs=RUNS, known=known, generation=page.generation))
        for each in page.series:
            assert not each.preview and each.run_id not in seen and each.first == 0
            seen[each.run_id] = each.value
            known[RUNS.index(each.run_id)] = [each.count]
    assert seen == dict.fromkeys(RUNS, values) and page.complete


@pytest.mark.usefixtures("slow")
def test_who_begins_anew_gets_a_preview_of_what_is_half_read(store: Any, histories: Histories) -> None:
    store.run(RUN)
    store.log(RUN, "loss", [float(step) for step in range(1000)])
    assert histories.page(query()).series[0].count < 200
    (series,) = histories.page(query(known=[[0]])).series
    assert series.preview and series.step[-1] == 999


@pytest.mark.usefixtures("slow")
def test_who_does_not_follow_gets_no_previews(store: Any, histories: Histories) -> None:
    store.run(RUN)
    store.log(RUN, "loss", [float(step) for step in range(1000)])
    page = histories.page(query())
    while page.more:
        assert not any(each.preview for each in page.series)
        page = histories.page(query())
    assert page.series[0].count == 1000


@pytest.mark.usefixtures("slow")
def test_previews_take_no_longer_than_they_may(store: Any, histories: Histories, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "MOST_PREVIEW_SECONDS", 0.0)
    for run_id in RUNS:
        store.run(run_id)
        store.log(run_id, "loss", [float(step) for step in range(300)])
    page = histories.page(query(runs=RUNS, known=NOTHING))
    assert [(each.run_id, each.preview) for each in page.series] == [(RUN, True)] and page.more
    known, got = [[PREVIEWED], [0]], set()
    while page.more:
        page = histories.page(query(runs=RUNS, known=known, generation=page.generation))
        for each in page.series:
            known[RUNS.index(each.run_id)] = [each.count]
            got.add((each.run_id, each.count))
    assert {(RUN, 300), (OTHER, 300)} <= got


@pytest.mark.usefixtures("slow")
def test_by_time_a_preview_is_in_the_order_of_time(store: Any, histories: Histories) -> None:
    store.run(RUN, started=1000.0)
    store.points(RUN, "loss", [(step, 2000.0 - step, float(step)) for step in range(400)])
    (series,) = histories.page(query(x="relative", known=[[0]])).series
    assert series.preview and series.time == sorted(series.time)
    assert (series.time[0], series.value[0], series.value[-1]) == (601.0, 399.0, 0.0)


@pytest.mark.usefixtures("slow")
def test_arrays_say_that_they_are_previews(store: Any, histories: Histories) -> None:
    store.run(RUN)
    store.log(RUN, "loss", [float(step) for step in range(1000)])
    page, arrays = unpack(histories.packed(query(known=[[0]], max_points=50)))
    assert page["series"][0]["preview"] and len(arrays[0][1]) <= 50


@pytest.mark.usefixtures("slow")
def test_a_store_that_goes_away_meanwhile(store: Any, histories: Histories, monkeypatch: Any) -> None:
    store.run(RUN)
    store.log(RUN, "loss", [float(step) for step in range(1000)])
    monkeypatch.setattr(SqlHistories, "preview", lambda *_: store.path.unlink() or SqliteTables(store.path).rows("X"))
    page = histories.page(query(known=[[0]]))
    assert page.message and not page.more and not page.complete


def test_places_are_as_far_apart_as_can_be(store: Any) -> None:
    store.run(RUN)
    store.log(RUN, "loss", [float(step) for step in range(101)])
    assert previewed(store) == [(step, float(step)) for step in (0, 25, 50, 75, 100)]
    assert previewed(store, most=2) == [(0, 0.0), (100, 100.0)]
    assert previewed(store, metric="none") == []


def test_where_there_are_no_values_the_next_one_is_taken_once(store: Any) -> None:
    store.run(RUN)
    store.points(RUN, "loss", [(0, 1000.0, 5.0), (90, 1001.0, math.nan), (100, 1002.0, 7.0)])
    assert previewed(store, most=11) == [(0, 5.0), (90, None), (100, 7.0)]


def test_steps_that_are_all_the_same_or_as_far_apart_as_they_can_be(store: Any) -> None:
    store.run(RUN)
    store.points(RUN, "loss", [(0, 1000.0 + each, float(each)) for each in range(50)])
    assert previewed(store) == [(0, 0.0)]
    ends = [-(2**63), 0, 2**63 - 1]
    store.points(RUN, "far", [(step, 1000.0, 1.0) for step in ends])
    assert [step for step, _ in previewed(store, metric="far")] == ends


def test_points_of_a_preview_are_values_that_were_logged(store: Any) -> None:
    store.run(RUN)
    logged = [(step * step * 7 % 5003, 1000.0 + step, float(step)) for step in range(3000)]
    store.points(RUN, "loss", logged)
    found = previewed(store, most=64)
    steps = [step for step, _ in found]
    assert {(step, value) for step, _, value in logged} >= set(found) and 32 < len(steps) <= 64
    assert steps == sorted(set(steps)) and {min(logged)[0], max(logged)[0]} <= set(steps)


@pytest.mark.usefixtures("slow")
def test_trials_that_are_added_while_others_are_previews(store: Any, histories: Histories) -> None:
    for run_id in RUNS:
        store.run(run_id)
        store.log(run_id, "loss", [float(step) for step in range(1000)])
    page = histories.page(query(known=[[0]]))
    page = histories.page(query(runs=RUNS, known=[[PREVIEWED], [0]], generation=page.generation))
    assert [(each.run_id, each.preview) for each in page.series] == [(OTHER, True)]


@pytest.mark.usefixtures("slow")
def test_values_of_few_steps_are_shown_as_they_are_read(store: Any, histories: Histories) -> None:
    store.run(RUN)
    store.points(RUN, "loss", [(each // 100, 1000.0 + each, float(each)) for each in range(1000)])
    page = histories.page(query(known=[[0]]))
    assert page.more and [each.preview for each in page.series] == [False]


def test_a_store_that_is_not_there_yet(tmp_path: Any) -> None:
    nowhere = open_histories(Workspace(tmp_path, f"sqlite:///{tmp_path / 'none.db'}"), lambda: [])
    page = nowhere.page(query(known=[[0]]))
    assert page.message == "" and page.missing == [RUN] and not page.more


def test_an_index_that_comes_later_is_used(store: Any, histories: Histories) -> None:
    store.run(RUN)
    store.log(RUN, "loss", [1.0])
    store.execute("DROP INDEX index_metrics_run_uuid_key_step")
    source = SqlHistories(SqliteTables(store.path))
    source.look()
    assert not source.can_preview
    store.execute('CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, "key", step)')
    assert source.can_preview


@pytest.mark.parametrize("low", [0, -5, -(2**63)])
@pytest.mark.parametrize("high", [2**60 - 1, 2**62 + 1, 2**63 - 1])
def test_the_last_of_far_steps_is_there(store: Any, low: int, high: int) -> None:
    store.run(RUN)
    store.points(RUN, "loss", [(step, 1000.0, 1.0) for step in (low, high - 1, high)])
    steps = [step for step, _ in previewed(store, most=200)]
    assert {low, high} <= set(steps) <= {low, high - 1, high}

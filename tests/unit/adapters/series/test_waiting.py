"""Whoever looks at charts waits for no program's whole turn, and programs get all there is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from studio_ext.adapters.series import histories as module
from studio_ext.adapters.series.histories import Histories
from studio_ext.adapters.series.sources import Piece, Want
from studio_ext.adapters.series.sql_source import SqlHistories
from studio_ext.contract.series import SeriesPage, SeriesQuery
from tests.unit.adapters.series.asking import OTHER, RUN, query, whole
from tests.unit.adapters.series.reading_ahead import Listening, histories_of

RUNS = (RUN, OTHER)


@pytest.fixture
def any_store(tables: Listening, home: Any, store: Any, monkeypatch: pytest.MonkeyPatch) -> Histories:
    """With two histories; a turn lasts as long as it has to."""
    monkeypatch.setattr(module, "TURN_SECONDS", 60.0)
    monkeypatch.setattr(module, "PROGRAM_SECONDS", 0.0)
    for run_id in RUNS:
        store.run(run_id)
        store.log(run_id, "loss", [2.0, 1.0])
    return histories_of(tables, home)


def while_waited_for(
    histories: Histories, first: SeriesQuery, second: SeriesQuery, monkeypatch: pytest.MonkeyPatch
) -> tuple[SeriesPage, SeriesPage]:
    """Answers of two questions, the second of which comes while the first one reads."""
    read = SqlHistories.read
    is_reading, may_go_on = threading.Event(), threading.Event()

    def slowly(self: SqlHistories, wants: Sequence[Want]) -> Iterator[list[Piece]]:
        for pieces in read(self, wants):
            is_reading.set()
            assert may_go_on.wait(30)
            yield pieces

    with monkeypatch.context() as patched, ThreadPoolExecutor(2) as threads:
        patched.setattr(SqlHistories, "read", slowly)
        one = threads.submit(histories.page, first)
        assert is_reading.wait(30)
        other = threads.submit(histories.page, second)
        deadline = time.monotonic() + 30
        while not histories._followers and time.monotonic() < deadline:
            time.sleep(0.01)
        may_go_on.set()
        answers = one.result(30), other.result(30)
    assert not histories._followers
    return answers


def values(page: SeriesPage) -> list[list[float | None]]:
    return [each.value for each in page.series]


@pytest.mark.parametrize("charts", [{"known": [[1], [1]]}, {"low": 0.0, "high": 9.0}])
def test_a_program_gives_way_to_whoever_looks_at_charts(
    any_store: Histories, monkeypatch: pytest.MonkeyPatch, charts: dict[str, Any]
) -> None:
    begun, shown = while_waited_for(
        any_store, query("loss", runs=RUNS), query("loss", runs=RUNS, **charts), monkeypatch
    )
    assert begun.more and values(begun) == [[2.0, 1.0]]
    assert not shown.more and values(shown) == [[2.0, 1.0], [2.0, 1.0]]
    assert values(whole(any_store, query("loss", runs=RUNS))) == values(shown)


def test_a_program_reads_for_a_while_before_it_gives_way(any_store: Histories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROGRAM_SECONDS", 60.0)
    asked = query("loss", runs=RUNS)
    begun, _ = while_waited_for(any_store, asked, query("loss", runs=RUNS, known=[[1], [1]]), monkeypatch)
    assert not begun.more and values(begun) == [[2.0, 1.0], [2.0, 1.0]]


def test_charts_give_way_to_nobody(any_store: Histories, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = query("loss", runs=RUNS, known=[[1], [1]])
    shown, _ = while_waited_for(any_store, asked, query("loss", runs=RUNS, known=[[1], [1]]), monkeypatch)
    assert not shown.more and values(shown) == [[2.0, 1.0], [2.0, 1.0]]


def test_what_has_grown_is_whole_whoever_waits(
    store: Any, any_store: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = query("loss", runs=RUNS)
    assert not any_store.page(asked).more
    for run_id in RUNS:
        store.log(run_id, "loss", [0.5], first=2, time=1002.0)
    grown, _ = while_waited_for(any_store, asked, query("loss", runs=RUNS, known=[[1], [1]]), monkeypatch)
    assert not grown.more and values(grown) == [[2.0, 1.0, 0.5], [2.0, 1.0, 0.5]]


def test_what_has_waited_for_longest_is_read_first(
    store: Any, any_store: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = query("loss", runs=RUNS)
    assert not any_store.page(asked).more
    monkeypatch.setattr(module, "TURN_SECONDS", 0.0)
    counts = []
    for step in (2, 3, 4):
        for run_id in RUNS:
            store.log(run_id, "loss", [0.5], first=step, time=1000.0 + step)
        counts.append([each.count for each in any_store.page(asked).series])
    assert counts == [[3, 2], [3, 4], [5, 4]]

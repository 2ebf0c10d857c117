"""What is about to be asked for is read before, and never in anybody's way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.series import columns as columns_module
from studio_ext.adapters.series import histories as histories_module
from studio_ext.adapters.series.read_ahead import LEAST
from studio_ext.contract.errors import Unavailable
from studio_ext.core.workspace import Workspace
from tests.unit.adapters.series.asking import OTHER, RUN, query, whole
from tests.unit.adapters.series.reading_ahead import Listening, falling, histories_of, made, some_runs, work


def test_what_is_expected_is_read_before_it_is_asked_for(store: Any, home: Workspace, tables: Listening) -> None:
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    histories = histories_of(tables, home)
    histories.expect([RUN, OTHER], ["loss", "other"])
    assert tables.read == LEAST, "of a run and a metric that are not there is nothing to read"
    tables.read = 0
    page = whole(histories, query("loss", runs=(RUN,)))
    assert page.series[0].value == falling(LEAST) and page.complete
    assert tables.read == 0


def test_files_that_are_expected_are_read_once(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    work(made(tables, home))
    opened: list[Path] = []
    load = columns_module.load
    monkeypatch.setattr(columns_module, "load", lambda path, **given: (opened.append(path), load(path, **given))[1])
    histories = histories_of(tables, home)
    histories.expect([RUN, OTHER], ["loss"])
    assert len(opened) == 1
    tables.read = 0
    looks: list[None] = []
    with monkeypatch.context() as patched:
        patched.setattr(histories, "_look", lambda: looks.append(None))
        histories.expect([RUN, OTHER], ["loss"])
        assert not looks, "a page that looks again and again says the same each time"
        histories.expect([RUN], ["loss"])
        assert looks
    assert whole(histories, query("loss", runs=(RUN,))).series[0].value == falling(LEAST)
    assert (len(opened), tables.read) == (1, 0)


def test_nothing_is_expected_of_who_reads_or_is_elsewhere(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    histories = histories_of(tables, home)
    with histories._lock:
        histories.expect([RUN], ["loss"])
    assert tables.read == 0
    with monkeypatch.context() as patched:
        patched.setattr(histories._source, "tells_changes", False)
        histories.expect([RUN], ["loss"])
    assert tables.read == 0
    histories.expect([RUN], ["loss"])
    assert tables.read == LEAST


def test_what_is_expected_of_another_store_is_not_believed(store: Any, home: Workspace, tables: Listening) -> None:
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    work(made(tables, home))
    store.execute("UPDATE metrics SET value = 7.0, rowid = rowid + 1000000")
    histories = histories_of(tables, home)
    histories.expect([RUN], ["loss"])
    assert set(whole(histories, query("loss", runs=(RUN,))).series[0].value) == {7.0}


def test_nothing_is_expected_for_longer_than_somebody_can_wait(
    store: Any, home: Workspace, tables: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = some_runs(store, 5)
    monkeypatch.setattr(histories_module, "EXPECT_SECONDS", 0.0)
    histories = histories_of(tables, home)
    histories.expect(runs, ["loss"])
    assert 0 < tables.read < 5 * LEAST
    page = whole(histories, query("loss", runs=tuple(runs)))
    assert [each.value for each in page.series] == 5 * [falling(LEAST)]


def test_a_store_that_is_away_is_told_to_whoever_asks(store: Any, home: Workspace, tables: Listening) -> None:
    def away(*_: Any) -> Any:
        raise Unavailable("The store is away.")

    histories = histories_of(tables, home)
    tables.rows = away  # type: ignore[method-assign]
    histories.expect([RUN], ["loss"])
    assert histories.page(query("loss", runs=(RUN,))).message == "The store is away."
    del tables.rows
    store.run(RUN, ended=2000.0)
    store.log(RUN, "loss", falling(LEAST))
    histories.expect([RUN], ["loss"])
    assert tables.read == LEAST, "it is there again, and so is what was expected"

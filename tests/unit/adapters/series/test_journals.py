"""Values that journals have and the store has not."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.series import journals, open_histories
from studio_ext.adapters.series.histories import Histories
from studio_ext.adapters.series.journals import Journals
from studio_ext.core.workspace import Workspace
from tests.unit.adapters.series.asking import OTHER, RUN, points, query


def calls(run_id: str, name: str, values: dict[int, float], time: float = 1000.0) -> bytes:
    """Lines of a journal, one value each."""
    lines = []
    for step, value in values.items():
        body = {"run_id": run_id, "key": name, "value": value, "timestamp": int(time * 1000) + step, "step": step}
        call = {"p": "/api/2.0/mlflow/runs/log-metric", "m": "POST", "wb": True, "b": json.dumps(body)}
        lines.append(json.dumps(call).encode() + b"\n")
    return b"".join(lines)


@pytest.fixture
def journal(home: Workspace) -> Path:
    folder = home.trackers / RUN / "attempts" / "1"
    folder.mkdir(parents=True)
    return folder / "calls.jsonl"


def applied(journal: Path, position: int) -> None:
    with journal.with_name("replies.jsonl").open("a") as file:
        file.write(json.dumps({"pos": position}) + "\n")


def test_values_that_the_store_has_not_got_are_there(store: Any, histories: Histories, journal: Path) -> None:
    store.run(RUN, status="RUNNING")
    store.points(RUN, "loss", [(0, 1000.0, 3.0)])
    journal.write_bytes(calls(RUN, "loss", {0: 3.0, 1: 2.0, 2: math.nan}))
    page = histories.page(query())
    (series,) = page.series
    assert points(series) == [(0, 3.0), (1, 2.0), (2, None)]
    assert (series.count, series.not_finite, series.last) == (3, 1, None) and not page.complete
    with journal.open("ab") as file:
        file.write(calls(RUN, "loss", {3: 1.0}) + calls(RUN, "acc", {0: 0.5}))
    loss, acc = histories.page(query("loss", "acc", known=[[3, 0]], generation=page.generation)).series
    assert (loss.first, points(loss)) == (3, [(3, 1.0)]) and points(acc) == [(0, 0.5)]


def test_nothing_is_twice_while_the_store_catches_up(store: Any, histories: Histories, journal: Path) -> None:
    store.run(RUN, status="RUNNING")
    journal.write_bytes(calls(RUN, "loss", {0: 3.0, 1: 2.0}))
    first = histories.page(query())
    store.points(RUN, "loss", [(0, 1000.0, 3.0)])  # it was applied, and not noted yet
    known: dict[str, Any] = {"known": [[2]], "generation": first.generation}
    assert histories.page(query(**known)).series == []
    store.points(RUN, "loss", [(1, 1000.001, 2.0)])
    applied(journal, journal.stat().st_size)
    assert histories.page(query(**known)).series == []
    assert points(histories.page(query()).series[0]) == [(0, 3.0), (1, 2.0)]


def test_a_journal_of_a_run_that_the_store_does_not_know_yet(home: Workspace, tmp_path: Path, journal: Path) -> None:
    journal.write_bytes(calls(RUN, "loss", {0: 3.0}))
    store_away = Workspace(home.home, f"sqlite:///{tmp_path}")
    page = open_histories(store_away, lambda: []).page(query())
    assert points(page.series[0]) == [(0, 3.0)] and page.message


def test_journals_of_jobs(store: Any, home: Workspace, tmp_path: Path) -> None:
    directory = tmp_path / "job"
    (directory / "attempts" / "2").mkdir(parents=True)
    path = directory / "attempts" / "2" / "calls.jsonl"
    path.write_bytes(calls(RUN, "loss", {0: 3.0}) + calls(OTHER, "loss", {0: 4.0}) + b'{"half')
    for run_id in (RUN, OTHER):
        store.run(run_id, status="RUNNING")
    histories = open_histories(home, lambda: [(directory, 2)])
    assert points(histories.page(query(runs=(OTHER,))).series[0]) == [(0, 4.0)]
    assert [each.value for each in histories.page(query(runs=(RUN, OTHER))).series] == [[3.0], [4.0]]


def test_of_many_journals_those_that_are_asked_for_are_held(
    home: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "MOST_OF_ALL", 100)
    monkeypatch.setattr(journals, "_TURN_SECONDS", 60.0)
    runs = [f"{at:032x}" for at in range(6)]
    directories = []
    for run_id in runs:
        directories.append(tmp_path / run_id)
        (directories[-1] / "attempts" / "1").mkdir(parents=True)
        path = directories[-1] / "attempts" / "1" / "calls.jsonl"
        path.write_bytes(calls(run_id, "loss", dict.fromkeys(range(40), 1.0)))
    asked = Journals(home.trackers, lambda: [(each, 1) for each in directories])

    def held() -> int:
        return sum(len(each.waiting) for each in asked._followed.values())

    for run_id in [runs[0], *reversed(runs), *runs]:
        for _ in range(2):
            assert [(key, len(values)) for key, values in asked.read([run_id]).items()] == [((run_id, "loss"), 40)]
            assert held() <= 140
    assert len(asked.read(runs)) >= 2 and held() <= 140
    for directory in directories:
        applied(directory / "attempts" / "1" / "calls.jsonl", 10**6)
    assert asked.read(runs) == {} and held() == 0

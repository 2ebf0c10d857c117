"""Whole trials wait for the index, and are refused where it does not know of all; the table does neither."""

from __future__ import annotations

from typing import Any, cast

import pytest

from studio_ext.adapters import local_trials
from studio_ext.adapters.local_trials import LocalTrials
from studio_ext.contract.errors import NotFound, Unavailable
from studio_ext.contract.page import Page
from studio_ext.contract.trial_table import IndexPhase, IndexState, TrialQuery
from studio_ext.ports.tracking import Tracking
from studio_ext.testing.memory_columns import MemoryColumns, MemoryIndex, MemoryTrial


class Index(MemoryIndex):
    """Notes what it was asked, and goes through some states before it has caught up."""

    def __init__(self, *states: IndexState) -> None:
        super().__init__(e=MemoryColumns([MemoryTrial("a", name="one")]))
        self.states = list(states)
        self.asked: list[str] = []

    def catch_up(self, seconds: float = 1.0) -> bool:
        self.asked.append("catch up")
        return not self.states

    def look_at(self, run_ids: Any) -> None:
        self.asked.append(f"look at {' '.join(run_ids)}")

    def state(self, experiment: str | None = None) -> IndexState:
        return self.states.pop(0) if self.states else super().state(experiment)


class Store:
    """Notes what was deleted and restored."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def delete_run(self, run_id: str) -> None:
        self.done.append(f"delete {run_id}")

    def restore_run(self, run_id: str) -> None:
        if run_id == "gone":
            raise NotFound("There is no trial gone.")
        self.done.append(f"restore {run_id}")


BUILDING = IndexState(phase=IndexPhase.building)


def local(index: Index, store: Store | None = None) -> LocalTrials:
    return LocalTrials(index, lambda: cast("Tracking", store or Store()))


def page(trials: LocalTrials, cursor: str | None = None) -> Page[Any]:
    return trials.page("e", limit=5, cursor=cursor, sort="started", descending=True, filter="")


def test_the_first_page_waits_until_all_trials_were_read() -> None:
    index = Index(BUILDING, BUILDING.model_copy(update={"indexed": 1, "expected": 5}))
    trials = local(index)
    assert [each.name for each in page(trials).items] == ["one"]
    assert index.asked == ["catch up"] * 3 and index.states == []
    page(trials, cursor="0:")
    assert index.asked == ["catch up"] * 3, "later pages do not wait"


def test_an_experiment_that_was_read_does_not_wait_for_others() -> None:
    read = BUILDING.model_copy(update={"indexed": 1, "expected": 1})
    index = Index(read, BUILDING)
    assert page(local(index)).total == 1 and index.states == [BUILDING]


def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_trials, "_PATIENCE_SECONDS", 0.0)
    states = [BUILDING.model_copy(update={"indexed": 1234, "expected": 100_000})] * 1000
    with pytest.raises(Unavailable, match=r"1,234 of 100,000"):
        page(local(Index(*states)))


def test_some_trials_are_never_taken_for_all() -> None:
    away = IndexState(phase=IndexPhase.away, message="The store is away.", hint="Start it.")
    with pytest.raises(Unavailable, match="The store is away") as caught:
        page(local(Index(away)))
    assert caught.value.hint == "Start it."
    shown = local(Index(away)).table(TrialQuery(experiment="e"))
    assert [each.name for each in shown.rows] == ["one"] and shown.index == away, "the table says so itself"


def test_what_is_deleted_and_restored_is_looked_at() -> None:
    index, store = Index(), Store()
    trials = local(index, store)
    trials.delete(["a", "b", "a"])
    trials.restore(["b"])
    assert store.done == ["delete a", "delete b", "restore b"]
    assert index.asked == ["look at a b a", "catch up", "look at b", "catch up"]
    with pytest.raises(NotFound):
        trials.restore(["gone"])

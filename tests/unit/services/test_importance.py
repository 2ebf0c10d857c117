"""How much each parameter matters."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from studio_ext.contract.comparison import Importance, ImportanceQuery
from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.views import TrialSource
from studio_ext.services import importance as module
from studio_ext.services.importance import MAX_PARAMETERS, Importances
from studio_ext.services.trial_query.tables import TrialTables
from studio_ext.testing.memory_columns import MemoryColumns, MemoryIndex, MemoryTrial

HOSTILE = "<img src=x onerror=alert(1)>" + "n" * 222


def importances(**experiments: Sequence[MemoryTrial]) -> Importances:
    index = MemoryIndex(**{name: MemoryColumns(list(trials)) for name, trials in experiments.items()})
    return Importances(index, TrialTables(index))


def ask(trials: Sequence[MemoryTrial], metric: str = "metrics.rmse", **source: Any) -> Importance:
    query = ImportanceQuery(sources=[TrialSource(experiment="e", **source)], metric=metric)
    return importances(e=trials).importance(query)


def known(count: int, seed: int = 1, **more: str) -> Iterator[MemoryTrial]:
    """``rmse`` falls steeply with ``a``, grows a little with ``b``, and does not depend on ``c``."""
    rng = random.Random(seed)
    for at in range(count):
        a, b, c = rng.random(), rng.random(), rng.random()
        rmse = 1.0 - 3.0 * a + 0.8 * b + rng.gauss(0, 0.05)
        params = {"a": str(a), "b": str(b), "c": str(c), **more}
        yield MemoryTrial(f"r{at}", f"t{at}", started=float(at), params=params, metrics={"rmse": [rmse]})


def test_a_known_function_is_told() -> None:
    answer = ask(list(known(80)))
    first, second, third = answer.items
    assert [each.key for each in answer.items] == ["params.a", "params.b", "params.c"]
    assert first.importance > 0.75 > 0.3 > second.importance > 0.02 > third.importance
    assert sum(each.importance for each in answer.items) == pytest.approx(1, abs=1e-5)
    assert first.correlation is not None and first.correlation < -0.9
    assert second.correlation is not None and 0 < second.correlation < 0.6
    assert 0 < first.spread < 0.3
    assert answer.score is not None and answer.score > 0.7
    assert (answer.trials, answer.thin, answer.left_out) == (80, "", 0)


def test_the_same_trials_give_the_same_answer() -> None:
    trials = list(known(40))
    assert ask(trials) == ask(trials)


def test_noise_is_not_told() -> None:
    rng = random.Random(3)
    trials = [
        MemoryTrial(f"r{at}", params={"a": str(rng.random()), "b": str(rng.random())}, metrics={"rmse": [rng.random()]})
        for at in range(60)
    ]
    answer = ask(trials)
    assert answer.score is not None and answer.score < 0.2
    assert answer.thin.startswith("The parameters tell")


def test_categories_and_missing_values_matter() -> None:
    rng = random.Random(5)
    trials = []
    for at in range(90):
        kind = ["linear", "poly", "rbf"][at % 3]
        params = {"kernel": kind, "noise": str(rng.random())} | ({"degree": "3"} if at % 2 else {})
        rmse = {"linear": 5.0, "poly": 1.0, "rbf": 4.0}[kind] + (2.0 if at % 2 else 0.0) + rng.gauss(0, 0.1)
        trials.append(MemoryTrial(f"r{at}", params=params, metrics={"rmse": [rmse]}))
    answer = ask(trials)
    assert [each.name for each in answer.items] == ["kernel", "degree", "noise"]
    assert [each.correlation for each in answer.items[:2]] == [None, None]
    assert answer.items[1].importance > 0.1


def test_what_is_constant_is_left_out() -> None:
    assert [each.name for each in ask(list(known(30, same="1", also="x"))).items] == ["a", "b", "c"]
    assert ask([*known(30)], filter="params.a >= 0").trials == 30


@pytest.mark.parametrize(
    ("values", "params", "says"),
    [
        ([0.1] * 9, ["1", "2"], "Only 9 trials with a finite value of rmse: it takes 10 or more."),
        ([0.1] * 12, ["1", "2"], "rmse is the same in all 12 trials."),
        (range(12), ["1", "1"], "No parameter differs between the 12 trials."),
        ([math.nan, math.inf] * 8 + [1.0], ["1", "2"], "Only 1 trial with a finite value of rmse"),
        ([], [], "Only 0 trials"),
    ],
)
def test_thin_data_is_said(values: Sequence[float], params: Sequence[str], says: str) -> None:
    trials = [
        MemoryTrial(f"r{at}", params={"a": params[at % 2]}, metrics={"rmse": [float(each)]})
        for at, each in enumerate(values)
    ]
    answer = ask(trials)
    assert answer.thin.startswith(says)
    assert (answer.items, answer.score) == ([], None)


def test_few_trials_are_a_hint() -> None:
    answer = ask(list(known(24)))
    assert answer.items[0].name == "a"
    assert answer.thin == "Out of 24 trials only: a hint, no more."


def test_one_wild_loss_is_not_all_there_is_to_explain() -> None:
    trials = list(known(60))
    trials.append(MemoryTrial("wild", params={"a": "0.5", "b": "0.5", "c": "0.01"}, metrics={"rmse": [1e300]}))
    answer = ask(trials)
    assert answer.items[0].name == "a"
    assert answer.score is not None and answer.score > 0.5


def test_hostile_values_are_no_error() -> None:
    odd = ["inf", "-inf", "1e308", "-1e308", "nan", "", HOSTILE, "0x10", "1_000", "007"]
    trials = [
        MemoryTrial(f"r{at}", params={HOSTILE: odd[at % len(odd)], "huge": f"{at}e300"}, metrics={"rmse": [at * 1e306]})
        for at in range(44)
    ]
    answer = ask(trials)
    assert {each.name for each in answer.items} == {HOSTILE, "huge"}
    assert all(math.isfinite(each.importance) and math.isfinite(each.spread) for each in answer.items)
    numbers = [each.correlation for each in answer.items if each.name == "huge"]
    assert numbers == [1.0]


def test_infinite_parameters_are_numbers_too() -> None:
    trials = [
        MemoryTrial(f"r{at}", params={"a": "inf" if at % 3 == 0 else str(at)}, metrics={"rmse": [float(at % 3 == 0)]})
        for at in range(30)
    ]
    (item,) = ask(trials).items
    assert item.importance == 1.0
    assert item.correlation is not None and item.correlation > 0.5


def test_sources_are_joined_and_each_trial_counts_once() -> None:
    first, second = list(known(20)), list(known(20, seed=2))
    query = ImportanceQuery(
        sources=[
            TrialSource(experiment="one", run_ids=["r0", "r1", "gone"]),
            TrialSource(experiment="one", limit=1),
            TrialSource(experiment="two", filter="params.a < 2"),
            TrialSource(experiment="never made", run_ids=["x"]),
        ],
        metric="metrics.rmse",
    )
    answer = importances(one=first, two=second).importance(query)
    assert answer.trials == 40
    assert answer.items[0].name == "a"


class Growing(MemoryIndex):
    """A trial is added whenever somebody looks."""

    def open(self, experiment: str) -> MemoryColumns:
        """One row more than the last time."""
        self.trials = [
            *getattr(self, "trials", known(20)),
            MemoryTrial("new", params={"a": "1"}, metrics={"rmse": [2.0]}),
        ]
        return MemoryColumns(self.trials, revision=len(self.trials))


@pytest.mark.parametrize(("is_reversed", "trials"), [(False, 22), (True, 21)])
def test_trials_that_are_added_between_two_sources_are_no_error(is_reversed: bool, trials: int) -> None:
    some = TrialSource(experiment="e", run_ids=["r0", "r1"])
    matching = TrialSource(experiment="e", filter="params.a <= 1")
    sources = [matching, some] if is_reversed else [some, matching]
    index = Growing()
    answer = Importances(index, TrialTables(index)).importance(ImportanceQuery(sources=sources, metric="metrics.rmse"))
    assert answer.trials == trials


def test_a_parameter_does_not_explain_itself() -> None:
    assert sorted(each.name for each in ask(list(known(40)), "params.a").items) == ["b", "c"]


def test_deleted_trials_do_not_count() -> None:
    trials = [*known(20), MemoryTrial("gone", params={"a": "1"}, metrics={"rmse": [1.0]}, deleted=True)]
    assert ask(trials).trials == 20
    assert ask(trials, run_ids=["r1", "gone"]).trials == 1


def test_of_very_many_the_newest_and_the_most_common_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TRIALS", 25)
    monkeypatch.setattr(module, "MAX_PARAMETERS", 2)
    trials = list(known(60))
    for each in trials[:40]:
        each.metrics["rmse"] = [7.0]  # old ones: had they any say, the metric would hardly follow
    for each in trials[:50]:
        del each.params["c"]
    answer = ask(trials)
    assert (answer.trials, answer.left_out) == (25, 1)
    assert {each.name for each in answer.items} == {"a", "b"}


def test_wrong_questions_are_refused() -> None:
    with pytest.raises(InvalidRequest) as caught:
        ask([], metric="rmse")
    assert caught.value.fields[0].field == "metric"
    with pytest.raises(InvalidRequest) as caught:
        ask([], filter="params.a <")
    assert caught.value.fields[0].field == "sources.0.filter"
    with pytest.raises(NotFound):
        importances().importance(ImportanceQuery(sources=[TrialSource(experiment="no")], metric="metrics.rmse"))


def test_a_thousand_trials_take_little_time() -> None:
    rng = random.Random(7)
    trials = [
        MemoryTrial(
            f"r{at}",
            params={f"p{each}": str(rng.random()) for each in range(20)},
            metrics={"rmse": [rng.random()]},
        )
        for at in range(1_000)
    ]
    asked = importances(e=trials)
    query = ImportanceQuery(sources=[TrialSource(experiment="e")], metric="metrics.rmse")
    began = time.process_time()
    answer = asked.importance(query)
    first = time.process_time() - began
    assert (answer.trials, len(answer.items)) == (1_000, 20)
    began = time.process_time()
    assert asked.importance(query) == answer
    assert time.process_time() - began < first / 3  # kept


assert MAX_PARAMETERS == 100

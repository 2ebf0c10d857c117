"""Trials side by side."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from studio_ext.contract.comparison import ComparedRow, CompareQuery, Comparison
from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.trial_table import IndexPhase, IndexState, SortKey
from studio_ext.contract.views import MAX_TRIALS, TrialSource
from studio_ext.services.comparison import Comparisons
from studio_ext.services.trial_query.tables import TrialTables
from studio_ext.testing.memory_columns import MemoryColumns, MemoryIndex, MemoryTrial

NOW = 1_700_000_000.0
HOSTILE = "<img src=x onerror=alert(1)>" + "n" * 222

CHURN = [
    MemoryTrial(
        "a1",
        "first",
        started=NOW - 100,
        ended=NOW - 40,
        params={"lr": "0.10", "depth": "8", "seed": "12345678901234567890", "opt": "adam", "same": "x"},
        metrics={"rmse": [5.0, 3.0, 4.0], "acc": [0.5]},
        tags={"stage": "test", "mlflow.user": "hidden"},
        job="job-1",
    ),
    MemoryTrial(
        "a2",
        "second",
        status="RUNNING",
        started=NOW - 50,
        params={"lr": "0.1", "depth": "16", "seed": "12345678901234567891", "opt": "sgd", "same": "x"},
        metrics={"rmse": [math.nan, 2.0], "acc": [math.inf], "late": [math.nan]},
        tags={"stage": "test"},
    ),
    MemoryTrial("a3", "gone", started=NOW - 30, params={"lr": "1"}, deleted=True),
    MemoryTrial("a4", "bare", status="FAILED", started=NOW - 20, ended=NOW - 10),
]
PRICES = [MemoryTrial("b1", HOSTILE, started=NOW - 5, params={"lr": "1e-1", HOSTILE: "1"}, metrics={"rmse": [1.0]})]


def make(**experiments: list[MemoryTrial]) -> Comparisons:
    index = MemoryIndex(**{name: MemoryColumns(trials) for name, trials in experiments.items()})
    return Comparisons(index, TrialTables(index, lambda: NOW), lambda: NOW)


def compare(*sources: TrialSource, **query: Any) -> Comparison:
    return make(churn=CHURN, prices=PRICES).compare(CompareQuery(sources=list(sources), **query))


def of(*run_ids: str, experiment: str = "churn") -> TrialSource:
    return TrialSource(experiment=experiment, run_ids=list(run_ids))


def rows(found: Comparison) -> dict[str, ComparedRow]:
    return {each.key: each for each in found.rows}


def test_trials_come_in_the_order_that_was_asked_for_each_once() -> None:
    found = compare(of("a2", "a1", "a2"), of("b1", experiment="prices"), of("a1", "a4"))
    assert [each.run_id for each in found.trials] == ["a2", "a1", "b1", "a4"]
    assert [each.experiment for each in found.trials] == ["churn", "churn", "prices", "churn"]
    second, first, hostile, bare = found.trials
    assert (first.name, first.status, first.started, first.ended, first.job_id) == (
        "first", "FINISHED", NOW - 100, NOW - 40, "job-1",
    )  # fmt: skip
    assert (second.ended, second.job_id, hostile.name, bare.status) == (None, None, HOSTILE, "FAILED")
    assert rows(found)["params.depth"].values == [16, 8, None, None]
    assert rows(found)["metrics.rmse"].values == [2.0, 4.0, 1.0, None]


def test_a_filter_finds_trials_in_its_order() -> None:
    found = compare(TrialSource(experiment="churn", filter="params.lr > 0", sort=[SortKey(key="metrics.rmse")]))
    assert [each.run_id for each in found.trials] == ["a2", "a1"]
    assert [each.run_id for each in compare(TrialSource(experiment="churn", limit=2)).trials] == ["a4", "a2"]


def test_what_is_not_there_is_told_and_the_others_stay() -> None:
    found = compare(of("a1", "nope", "a3"), of("x", experiment="never"), of("b1", "a1", experiment="prices"))
    assert [each.run_id for each in found.trials] == ["a1", "b1"]
    assert found.missing == ["x", "nope", "a3"]
    found = compare(of("b1", "nope", experiment="never"), of("b1", experiment="prices"))
    assert ([each.run_id for each in found.trials], found.missing) == (["b1"], ["nope"])


def test_nothing_is_left() -> None:
    found = compare(of("a3"))
    assert (found.trials, found.rows, found.missing, found.total_rows) == ([], [], ["a3"], 0)


def test_a_filter_of_an_experiment_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="never"):
        compare(of("a1"), TrialSource(experiment="never"))


def test_what_is_wrong_is_told_with_its_source() -> None:
    with pytest.raises(InvalidRequest) as caught:
        compare(of("a1"), TrialSource(experiment="churn", filter="params.lr <"))
    assert [each.field for each in caught.value.fields] == ["sources.1.filter"]
    with pytest.raises(InvalidRequest) as caught:
        compare(of("a1"), keys=["params.lr", "lr"])
    assert [each.field for each in caught.value.fields] == ["keys.1"]


def test_numbers_are_the_same_however_they_are_written() -> None:
    found = rows(compare(of("a1", "a2"), of("b1", experiment="prices")))
    assert not found["params.lr"].differs and found["params.lr"].numeric
    assert found["params.lr"].values == [0.1, 0.1, 0.1]


def test_long_ids_differ_and_are_texts() -> None:
    seed = rows(compare(of("a1", "a2")))["params.seed"]
    assert seed.differs and not seed.numeric
    assert seed.values == ["12345678901234567890", "12345678901234567891"]


def test_having_none_is_a_difference() -> None:
    found = rows(compare(of("a1", "a4")))
    assert found["params.same"].differs and found["params.same"].values == ["x", None]
    assert not rows(compare(of("a1", "a2")))["params.same"].differs


def test_what_no_number_is_and_infinities() -> None:
    found = rows(compare(of("a1", "a2")))
    assert found["metrics.acc"].values == [0.5, "Infinity"] and found["metrics.acc"].numeric
    assert found["metrics.acc"].highs == [0.5, None]
    assert found["metrics.late"].values == [None, "NaN"] and found["metrics.late"].lows == [None, None]
    assert (found["metrics.rmse"].lows, found["metrics.rmse"].highs) == ([3.0, 2.0], [5.0, 2.0])


def test_nan_is_the_same_as_nan() -> None:
    trials = [MemoryTrial(each, params={"x": "nan"}, metrics={"m": [math.nan]}) for each in ("n1", "n2")]
    found = make(e=trials).compare(CompareQuery(sources=[TrialSource(experiment="e", run_ids=["n1", "n2"])]))
    assert [(each.key, each.differs, each.numeric) for each in found.rows[:2]] == [
        ("params.x", False, True), ("metrics.m", False, True),
    ]  # fmt: skip
    assert rows(found)["params.x"].values == ["NaN", "NaN"]


def test_zeros_in_front_are_kept() -> None:
    trials = [MemoryTrial("z1", params={"x": "007"}), MemoryTrial("z2", params={"x": "8"})]
    found = make(e=trials).compare(CompareQuery(sources=[TrialSource(experiment="e", run_ids=["z1", "z2"])]))
    assert (rows(found)["params.x"].values, rows(found)["params.x"].numeric) == (["007", 8], False)


def test_rows_stand_by_kind_those_that_differ_first() -> None:
    found = compare(of("a1", "a2"))
    assert [each.key for each in found.rows] == [
        "params.depth", "params.opt", "params.seed", "params.lr", "params.same",
        "metrics.acc", "metrics.late", "metrics.rmse",
        "tags.stage",
        "duration", "ended", "started", "status",
    ]  # fmt: skip
    assert [each.differs for each in found.rows] == [
        True, True, True, False, False, True, True, True, False, True, True, True, True,
    ]  # fmt: skip
    assert (found.total_rows, found.differing_rows) == (13, 10)
    assert rows(found)["duration"].values == [60.0, 50.0]  # the second still runs


def test_names_with_numbers_are_in_their_order() -> None:
    trial = MemoryTrial("o", params={"layer10": "1", "Layer2": "1", "layer1": "1", "٣": "1", "²": "1"})
    found = make(e=[trial]).compare(CompareQuery(sources=[TrialSource(experiment="e")]))
    assert [each.name for each in found.rows[:5]][1:4] == ["layer1", "Layer2", "layer10"]


def test_only_differences_and_a_text() -> None:
    found = compare(of("a1", "a2"), only_differences=True, text="S")
    assert [each.key for each in found.rows] == ["params.seed", "metrics.rmse", "started", "status"]
    assert (found.total_rows, found.differing_rows) == (4, 10)


def test_what_differs_is_kept_where_there_are_more_rows() -> None:
    found = compare(of("a1", "a2"), limit=4)
    assert [each.key for each in found.rows] == ["params.depth", "params.opt", "params.seed", "metrics.acc"]
    assert found.total_rows == 13


def test_rows_for_charts_are_there_in_any_case() -> None:
    found = compare(
        of("a1", "a2"), text="nothing", limit=0, keys=["metrics.rmse.min", "params.lr", "params.none", "name"]
    )
    assert [each.key for each in found.rows] == ["params.lr", "params.none", "metrics.rmse.min", "name"]
    assert found.total_rows == 0
    by_key = rows(found)
    assert by_key["metrics.rmse.min"].values == [3.0, 2.0] and by_key["metrics.rmse.min"].better == "lower"
    assert by_key["metrics.rmse.min"].name == "rmse (min)"
    assert by_key["params.none"].values == [None, None] and not by_key["params.none"].numeric
    assert by_key["name"].values == ["first", "second"]


def test_a_row_that_is_asked_for_twice_is_there_once() -> None:
    found = compare(of("a1", "a2"), keys=["params.lr", "params.`lr`", "metrics.rmse.last"])
    keys = [each.key for each in found.rows]
    assert keys.count("params.lr") == 1 and keys.count("metrics.rmse") == 1


def test_hostile_names_are_handed_on_as_they_are() -> None:
    found = compare(of("b1", experiment="prices"), of("a1"))
    hostile = next(each for each in found.rows if each.name == HOSTILE)
    assert hostile.key == f"params.`{HOSTILE}`" and hostile.values == [1, None]


def test_more_trials_than_a_comparison_takes() -> None:
    many = [MemoryTrial(f"m{at}", started=NOW + at) for at in range(MAX_TRIALS + 30)]
    sources = [
        TrialSource(experiment="many", limit=MAX_TRIALS),
        TrialSource(experiment="many", sort=[SortKey(key="started")], limit=100),
    ]
    found = make(many=many).compare(CompareQuery(sources=sources))
    assert len(found.trials) == MAX_TRIALS and found.left_out == 30


def test_what_the_index_says_of_itself_is_handed_on() -> None:
    index = MemoryIndex(churn=MemoryColumns(CHURN))
    index.now = IndexState(phase=IndexPhase.away, message="The store is away.")
    found = Comparisons(index, TrialTables(index)).compare(CompareQuery(sources=[of("a1")]))
    assert found.index.message == "The store is away."


def test_two_hundred_trials_with_three_hundred_rows() -> None:
    chance = random.Random(1)
    trials = [
        MemoryTrial(
            f"t{at}",
            started=NOW + at,
            params={f"p{each}": str(chance.randrange(4)) for each in range(150)},
            metrics={f"m{each}": [chance.random()] for each in range(150)},
        )
        for at in range(MAX_TRIALS)
    ]
    comparisons = make(many=trials)
    query = CompareQuery(sources=[TrialSource(experiment="many", limit=MAX_TRIALS)], limit=300)
    found = comparisons.compare(query)
    assert len(found.rows) == 300 and len(found.rows[0].values) == MAX_TRIALS


def runs(count: int, **fields: Any) -> list[MemoryTrial]:
    """Trials whose parameters and metrics are made of their place: ``lr=lambda at: ...``."""
    params, metrics = fields.get("params", {}), fields.get("metrics", {})
    return [
        MemoryTrial(
            f"r{at}",
            params={name: str(value(at)) for name, value in params.items()},
            metrics={name: value(at) for name, value in metrics.items()},
        )
        for at in range(count)
    ]


def suited(trials: list[MemoryTrial], **query: Any) -> list[Any]:
    source = TrialSource(experiment="e", limit=MAX_TRIALS)
    return make(e=trials).compare(CompareQuery(sources=[source], suited=True, **query)).charts


def test_charts_are_chosen_only_where_they_are_asked_for() -> None:
    trials = runs(2, metrics={"loss": lambda at: [1.0, float(at)]})
    assert [each.metrics for each in suited(trials)] == [["loss"]]
    assert make(e=trials).compare(CompareQuery(sources=[TrialSource(experiment="e")])).charts == []


def test_charts_that_suit_are_the_same_whatever_rows_are_asked_for() -> None:
    trials = runs(
        12,
        params={"lr": lambda at: 10.0**-at, "depth": lambda at: at % 5},
        metrics={"loss": lambda at: [9.0, float(at)]},
    )
    assert suited(trials) == suited(trials, text="nothing is called so", only_differences=True, limit=0)


def test_lines_are_of_metrics_that_have_a_history_the_most_telling_first() -> None:
    metrics = {
        "count": lambda at: [0.0, float(at)],
        "train/loss": lambda at: [0.0, float(at)],
        "val/loss": lambda at: [0.0, float(at)],
        "once": lambda at: [float(at)],
        "nan": lambda at: [math.nan, math.nan],
    }
    assert [each.metrics for each in suited(runs(3, metrics=metrics))] == [["val/loss"], ["train/loss"], ["count"]]
    many = {f"m{at}": lambda at: [0.0, float(at)] for at in range(40)}
    assert len(suited(runs(2, metrics=many))) == 12


def test_parameters_that_were_tried_with_more_values_come_first() -> None:
    params = {
        "flag": lambda at: at % 2,
        "lr": lambda at: 10.0**-at,
        "optimizer": lambda at: ["adam", "sgd"][at % 2],
        "path": lambda at: f"/tmp/{at}",
        "same": lambda at: 5,
    }
    charts = suited(runs(12, params=params, metrics={"rmse": lambda at: [float(at)]}))
    scatter, importance, parallel = charts
    assert parallel.keys == ["params.lr", "params.flag", "params.optimizer", "metrics.rmse"]
    assert (parallel.log, parallel.colour, parallel.wide) == (["params.lr"], "metrics.rmse", True)
    assert (scatter.x, scatter.y, scatter.log_x) == ("params.lr", "metrics.rmse", True)
    assert importance.metric == "metrics.rmse"


def test_parameters_that_say_the_same_or_begin_alike_are_no_axes() -> None:
    params = {
        "trees__depth": lambda at: at % 4,
        "depth": lambda at: at % 4,
        "model": lambda at: f"HistGradientBoostingRegressor(max_depth={at % 4})",
        "loss": lambda at: ["squared", "absolute"][at % 2],
    }
    scatter, parallel = suited(runs(9, params=params, metrics={"rmse": lambda at: [float(at)]}))
    assert scatter.x == "params.depth"
    assert parallel.keys == ["params.depth", "params.loss", "metrics.rmse"]
    alike = suited(runs(12, params={"model": params["model"]}, metrics={"rmse": lambda at: [float(at)]}))
    assert [each.type for each in alike] == ["importance"]

"""Sorting, filtering and columns of the table of trials."""

from __future__ import annotations

import json
import math

import pytest

from studio_ext.contract.experiments import Trial
from studio_ext.widgets import trial_rows
from tests.unit.widgets.rows import trial

TRIALS = [
    trial("a", parameters={"depth": "10", "kind": "tree"}, metrics={"loss": 0.5}, started=1.0, ended=5.0),
    trial("b", parameters={"depth": "9", "kind": "tree"}, metrics={"loss": None}, started=2.0),
    trial("c", parameters={"depth": "deep", "kind": "tree"}, metrics={}, status="RUNNING", started=3.0),
    trial("d", parameters={"kind": "tree"}, metrics={"loss": 0.1, "accuracy": 1.0}, started=4.0, ended=4.5),
]


def column(key: str, trials: list[Trial] = TRIALS) -> trial_rows.Column:
    return next(each for each in trial_rows.columns_of(trials) if each.key == key)


def ids(trials: list[Trial]) -> str:
    return "".join(each.run_id for each in trials)


def test_columns_come_in_the_order_in_which_they_are_seen() -> None:
    assert [each.key for each in trial_rows.columns_of(TRIALS)] == [
        *("name", "status", "started", "duration"),
        *("metrics.loss", "metrics.accuracy", "params.depth", "params.kind"),
    ]


@pytest.mark.parametrize(
    ("key", "descending", "order"),
    [
        ("metrics.loss", False, "dabc"),
        ("metrics.loss", True, "adbc"),  # what has no number is last either way
        ("params.depth", False, "bacd"),  # numbers as numbers, then texts, then what has none
        ("params.depth", True, "abcd"),
        ("duration", True, "adbc"),
        ("name", True, "dcba"),
    ],
)
def test_sorting(key: str, descending: bool, order: str) -> None:
    assert ids(trial_rows.ordered(TRIALS, column(key), descending=descending)) == order


def test_sorting_keeps_the_order_of_equals_and_knows_no_column() -> None:
    assert ids(trial_rows.ordered(TRIALS, column("params.kind"), descending=False)) == "abcd"
    assert ids(trial_rows.ordered(TRIALS, None, descending=True)) == "abcd"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "abcd"),
        ("TREE", "abcd"),
        ("running", "c"),
        ("depth=10", "a"),
        ("depth=deep", "c"),
        ("depth<10", "b"),
        ("depth<=10", "ab"),
        ("loss>0.2", "a"),
        ("loss<0.2 depth=10", ""),
        ("loss<0.6 kind=tree", "ad"),
        ("accuracy", "d"),
        ("<<>>", ""),
        ("loss<", ""),
    ],
)
def test_filtering(text: str, found: str) -> None:
    assert ids(trial_rows.matching(TRIALS, text)) == found


def test_a_number_that_is_none_is_less_and_more_than_nothing() -> None:
    assert ids(trial_rows.matching(TRIALS, "loss<1000")) == "ad"


def test_only_what_differs() -> None:
    keys = [each.key for each in trial_rows.differing(trial_rows.columns_of(TRIALS), TRIALS)]
    assert "params.kind" not in keys
    assert {"name", "params.depth", "metrics.loss"} <= set(keys)
    same = [trial("x"), trial("y")]
    assert [each.key for each in trial_rows.differing(trial_rows.columns_of(same), same)] == ["name"]


def test_cells_are_bounded_and_json() -> None:
    odd = trial(
        "o",
        name="<b>\n\x1b[1m",
        parameters={"p": "y" * 6000, "n": "1e999", "z": "007"},
        metrics={"m": None, "i": 1e308},
    )
    columns = trial_rows.columns_of([odd])
    values = dict(zip([each.key for each in columns], trial_rows.cells(odd, columns), strict=True))
    assert values["name"] == "<b>"
    assert len(str(values["params.p"])) == trial_rows.CELL
    assert values["params.n"] == "∞"
    assert values["params.z"] == "007"
    assert values["metrics.m"] == "NaN"
    json.dumps(values, allow_nan=False)


def test_a_metric_that_is_no_number_is_nan_and_one_that_is_not_there_is_nothing() -> None:
    loss = column("metrics.loss")
    assert math.isnan(float(loss.value(TRIALS[1]) or 0))
    assert loss.value(TRIALS[2]) is None

"""What filters match, compared with plain Python over one trial at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

from studio_ext.core.trial_filter import parse
from studio_ext.services.trial_query.evaluate import is_volatile, matches
from studio_ext.testing.memory_columns import MemoryColumns, MemoryTrial
from studio_ext.testing.trial_columns_suite import sample_trials
from tests.unit.services.trial_query import naive


@settings(max_examples=250, deadline=None)
@given(naive.experiments(), naive.FILTERS)
def test_as_in_plain_python(trials: list[MemoryTrial], text: str) -> None:
    node = parse(text)
    mask = matches(node, MemoryColumns(trials), naive.NOW)
    assert mask.dtype == bool
    assert mask.tolist() == [naive.matches(node, each) for each in trials]


def found(text: str, trials: list[MemoryTrial] | None = None) -> str:
    """First letters of the ids that match."""
    columns = MemoryColumns(sample_trials() if trials is None else trials)
    mask = matches(parse(text), columns, 1_700_001_000.0)
    return "".join(each.run_id[0] for each in np.array(columns.trials, dtype=object)[mask])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "abcde"),
        ("params.lr = 0.1", "ab"),
        ("params.lr = 0.10", "ab"),
        ('params.lr = "0.1"', "a"),
        ("params.lr < 0.05", "c"),
        ("params.lr != 0.1", "cde"),
        ("params.lr >= 0.1 and params.lr < 5", "ab"),
        ("metrics.rmse = nan", "b"),
        ("metrics.rmse != nan", "acde"),
        ("metrics.rmse < inf", "ac"),
        ("metrics.rmse.max = inf", "c"),
        ("params.mixed = nan", "c"),
        ("params.mixed = three", "b"),
        ("params.mixed <= 3", "a"),
        ("name ~ RESNET", "ab"),
        ("name !~ resnet", "cde"),
        ("status in (failed, running)", "bc"),
        ("dirty = true", "a"),
        ("dirty != true", "bcde"),
        ("duration > 10m", "c"),
        ("duration is missing", "d"),
        ("started > -15m", "c"),
        ("parent = " + "a" * 32, "b"),
        ('"alpha" and not "beta"', "ab"),
        ("tags.`mlflow.source.name` ~ hidden", "a"),
        ("metrics.never < 1 or metrics.never is missing", "abcde"),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert found(text) == expected


def test_long_whole_numbers_are_not_rounded() -> None:
    trials = [MemoryTrial(str(number), params={"seed": f"900719925474099{number}"}) for number in range(2, 5)]
    assert found("params.seed = 9007199254740993", trials) == "3"
    assert found("params.seed in (9007199254740992, 9007199254740994)", trials) == "24"
    assert found("params.seed > 9007199254740992", trials) == "4", "neighbours that a float cannot tell apart"


def test_a_comparison_never_holds_for_what_is_no_number() -> None:
    trials = [
        MemoryTrial("n", metrics={"x": [math.nan]}, params={"p": "nan"}),
        MemoryTrial("t", params={"p": "text"}),
        MemoryTrial("m"),
    ]
    for operator in ("<", "<=", ">", ">="):
        for value in ("0", "inf", "-inf", "nan"):
            assert found(f"metrics.x {operator} {value} or params.p {operator} {value}", trials) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("started > -7d", True),
        ("started > 2026-11-01", False),
        ("duration > 5m", True),
        ("name = x and not (name = y or ended < -1h)", True),
        ("name = x and not (name = y or 'z')", False),
    ],
)
def test_what_depends_on_the_time(text: str, expected: bool) -> None:
    assert is_volatile(parse(text)) is expected

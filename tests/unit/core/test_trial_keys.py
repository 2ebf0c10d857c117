"""How columns of trials are named, and which texts are numbers."""

from __future__ import annotations

import math

import pytest

from studio_ext.core.trial_keys import ATTRIBUTES, Key, Kind, Summary, is_shown, parse_key, parse_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1", 0.1), ("0.10", 0.1), ("1e-3", 0.001), ("-5", -5), ("+5", 5), ("007", 7), (".5", 0.5), ("5.", 5),
        ("1E5", 1e5), ("inf", math.inf), ("-Infinity", -math.inf), ("1e999", math.inf), ("-0.0", 0.0),
        (" 5", None), ("5 ", None), ("5\n", None), ("1_000", None), ("0x10", None), ("", None), ("e5", None),
        (".", None), ("\u0663", None), ("1,5", None), ("true", None), ("infinite", None), ("nano", None), ("--5", None),
    ],
)  # fmt: skip
def test_texts_that_are_numbers(text: str, expected: float | None) -> None:
    assert parse_number(text) == expected


def test_nan_is_a_number_of_its_own() -> None:
    for text in ("nan", "NaN", "-nan"):
        found = parse_number(text)
        assert found is not None and math.isnan(found)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("name", Key(Kind.attribute, "name")),
        ("params.lr", Key(Kind.parameter, "lr")),
        ("tags.mlflow.user", Key(Kind.tag, "mlflow.user")),
        ("metrics.rmse", Key(Kind.metric, "rmse")),
        ("metrics.rmse.min", Key(Kind.metric, "rmse", Summary.minimum)),
        ("metrics.`rmse.min`", Key(Kind.metric, "rmse.min")),
        ("metrics.`rmse.min`.max", Key(Kind.metric, "rmse.min", Summary.maximum)),
        ("metrics.`val loss`", Key(Kind.metric, "val loss")),
        ("params.`a``b`", Key(Kind.parameter, "a`b")),
    ],
)
def test_keys_are_written_in_one_way(text: str, key: Key) -> None:
    assert parse_key(text) == key and key.text == text


@pytest.mark.parametrize("text", ["", "rmse", "params", "params.", "metric.x", "Params.x", ".x", "attributes.name"])
def test_what_names_no_column(text: str) -> None:
    assert parse_key(text) is None


def test_more_is_understood_than_is_written() -> None:
    assert parse_key("metrics.rmse.last") == Key(Kind.metric, "rmse")
    assert parse_key("metrics.val loss") == Key(Kind.metric, "val loss")
    assert parse_key("metrics.min") == Key(Kind.metric, "min")
    assert {parse_key(name) for name in ATTRIBUTES} == {Key(Kind.attribute, name) for name in ATTRIBUTES}


def test_tags_that_people_are_offered() -> None:
    assert is_shown("stage") and is_shown("studio.tag.team") and is_shown("mlflow")
    assert not is_shown("mlflow.user") and not is_shown("studio.job_id")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", ["9" * 1_000_000 + "d", "." + "9" * 1_000_000 + "x", "1e" + "9" * 1_000_000 + "-"])
def test_what_is_nearly_a_number_is_seen_at_once(text: str) -> None:
    assert parse_number(text) is None

"""Parameter values: what is taken, what is refused, and that each wrong field is named."""

from __future__ import annotations

import json
import keyword
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.jobs import NotebookParameter
from studio_ext.core.parameters import MAX_DEPTH, check_parameters

TYPES = ("int", "float", "str", "bool", "list", "dict", "")


def declared(*types: str) -> list[NotebookParameter]:
    return [NotebookParameter(name=f"a_{kind}" if kind else "any", type=kind, default="") for kind in types]


def check(value: Any, kind: str) -> Any:
    name = f"a_{kind}" if kind else "any"
    return check_parameters({name: value}, declared(*TYPES), has_parameters_cell=True)[name]


def refusal(values: dict[str, Any], *, cell: bool = True) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        check_parameters(values, declared(*TYPES) if cell else [], has_parameters_cell=cell)
    assert caught.value.status == 400
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("kind", "given_", "expected"),
    [
        ("int", 8, 8),
        ("int", 8.0, 8),
        ("int", -0.0, 0),
        ("int", 10**30, 10**30),
        ("int", 1e300, int(1e300)),
        ("float", 1, 1.0),
        ("float", 0.5, 0.5),
        ("float", math.inf, math.inf),
        ("float", 2**60 + 1, 2**60 + 1),
        ("str", "", ""),
        ("str", 'a "b"\n\\', 'a "b"\n\\'),
        ("bool", False, False),
        ("list", [1, [None, "x"]], [1, [None, "x"]]),
        ("dict", {"a": {"b": []}}, {"a": {"b": []}}),
        ("", None, None),
        ("", "text", "text"),
        ("", -math.inf, -math.inf),
    ],
)
def test_taken(kind: str, given_: Any, expected: Any) -> None:
    result = check(given_, kind)
    assert result == expected
    assert type(result) is type(expected)


def test_nan_is_a_float() -> None:
    assert math.isnan(check(math.nan, "float"))
    assert math.isnan(check([math.nan], "list")[0])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", True),
        ("int", "8"),
        ("int", 8.5),
        ("int", math.nan),
        ("int", math.inf),
        ("int", None),
        ("float", True),
        ("float", "0.1"),
        ("str", 1),
        ("str", ["a"]),
        ("bool", 0),
        ("bool", "true"),
        ("list", "abc"),
        ("list", {"a": 1}),
        ("list", (1, 2)),
        ("dict", [["a", 1]]),
    ],
)
def test_wrong_type(kind: str, value: Any) -> None:
    error = refusal({f"a_{kind}": value})
    assert [field.field for field in error.fields] == [f"parameters.a_{kind}"]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        b"bytes",
        1j,
        [object()],
        {"a": [b"x"]},
        {1: "a"},
        {"a": {None: 1}},
        10**5000,
        -(10**5000),
        [10**5000],
        "\ud800",
        {"\udcff": 1},
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_no_notebook_can_be_given(kind: str, value: Any) -> None:
    error = refusal({f"a_{kind}" if kind else "any": value})
    error.body().model_dump_json()  # the error itself can always be sent


def test_deep_and_circular_values() -> None:
    deep: list[Any] = []
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    assert check(deep, "list") == deep
    assert "deep" in refusal({"a_list": [deep]}).message
    circular: dict[str, Any] = {}
    circular["again"] = circular
    assert "deep" in refusal({"a_dict": circular}).message


@pytest.mark.parametrize("name", ["", "a b", "1a", "a-b", "a.b", "a=1;b", "import os\nx", "x\n", "'", *keyword.kwlist])
@pytest.mark.parametrize("cell", [True, False])
def test_names_that_code_cannot_use(name: str, cell: bool) -> None:
    error = refusal({name: 1}, cell=cell)
    assert error.fields[0].field == f"parameters.{name}"
    assert "name" in error.fields[0].message


def test_an_unknown_name_lists_what_there_is() -> None:
    error = refusal({"depth": 1})
    assert "a_int" in error.message
    assert "any" in error.message


def test_every_wrong_field_is_named() -> None:
    error = refusal({"a_int": "x", "unknown": 1, "class": 2, "a_float": 1.0})
    assert [field.field for field in error.fields] == [
        "parameters.a_int",
        "parameters.unknown",
        "parameters.class",
    ]


@pytest.mark.parametrize("name", ["depth", "_x", "größe", "match", "print"])
def test_without_a_parameters_cell_any_name_will_do(name: str) -> None:
    assert check_parameters({name: "x"}, [], has_parameters_cell=False) == {name: "x"}


def test_a_cell_that_nobody_can_read_takes_any_name() -> None:
    assert check_parameters({"depth": 1}, [], has_parameters_cell=True) == {"depth": 1}


def test_long_values_are_shortened_in_the_message() -> None:
    assert len(refusal({"a_int": "x" * 1_000_000}).message) < 300


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


@given(ANYTHING, st.sampled_from(TYPES))
def test_what_is_taken_can_be_written_as_json(value: Any, kind: str) -> None:
    try:
        taken = check(value, kind)
    except InvalidRequest as error:
        error.body().model_dump_json()
    else:
        assert repr(json.loads(json.dumps(taken, ensure_ascii=False).encode())) == repr(taken)

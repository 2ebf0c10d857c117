"""The order of trials and of trees, compared with plain Python."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_ext.core.trial_keys import Key, Kind, parse_key, parse_number
from studio_ext.services.trial_query import order
from studio_ext.services.trial_query.forest import MAX_DEPTH, Forest, acyclic
from studio_ext.services.trial_query.order import Order, codes
from studio_ext.testing.memory_columns import MemoryColumns, MemoryTrial
from tests.unit.services.trial_query import naive


def place(found: Any, key: Key, descending: bool) -> tuple[Any, ...]:
    """Where a value stands: numbers, texts, NaN, nothing."""
    sign = -1 if descending else 1
    if found is None:
        return (3,)
    is_number = key.kind is Kind.metric or key.name in ("started", "ended", "duration")
    if not is_number and isinstance(found, str) and key.kind is not Kind.attribute:
        number = parse_number(found)
        if number is not None:
            return (0, sign * number) if number == number else (2,)
    if is_number:
        return (2,) if found != found else (0, sign * found)
    return (1, Text(str(found), descending))


class Text:
    """Sorts as texts do, or the other way round."""

    def __init__(self, text: str, descending: bool) -> None:
        self.key = (text.lower(), text)
        self.descending = descending

    def __lt__(self, other: Text) -> bool:
        return self.key > other.key if self.descending else self.key < other.key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and self.key == other.key


def key_of(text: str) -> Key:
    found = parse_key(text)
    assert found is not None
    return found


@settings(max_examples=150, deadline=None)
@given(naive.experiments(), st.lists(st.tuples(naive.KEYS, st.booleans()), min_size=1, max_size=3))
def test_as_in_plain_python(trials: list[MemoryTrial], by: list[tuple[str, bool]]) -> None:
    columns = MemoryColumns(trials)
    rows = np.arange(len(trials))
    keys = [(key_of(text), descending) for text, descending in by]
    found = Order(rows, [codes(columns, key, rows, naive.NOW, descending) for key, descending in keys])
    newest_first = list(range(len(trials)))[::-1]
    expected = sorted(
        newest_first,
        key=lambda row: [
            place(_lower(naive.value(trials[row], key)), key, descending) for key, descending in keys
        ],
    )  # fmt: skip
    assert found.all().tolist() == expected


def _lower(found: Any) -> Any:
    return str(found).lower() if isinstance(found, bool) else found


NUMBERS = [math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, -5e-324, 1.7e308, -1.7e308, 1.0, -1.0]


@given(st.lists(st.one_of(st.floats(), st.sampled_from(NUMBERS)), max_size=30), st.booleans())
def test_any_number_has_its_place(values: list[float], descending: bool) -> None:
    columns = MemoryColumns([MemoryTrial(str(at), metrics={"x": [each]}) for at, each in enumerate(values)])
    rows = np.arange(len(values))
    code = codes(columns, Key(Kind.metric, "x"), rows, 0.0, descending)
    found = np.array(values)[np.argsort(code, kind="stable")]
    numbers = sorted((each for each in values if each == each), reverse=descending)
    assert found[: len(numbers)].tolist() == numbers
    assert all(each != each for each in found[len(numbers) :])


@pytest.mark.parametrize("distinct", [3, 40, 10**9])
@pytest.mark.parametrize("keys", [1, 2])
def test_the_first_rows_are_those_of_the_whole_order(distinct: int, keys: int) -> None:
    size = order._MANY + 7
    random = np.random.default_rng(distinct)
    rows = np.arange(0, 2 * size, 2)
    by = [random.integers(0, distinct, size) for _ in range(keys)]
    whole = Order(rows, by).all()
    assert whole.tolist() == rows[::-1][np.lexsort([each[::-1] for each in by[::-1]])].tolist()
    paged = Order(rows, by)
    pages = [(0, 100), (100, 100), (450, 100), (1900, 100), (1950, 100), (0, 10), (size - 5, 100), (size + 5, 10)]
    for offset, limit in pages:
        assert paged.part(offset, limit).tolist() == whole[offset : offset + limit].tolist()
    assert len(paged) == size and paged.nbytes > size


def test_what_is_sorted_already_is_not_sorted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    size = order._MANY + 1
    newest_first = Order(np.arange(size), [-np.arange(size)])
    for name in ("argsort", "lexsort", "partition"):
        monkeypatch.setattr(np, name, None)
    assert newest_first.part(0, 3).tolist() == [size - 1, size - 2, size - 3]
    assert newest_first.all()[-1] == 0


# -- trees


def plainly(parents: list[int], is_open: list[bool]) -> list[int]:
    """Nodes from top to bottom."""
    flat: list[int] = []

    def add(parent: int) -> None:
        for node, above in enumerate(parents):
            if above == parent:
                flat.append(node)
                if is_open[node]:
                    add(node)

    add(-1)
    return flat


@st.composite
def forests(draw: st.DrawFn) -> tuple[list[int], list[bool], list[bool]]:
    size = draw(st.integers(0, 12))
    parents = [draw(st.integers(-1, size - 1)) for _ in range(size)]
    flags = st.lists(st.booleans(), min_size=size, max_size=size)
    return parents, draw(flags), draw(flags)


@settings(max_examples=300)
@given(forests())
def test_trees_as_in_plain_python(forest: tuple[list[int], list[bool], list[bool]]) -> None:
    drawn, is_open, matching = forest
    parents, depths = acyclic(np.array(drawn, dtype=np.int64))
    above = parents.tolist()
    for node, depth in enumerate(depths.tolist()):
        way = node
        for _ in range(depth):
            way = above[way]
            assert way >= 0
        assert above[way] == -1, "every node has a top"
    changed = [node for node in range(len(drawn)) if above[node] != drawn[node]]
    assert all(above[node] == -1 and _circles(node, drawn) for node in changed), "only circles are cut"
    made = Forest(parents, depths, np.array(matching, dtype=bool))
    assert made.flatten(np.array(is_open, dtype=bool)).tolist() == plainly(above, is_open)
    for node in range(len(drawn)):
        assert made.below[node] == sum(matching[each] for each in range(len(drawn)) if node in _ways(each, above))


def _circles(node: int, parents: list[int]) -> bool:
    way = parents[node]
    for _ in parents:
        if way in (node, -1):
            break
        way = parents[way]
    return way == node


def _ways(node: int, parents: list[int]) -> list[int]:
    way = []
    while (node := parents[node]) >= 0:
        way.append(node)
    return way


def test_a_long_chain_is_cut_and_nothing_is_lost() -> None:
    size = 5_000
    parents, depths = acyclic(np.arange(-1, size - 1))
    assert depths.max() == MAX_DEPTH - 1
    made = Forest(parents, depths, np.ones(size, dtype=bool))
    assert made.flatten(np.ones(size, dtype=bool)).tolist() == list(range(size))
    assert made.flatten(np.zeros(size, dtype=bool)).tolist() == list(range(0, size, MAX_DEPTH))

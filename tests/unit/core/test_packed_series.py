"""Packed histories hold what was packed, at places that a browser can make arrays of."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_ext.core.packed_series import pack, unpack


def test_where_everything_lies() -> None:
    packed = pack(b'{"series": [1]}', [(np.array([1, 2, 4], dtype=np.int64), [0.5, math.nan, 0.25])])
    size = int.from_bytes(packed[:8], "little")
    assert size % 8 == 0 and len(packed) == 8 + size + 48
    assert json.loads(packed[8 : 8 + size]) == {"page": {"series": [1]}, "points": [3], "strides": [0.0]}
    assert np.frombuffer(packed[8 + size :], dtype="<f8").tolist()[:4] == [1.0, 2.0, 4.0, 0.5]


def test_of_places_that_are_equally_far_apart_only_the_first_is_sent() -> None:
    packed = pack(b'{"series": [1]}', [(np.arange(5, 3005, 3), np.zeros(1000)), ([1.0], [2.0])])
    size = int.from_bytes(packed[:8], "little")
    assert json.loads(packed[8 : 8 + size])["strides"] == [3.0, 0.0]
    assert len(packed) == 8 + size + 8 * (1 + 1000 + 2)
    places, values = unpack(packed)[1][0]
    assert places.tolist() == list(range(5, 3005, 3)) and len(values) == 1000


@pytest.mark.parametrize(
    "places",
    [
        [0.1 * n for n in range(50)],
        [-8e307, 8e307, 8e307],
        [1e308, -1e308],
        [2.0**53, 2.0**53 + 2],
        [3.0, 3.0, 3.0],
        [9.0, 6.0, 3.0],
    ],
    ids=str,
)
def test_places_are_exactly_those_that_were_packed(places: list[float]) -> None:
    assert unpack(pack(b"{}", [(places, places)]))[1][0][0].tolist() == places


def test_nothing_is_there() -> None:
    assert unpack(pack(b"{}", [])) == ({}, [])


@settings(max_examples=50, deadline=None)
@given(
    st.text(max_size=30),
    st.lists(st.lists(st.tuples(st.integers(-(2**53), 2**53), st.floats(allow_nan=False))), max_size=6),
)
def test_what_was_packed_comes_back(text: str, series: list[list[tuple[int, float]]]) -> None:
    points = [(np.array([x for x, _ in each], dtype=np.int64), np.array([y for _, y in each])) for each in series]
    page, found = unpack(pack(json.dumps({"text": text}).encode(), points))
    assert page == {"text": text}
    assert [list(zip(x, y, strict=True)) for x, y in found] == [[(float(x), y) for x, y in each] for each in series]


@pytest.mark.parametrize("size", range(16))
def test_arrays_begin_where_they_may_whatever_the_head_is(size: int) -> None:
    packed = pack(b'"' + b"x" * size + b'"', [([1.0], [2.0])])
    assert (len(packed) - 16) % 8 == 0 and unpack(packed)[1] == [(np.array([1.0]), np.array([2.0]))]

"""A sampled series keeps its ends and its extremes, in order, and no more points than were asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_ext.core.sampling import between, extremes, sample


def test_a_short_series_is_kept_as_it_is() -> None:
    assert sample(np.array([3.0, 1.0, 2.0]), 4).tolist() == [0, 1, 2]
    assert sample(np.empty(0), 4).tolist() == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(allow_infinity=False), max_size=400), st.integers(4, 60))
def test_whatever_is_sampled(values: list[float], most: int) -> None:
    array = np.array(values)
    places = sample(array, most)
    assert len(places) <= most and len(places) >= min(len(values), 2)
    assert places.tolist() == sorted(set(places.tolist()))
    if values:
        assert (places[0], places[-1]) == (0, len(values) - 1)
    finite = array[~np.isnan(array)]
    if len(finite):
        kept = array[places]
        assert np.nanmin(kept) == finite.min() and np.nanmax(kept) == finite.max()
    assert (np.array(values) == array)[~np.isnan(array)].all()  # what was given is not written


def test_a_group_without_numbers_is_not_lost() -> None:
    values = np.array([math.nan] * 6 + [1.0, 2.0, 0.0] * 2)
    assert extremes(values, 4).tolist() == [0, 3, 7, 8, 10, 11]


def test_equal_values_give_one_point_for_each_group() -> None:
    assert len(sample(np.ones(10_000), 100)) == 51


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (None, None, (0, 5)),
        (2.0, 3.0, (0, 5)),
        (2.5, None, (2, 5)),
        (None, 2.5, (0, 4)),
        (9.0, None, (4, 5)),
        (None, -9.0, (0, 1)),
        (2.0, 2.0, (0, 4)),
    ],
)
def test_a_part_has_a_neighbour_at_either_end(low: float | None, high: float | None, expected: tuple[int, int]) -> None:
    assert between(np.array([1.0, 2.0, 2.0, 3.0, 4.0]), low, high) == expected


def test_a_part_of_nothing() -> None:
    assert between(np.empty(0), 1.0, 2.0) == (0, 0)

"""A thinned series keeps its shape: every point is one that was given, and no extreme is lost."""

from __future__ import annotations

import math
import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_ext.core.thinning import Points, Thinned, extremes


def thinned(values: list[float], most: int = 64) -> Thinned:
    series = Thinned(most)
    for index, value in enumerate(values):
        series.append(index, index * 2, float(index), value)
    return series


def test_a_short_series_is_kept_as_it_is() -> None:
    points = thinned([3.0, 1.0, 2.0]).points(10)
    assert points == Points([0, 1, 2], [0, 2, 4], [0.0, 1.0, 2.0], [3.0, 1.0, 2.0])


def test_an_empty_series_has_no_points() -> None:
    assert Thinned().points(10) == Points([], [], [], [])


@pytest.mark.parametrize("count", [63, 64, 65, 127, 128, 129, 1000, 4096, 10_001])
def test_extremes_ends_and_order_survive(count: int) -> None:
    values = [random.Random(count).gauss(0, 1) for _ in range(count)]
    values[count // 3], values[count // 2] = 1e6, -1e6
    for most in (4, 10, 50, 64):
        points = thinned(values).points(most)
        assert len(points.index) <= most
        assert points.index == sorted(set(points.index))
        assert [values[index] for index in points.index] == points.value
        assert points.step == [index * 2 for index in points.index]
        assert points.index[-1] == count - 1
        assert {1e6, -1e6} <= set(points.value)


def test_the_first_point_stays_where_it_is_thinned_out_only_once() -> None:
    points = thinned([float(value) for value in range(60)], most=64).points(10)
    assert points.index[0] == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=600),
    st.integers(4, 80),
)
def test_whatever_is_appended(values: list[float], most: int) -> None:
    series = thinned(values, 32)
    points = series.points(most)
    finite = [value for value in values if math.isfinite(value)]
    kept = [value for value in points.value if math.isfinite(value)]
    assert 1 <= len(points.index) <= most
    assert series.count == len(values) and series.not_finite == len(values) - len(finite)
    assert points.index[-1] == len(values) - 1
    if finite:
        assert (min(kept), max(kept)) == (min(finite), max(finite))
    for index, value in zip(points.index, points.value, strict=True):
        assert value == values[index] if math.isfinite(values[index]) else math.isnan(value)


def test_only_what_came_after_is_given() -> None:
    series = thinned([float(value) for value in range(1000)])
    later = series.points(500, after=899)
    assert later.index and min(later.index) >= 900 and later.index[-1] == 999
    assert series.points(500, after=999) == Points([], [], [], [])


def test_pieces_put_together_hold_the_extremes() -> None:
    source, series, known = random.Random(7), Thinned(64), []
    values = [source.gauss(0, 1) for _ in range(5000)]
    for index, value in enumerate(values):
        series.append(index, index, float(index), value)
        if index % 97 == 0:
            after = known[-1] if known else -1
            known += series.points(50, after=after).index
    known += series.points(50, after=known[-1]).index
    assert known == sorted(set(known)) and known[-1] == 4999
    assert {values.index(min(values)), values.index(max(values))} <= set(known)


def test_memory_is_bounded() -> None:
    series = Thinned(256)
    for index in range(200_000):
        series.append(index, index, float(index), float(index % 17))
    held = sum(sys.getsizeof(getattr(series, name)) for name in ("_index", "_step", "_time", "_value"))
    assert held < 4 * 256 * 8 * 2
    assert series.count == 200_000


def test_extremes_of_groups() -> None:
    assert list(extremes([1, 5, 2, 8, 8, 8, 4, 3], 2)) == [0, 3, 4, 7]
    assert list(extremes([7.0, 7.0], 1)) == [0]
    assert list(extremes([math.nan, math.nan], 1)) == [0]
    assert list(extremes([math.nan, 2.0, math.nan, 1.0], 1)) == [1, 3]
    assert list(extremes([], 3)) == []

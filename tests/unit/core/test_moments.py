"""Sums of values, also where squares would overflow."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from studio_ext.core.moments import moments


def test_as_statistics_has_it() -> None:
    values = [random.Random(1).gauss(5, 3) for _ in range(1000)]
    count, low, high, mean, deviation = moments(values)
    assert (count, low, high) == (1000, min(values), max(values))
    assert mean == pytest.approx(statistics.fmean(values), rel=1e-12)
    assert deviation == pytest.approx(statistics.pstdev(values), rel=1e-9)


def test_nearly_equal_large_values_keep_their_deviation() -> None:
    assert moments([1e9 + 1, 1e9 + 2, 1e9 + 3])[4] == pytest.approx(math.sqrt(2 / 3), rel=1e-6)


def test_the_largest_numbers_do_not_overflow() -> None:
    assert moments([1e308, -1e308]) == (2, -1e308, 1e308, 0.0, 1e308)
    assert moments([1e308] * 3) == (3, 1e308, 1e308, 1e308, 0.0)


def test_what_is_no_number_counts_for_nothing() -> None:
    assert moments([math.nan, 2.0]) == (1, 2.0, 2.0, 2.0, 0.0)
    count, *others = moments([math.nan])
    assert count == 0
    assert all(map(math.isnan, others))


def test_infinities() -> None:
    count, low, high, mean, deviation = moments([1.0, math.inf])
    assert (count, low, high, mean) == (2, 1.0, math.inf, math.inf)
    assert math.isnan(deviation)
    assert math.isnan(moments([-math.inf, math.inf])[3])
    assert moments([1.7976931348623157e308])[1] == math.inf  # what databases keep for it

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.core.ids import LENGTH, is_id, new_id

UNTIL = 2_800_000_000.0
"""Eight digits to the base of 36 hold the milliseconds until the year 2058."""


@given(st.floats(0, UNTIL))
def test_fixed_length(now: float) -> None:
    made = new_id(now)
    assert len(made) == LENGTH == 12
    assert is_id(made)


@given(st.floats(0, UNTIL), st.floats(0.002, 1e9))
def test_later_sorts_later(now: float, later: float) -> None:
    if now + later < UNTIL:
        assert new_id(now) < new_id(now + later)


def test_ids_of_the_same_moment_differ() -> None:
    assert len({new_id(1_800_000_000.0) for _ in range(500)}) > 490


@pytest.mark.parametrize("text", ["a", "0123456789ab", pytest.param(new_id(1.0), id="new")])
def test_shape(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize("text", ["", "A", "..", "a/b", "0123456789abc", "é", "٣", "a ", "%", "a\n"])
def test_what_is_no_id(text: str) -> None:
    assert not is_id(text)

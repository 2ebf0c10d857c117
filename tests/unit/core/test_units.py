from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.core.units import format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("123", 123),
        ("123 bytes", 123),
        ("1B", 1),
        ("2GiB", 2 * 1024**3),
        ("2 gib", 2 * 1024**3),
        ("2g", 2 * 1024**3),
        ("2Gi", 2 * 1024**3),
        ("2GB", 2_000_000_000),
        ("1.5 MB", 1_500_000),
        (".5k", 512),
        ("1TiB", 1024**4),
        (512, 512),
        (512.9, 512),
    ],
)
def test_sizes(text: str | float, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "lots", "2 Gibi", "GiB", "-1", "2GiB 3", "1e3", "٣", "nan", -1, float("nan"), float("inf"), True, "9" * 400],
)
def test_what_is_no_size(text: str | float) -> None:
    with pytest.raises(ValueError, match=r"size|large"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("1.5 h", 5400.0),
        ("1h30m", 5400.0),
        ("1h 30min 5s", 5405.0),
        ("2 days", 172800.0),
        ("1 hour", 3600.0),
        ("15min", 900.0),
        ("15 minutes", 900.0),
        ("1w", 604800.0),
        (60, 60.0),
    ],
)
def test_durations(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "soon", "h", "1 fortnight", "1h 30", "-5", "1:30", "5s!", -1, float("inf"), False, "9" * 400]
)
def test_what_is_no_duration(text: str | float) -> None:
    with pytest.raises(ValueError, match=r"duration|long"):
        parse_duration(text)


@given(st.integers(0, 2**50))
def test_a_shown_size_reads_back_nearly_the_same(size: int) -> None:
    assert parse_size(format_size(size)) == pytest.approx(size, rel=0.06, abs=0)


@given(st.floats(0, 60 * 86400))
def test_a_shown_duration_reads_back_nearly_the_same(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=0.05, abs=0.06)


@given(st.text(max_size=20))
def test_any_text_is_a_value_or_a_plain_error(text: str) -> None:
    for parse in (parse_size, parse_duration):
        try:
            assert parse(text) >= 0
        except ValueError as error:
            assert "\n" not in str(error) or "\n" in text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (2 * 1024**3, "2 GiB"),
        (1536 * 1024, "1.5 MiB"),
        (1024**4, "1 TiB"),
    ],
)
def test_format_size(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (4.24, "4.2 s"),
        (59.99, "1 min"),
        (65, "1 min 5 s"),
        (3600, "1 h"),
        (7800, "2 h 10 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_format_duration(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text

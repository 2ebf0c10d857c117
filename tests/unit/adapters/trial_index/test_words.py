"""Cells keep numbers as numbers and texts as they are spelled."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.adapters.trial_index import words
from studio_ext.adapters.trial_index.column_texts import ColumnTexts
from studio_ext.adapters.trial_index.texts import Texts
from studio_ext.core.trial_keys import parse_number

NUMERALS = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.integers(-100, 100).map(str),
    st.text(st.sampled_from("0123456789.+-einfaNI _٣"), max_size=8),
    st.text(max_size=5),
)


def column(texts: list[str | None]) -> ColumnTexts:
    kept: list[str] = []

    def cell(text: str | None) -> int:
        if text is None:
            return words.MISSING_WORD

        def entry() -> int:
            kept.append(text)
            return len(kept) - 1

        return words.word_of_text(text, entry)

    return ColumnTexts(np.array([cell(each) for each in texts], dtype=np.uint64), Texts.of(kept))


@given(st.lists(st.one_of(st.none(), NUMERALS), max_size=20), NUMERALS)
def test_columns_of_texts(texts: list[str | None], wanted: str) -> None:
    made = column(texts)
    numbers = [None if each is None else parse_number(each) for each in texts]
    expected = [math.nan if each is None else each for each in numbers]
    assert np.array_equal(made.numbers(), np.array(expected, dtype=float), equal_nan=True)
    assert made.equal(wanted).tolist() == [each == wanted for each in texts]
    assert made.containing(wanted).tolist() == [each is not None and wanted.lower() in each.lower() for each in texts]
    order = sorted({each for each in texts if each is not None}, key=lambda each: (each.lower(), each))
    assert made.ranks().tolist() == [-1 if each is None else order.index(each) for each in texts]
    assert made.top(wanted, 3) == [each for each in order if wanted.lower() in each.lower()][:3]


@given(st.lists(st.floats()))
def test_numbers(values: list[float]) -> None:
    cells = words.words_of_numbers(values)
    kept = [math.copysign(math.inf, each) if abs(each) >= 1.7976931348623157e308 else each for each in values]
    assert np.array_equal(cells.view(np.float64), np.array(kept, dtype=float), equal_nan=True)
    assert (cells != words.MISSING_WORD).all(), "NaN that was logged is no gap"


def test_what_has_no_value_is_no_number() -> None:
    assert np.isnan(words.missing(3).view(np.float64)).all()
    assert words.words_of_numbers([None, math.nan]).tolist() == [words.NAN_WORD] * 2
    assert words.word_of_number(math.nan) == words.NAN_WORD != words.MISSING_WORD


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0.1", None),
        ("-1e-07", None),
        ("inf", None),
        ("nan", None),
        ("20", words.INTEGER),
        ("-3", words.INTEGER),
        ("0.10", words.NUMERIC_TEXT),
        ("1e-3", words.NUMERIC_TEXT),
        ("-0", words.NUMERIC_TEXT),
        ("007", words.NUMERIC_TEXT),
        ("NaN", words.NUMERIC_TEXT),
        (str(2**70), words.NUMERIC_TEXT),
        ("", words.TEXT),
        ("1_000", words.TEXT),
        ("٣", words.TEXT),
        (" 5", words.TEXT),
    ],
)
def test_spelling(text: str, kind: int | None) -> None:
    word = words.word_of_text(text, lambda: 7)
    if kind is None or kind == words.INTEGER:
        assert words.text_of_word(word) == text
    if kind is not None:
        assert word >> 48 == kind
    if kind in (words.TEXT, words.NUMERIC_TEXT):
        assert words.entries(np.array([word], dtype=np.uint64)).tolist() == [7]


@pytest.mark.parametrize("digits", [19, 20, 21, 4301, 6000])
def test_digits_without_end(digits: int) -> None:
    """More than Python reads as a number."""
    text = "1" * digits
    made = column([text, f"-{text}", "7"])
    assert made.equal(text).tolist() == [True, False, False]
    assert made.numbers()[2] == 7.0

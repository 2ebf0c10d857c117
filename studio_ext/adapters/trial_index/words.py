"""Cells of columns: 64 bits each, which are a number, or a NaN whose payload says what else it is.

==================  ================================================================
upper 16 bits       meaning
==================  ================================================================
a float64           that number, whose text is ``repr`` of it; NaN is 0x7FF8 and zeros
``MISSING``         nothing was recorded
``INTEGER``         a whole number, written as such: 48 bits, two's complement
``TEXT``            entry of the column's texts, no number
``NUMERIC_TEXT``    entry of the column's texts that is a number: ``0.10``, ``1e-3``
==================  ================================================================

So the cells of a metric are its numbers as they are, and ``0.1``, ``0.10`` and ``20`` keep their spelling.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from studio_ext.core.trial_keys import parse_number
from studio_ext.ports.trial_index import Numbers

Words = NDArray[np.uint64]

MISSING, INTEGER, TEXT, NUMERIC_TEXT = 0xFFF9, 0xFFFA, 0xFFFB, 0xFFFC
_SHIFT = 48
_PAYLOAD = (1 << _SHIFT) - 1
_INTEGERS = 1 << 46
_DIGITS = 20
"""Characters that an integer of that size has at most."""
"""Whole numbers from here on stand among the texts."""

MISSING_WORD = MISSING << _SHIFT
NAN_WORD = 0x7FF8 << _SHIFT

_SQL_INFINITY = 1.7976931348623157e308
"""What MLflow writes into databases for infinity."""


def kinds(words: Words) -> NDArray[np.uint64]:
    """Upper 16 bits of each."""
    return words >> np.uint64(_SHIFT)


def entries(words: Words) -> NDArray[np.int64]:
    """Number of the entry of each that is a text."""
    return (words & np.uint64(_PAYLOAD)).astype(np.int64)


def integers(words: Words) -> NDArray[np.int64]:
    """Value of each that is a whole number."""
    return cast("NDArray[np.int64]", (words << np.uint64(16)).view(np.int64) >> 16)


def word_of_number(value: float) -> int:
    """Cell of a number."""
    return NAN_WORD if math.isnan(value) else int(struct.unpack("<Q", struct.pack("<d", value))[0])


def words_of_numbers(values: Sequence[float | None] | Numbers) -> Words:
    """Cells of numbers, None being NaN; what MLflow writes for infinity becomes infinity again."""
    numbers = np.array(values, dtype=np.float64)
    numbers[numbers >= _SQL_INFINITY] = np.inf
    numbers[numbers <= -_SQL_INFINITY] = -np.inf
    words = numbers.view(np.uint64)
    words[np.isnan(numbers)] = NAN_WORD
    return words


def missing(count: int) -> Words:
    """Cells with nothing in them."""
    return np.full(count, MISSING_WORD, dtype=np.uint64)


def word_of_text(text: str, entry: Callable[[], int]) -> int:
    """Cell of a text; ``entry`` adds it to the column's texts, where it has to be there, and says which it is."""
    number = parse_number(text)
    if number is None:
        return (TEXT << _SHIFT) | entry()
    if math.isnan(number):
        return NAN_WORD if text == "nan" else (NUMERIC_TEXT << _SHIFT) | entry()
    if repr(number) == text:
        return word_of_number(number)
    # Python reads no more than 4,300 digits.
    if len(text) <= _DIGITS and (text.isdecimal() or (text[0] == "-" and text[1:].isdecimal())):
        whole = int(text)
        if abs(whole) < _INTEGERS and str(whole) == text:
            return (INTEGER << _SHIFT) | (whole & _PAYLOAD)
    return (NUMERIC_TEXT << _SHIFT) | entry()


def text_of_word(word: int) -> str | None:
    """Text of a cell that needs no entry: a number, or nothing."""
    kind = word >> _SHIFT
    if kind == MISSING:
        return None
    if kind == INTEGER:
        whole = word & _PAYLOAD
        return str(whole - (1 << _SHIFT) if whole >> (_SHIFT - 1) else whole)
    return repr(struct.unpack("<d", struct.pack("<Q", word))[0])

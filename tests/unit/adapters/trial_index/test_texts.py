"""Searching and sorting many texts at once gives what searching and sorting them one by one gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.adapters.trial_index import texts as module
from studio_ext.adapters.trial_index.texts import Texts, find_all

ALPHABET = st.text(st.sampled_from("aAbBéÉßİ\u212aΣς \0\n%_.😀1"), max_size=20)
SOME = st.lists(ALPHABET, max_size=30)


def expected_ranks(texts: list[str]) -> list[int]:
    order = sorted(set(texts), key=lambda each: (each.lower(), each))
    return [order.index(each) for each in texts]


@given(SOME)
def test_ranks(texts: list[str]) -> None:
    assert Texts.of(texts).ranks.tolist() == expected_ranks(texts)


def test_ranks_of_long_texts_that_begin_alike() -> None:
    texts = [f"{'experiment/' * 5}{number:06d}" for number in (3, 1, 2, 1, 10)] + ["experiment", "", "\0", "\0\0"]
    assert Texts.of(texts).ranks.tolist() == expected_ranks(texts)


@given(SOME, ALPHABET)
def test_finding(texts: list[str], wanted: str) -> None:
    made = Texts.of(texts)
    assert made.equal(wanted).tolist() == [each == wanted for each in texts]
    assert made.containing(wanted).tolist() == [wanted.lower() in each.lower() for each in texts]
    assert [made.get(entry) for entry in range(len(made))] == made.all == texts


@pytest.mark.parametrize("wanted", ["a", "ab", "B", "\0", "é", "aab", "nothing"])
def test_finding_what_occurs_very_often(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    texts = ["aaab", "", "AB é", "b\0", "xaab"] * 50
    made = Texts.of(texts)
    one_by_one = made.containing(wanted).tolist()
    monkeypatch.setattr(module, "_FEW", 3)
    assert Texts.of(texts).containing(wanted).tolist() == one_by_one
    assert one_by_one == [wanted.lower() in each.lower() for each in texts]


def test_places_at_the_ends() -> None:
    assert find_all(b"abxab", b"ab").tolist() == [0, 3]
    assert module._find_many(np.frombuffer(b"abxab", dtype=np.uint8), b"ab").tolist() == [0, 3]
    assert module._find_many(np.frombuffer(b"bxa", dtype=np.uint8), b"ab").tolist() == []


def test_none() -> None:
    empty = Texts(b"")
    assert len(empty) == 0 and empty.all == []
    assert empty.ranks.tolist() == empty.equal("").tolist() == empty.containing("x").tolist() == []


def test_what_is_no_text() -> None:
    """Half a character, as JSON may hold it."""
    made = Texts.of(["a\ud800b", "c"])
    assert made.all[1] == "c" and made.containing("b").tolist() == [True, False]
    assert made.equal("a\ud800b").tolist() == [False, False]

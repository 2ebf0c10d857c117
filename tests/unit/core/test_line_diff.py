from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.contract.trial_diff import TextDiff
from studio_ext.core.line_diff import CONTEXT, MAX_EDITS, MAX_LINES, MAX_WIDTH, Effort, aligned, text_diff


def texts(diff: TextDiff) -> tuple[list[str], list[str]]:
    """Both texts, put together again."""
    first = [line for block in diff.blocks if block.kind != "added" for line in block.lines]
    second = [line for block in diff.blocks if block.kind != "removed" for line in block.lines]
    return first, second


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_it_leads_from_one_to_the_other(first: list[str], second: list[str]) -> None:
    runs = aligned(first, second)
    assert runs is not None
    x = y = 0
    for kind, from_x, from_y, length in runs:
        assert (from_x, from_y) == (x, y) and length > 0
        if kind == "same":
            assert first[x : x + length] == second[y : y + length]
        x += length if kind != "added" else 0
        y += length if kind != "removed" else 0
    assert (x, y) == (len(first), len(second))


def test_it_is_the_shortest_way() -> None:
    runs = aligned("abcabba", "cbabac")  # Myers' own example
    assert runs is not None
    assert sum(length for kind, _, _, length in runs if kind != "same") == 5


def test_removed_lines_stand_before_those_that_replace_them() -> None:
    diff = text_diff("a\nb\nc\nd\n", "a\nB\nC\nd\n")
    assert [(block.kind, block.first, block.second, block.lines) for block in diff.blocks] == [
        ("same", 1, 1, ["a"]),
        ("removed", 2, 2, ["b", "c"]),
        ("added", 4, 2, ["B", "C"]),
        ("same", 4, 4, ["d"]),
    ]
    assert (diff.added, diff.removed, diff.note) == (2, 2, "")


@pytest.mark.parametrize(
    ("first", "second"),
    [("", ""), ("a", "a"), ("", "a\n"), ("a\n", ""), ("a\r\nb", "a\nb")],
)
def test_empty_and_equal_texts(first: str, second: str) -> None:
    diff = text_diff(first, second)
    assert texts(diff) == (first.splitlines(), second.splitlines())
    assert diff.note == ("They differ in line ends only." if "\r" in first else "")


def test_what_stays_the_same_for_long_is_left_out_and_counted() -> None:
    lines = [f"line {number}" for number in range(10_000)]
    diff = text_diff("\n".join(lines), "\n".join([*lines[:5_000], "new", *lines[5_000:]]))
    kinds = [(block.kind, block.count, len(block.lines)) for block in diff.blocks]
    assert kinds == [
        ("gap", 5_000 - CONTEXT, 0),
        ("same", CONTEXT, CONTEXT),
        ("added", 1, 1),
        ("same", CONTEXT, CONTEXT),
        ("gap", 5_000 - CONTEXT, 0),
    ]
    places = [(block.first, block.second) for block in diff.blocks]
    assert places == [(1, 1), (4_801, 4_801), (5_001, 5_001), (5_001, 5_002), (5_201, 5_202)]


def test_a_hostile_pair_of_texts_takes_no_longer() -> None:
    source = random.Random(1)
    first = [str(source.randrange(99)) for _ in range(MAX_LINES)]
    second = [str(source.randrange(99)) for _ in range(MAX_LINES)]
    began = time.process_time()
    diff = text_diff("\n".join(first), "\n".join(second))
    assert time.process_time() - began < 20  # difflib takes hours
    assert "differ too much" in diff.note and diff.removed == diff.added == MAX_LINES
    assert "lines are not shown" in diff.note


def test_as_many_edits_as_are_allowed_are_lined_up() -> None:
    back = [str(number) for number in range(MAX_EDITS // 2, -1, -1)]
    assert aligned(back[1:], back[:0:-1]) is not None
    assert aligned(["x", *back], ["y", *back[::-1], "z"]) is not None  # what only one has costs nothing
    back.append("another")
    back.append("one")
    assert aligned(back, back[::-1]) is None


def test_what_only_one_of_them_has_costs_nothing() -> None:
    first = [f"loss {number}" for number in range(20_000)]
    second = [f"loss {number}.5" for number in range(20_000)]
    effort = Effort()
    assert aligned([*first, "end", *first], [*second, "end", *second], effort) == [
        ("removed", 0, 0, 20_000),
        ("added", 20_000, 0, 20_000),
        ("same", 20_000, 20_000, 1),
        ("removed", 20_001, 20_001, 20_000),
        ("added", 40_001, 20_001, 20_000),
    ]
    assert effort.left == Effort().left


def test_many_hostile_texts_take_no_longer_than_some() -> None:
    numbers = [str(number) for number in range(2_000)]
    effort = Effort()
    began = time.process_time()
    for _ in range(500):
        assert aligned(numbers, numbers[::-1], effort) is None
    assert time.process_time() - began < 30
    assert effort.left < 0


def test_more_lines_than_are_looked_at_are_named() -> None:
    diff = text_diff("a\n" * (MAX_LINES + 1), "a\n" * MAX_LINES)
    assert f"first {MAX_LINES:,} lines" in diff.note


def test_hostile_lines_are_shown_as_what_they_are() -> None:
    diff = text_diff(
        "", "\x1b]0;title\x07\x1b[31mred\x1b[0m\nif a: \u202e# (\n<script>alert(1)</script>\n" + "w" * 9_999
    )
    lines = diff.blocks[0].lines
    assert lines[:3] == ["red", "if a: <U+202E># (", "<script>alert(1)</script>"]
    assert lines[3].startswith("w" * MAX_WIDTH) and lines[3].endswith("(9,999 characters)")

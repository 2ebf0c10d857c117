"""Two texts line by line, in time that does not depend on what somebody put into them."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

from studio_ext.contract.trial_diff import TextBlock, TextDiff
from studio_ext.core.plain_text import plain

MAX_LINES = 50_000
"""Lines of either text that are looked at."""
MAX_EDITS = 1_000
"""Lines that may have come or gone for the rest to be lined up: the time grows with its square."""
_FEW_EDITS = 50
MAX_SHOWN = 4_000
"""Lines in one answer."""
MAX_WIDTH = 2_000
"""Characters of a line."""
CONTEXT = 200
"""Unchanged lines that are kept beside changes, so that people can look around."""

_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of what follows: code could be shown otherwise than it runs."""

Kind = Literal["same", "removed", "added"]
Run = tuple[Kind, int, int, int]
"""Kind, first place in either sequence (from 0), length."""


@dataclass
class Effort:
    """What may still be spent on lining things up, for all texts of one answer."""

    left: int = 10 * MAX_EDITS
    """Edits. When there are none left, texts with many are not lined up any more."""

    def limit(self) -> int:
        """Most edits of the next text."""
        return min(MAX_EDITS, max(self.left, _FEW_EDITS))


def aligned(first: Sequence[Hashable], second: Sequence[Hashable], effort: Effort | None = None) -> list[Run] | None:
    """The shortest way from one sequence to the other; None when it takes too many steps.

    Source: Myers, An O(ND) Difference Algorithm and Its Variations (1986), among what both have: whatever only one of
    them has is no part of the way. Not ``difflib``, whose time grows with the cube of the length for sequences that
    somebody chose.
    """
    effort = effort or Effort()
    head = 0
    least = min(len(first), len(second))
    while head < least and first[head] == second[head]:
        head += 1
    tail = 0
    while tail < least - head and first[-1 - tail] == second[-1 - tail]:
        tail += 1
    rows, columns = range(head, len(first) - tail), range(head, len(second) - tail)
    both = {first[x] for x in rows} & {second[y] for y in columns}
    ours = [x for x in rows if first[x] in both]
    theirs = [y for y in columns if second[y] in both]
    limit = effort.limit()
    words = _shortest([first[x] for x in ours], [second[y] for y in theirs], limit)
    effort.left -= limit if words is None else len(words) - words.count("same")
    if words is None:
        return None
    matches = [(x, x) for x in range(head)]
    x = y = 0
    for word in words:
        if word == "same":
            matches.append((ours[x], theirs[y]))
        x += word != "added"
        y += word != "removed"
    matches += [(len(first) - each, len(second) - each) for each in range(tail, 0, -1)]
    return _runs(matches, len(first), len(second))


def _shortest(first: Sequence[Hashable], second: Sequence[Hashable], most: int) -> list[Kind] | None:
    """One word for each line of the way, from front to back."""
    rows, columns = len(first), len(second)
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(min(most, rows + columns) + 1):
        trace.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            goes_down = diagonal == -edits or (
                diagonal != edits and furthest.get(diagonal - 1, -1) < furthest.get(diagonal + 1, -1)
            )
            x = furthest[diagonal + 1] if goes_down else furthest[diagonal - 1] + 1
            y = x - diagonal
            while x < rows and y < columns and first[x] == second[y]:
                x, y = x + 1, y + 1
            furthest[diagonal] = x
            if x >= rows and y >= columns:
                return _walked(trace, rows, columns)
    return None


def _walked(trace: list[dict[int, int]], x: int, y: int) -> list[Kind]:
    """The way back, turned round."""
    words: list[Kind] = []
    for edits in range(len(trace) - 1, -1, -1):
        furthest, diagonal = trace[edits], x - y
        goes_down = diagonal == -edits or (
            diagonal != edits and furthest.get(diagonal - 1, -1) < furthest.get(diagonal + 1, -1)
        )
        before = diagonal + 1 if goes_down else diagonal - 1
        before_x = furthest[before]
        before_y = before_x - before
        while x > before_x and y > before_y and x > 0 and y > 0:
            words.append("same")
            x, y = x - 1, y - 1
        if edits:
            words.append("added" if x == before_x else "removed")
            x, y = before_x, before_y
    return words[::-1]


def _runs(matches: list[tuple[int, int]], rows: int, columns: int) -> list[Run]:
    """Matches in a row as one run; between them what was removed comes before what was added."""
    runs: list[Run] = []
    x = y = 0
    for row, column in [*matches, (rows, columns)]:
        if row > x:
            runs.append(("removed", x, y, row - x))
        if column > y:
            runs.append(("added", row, y, column - y))
        x, y = row, column
        if row < rows:
            if runs and runs[-1][0] == "same":
                kind, from_x, from_y, length = runs.pop()
                runs.append((kind, from_x, from_y, length + 1))
            else:
                runs.append(("same", x, y, 1))
            x, y = x + 1, y + 1
    return runs


def text_diff(first: str, second: str, *, most: int = MAX_SHOWN, effort: Effort | None = None) -> TextDiff:
    """The differences of two texts as they are shown: escape sequences and control characters are gone.

    ``most``: lines in the answer.
    """
    ours, theirs = first.splitlines(), second.splitlines()
    notes: list[str] = []
    if max(len(ours), len(theirs)) > MAX_LINES:
        notes.append(f"Only the first {MAX_LINES:,} lines are looked at.")
        ours, theirs = ours[:MAX_LINES], theirs[:MAX_LINES]
    runs = aligned(ours, theirs, effort)
    if runs is None:
        notes.append("They differ too much to be lined up.")
        runs = [("removed", 0, 0, len(ours)), ("added", len(ours), 0, len(theirs))]
    added = sum(length for kind, _, _, length in runs if kind == "added")
    removed = sum(length for kind, _, _, length in runs if kind == "removed")
    if not (added or removed) and first != second:
        notes.append("They differ in line ends only.")
    blocks, left = _blocks(runs, ours, theirs, most)
    if left:
        notes.append(f"{left:,} more lines are not shown.")
    return TextDiff(blocks=blocks, added=added, removed=removed, note=" ".join(notes))


def _blocks(runs: list[Run], ours: list[str], theirs: list[str], most: int) -> tuple[list[TextBlock], int]:
    blocks: list[TextBlock] = []
    left_out = 0
    for number, (kind, x, y, length) in enumerate(runs):
        lines = theirs[y : y + length] if kind == "added" else ours[x : x + length]
        if kind == "same" and length > 2 * CONTEXT:
            head = CONTEXT if number else 0
            tail = CONTEXT if number + 1 < len(runs) else 0
            if not head and not tail:
                head = CONTEXT
            pieces = [(0, head), (head, length - tail), (length - tail, length)]
        else:
            pieces = [(0, length)]
        for place, (start, end) in enumerate(pieces):
            if start == end:
                continue
            is_gap = len(pieces) > 1 and place == 1
            shown = [] if is_gap else lines[start : min(end, start + max(most, 0))]
            most -= len(shown)
            if not is_gap:
                left_out += end - start - len(shown)
            if is_gap or shown:
                blocks.append(
                    TextBlock(
                        kind="gap" if is_gap else kind,
                        first=x + 1 + (start if kind != "added" else 0),
                        second=y + 1 + (start if kind != "removed" else 0),
                        count=end - start if is_gap else len(shown),
                        lines=[_shown(line) for line in shown],
                    )
                )
    return blocks, left_out


def _shown(line: str) -> str:
    text = _TURNING.sub(lambda mark: f"<U+{ord(mark.group()):04X}>", plain(line[: MAX_WIDTH * 2]))
    if len(text) <= MAX_WIDTH and len(line) <= MAX_WIDTH * 2:
        return text
    return f"{text[:MAX_WIDTH]}… ({len(line):,} characters)"

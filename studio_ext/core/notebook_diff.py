"""Two notebooks cell by cell: which belong together, and how their sources and outputs differ.

The notebooks are anybody's: whatever is not of the shape that nbformat says counts as empty.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from hashlib import sha256
from typing import Any

from studio_ext.contract.trial_diff import CellDiff, Change, PicturePair, TextDiff
from studio_ext.core.line_diff import Effort, aligned, text_diff

MAX_CELLS = 2_000
"""Cells of either notebook that are looked at."""
MAX_OUTPUT = 100_000
"""Characters of what a cell printed that are compared line by line."""
MAX_LINES = 20_000
"""Lines of sources and outputs in one answer."""
MAX_PICTURES = 4 << 20
"""Characters (base64) of pictures in one answer."""
_MAX_PAIRS = 10_000
"""Pairs of cells whose words are held against each other, and whose grid nbdime makes, in a notebook."""
_FEW_PAIRS = 9
"""As many are, between two cells that are the same, also when there are no more to spend."""
_ALIKE = (0.5, 0.8)
"""Share of words that two cells have in common, from which on they are one cell that was changed; where more than one
would do, those that have more in common."""
_WORDS = re.compile(r"\w+|[^\w\s]")
_MOST_WORDS = 2_000
_INJECTED = "injected-parameters"
_PICTURES = ("image/png", "image/jpeg")


@dataclass(frozen=True, eq=False)
class Cell:
    """What is compared of a cell."""

    place: int
    """From 1."""
    kind: str
    id: str
    source: str
    is_injected: bool
    """Whether papermill put it there: the values of a job's parameters."""
    outputs: Sequence[Any] = ()

    @cached_property
    def words(self) -> Counter[str]:
        """How often each word occurs."""
        return Counter(_WORDS.findall(self.source)[:_MOST_WORDS])


@dataclass
class CellDiffs:
    """The answer: what became of each cell."""

    cells: list[CellDiff] = field(default_factory=list)
    left_out: int = 0
    """Cells that were not looked at."""
    is_cut: bool = False
    """Whether lines or pictures were left out."""


def cells_of(notebook: Mapping[str, Any]) -> list[Cell]:
    """The cells of a notebook of nbformat 4."""
    found = notebook.get("cells")
    cells = []
    for place, each in enumerate(found if isinstance(found, list) else [], start=1):
        cell = each if isinstance(each, dict) else {}
        metadata = cell.get("metadata")
        tags = metadata.get("tags") if isinstance(metadata, dict) else None
        outputs = cell.get("outputs")
        kind, identity = cell.get("cell_type"), cell.get("id")
        cells.append(
            Cell(
                place=place,
                kind=kind if isinstance(kind, str) and kind in ("code", "markdown") else "raw",
                id=identity if isinstance(identity, str) else "",
                source=joined(cell.get("source")),
                is_injected=isinstance(tags, list) and _INJECTED in tags,
                outputs=outputs if kind == "code" and isinstance(outputs, list) else (),
            )
        )
    return cells


def script(notebook: Mapping[str, Any]) -> str:
    """A notebook as a text without its outputs, a head before each cell."""
    return "".join(f"# %% [{cell.kind}]\n{cell.source.rstrip()}\n\n" for cell in cells_of(notebook))


def joined(value: Any) -> str:
    """A text as nbformat has it: a string, or a list of them."""
    if isinstance(value, list):
        return "".join(each for each in value if isinstance(each, str))
    return value if isinstance(value, str) else ""


def diff_cells(first: Sequence[Cell], second: Sequence[Cell]) -> CellDiffs:
    """All cells of both notebooks in their order; those of the first before those of the second."""
    answer = CellDiffs(left_out=max(0, len(first) - MAX_CELLS) + max(0, len(second) - MAX_CELLS))
    lines, pictures, effort = MAX_LINES, MAX_PICTURES, Effort()
    for ours, theirs in pairs(first[:MAX_CELLS], second[:MAX_CELLS]):
        shown, lines_taken, taken = _compared(ours, theirs, lines, pictures, effort)
        lines, pictures = lines - lines_taken, pictures - taken
        answer.cells.append(shown)
    answer.is_cut = lines <= 0 or pictures <= 0
    return answer


def pairs(first: Sequence[Cell], second: Sequence[Cell]) -> list[tuple[Cell | None, Cell | None]]:
    """Which cells are the same one: those with the same source, and between them those that have the same id, or are
    alike."""
    runs = aligned([(each.kind, each.source) for each in first], [(each.kind, each.source) for each in second])
    if runs is None:
        runs = [("removed", 0, 0, len(first)), ("added", len(first), 0, len(second))]
    found: list[tuple[Cell | None, Cell | None]] = []
    waiting: Sequence[Cell] = ()
    room = _MAX_PAIRS
    for kind, x, y, length in runs:
        if kind == "removed":
            waiting = first[x : x + length]
            continue
        if kind == "added":
            size = len(waiting) * length
            by_words = size <= max(room, _FEW_PAIRS)
            room -= size if by_words else 0
            found += _between(waiting, second[y : y + length], by_words=by_words)
        else:
            found += [(each, None) for each in waiting]
            found += zip(first[x : x + length], second[y : y + length], strict=True)
        waiting = ()
    return found + [(each, None) for each in waiting]


def _between(ours: Sequence[Cell], theirs: Sequence[Cell], *, by_words: bool) -> list[tuple[Cell | None, Cell | None]]:
    """As :func:`pairs` for cells none of which has its equal."""
    found: list[tuple[Cell | None, Cell | None]] = []
    x = y = 0
    same = _same_runs(ours, theirs, by_words=by_words) if ours and theirs else []
    for ours_at, theirs_at, length in [*same, (len(ours), len(theirs), 0)]:
        found += [(each, None) for each in ours[x:ours_at]]
        found += [(None, each) for each in theirs[y:theirs_at]]
        x, y = ours_at + length, theirs_at + length
        found += zip(ours[ours_at:x], theirs[theirs_at:y], strict=True)
    return found


def _same_runs(ours: Sequence[Cell], theirs: Sequence[Cell], *, by_words: bool) -> list[tuple[int, int, int]]:
    """Where cells that belong together begin on either side, and how many follow."""
    if not by_words:
        runs = aligned([_identity(each) for each in ours], [_identity(each) for each in theirs]) or []
        return [(x, y, length) for kind, x, y, length in runs if kind == "same"]
    # Imported here: it brings the merging of notebooks along.
    from nbdime.diffing.snakes import compute_snakes_multilevel

    alike = cache(_alike)
    # From the loosest to the strictest, which nbdime begins with.
    levels = [*(partial(_reaches, alike=alike, least=least) for least in _ALIKE), _is_one]
    found: list[tuple[int, int, int]] = compute_snakes_multilevel(ours, theirs, levels)
    return found


def _identity(cell: Cell) -> Hashable:
    """The same for cells that are one whatever is in them: the parameters of two jobs, and those with the same id."""
    if cell.is_injected:
        return cell.kind, None
    return (cell.kind, cell.id) if cell.id else cell


def _is_one(first: Cell, second: Cell) -> bool:
    return _identity(first) == _identity(second)


def _reaches(first: Cell, second: Cell, alike: Callable[[Cell, Cell], float], least: float) -> bool:
    return first.kind == second.kind and alike(first, second) >= least


def _alike(first: Cell, second: Cell) -> float:
    """Dice's coefficient of their words: 0 to 1."""
    total = first.words.total() + second.words.total()
    return 2 * (first.words & second.words).total() / total if total else 1.0


def _compared(
    ours: Cell | None, theirs: Cell | None, lines: int, pictures: int, effort: Effort
) -> tuple[CellDiff, int, int]:
    """A cell, and how many lines and characters of pictures it takes."""
    cell = theirs or ours
    assert cell is not None
    source = text_diff(ours.source if ours else "", theirs.source if theirs else "", most=lines, effort=effort)
    change: Change = "same"
    if ours is None or theirs is None:
        change = "removed" if theirs is None else "added"
    elif ours.source != theirs.source:
        change = "changed"
    left = lines - _lines(source)
    before, after = _shown(ours), _shown(theirs)
    is_same = before.digest == after.digest
    text: TextDiff | None = None
    differing: list[PicturePair] = []
    room = pictures
    if not is_same:
        if before.text != after.text:
            text = text_diff(before.text[:MAX_OUTPUT], after.text[:MAX_OUTPUT], most=left, effort=effort)
            left -= _lines(text)
        for place in range(max(len(before.pictures), len(after.pictures))):
            one = before.pictures[place] if place < len(before.pictures) else None
            other = after.pictures[place] if place < len(after.pictures) else None
            if one == other:
                continue
            size = len(one[1] if one else "") + len(other[1] if other else "")
            if size > room:
                room = 0
                break
            room -= size
            medium = (other or one or ("", ""))[0]
            differing.append(
                PicturePair(media_type=medium, first=one[1] if one else None, second=other[1] if other else None)
            )
    has_outputs = bool((ours and ours.outputs) or (theirs and theirs.outputs))
    return (
        CellDiff(
            change=change,
            kind=cell.kind,
            first=ours.place if ours else None,
            second=theirs.place if theirs else None,
            label=_label(cell),
            source=source,
            outputs="none" if not has_outputs else "same" if is_same else "changed",
            output_text=text,
            pictures=differing,
        ),
        lines - left,
        pictures - room,
    )


def _lines(text: TextDiff) -> int:
    return sum(len(block.lines) for block in text.blocks)


def _label(cell: Cell) -> str:
    if cell.is_injected:
        return "Parameters"
    lines = (line.strip().lstrip("#%").strip() for line in cell.source.splitlines())
    return next((line[:80] for line in lines if line), "")


@dataclass(frozen=True)
class _Shown:
    """What the outputs of a cell show."""

    text: str
    pictures: list[tuple[str, str]]
    """Media type and base64."""
    digest: str


def _shown(cell: Cell | None) -> _Shown:
    """Counts of executions and times are left aside: they differ in every run, and say nothing."""
    texts: list[str] = []
    pictures: list[tuple[str, str]] = []
    digest = sha256()
    for output in cell.outputs if cell else ():
        if not isinstance(output, dict):
            continue
        text, data = joined(output.get("text")), output.get("data")
        if output.get("output_type") == "error":
            text = "\n".join(each for each in output.get("traceback") or [] if isinstance(each, str))
            text = text or f"{joined(output.get('ename'))}: {joined(output.get('evalue'))}"
        if isinstance(data, dict):
            picture = next((kind for kind in _PICTURES if isinstance(data.get(kind), str | list)), None)
            if picture is not None:
                content = "".join(joined(data[picture]).split())
                pictures.append((picture, content))
                digest.update(f"{picture} {content}\n".encode("utf-8", "replace"))
            else:
                text = joined(data.get("text/plain"))
                html = joined(data.get("text/html"))
                digest.update(html.encode("utf-8", "replace"))
                text = text or (f"<HTML of {len(html):,} characters>" if html else "")
        if text:
            texts.append(text if text.endswith("\n") else f"{text}\n")
    whole = "".join(texts)
    digest.update(whole.encode("utf-8", "replace"))
    return _Shown(whole, pictures, digest.hexdigest())

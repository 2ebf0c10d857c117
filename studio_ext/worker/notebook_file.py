"""Reading the notebook of a job, numbering its cells, and saving it while it runs."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from .notebook_json import notebook_json
from .records import write

_SAVE_SECONDS = 2.0
_BUSY_SHARE = 10
"""Saving may take at most one tenth of the time: large notebooks are saved less often."""
INJECTED_TAG = "injected-parameters"


class UnreadableNotebook(Exception):
    """The input notebook is not one."""


def read_notebook(path: Path) -> Any:
    """The notebook in ``path`` in the newest format (a NotebookNode). Raises :class:`UnreadableNotebook`."""
    import nbformat

    try:
        notebook = nbformat.reads(path.read_text("utf-8-sig"), as_version=4)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UnreadableNotebook(f"The notebook cannot be read: {error}") from error
    except Exception as error:
        if type(error).__module__.startswith(("nbformat", "jsonschema")):
            raise UnreadableNotebook(f"The notebook cannot be read: {error}") from error
        raise
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])
    return notebook


def number_cells(cells: list[Any]) -> dict[int, int]:
    """1-based numbers of the code cells by their position; injected parameters have none."""
    numbers: dict[int, int] = {}
    for position, cell in enumerate(cells):
        if cell.cell_type == "code" and INJECTED_TAG not in cell.metadata.get("tags", []):
            numbers[position] = len(numbers) + 1
    return numbers


def label(source: str) -> str:
    """First meaningful line of a cell: not empty, not a cell magic's percent signs, without comment marks."""
    for line in source.splitlines():
        text = line.strip().lstrip("#%").strip()
        if text:
            return text[:120]
    return ""


def joined(text: str, more: str) -> str:
    """Text of a terminal followed by more: what a carriage return or a backspace overwrites is dropped.

    Linear in the last line and ``more``, so that hours of progress bars cost next to nothing.
    """
    if "\r" not in more and "\b" not in more and not text.endswith("\r"):
        return text + more
    start = text.rfind("\n") + 1
    lines = (text[start:] + more).split("\n")
    settled = [_settled(line) for line in lines[:-1]] + [_settled(lines[-1], is_last=True)]
    return text[:start] + "\n".join(settled)


def _settled(line: str, *, is_last: bool = False) -> str:
    shown = line.rstrip("\r")
    returned = "\r" if is_last and len(shown) < len(line) else ""
    shown = shown.rsplit("\r", 1)[-1]
    if "\b" in shown:
        kept: list[str] = []
        for character in shown:
            if character != "\b":
                kept.append(character)
            elif kept:
                kept.pop()
        shown = "".join(kept)
    return shown + returned


class NotebookSaver:
    """Writes the output notebook: at once, then at most every two seconds while it changes, then at the end."""

    def __init__(self, notebook: Any, path: Path) -> None:
        self.notebook = notebook
        self.path = path
        self.error: OSError | None = None
        """Why the last save failed."""
        self._changed = False
        self._pause = _SAVE_SECONDS
        self._saved_at = -math.inf

    def touch(self) -> None:
        """Note that the notebook differs from what was saved."""
        self._changed = True

    def due(self) -> float:
        """Seconds until the next save may happen."""
        return max(0.0, self._saved_at + self._pause - time.monotonic())

    def save_if_due(self) -> None:
        """Save if something changed and the last save is long enough ago."""
        if self._changed and self.due() == 0.0:
            self.save()

    def save(self) -> None:
        """Save now. A disk that is full is noted, not raised: the cells go on."""
        began = time.monotonic()
        try:
            write(self.path, notebook_json(self.notebook), sync=False)
            self.error = None
        except OSError as error:
            self.error = error
        self._changed = False
        self._saved_at = time.monotonic()
        self._pause = max(_SAVE_SECONDS, _BUSY_SHARE * (self._saved_at - began))

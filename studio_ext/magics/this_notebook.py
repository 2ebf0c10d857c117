"""The notebook that a kernel belongs to: its path, and its cells as they are in the file and as they ran."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio_ext.contract.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from studio_ext.magics.history import History

_HINT = "Name it: --notebook PATH."


def find_notebook(user_ns: Mapping[str, Any], named: str | None = None) -> Path:
    """Path of the notebook that is named, or that this kernel was started for.

    JupyterLab says it when it starts the kernel, VS Code in a variable. Raises ``NotFound`` with what to do.
    """
    if named:
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise NotFound(f"There is no notebook {named!r}.", hint="Check the path.")
        return path
    for said in (user_ns.get("__vsc_ipynb_file__"), user_ns.get("__session__"), os.environ.get("JPY_SESSION_NAME")):
        if isinstance(said, str) and said.endswith(".ipynb"):
            path = Path(said).expanduser().absolute()
            if path.is_file():
                return path
            hint = f"If it was renamed since this kernel was started, restart the kernel. {_HINT}"
            raise NotFound(f"The notebook of this kernel is not at {path} any more.", hint=hint)
    raise NotFound("It is not known which notebook this kernel belongs to.", hint=_HINT)


def found_notebook(user_ns: Mapping[str, Any]) -> Path | None:
    """The same; None where it is not known."""
    try:
        return find_notebook(user_ns)
    except NotFound:
        return None


@dataclass(frozen=True)
class Cells:
    """Cells to run as a notebook of their own."""

    document: dict[str, Any]
    numbers: list[int]
    """Positions of the cells from the file, code cells counted from 1."""
    newer: int
    """How many of them were run here after the file was saved, and are taken as they were run."""


def with_setup(path: Path, source: str, history: History) -> Cells:
    """The notebook that runs ``source`` after the cells of the file that are tagged ``setup`` or ``parameters``.

    A cell that was run here after the file was saved is newer than the file, and is taken as it was run. Raises
    ``StudioError`` when the file is no notebook.
    """
    from studio_ext.adapters.notebook_files import NotebookFiles

    notebook = NotebookFiles().read(path)
    language = (notebook.language or "python").lower()
    if language not in ("python", "ipython"):
        raise InvalidRequest(f"{path.name} is a {notebook.language} notebook.", hint="Submit it as a whole: %submit.")
    saved = path.stat().st_mtime
    chosen: list[dict[str, Any]] = []
    numbers: list[int] = []
    newer = number = 0
    for cell in notebook.document["cells"]:
        if cell.get("cell_type") != "code":
            continue
        number += 1
        tags = cell.get("metadata", {}).get("tags")
        if not isinstance(tags, list) or not {"setup", "parameters"} & {tag for tag in tags if isinstance(tag, str)}:
            continue
        text = str(cell["source"])
        ran = history.ran(str(cell.get("id", "")))
        if ran is not None and ran.at > saved and ran.source.rstrip() != text.rstrip():
            text, newer = ran.source, newer + 1
        if text.lstrip().startswith("%%job"):
            continue
        chosen.append(_code(text, tags))
        numbers.append(number)
    chosen.append(_code(source, []))
    document = {
        "nbformat": 4,
        "nbformat_minor": 4,
        "metadata": {key: notebook.document["metadata"][key] for key in _KEPT if key in notebook.document["metadata"]},
        "cells": chosen,
    }
    return Cells(document, numbers, newer)


_KEPT = ("kernelspec", "language_info")


def _code(source: str, tags: list[Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "source": source,
        "metadata": {"tags": tags} if tags else {},
        "outputs": [],
        "execution_count": None,
    }

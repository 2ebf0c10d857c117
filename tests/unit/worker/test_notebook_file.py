"""Reading, numbering and saving notebooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio_ext.testing.jobs import notebook
from studio_ext.worker import notebook_file
from studio_ext.worker.notebook_file import NotebookSaver, UnreadableNotebook, label, read_notebook


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_injected_parameters_and_text_have_no_number(tmp_path: Path) -> None:
    document = notebook(["a", "b", {"cell_type": "markdown", "id": "m", "metadata": {}, "source": ""}, "c"])
    document["cells"][1]["metadata"]["tags"] = ["injected-parameters"]
    read = read_notebook(write(tmp_path / "n.ipynb", document))
    assert notebook_file.number_cells(read.cells) == {0: 1, 3: 2}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"nbformat": 4}', '{"nbformat": 4, "cells": 3}', "null", "7"])
def test_what_is_not_a_notebook(tmp_path: Path, content: str) -> None:
    with pytest.raises(UnreadableNotebook):
        read_notebook(write(tmp_path / "n.ipynb", content))


def test_older_formats_are_read(tmp_path: Path) -> None:
    old = {
        "nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "x"},
        "worksheets": [{"cells": [{"cell_type": "code", "language": "python", "input": "1", "outputs": []}]}],
    }  # fmt: skip
    read = read_notebook(write(tmp_path / "n.ipynb", old))
    assert [cell.source for cell in read.cells] == ["1"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [("", ""), ("\n\n  x = 1\ny", "x = 1"), ("# Load data\nx", "Load data"), ("%%time\n", "time"), ("#\n#%%\nz", "z")],
)
def test_label(source: str, expected: str) -> None:
    assert label(source) == expected
    assert len(label("y" * 500)) == 120


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["a", "b\n", "c"], "ab\nc"),
        (["10%", "\r20%", "\r30%\n", "end"], "30%\nend"),
        (["10%\r", "20%\r", "30%"], "30%"),
        (["x\r\n", "y"], "x\ny"),
        (["abc\b\b", "X"], "aX"),
        (["keep\n12", "\r3"], "keep\n3"),
    ],
)
def test_joined(pieces: list[str], shown: str) -> None:
    text = ""
    for piece in pieces:
        text = notebook_file.joined(text, piece)
    assert text == shown


def test_joining_is_linear() -> None:
    text = notebook_file.joined("", "x" * 1_000_000)
    assert len(notebook_file.joined(text, "\r" + "y" * 1_000_000)) == 1_000_000


def test_saves_are_rare_and_large_notebooks_rarer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    written: list[float] = []
    monkeypatch.setattr(notebook_file.time, "monotonic", lambda: now[0])

    def slow_write(path: Path, data: bytes, *, sync: bool) -> None:
        written.append(now[0])
        now[0] += 0.5

    monkeypatch.setattr(notebook_file, "write", slow_write)
    saver = NotebookSaver(read_notebook(write(tmp_path / "n.ipynb", notebook(["x"]))), tmp_path / "out.ipynb")
    saver.save_if_due()
    assert written == []
    for _ in range(100):
        saver.touch()
        saver.save_if_due()
        now[0] += 0.1
    # A save that takes 0.5 s is made at most every 5 s.
    assert [round(time, 1) for time in written] == [100.0, 105.6]


def test_a_full_disk_is_noted(tmp_path: Path) -> None:
    saver = NotebookSaver(
        read_notebook(write(tmp_path / "n.ipynb", notebook(["x"]))), tmp_path / "absent" / "out.ipynb"
    )
    saver.save()
    assert isinstance(saver.error, FileNotFoundError)
    (tmp_path / "absent").mkdir()
    saver.save()
    assert saver.error is None

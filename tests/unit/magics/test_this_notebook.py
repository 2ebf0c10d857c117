from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.magics.history import MOST_CELLS, History
from studio_ext.magics.job_cell import _leave_out_ours, _sentence
from studio_ext.magics.this_notebook import find_notebook, found_notebook, with_setup


def history() -> History:
    return History(SimpleNamespace(displayhook=SimpleNamespace(exec_result=None), execution_count=1))


def ran(cells: History, cell_id: str, source: str) -> None:
    info = SimpleNamespace(cell_id=cell_id, raw_cell=source, store_history=True)
    cells.begin(info)
    cells.end(SimpleNamespace(info=info))


def write(path: Path, *cells: tuple[str, str, Any], language: str = "python", kind: str = "code") -> Path:
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "k", "display_name": "K", "language": language}, "widgets": {}},
        "cells": [
            {"id": cell_id, "cell_type": kind, "source": source, "metadata": {"tags": tags}}
            for cell_id, source, tags in cells
        ],
    }
    path.write_text(json.dumps(document))
    return path


def test_where_the_notebook_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.chdir(tmp_path)
    one, two = tmp_path / "one.ipynb", tmp_path / "two.ipynb"
    one.touch(), two.touch()
    assert found_notebook({}) is None
    with pytest.raises(NotFound, match="not known") as caught:
        find_notebook({})
    assert caught.value.hint == "Name it: --notebook PATH."
    assert find_notebook({}, "one.ipynb") == one
    assert find_notebook({"__session__": str(one)}) == one
    assert find_notebook({"__session__": str(one), "__vsc_ipynb_file__": str(two)}) == two
    monkeypatch.setenv("JPY_SESSION_NAME", str(two))
    assert find_notebook({"__session__": 5, "__vsc_ipynb_file__": "console-1-abc"}) == two
    assert find_notebook({}, "one.ipynb") == one
    two.unlink()
    with pytest.raises(NotFound, match="any more") as caught:
        find_notebook({})
    assert "renamed" in caught.value.hint
    with pytest.raises(NotFound, match="no notebook 'none"):
        find_notebook({}, "none.ipynb")


def test_setup_cells_come_first(tmp_path: Path) -> None:
    path = write(
        tmp_path / "n.ipynb",
        ("a", "one", ["setup", "x"]),
        ("b", "two", []),
        ("c", "three", ["parameters"]),
        ("d", "four", "setup"),  # no list of tags
        ("e", "%%job\nfive", ["setup"]),
        ("f", "six", [1, None]),
    )
    cells = with_setup(path, "last", history())
    assert [cell["source"] for cell in cells.document["cells"]] == ["one", "three", "last"]
    assert cells.document["cells"][1]["metadata"] == {"tags": ["parameters"]}
    assert cells.document["metadata"] == {"kernelspec": {"name": "k", "display_name": "K", "language": "python"}}
    assert (cells.numbers, cells.newer) == ([1, 3], 0)
    assert _sentence("n.ipynb", cells) == "Submitted this cell after code cells 1, 3 of n.ipynb."
    alone = with_setup(write(tmp_path / "m.ipynb", ("a", "x", ["setup"]), kind="markdown"), "last", history())
    assert "alone: no cell of m.ipynb" in _sentence("m.ipynb", alone)


def test_the_newer_of_file_and_kernel_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path / "n.ipynb", ("a", "old", ["setup"]), ("b", "same", ["setup"]))
    cells = history()
    ran(cells, "a", "first")
    ran(cells, "b", "same\n")
    before = time.time() - 60
    os.utime(path, (before, before))
    ran(cells, "a", "new")
    made = with_setup(path, "last", cells)
    assert [cell["source"] for cell in made.document["cells"]] == ["new", "same", "last"]
    assert made.newer == 1
    assert _sentence("n.ipynb", made).endswith("1 of them as run here, which is newer than the file.")
    after = time.time() + 60
    os.utime(path, (after, after))
    made = with_setup(path, "last", cells)
    assert [cell["source"] for cell in made.document["cells"]] == ["old", "same", "last"]


@pytest.mark.parametrize("text", ["", "{", '{"nbformat": 3}', '{"nbformat": 4, "metadata": {}, "cells": [5]}'])
def test_a_file_that_is_no_notebook(tmp_path: Path, text: str) -> None:
    (tmp_path / "n.ipynb").write_text(text)
    with pytest.raises(InvalidRequest):
        with_setup(tmp_path / "n.ipynb", "last", history())


def test_other_languages_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "n.ipynb", language="R")
    with pytest.raises(InvalidRequest, match="R notebook"):
        with_setup(path, "last", history())


def test_lines_of_this_extension_stay_out_of_images() -> None:
    source = "%load_ext studio_ext\n%reload_ext studio_ext  # again\n %experiment x\n"
    source += "%load_ext autoreload\nx = 1\n%experiments"
    document = {"cells": [{"source": source}]}
    _leave_out_ours(document)
    assert document["cells"][0]["source"].splitlines() == [
        "# %load_ext studio_ext", "# %reload_ext studio_ext  # again", "#  %experiment x", "%load_ext autoreload",
        "x = 1", "%experiments",
    ]  # fmt: skip


def test_the_history_has_an_end() -> None:
    cells = history()
    for number in range(MOST_CELLS + 5):
        ran(cells, str(number), "x")
    assert cells.ran("4") is None
    assert cells.ran("5") is not None
    assert cells.current is None


def test_cells_that_are_over_take_those_within_them_along() -> None:
    cells = history()
    outer, inner = (SimpleNamespace(cell_id=None, raw_cell=text, store_history=False) for text in ("a", "b"))
    cells.begin(outer)
    cells.begin(inner)
    cells.end(SimpleNamespace(info=SimpleNamespace(raw_cell="unheard of")))
    assert list(cells.running) == [outer, inner]
    cells.end(SimpleNamespace(info=SimpleNamespace(raw_cell="b")))  # made up by an interrupted shell
    assert list(cells.running) == [outer]
    cells.begin(inner)
    cells.end(SimpleNamespace(info=outer))
    assert cells.current is None
    cells.end(None)
    assert cells.current is None

"""The text of a notebook's file."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from studio_ext.worker.notebook_json import notebook_json

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text('\\n\n"\r\x00 a', max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def written(notebook: Any) -> str:
    return b"".join(notebook_json(notebook)).decode("utf-8")


def sample() -> Any:
    outputs = [
        new_output("stream", name="stdout", text="one\ntwo \\n\n\nthree"),
        new_output("display_data", data={"image/png": "aGk=", "text/html": "<b>\nx</b>", "image/svg+xml": "<svg>\n"}),
        new_output("execute_result", data={"application/json": {"b": [1, 2.5, None], "a": []}}, execution_count=3),
        new_output("error", ename="E", evalue="é", traceback=["\x1b[31mred", "blue"]),
    ]
    return new_notebook(
        metadata={
            "kernelspec": {"name": "python3", "display_name": "P"},
            "empty": {},
            "orig_nbformat": 3,
            "signature": "x",
        },
        cells=[
            new_code_cell("import this\n", outputs=outputs, metadata={"tags": ["a", "b"], "trusted": True}),
            new_markdown_cell("# Title\n![](attachment:x)", attachments={"x": {"image/png": "aGk="}}),
            new_raw_cell(""),
            new_code_cell(""),
        ],
    )


@pytest.mark.parametrize("notebook", [sample(), new_notebook()])
def test_written_as_nbformat_does(notebook: Any) -> None:
    assert written(notebook) == nbformat.v4.writes(notebook) + "\n"
    assert nbformat.reads(written(notebook), as_version=4) == nbformat.v4.reads(nbformat.v4.writes(notebook))


@given(text=TEXTS, value=VALUES)
def test_read_again_it_is_the_same(text: str, value: Any) -> None:
    outputs = [
        new_output("stream", name="stdout", text=text),
        new_output("display_data", data={"text/plain": text, "application/json": value}),
    ]
    notebook = new_notebook(cells=[new_code_cell(text, outputs=outputs, metadata={"mine": value})])
    read = nbformat.v4.reads(written(notebook))
    assert read.cells[0].source == text
    assert read.cells[0].outputs[0].text == text
    assert read.cells[0].outputs[1].data == {"text/plain": text, "application/json": value}
    assert read.cells[0].metadata.mine == value


def test_what_json_lacks() -> None:
    data = {"application/json": [float("nan"), float("inf"), 1.5, b"bytes"]}
    notebook = new_notebook(cells=[new_code_cell("x = '\ud800'", outputs=[new_output("display_data", data=data)])])
    text = written(notebook)
    assert "NaN" not in text and "Infinity" not in text
    cell = json.loads(text)["cells"][0]
    assert cell["outputs"][0]["data"]["application/json"] == [None, None, 1.5, "bytes"]
    assert cell["source"] == ["x = '?'"]

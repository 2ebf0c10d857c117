"""What cells displayed, as files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio_ext.adapters import displayed
from studio_ext.adapters.displayed import displayed_files

HEAD = '<table class="dataframe"><thead><tr><th></th><th>a</th></tr></thead>'
FRAME = f"{HEAD}<tbody><tr><th>0</th><td>1</td></tr></tbody></table>"
PNG = {"image/png": "cG5n"}
FIGURE = {"data": [{"y": [1, 2]}], "layout": {}}


def cell(*outputs: Any) -> dict[str, Any]:
    return {"cell_type": "code", "outputs": [{"output_type": "display_data", "data": data} for data in outputs]}


def test_plots_of_the_browser_and_tables() -> None:
    cells = [
        cell({"application/vnd.plotly.v1+json": FIGURE, "text/html": "<div>"}),
        cell({"application/vnd.vegalite.v5+json": FIGURE} | PNG, {"text/html": [FRAME[:20], FRAME[20:]]}),
        cell({"text/html": FRAME}, {"text/html": FRAME}, {"application/vnd.vegalite.v6.1+json": FIGURE}),
    ]
    found = dict(displayed_files(cells))
    assert list(found) == [
        "plots/cell-01.plotly.json", "plots/cell-02.png", "plots/cell-03.vegalite.json",
        "tables/cell-02.json", "tables/cell-03-1.json", "tables/cell-03-2.json",
    ]  # fmt: skip
    assert json.loads(found["plots/cell-01.plotly.json"]) == FIGURE and found["plots/cell-02.png"] == b"png"
    assert json.loads(found["tables/cell-02.json"]) == {"columns": ["index", "a"], "data": [[0, 1]]}


def test_numbers_and_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(displayed, "LARGEST", 100)
    big = {"application/vnd.plotly.v1+json": {"data": "x" * 200}}
    cells = [cell(big), *(cell({"image/png": "cG5n", "text/html": FRAME}) for _ in range(displayed.MOST_PLOTS + 10))]
    names = [name for name, _ in displayed_files(cells)]
    assert sum(name.startswith("plots/") for name in names) == displayed.MOST_PLOTS
    assert sum(name.startswith("tables/") for name in names) == displayed.MOST_TABLES
    assert "plots/cell-01.plotly.json" not in names


@pytest.mark.parametrize(
    "data",
    [None, [], 5, {"text/html": 5}, {"text/html": [1]}, {"image/png": None}, {"application/vnd.plotly.v1+json": "x"},
     {"text/html": "<table class='dataframe'"}],
)  # fmt: skip
def test_nonsense_is_none(data: Any) -> None:
    assert displayed_files([cell(data)]) == []

"""Data frames as cells display them, as data."""

from __future__ import annotations

import time
from typing import Any

import pytest

from studio_ext.core.html_tables import MAX_COLUMNS, MAX_ROWS, frame_tables

pd = pytest.importorskip("pandas")


def only(html: str) -> dict[str, list[Any]]:
    (table,) = frame_tables(html)
    return table


def test_a_frame_of_pandas() -> None:
    frame = pd.DataFrame({"city": ["Bern", "<b>Zürich</b>", "x & y"], "rooms": [3, 4, 5], "price": [1.5, None, -2e6]})
    assert only(frame.to_html()) == {
        "columns": ["index", "city", "rooms", "price"],
        "data": [[0, "Bern", 3, 1.5], [1, "<b>Zürich</b>", 4, None], [2, "x & y", 5, -2e6]],
    }
    assert only(frame._repr_html_())["data"] == only(frame.to_html())["data"]


def test_groups_and_levels() -> None:
    frame = pd.DataFrame({"a": ["x", "x", "y"], "b": [1, 2, 1], "v": [1.0, 2.0, 3.0], "w": [4, 5, 6]})
    grouped = only(frame.groupby(["a", "b"]).agg({"v": ["min", "max"], "w": ["sum"]}).to_html())
    assert grouped["columns"] == ["a", "b", "v min", "v max", "w sum"]
    assert grouped["data"] == [["x", 1, 1.0, 1.0, 4], ["", 2, 2.0, 2.0, 5], ["y", 1, 3.0, 3.0, 6]]


def test_what_pandas_leaves_out_is_left_out() -> None:
    table = only(pd.DataFrame({"a": range(500)})._repr_html_())
    assert table["data"][0] == [0, 0] and ["...", "..."] in table["data"] and table["data"][-1] == [499, 499]


def test_columns_of_one_name_and_without_one() -> None:
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "a", ""])
    assert only(frame.to_html())["columns"] == ["index", "a", "a (2)", "column 4"]
    assert only(frame.to_html(index=False))["columns"] == ["a", "a (2)", "column 3"]


def test_several_tables_and_none() -> None:
    html = pd.DataFrame({"a": [1]}).to_html()
    assert len(frame_tables(f"{html}<p>and</p>{html}")) == 2
    assert len(frame_tables(html * 50)) == 10
    assert frame_tables("<table><tr><td>1</td></tr></table>") == []
    assert frame_tables("<p>a table of class dataframe</p>") == []
    assert frame_tables('<table class="dataframe"></table>') == []
    assert frame_tables(pd.DataFrame().to_html()) == []


def test_scripts_are_text_and_a_table_in_a_cell_too() -> None:
    html = (
        '<table class="dataframe"><tr><td onclick="x()"><script>alert(1)</script><b>bold</b></td>'
        "<td><table class='dataframe'><tr><td>in</td></tr></table></td></tr></table>"
    )
    table = only(html)
    assert table["data"] == [["alert(1)bold", "in"]]


def test_sizes_are_bounded() -> None:
    rows = "".join(f"<tr><td>{number}</td></tr>" for number in range(3 * MAX_ROWS))
    assert len(only(f'<table class="dataframe">{rows}</table>')["data"]) == MAX_ROWS
    cells = "<td>1</td>" * (3 * MAX_COLUMNS)
    assert len(only(f'<table class="dataframe"><tr>{cells}</tr></table>')["columns"]) == MAX_COLUMNS
    wide = '<table class="dataframe"><tr><td colspan="99999" rowspan="99999">x</td></tr><tr><td>y</td></tr></table>'
    assert len(only(wide)["columns"]) == MAX_COLUMNS
    assert only(f'<table class="dataframe"><tr><td>{"x" * 100_000}</td></tr></table>')["data"] == [["x" * 1000]]


@pytest.mark.parametrize(
    "piece",
    ["<", "<a", "<!--", "<![", "</", "&", "&#", "<td>", "<tr>", "<table class='dataframe'>",
     "<td rowspan=9999 colspan=9999>", "<script>", "<!DOCTYPE", "<?x", "<td a='"],
)  # fmt: skip
def test_broken_html_takes_no_long_time(piece: str) -> None:
    html = '<table class="dataframe"><tr><td>' + piece * (1_000_000 // len(piece))
    begun = time.process_time()
    frame_tables(html)
    assert time.process_time() - begun < 20

"""Tables are recognised in texts, cut to what can be shown, and never taken for more than they are."""

from __future__ import annotations

import json
import math

import pytest

from studio_ext.core.table_preview import (
    MAX_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    cell,
    csv_table,
    json_lines_table,
    json_table,
)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_of_a_csv_file_is_found(delimiter: str) -> None:
    text = "\n".join(delimiter.join(line) for line in (["a", "b"], ["1", "x"], ["2.5", "y"])) + "\n"
    table = csv_table(text, is_whole=True)
    assert table is not None
    assert table.columns == ["a", "b"] and table.rows == [[1, "x"], [2.5, "y"]] and table.total_rows == 2


def test_a_column_alone_is_a_table() -> None:
    table = csv_table("loss\n0.5\n0.25\n", is_whole=True)
    assert table is not None and table.columns == ["loss"] and table.rows == [[0.5], [0.25]]


def test_quotes_and_lines_within_cells() -> None:
    table = csv_table('a,b\n"x, y","line\nline"\n', is_whole=True)
    assert table is not None and table.rows == [["x, y", "line\nline"]]


def test_names_that_look_like_numbers_stay_as_they_are() -> None:
    table = csv_table("a\n00123\n1_000\n12345678901234567890\nnan\n1e999\n-3\n", is_whole=True)
    assert table is not None
    assert [row[0] for row in table.rows] == ["00123", "1_000", "12345678901234567890", "nan", "1e999", -3]


def test_the_last_line_of_a_part_is_left_out() -> None:
    table = csv_table("a,b\n1,2\n3,", is_whole=False)
    assert table is not None and table.rows == [[1, 2]] and table.total_rows is None


def test_uneven_lines_are_filled_and_cut() -> None:
    table = csv_table("a,b\n1\n1,2,3\n", is_whole=True)
    assert table is not None and table.rows == [[1, None], [1, 2]]


def test_large_tables_are_cut_and_counted() -> None:
    head = ",".join(f"c{number}" for number in range(MAX_COLUMNS + 5))
    line = ",".join("1" for _ in range(MAX_COLUMNS + 5))
    table = csv_table("\n".join([head, *[line] * (MAX_ROWS + 7)]), is_whole=True)
    assert table is not None
    assert len(table.columns) == MAX_COLUMNS and table.total_columns == MAX_COLUMNS + 5
    assert len(table.rows) == MAX_ROWS and table.total_rows == MAX_ROWS + 7
    assert all(len(row) == MAX_COLUMNS for row in table.rows)


@pytest.mark.parametrize("text", ["", "\n\n", "\0\0"])
def test_no_table(text: str) -> None:
    assert csv_table(text, is_whole=True) is None


def test_a_field_that_is_too_long_ends_the_table() -> None:
    table = csv_table("a\n1\n" + '"' + "x" * 200_000, is_whole=True)
    assert table is not None and table.rows == [[1]] and table.total_rows is None


def test_json_documents_that_are_tables() -> None:
    split = json_table(json.dumps({"columns": ["a", "b"], "data": [[1, None], ["x", True]]}))
    assert split is not None and split.columns == ["a", "b"] and split.rows == [[1, None], ["x", True]]
    logged = {"type": "Table", "version": 0, "title": "t", "fields": [], "data": {"a": [1, 2], "b": ["x"]}}
    tracker = json_table(json.dumps(logged))
    assert tracker is not None and tracker.columns == ["a", "b"] and tracker.rows == [[1, "x"], [2, None]]
    records = json_table('[{"a": 1}, {"b": {"c": [2]}}]')
    assert records is not None and records.columns == ["a", "b"] and records.rows == [[1, None], [None, '{"c": [2]}']]


@pytest.mark.parametrize(
    "text",
    [
        "{}", "[]", "[1, 2]", '"text"', "null", "{broken", "[" * 100_000, '{"columns": 5, "data": []}',
        '{"columns": ["a"], "data": {"a": 1}}', '{"type": "Table", "data": [1]}', '{"type": "ConfusionMatrix"}',
    ],
)  # fmt: skip
def test_json_documents_that_are_none(text: str) -> None:
    assert json_table(text) is None


def test_json_lines() -> None:
    whole = json_lines_table('{"a": 1}\n{"a": 2, "b": "x"}\n', is_whole=True)
    assert whole is not None and whole.rows == [[1, None], [2, "x"]] and whole.total_rows == 2
    part = json_lines_table('{"a": 1}\n{"a": 2}\n{"a"', is_whole=False)
    assert part is not None and part.rows == [[1], [2]] and part.total_rows is None
    assert json_lines_table("1\n2\n", is_whole=True) is None
    broken = json_lines_table('{"a": 1}\nnot json\n', is_whole=True)
    assert broken is not None and broken.rows == [[1]] and broken.total_rows is None


def test_cells_are_what_json_knows() -> None:
    for value in (None, True, 5, 1.5, "text"):
        assert cell(value) == value and type(cell(value)) is type(value)
    assert cell(math.nan) == "nan" and cell(math.inf) == "inf" and cell(2**60) == str(2**60)
    assert cell(b"x") == "b'x'" and len(cell("x" * 1000)) == MAX_CELL
    assert cell("half \ud800") == "half ?"
    json.dumps([cell(10**5000), cell([math.nan])])

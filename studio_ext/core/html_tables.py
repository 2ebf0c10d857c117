"""Tables of displayed data frames as data: the text of their cells, and nothing else of the HTML."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

MAX_HTML = 1 << 20
"""Characters of one output that are looked at."""
MAX_ROWS = 1_000
MAX_COLUMNS = 200
_MAX_TEXT = 1_000
_MOST_TABLES = 10
"""In one output."""
_FRAME = re.compile(r"<table\b[^>]{0,500}\bclass=[\"'][^\"'>]{0,200}\bdataframe\b", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d{1,15})(?:\.\d{0,17})?(?:[eE][+-]?\d{1,3})?")
_MISSING = frozenset({"NaN", "nan", "<NA>", "NaT", "None", "null"})

Table = dict[str, list[Any]]
"""``columns``: names; ``data``: rows of texts, numbers and None. MLflow shows such JSON as a table."""


def frame_tables(html: str) -> list[Table]:
    """The data frames in the HTML of an output, as they are shown there: what pandas leaves out is left out."""
    if not _FRAME.search(html[:MAX_HTML]):
        return []
    parser = _Parser()
    try:
        parser.feed(html[:MAX_HTML])
        parser.close()
    except (AssertionError, ValueError, RecursionError):  # hostile markup; what came before it is kept
        pass
    return [table for found in parser.tables[:_MOST_TABLES] if (table := _as_data(found))]


class _Cells:
    """The rows of one table. A cell that spans several is repeated to the right, and empty below."""

    def __init__(self) -> None:
        self.head: list[list[str]] = []
        self.body: list[list[str]] = []
        self._below: dict[int, int] = {}

    def begin_row(self) -> list[str]:
        row: list[str] = []
        self._fill(row)
        return row

    def add(self, row: list[str], text: str, columns: int, rows: int) -> None:
        for _ in range(columns):
            if len(row) < MAX_COLUMNS:
                if rows > 1:
                    self._below[len(row)] = rows - 1
                row.append(text)
        self._fill(row)

    def _fill(self, row: list[str]) -> None:
        """Places that a cell further up reaches down to."""
        while self._below.get(len(row), 0) > 0 and len(row) < MAX_COLUMNS:
            self._below[len(row)] -= 1
            row.append("")


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Cells] = []
        self._table: _Cells | None = None
        self._depth = 0
        self._in_head = False
        self._row: list[str] | None = None
        self._text: list[str] | None = None
        self._span = (1, 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            if self._table is not None:
                self._depth += 1  # a table in a cell is text
            elif "dataframe" in (given.get("class") or "").split() and len(self.tables) < _MOST_TABLES:
                self._table, self._depth = _Cells(), 0
                self.tables.append(self._table)
        if self._table is None or self._depth:
            return
        if tag == "thead":
            self._in_head = True
        elif tag == "tbody":
            self._in_head = False
        elif tag == "tr":
            self._end_row()
            self._row = self._table.begin_row()
        elif tag in ("td", "th"):
            self._end_cell()
            self._text, self._span = [], (_span(given.get("colspan")), _span(given.get("rowspan")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self._table is not None:
            if self._depth:
                self._depth -= 1
                return
            self._end_row()
            self._table, self._in_head = None, False
        elif self._depth == 0 and tag in ("td", "th"):
            self._end_cell()
        elif self._depth == 0 and tag == "tr":
            self._end_row()
        elif self._depth == 0 and tag == "thead":
            self._end_row()
            self._in_head = False

    def handle_data(self, data: str) -> None:
        if self._text is not None and sum(map(len, self._text)) < _MAX_TEXT:
            self._text.append(data[:_MAX_TEXT])

    def _end_cell(self) -> None:
        if self._text is None:
            return
        text = " ".join("".join(self._text).split())[:_MAX_TEXT]
        if self._table is not None and self._row is not None:
            self._table.add(self._row, text, *self._span)
        self._text = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._table is None or self._row is None:
            return
        rows = self._table.head if self._in_head else self._table.body
        if len(rows) < MAX_ROWS:
            rows.append(self._row)
        self._row = None


def _span(text: str | None) -> int:
    return min(max(int(text), 1), MAX_ROWS) if text and text.isascii() and text.isdigit() and len(text) < 6 else 1


def _as_data(cells: _Cells) -> Table | None:
    width = max(map(len, [*cells.head, *cells.body]), default=0)
    if not width or not cells.body:
        return None
    columns: list[str] = []
    for place in range(width):
        parts = dict.fromkeys(row[place] for row in cells.head if place < len(row) and row[place])
        columns.append(" ".join(parts) or ("index" if place == 0 else f"column {place + 1}"))
    rows = [row + [""] * (width - len(row)) for row in cells.body]
    values = [_column([row[place] for row in rows]) for place in range(width)]
    return {"columns": _unique(columns), "data": [list(row) for row in zip(*values, strict=True)]}


def _column(texts: Sequence[str]) -> list[Any]:
    """Numbers where all of a column are."""
    present = [text for text in texts if text not in _MISSING and text != "..."]
    is_number = bool(present) and all(_NUMBER.fullmatch(text) for text in present)
    return [_value(text, is_number=is_number) for text in texts]


def _value(text: str, *, is_number: bool) -> Any:
    if text in _MISSING:
        return None
    if not is_number or text == "...":
        return text
    number = float(text)
    return (int(text) if text.lstrip("+-").isdigit() else number) if math.isfinite(number) else text


def _unique(names: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found

"""Tables of displayed data frames as data: the text of their cells, and nothing else of the HTML."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from typing import Any

MAX_HTML = 1 << 20
"""Characters of one output that are looked at."""
MAX_ROWS = 1_000
MAX_COLUMNS = 200
_MAX_TEXT = 1_000
_MOST_TABLES = 10
"""In one output."""
_MAX_MARKUP = 10_000
"""Characters of a cell, tags included."""
_CLASS = re.compile(r"\bclass=[\"'][^\"'>]{0,200}\bdataframe\b", re.IGNORECASE)
_FRAME = re.compile(rf"<table\b[^<>]{{0,500}}{_CLASS.pattern}", re.IGNORECASE)
_TAG = re.compile(r"<(/?)(table|thead|tbody|tr|td|th)\b([^<>]{0,1000})>", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]{0,1000}>")
_COLUMNS = re.compile(r"\bcolspan=[\"']?(\d{1,5})\b", re.IGNORECASE)
_ROWS = re.compile(r"\browspan=[\"']?(\d{1,5})\b", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d{1,15})(?:\.\d{0,17})?(?:[eE][+-]?\d{1,3})?")
_MISSING = frozenset({"NaN", "nan", "<NA>", "NaT", "None", "null"})

Table = dict[str, list[Any]]
"""``columns``: names; ``data``: rows of texts, numbers and None. MLflow shows such JSON as a table."""


def frame_tables(text: str) -> list[Table]:
    """The data frames in the HTML ``text`` of an output, as it shows them: what pandas leaves out is left out."""
    if not _FRAME.search(text[:MAX_HTML]):
        return []
    reader = _Reader()
    reader.read(text[:MAX_HTML])
    return [table for found in reader.tables if (table := _as_data(found))]


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


class _Reader:
    """Goes through HTML by the tags of its tables. The time is in proportion to the text, whatever it is, which is not
    so with Python's own parser."""

    def __init__(self) -> None:
        self.tables: list[_Cells] = []
        self._table: _Cells | None = None
        self._depth = 0
        self._in_head = False
        self._row: list[str] | None = None
        self._text: list[str] | None = None
        self._span = (1, 1)

    def read(self, text: str) -> None:
        """Take the tables out of ``text``."""
        end = 0
        for match in _TAG.finditer(text):
            if self._text is not None:
                self._text.append(text[end : match.start()])
            end = match.end()
            closing, tag, given = match.group(1), match.group(2).lower(), match.group(3)
            if tag == "table":
                self._end_table() if closing else self._begin_table(given)
            elif self._table is None or self._depth:
                continue  # a table in a cell is text
            elif tag in ("td", "th"):
                self._end_cell()
                if not closing:
                    self._text, self._span = [], (_span(_COLUMNS, given), _span(_ROWS, given))
            else:
                self._end_row()
                if tag == "thead":
                    self._in_head = not closing
                elif tag == "tr" and not closing:
                    self._row = self._table.begin_row()
        self._end_row()

    def _begin_table(self, given: str) -> None:
        if self._table is not None:
            self._depth += 1
        elif _CLASS.search(given) and len(self.tables) < _MOST_TABLES:
            self._table, self._in_head = _Cells(), False
            self.tables.append(self._table)

    def _end_table(self) -> None:
        if self._depth:
            self._depth -= 1
        elif self._table is not None:
            self._end_row()
            self._table = None

    def _end_cell(self) -> None:
        if self._text is None:
            return
        raw = " ".join(self._text)[:_MAX_MARKUP]
        text = " ".join(html.unescape(_MARKUP.sub("", raw)).split())[:_MAX_TEXT]
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


def _span(pattern: re.Pattern[str], given: str) -> int:
    match = pattern.search(given)
    return min(max(int(match.group(1)), 1), MAX_ROWS) if match else 1


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

"""The first rows of a table in a text: CSV, JSON Lines, and the JSON documents that MLflow and trackers log."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MAX_ROWS = 200
MAX_COLUMNS = 100
MAX_CELL = 500
"""Characters of a cell."""
_SNIFFED = 8_000
_DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Table:
    """Its first rows and columns. Cells are texts, numbers, booleans and None."""

    columns: list[str]
    rows: list[list[Any]]
    total_columns: int
    total_rows: int | None = None
    """None: there are more than were read."""


def csv_table(text: str, *, is_whole: bool, delimiter: str = "") -> Table | None:
    """The table in the beginning of a CSV file; None where there is none.

    ``is_whole``: the text is the file; else its last line may be cut, and is left out. ``delimiter`` empty: whichever
    of comma, semicolon, tab and bar fits.
    """
    if not is_whole:
        text = text[: text.rfind("\n") + 1]
    reader = csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter or _delimiter(text))
    lines: list[list[str]] = []
    count = 0
    try:
        for line in reader:
            if line:
                count += 1
                if len(lines) <= MAX_ROWS:
                    lines.append(line)
    except csv.Error:  # a field that is longer than the module takes
        if not lines:
            return None
        is_whole = False
    if not lines:
        return None
    head, *body = lines
    return _table(head, [[_number(each) for each in line] for line in body], count - 1 if is_whole else None)


def json_lines_table(text: str, *, is_whole: bool) -> Table | None:
    """The table in the beginning of a JSON Lines file; None where its first line is no object."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not is_whole:
        lines = lines[:-1]
    records = []
    for line in lines[:MAX_ROWS]:
        found = _json(line)
        if not isinstance(found, dict):
            break
        records.append(found)
    if not records:
        return None
    return _of_records(records, len(lines) if is_whole and len(records) == min(len(lines), MAX_ROWS) else None)


def json_table(text: str) -> Table | None:
    """The table that a JSON document is: ``{"columns", "data"}``, a tracker's ``Table``, a list of objects.

    None for any other.
    """
    found = _json(text)
    if isinstance(found, list):
        if found and all(isinstance(each, dict) for each in found):
            return _of_records(found, len(found))
        return None
    if not isinstance(found, dict):
        return None
    data = found.get("data")
    if (
        found.get("type") == "Table"
        and isinstance(data, dict)
        and all(isinstance(each, list) for each in data.values())
    ):
        length = max(map(len, data.values()), default=0)
        columns = list(data.values())[:MAX_COLUMNS]
        rows = [[each[at] if at < len(each) else None for each in columns] for at in range(min(length, MAX_ROWS))]
        return _table(list(data), rows, length)
    names = found.get("columns")
    if isinstance(names, list) and isinstance(data, list) and all(isinstance(each, list) for each in data):
        return _table(names, data, len(data))
    return None


def cell(value: Any) -> Any:
    """A value as a cell of a preview: a short text where it is no number. What JSON lacks is a text, too."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    text = value if isinstance(value, str) else _text(value)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"


def _table(head: Sequence[Any], body: Iterable[Sequence[Any]], total: int | None) -> Table:
    columns = [str(cell(each)) for each in head[:MAX_COLUMNS]]
    width = len(columns)
    rows: list[list[Any]] = []
    for line in body:
        if len(rows) == MAX_ROWS:
            break
        rows.append([cell(each) for each in line[:width]] + [None] * (width - len(line)))
    return Table(columns, rows, len(head), total)


def _of_records(records: Sequence[dict[str, Any]], total: int | None) -> Table:
    names = list(dict.fromkeys(name for each in records[:MAX_ROWS] for name in each))
    rows = [[each.get(name) for name in names[:MAX_COLUMNS]] for each in records[:MAX_ROWS]]
    return _table(names, rows, total)


def _delimiter(text: str) -> str:
    try:
        return csv.Sniffer().sniff(text[:_SNIFFED], delimiters=_DELIMITERS).delimiter
    except csv.Error:
        first = text.partition("\n")[0]
        return max(_DELIMITERS, key=first.count)


def _number(text: str) -> Any:
    """A number where a text is one as people write it; else the text."""
    if not text or text[0] not in "+-.0123456789" or len(text) > 40 or "_" in text:
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    digits = text.lstrip("+-")
    if digits.isdigit():
        # What begins with a nought is a name, such as a post code; what is long would lose digits.
        return text if len(digits) > 15 or (len(digits) > 1 and digits[0] == "0") else int(text)
    return number if math.isfinite(number) else text


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        try:
            return json.dumps(value, ensure_ascii=False)
        except (ValueError, TypeError, RecursionError):
            pass
    try:
        return str(value)
    except ValueError:  # a number with more digits than Python writes
        return "…"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

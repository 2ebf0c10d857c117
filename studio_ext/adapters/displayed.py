"""What the cells of a notebook displayed, as files: pictures, plots of libraries that draw in the browser, tables."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studio_ext.core.html_tables import frame_tables

MOST_PLOTS = 200
MOST_TABLES = 50
"""In a notebook."""
LARGEST = 10 << 20
"""Bytes of one plot of a library that draws in the browser."""
_IMAGES = {"image/png": "png", "image/jpeg": "jpg", "image/svg+xml": "svg"}
_DRAWN = {"application/vnd.plotly.v": "plotly.json", "application/vnd.vegalite.v": "vegalite.json",
          "application/vnd.vega.v": "vega.json"}  # fmt: skip

_Files = list[tuple[str, bytes]]


def displayed_files(cells: Sequence[Mapping[str, Any]]) -> _Files:
    """``plots/cell-01.png``, ``tables/cell-02.json``, ...: paths and contents, in the order of the cells.

    ``cells``: code cells. Of several things in a cell, each has a number.
    """
    plots = _numbered(cells, "plots", _plots, MOST_PLOTS)
    return plots + _numbered(cells, "tables", _tables, MOST_TABLES)


def _numbered(
    cells: Sequence[Mapping[str, Any]], folder: str, find: Callable[[Mapping[str, Any]], _Files], most: int
) -> _Files:
    """What ``find`` gives of each output as (ending, content), with names."""
    found: _Files = []
    for number, cell in enumerate(cells, start=1):
        files = [file for output in cell.get("outputs", []) for file in find(_data(output))]
        for position, (ending, content) in enumerate(files, start=1):
            tail = f"-{position}" if len(files) > 1 else ""
            found.append((f"{folder}/cell-{number:02d}{tail}.{ending}", content))
    return found[:most]


def _data(output: Mapping[str, Any]) -> Mapping[str, Any]:
    data = output.get("data", {})
    return data if isinstance(data, dict) else {}


def _text(value: Any) -> str | None:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value if isinstance(value, str) else None


def _plots(data: Mapping[str, Any]) -> _Files:
    """One picture an output: the others are the same one in another format."""
    for mime, ending in _IMAGES.items():
        text = _text(data.get(mime))
        if text is None:
            continue
        try:
            return [(ending, text.encode() if ending == "svg" else base64.b64decode(text))]
        except (binascii.Error, ValueError):
            continue
    for mime, value in data.items():
        ending = next((ending for start, ending in _DRAWN.items() if mime.startswith(start)), "")
        if ending and isinstance(value, dict):
            content = json.dumps(value).encode()
            return [(ending, content)] if len(content) <= LARGEST else []
    return []


def _tables(data: Mapping[str, Any]) -> _Files:
    html = _text(data.get("text/html"))
    tables = frame_tables(html) if html else []
    return [("json", json.dumps(table, ensure_ascii=False).encode("utf-8", "replace")) for table in tables]

"""A notebook as the text of its file: as nbformat writes it, but cell by cell and in less than half the time.

Never holds the whole text. What JSON lacks becomes what every reader takes: NaN and infinities are null, lone
surrogates question marks.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from json.encoder import encode_basestring as quoted
from typing import Any

_NOT_KEPT = ("orig_nbformat", "orig_nbformat_minor", "signature")
_TEXTS = ("application/javascript", "image/svg+xml")
"""Data beside ``text/*`` that is written line by line."""


class _Lines(str):
    """A text that is written as a list of its lines."""


def notebook_json(notebook: Mapping[str, Any]) -> Iterator[bytes]:
    """The pieces of the file of a notebook in format 4."""
    rest = {key: value for key, value in notebook.items() if key != "cells"}
    rest["metadata"] = {key: value for key, value in rest["metadata"].items() if key not in _NOT_KEPT}
    cells = notebook["cells"]
    yield b'{\n "cells": ['
    for number, cell in enumerate(cells):
        yield (",\n  " if number else "\n  ").encode() + _piece(_cell(cell), "  ")
    yield b"\n ],\n" if cells else b"],\n"
    yield _piece(rest, "")[2:]
    yield b"\n"


def _piece(value: Any, indent: str) -> bytes:
    parts: list[str] = []
    _put(value, indent, parts.append)
    return "".join(parts).encode("utf-8", "replace")


def _put(value: Any, indent: str, add: Callable[[str], None]) -> None:
    """Add the JSON of ``value``, one space deeper on every level."""
    if type(value) is _Lines:
        _put_lines(value, indent, add)
    elif isinstance(value, str):
        add(quoted(value))
    elif isinstance(value, Mapping) and value:
        before = "{\n" + indent + " "
        for key in sorted(value):
            add(f"{before}{quoted(key)}: ")
            _put(value[key], indent + " ", add)
            before = ",\n" + indent + " "
        add("\n" + indent + "}")
    elif isinstance(value, list | tuple) and value:
        before = "[\n" + indent + " "
        for item in value:
            add(before)
            _put(item, indent + " ", add)
            before = ",\n" + indent + " "
        add("\n" + indent + "]")
    elif isinstance(value, float) and not math.isfinite(value):
        add("null")
    else:
        add(json.dumps(value, default=lambda data: data.decode("ascii")))


def _put_lines(text: str, indent: str, add: Callable[[str], None]) -> None:
    """Add a text as a list of its lines."""
    if not text:
        add("[]")
        return
    between = ",\n" + indent + " "
    whole = quoted(text)
    if "\\\\" in whole:  # then what looks like an escaped line break may be none
        lines = text.split("\n")
        whole = between.join(map(quoted, [*(line + "\n" for line in lines[:-1]), *filter(None, lines[-1:])]))
    else:
        whole = whole.replace("\\n", '\\n"' + between + '"')
        if text.endswith("\n"):
            whole = whole[: -len(between) - 2]
    add(f"[{between[1:]}{whole}\n{indent}]")


def _cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A cell with its texts in lines."""
    made = {**cell, "source": _lines(cell["source"])}
    if "trusted" in cell["metadata"]:
        made["metadata"] = {key: value for key, value in cell["metadata"].items() if key != "trusted"}
    if "attachments" in cell:
        made["attachments"] = {name: _data(bundle) for name, bundle in cell["attachments"].items()}
    if cell["cell_type"] == "code":
        made["outputs"] = [_output(output) for output in cell["outputs"]]
    return made


def _output(output: Mapping[str, Any]) -> Mapping[str, Any]:
    if output["output_type"] == "stream":
        return {**output, "text": _lines(output["text"])}
    return {**output, "data": _data(output["data"])} if "data" in output else output


def _data(bundle: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _lines(value) if key.startswith("text/") or key in _TEXTS else value for key, value in bundle.items()}


def _lines(text: Any) -> Any:
    return _Lines(text) if isinstance(text, str) else text

"""Parameter values from the command line."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from typing import Any

from studio_ext.contract.jobs import NotebookParameter

_PYTHON_WORDS = {"True": True, "False": False, "None": None}


def parse_value(text: str, type_name: str = "") -> Any:
    """The value that ``text`` stands for in a parameter of this type (``""``: unknown).

    JSON where it is JSON (``8``, ``0.1``, ``true``, ``[1, 2]``), else the text itself. A ``str`` parameter
    takes the text as it is. What does not fit the type is left as it is: the submission says so.
    """
    if type_name == "str":
        return text
    if type_name == "float" and text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return float(text)
    value = _literal(text, type_name)
    if type_name == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type_name == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _literal(text: str, type_name: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda word: word)
    except ValueError:
        pass
    if text in _PYTHON_WORDS:
        return _PYTHON_WORDS[text]
    if type_name in ("list", "dict"):
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            pass
    return text


def parse_values(pairs: Iterable[tuple[str, str]], known: Iterable[NotebookParameter]) -> dict[str, Any]:
    """All values; the last one wins where a name comes twice."""
    types = {parameter.name: parameter.type for parameter in known}
    return {name: parse_value(text, types.get(name, "")) for name, text in pairs}

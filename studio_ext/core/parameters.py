"""Checks parameter values against what a notebook declares."""

from __future__ import annotations

import keyword
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

from studio_ext.contract.errors import FieldError, InvalidRequest
from studio_ext.contract.jobs import NotebookParameter

MAX_DEPTH = 50
"""Deepest nesting of lists and mappings."""
MAX_BITS = 4096
"""Largest whole number: Python itself refuses to write out numbers a few times as long."""

_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
}


def check_parameters(
    values: Mapping[str, Any], declared: Sequence[NotebookParameter], *, has_parameters_cell: bool
) -> dict[str, Any]:
    """The values, converted where nothing is lost (8.0 for an ``int``, 1 for a ``float``).

    Raises ``InvalidRequest`` naming every field that is wrong. A notebook without a parameters cell takes any
    name: papermill puts the values on top of it.
    """
    types = {parameter.name: parameter.type for parameter in declared}
    checked: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, value in values.items():
        problem = ""
        if not name.isidentifier() or keyword.iskeyword(name):
            problem = "is not a name that code can use"
        elif problem := _unsupported(value):
            pass
        elif has_parameters_cell and declared and name not in types:
            problem = f"is not a parameter of this notebook, which has {', '.join(sorted(types))}"
        else:
            checked[name], problem = _convert(value, types.get(name, ""))
        if problem:
            errors.append(FieldError(field=f"parameters.{name}", message=problem))
    if errors:
        first = errors[0]
        raise InvalidRequest(
            f"{first.field.removeprefix('parameters.')} {first.message}.",
            hint="Parameters are the assignments in the notebook's cell tagged 'parameters'.",
            fields=errors,
        )
    return checked


def _convert(value: Any, wanted: str) -> tuple[Any, str]:
    problem = f"must be {_WANTED[wanted]}, not {reprlib.repr(value)}" if wanted in _WANTED else ""
    match wanted:
        case "int":
            if isinstance(value, float) and value.is_integer():
                return int(value), ""
            return value, "" if isinstance(value, int) and not isinstance(value, bool) else problem
        case "float":
            if isinstance(value, int) and not isinstance(value, bool):
                return float(value) if abs(value) < 2**53 else value, ""
            return value, "" if isinstance(value, float) else problem
        case "str" | "bool" | "list" | "dict":
            kind = {"str": str, "bool": bool, "list": list, "dict": dict}[wanted]
            return value, "" if isinstance(value, kind) else problem
    return value, ""


def _unsupported(value: Any, depth: int = 0) -> str:
    """Why a value cannot be written down as code, JSON and text; empty if it can. NaN and infinity can."""
    match value:
        case None | bool() | float():
            return ""
        case int():
            return "is too large a number" if value.bit_length() > MAX_BITS else ""
        case str():
            return "" if _is_text(value) else "holds characters that are no text"
        case list() | dict() if depth >= MAX_DEPTH:
            return f"is nested more than {MAX_DEPTH} deep"
        case list():
            return next(filter(None, (_unsupported(each, depth + 1) for each in value)), "")
        case dict():
            if wrong := [key for key in value if not isinstance(key, str) or not _is_text(key)]:
                return f"has the key {wrong[0]!r}, which is no text"
            return next(filter(None, (_unsupported(each, depth + 1) for each in value.values())), "")
    return f"has a value of type {type(value).__name__}, which cannot be passed to a notebook"


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True

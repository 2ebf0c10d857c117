"""Reads and writes ``.studio-view`` files: which trials are compared, and how they are drawn, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from studio_ext.contract.errors import FieldError, InvalidRequest
from studio_ext.contract.views import VERSION, LineChartSpec, View

SUFFIX = ".studio-view"
MAX_BYTES = 1_000_000
"""Largest file that is read. One with everything that a view can hold stays below."""

_HINT = "Open it as text to mend it, or go back to an earlier version of the file."
_SHOWN_ERRORS = 3
_PLAIN = {
    "extra_forbidden": "is nothing that a view has",
    "union_tag_not_found": "has no type",
    "missing": "is missing",
    "string_unicode": "holds half a character",
    "model_type": "has to be an object",
    "model_attributes_type": "has to be an object",
}


def read_view(text: str | bytes) -> View:
    """The view that the text of a file stands for; that of an empty file is empty.

    Raises ``InvalidRequest`` that says what is wrong, and with the place of each fault in ``fields``
    (``charts.2.smoothing``): no JSON, a file above :data:`MAX_BYTES`, one of a newer version of Studio, values that no
    view has. Nothing is guessed or left out: a file that was read and written again says the same.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        raise InvalidRequest(f"The view is larger than {MAX_BYTES // 1_000_000} MB.", hint="No view needs so much.")
    if not data.strip():
        return View()
    document = _document(data)
    version = document.get("version", VERSION)
    if type(version) is not int:
        raise InvalidRequest.field("version", "has to be a whole number", hint=_HINT)
    if version > VERSION:
        raise InvalidRequest.field(
            "version",
            f"{version} was made by a newer Studio; this one reads up to {VERSION}",
            hint="Update studio_ext to open it.",
        )
    try:
        view = View.model_validate(document)
    except ValidationError as error:
        raise _refused([_fault(each) for each in error.errors(include_url=False)]) from None
    if faults := list(_faults(view)):
        raise _refused(faults)
    return view


def write_view(view: View) -> str:
    """The text of a file: what is as usual is left out, so that versions of a file differ in what was changed."""
    document = view.model_dump(mode="json", exclude_defaults=True)
    return json.dumps({"version": VERSION, **document}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError:
        raise InvalidRequest("The file is no text in UTF-8.", hint=_HINT) from None
    except json.JSONDecodeError as error:
        raise InvalidRequest(
            f"The file is no JSON: line {error.lineno}, column {error.colno}: {error.msg}.", hint=_HINT
        ) from None
    except (RecursionError, ValueError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidRequest(f"The file is no JSON of a view: {reason[:200]}.", hint=_HINT) from None
    if not isinstance(document, dict):
        raise InvalidRequest("The file holds no view: a view is a JSON object.", hint=_HINT)
    return document


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number in JSON")


def _fault(error: ErrorDetails) -> FieldError:
    """One finding of the schema, in words for people. The place leaves out which kind of chart was tried."""
    place = [str(each) for each in error["loc"]]
    if len(place) > 2 and place[0] == "charts":
        del place[2]
    message = _PLAIN.get(error["type"], error["msg"][:1].lower() + error["msg"][1:])
    if error["type"] == "union_tag_invalid":
        message = f"this Studio draws no charts of the type {str(error.get('ctx', {}).get('tag', ''))[:50]!r}"
    return FieldError(field=".".join(each[:50] for each in place), message=message)


def _faults(view: View) -> Iterator[FieldError]:
    """What the schema cannot say."""
    seen = set()
    for at, chart in enumerate(view.charts or []):
        if chart.id in seen:
            yield FieldError(field=f"charts.{at}.id", message=f"{chart.id!r} is the id of another chart, too")
        seen.add(chart.id)
        if isinstance(chart, LineChartSpec) and chart.x == "metric" and chart.x_metric is None:
            yield FieldError(field=f"charts.{at}.x_metric", message="is missing: x is a metric")


def _refused(faults: list[FieldError]) -> InvalidRequest:
    said = "; ".join(f"{each.field}: {each.message}" for each in faults[:_SHOWN_ERRORS])
    more = len(faults) - _SHOWN_ERRORS
    rest = f", and {more} more" if more > 0 else ""
    return InvalidRequest(f"This is not a view that Studio can show: {said}{rest}.", hint=_HINT, fields=faults)

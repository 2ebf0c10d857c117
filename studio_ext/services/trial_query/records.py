"""Whole trials out of the columns."""

from __future__ import annotations

import math
from typing import Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.experiments import Trial
from studio_ext.contract.page import Page
from studio_ext.contract.trial_table import SortKey, TrialQuery
from studio_ext.core.trial_keys import Key, Kind
from studio_ext.ports.trial_index import Rows, TrialColumns
from studio_ext.services.trial_query.evaluate import ENDED, STARTED
from studio_ext.services.trial_query.tables import TrialTables, key_of

_TEXTS = {
    "name": "name",
    "status": "status",
    "notebook": "notebook",
    "commit": "commit",
    "user": "user",
    "job_id": "job",
    "parent_run_id": "parent",
}
_CURSOR_HINT = "Start again without a cursor."


def trial_page(
    tables: TrialTables,
    experiment: str,
    *,
    limit: int,
    cursor: str | None = None,
    sort: str = "started",
    descending: bool = True,
    filter: str = "",
) -> Page[Trial]:
    """A page of trials that a filter matches. Through all its pages the order stays, as far as it is remembered."""
    offset, token = _read(cursor)
    key_of(sort, "sort")
    by = [SortKey.model_construct(key=sort, descending=descending)]
    query = TrialQuery.model_construct(experiment=experiment, filter=filter, sort=by, result=token)
    columns, result = tables.find(query)
    rows = result.order.part(offset, limit)
    end, total = offset + len(rows), len(result.order)
    return Page[Trial](
        items=trials(columns, rows, experiment),
        next_cursor=f"{end}:{result.token}" if len(rows) and end < total else None,
        total=total,
    )


def _read(cursor: str | None) -> tuple[int, str | None]:
    if cursor is None:
        return 0, None
    offset, separator, token = cursor.partition(":")
    if not separator or not (offset.isascii() and offset.isdigit() and len(offset) < 16) or len(token) > 100:
        raise InvalidRequest.field("cursor", "is not one that this list gave out", hint=_CURSOR_HINT)
    return int(offset), token


def trials(columns: TrialColumns, rows: Rows, experiment: str) -> list[Trial]:
    """Some rows as trials."""
    texts = {field: columns.texts(Key(Kind.attribute, name), rows) for field, name in _TEXTS.items()}
    dirty = columns.texts(Key(Kind.attribute, "dirty"), rows)
    started, ended = (columns.numbers(key)[rows].tolist() for key in (STARTED, ENDED))
    parameters, metrics, tags = (_recorded(columns, rows, kind) for kind in (Kind.parameter, Kind.metric, Kind.tag))
    found = []
    for at, run_id in enumerate(columns.run_ids(rows)):
        fields: dict[str, Any] = {field: values[at] for field, values in texts.items()}
        fields |= {"name": fields["name"] or "", "status": fields["status"] or "", "run_id": run_id}
        fields["started"] = None if math.isnan(started[at]) else started[at]
        fields["ended"] = None if math.isnan(ended[at]) else ended[at]
        fields["dirty"] = None if dirty[at] is None else dirty[at] == "true"
        fields |= {"parameters": parameters[at], "metrics": metrics[at], "tags": tags[at]}
        found.append(Trial.model_construct(experiment=experiment, **fields))
    return found


def _recorded(columns: TrialColumns, rows: Rows, kind: Kind) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{} for _ in rows]
    for key in columns.keys([kind]):
        if kind is Kind.metric:
            numbers = columns.numbers(key)[rows].tolist()
            for at, has_value in enumerate(columns.present(key)[rows].tolist()):
                if has_value:
                    found[at][key.name] = numbers[at] if math.isfinite(numbers[at]) else None
        else:
            for at, text in enumerate(columns.texts(key, rows)):
                if text is not None:
                    found[at][key.name] = text
    return found

"""What a logged call of MLflow's REST interface says of metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_PATH = re.compile(r"/(?:ajax-)?api/2\.0/mlflow/runs/(log-metric|log-batch)")
_LARGEST_STEP = 2**63 - 1


class LoggedValue(NamedTuple):
    """One value of one metric."""

    run_id: str
    name: str
    step: int
    time: float
    """Seconds since the epoch."""
    value: float


def logged_values(line: bytes) -> Iterator[LoggedValue]:
    """The values that a line of ``calls.jsonl`` logs; nothing for any other line, whoever wrote it.

    Only calls that the job has its answer to already: what is asked of the store it may still refuse.
    """
    if b"/runs/log-" not in line:  # most other lines are told at a glance
        return
    try:
        call = json.loads(line)
        kind = _PATH.fullmatch(call["p"])
        if kind is None or call["m"] != "POST" or call["wb"] is not True:
            return
        body = json.loads(call["b"].encode("latin1"))
        run_id = body.get("run_id") or body.get("run_uuid")
        metrics = [body] if kind.group(1) == "log-metric" else body.get("metrics") or ()
        if not isinstance(run_id, str):
            return
        values = [_value(run_id, each) for each in metrics]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return
    yield from values


def _value(run_id: str, metric: dict[str, Any]) -> LoggedValue:
    name, step = metric["key"], int(metric.get("step") or 0)
    if not isinstance(name, str) or not -_LARGEST_STEP <= step <= _LARGEST_STEP:
        raise ValueError(name)
    return LoggedValue(run_id, name, step, int(metric["timestamp"]) / 1000, float(metric["value"]))

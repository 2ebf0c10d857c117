"""Merges log calls into as few ``runs/log-batch`` calls as MLflow allows, without changing what they mean."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from studio_ext.adapters.mlflow_relay_journal import Call
from studio_ext.core.record_names import RESERVED

_LOG_CALL = re.compile(r"^/(?:ajax-)?api/2\.0/mlflow/runs/(log-metric|log-parameter|set-tag|log-batch)$")
_METRIC_TEXTS = ("model_id", "dataset_name", "dataset_digest")
_MAX_ENTRIES = 1000
_MAX_OTHERS = 100
_MAX_BYTES = 700_000  # MLflow refuses requests of a megabyte


@dataclass
class LogCall:
    """What one log call logs."""

    call: Call
    run_id: str
    metrics: list[dict[str, Any]]
    params: list[dict[str, Any]]
    tags: list[dict[str, Any]]

    def parts(self) -> list[Batch]:
        """The call in parts, so that a parameter that is refused does not take the rest with it; none of one entry."""
        singles: list[tuple[list[Any], list[Any], list[Any]]] = [([], [param], []) for param in self.params]
        if len(singles) + len(self.metrics) + len(self.tags) < 2 or not singles:
            return []
        rest: tuple[list[Any], list[Any], list[Any]] = (self.metrics, [], self.tags)
        found = []
        for metrics, params, tags in ([rest] if self.metrics or self.tags else []) + singles:
            batch = Batch(self.run_id)
            batch.add(LogCall(self.call, self.run_id, metrics, params, tags))
            found.append(batch)
        return found


def parse_log_call(call: Call) -> LogCall | None:
    """The call as a log call; None when it is not one or is malformed."""
    match = _LOG_CALL.match(call.path)
    if match is None or call.method != "POST":
        return None
    try:
        fields = json.loads(call.body)
        run_id = fields.get("run_id") or fields.get("run_uuid")
        if not isinstance(run_id, str) or not run_id.isascii():
            return None
        kind = match.group(1)
        if kind == "log-metric":
            metrics, params, tags = [fields], [], []
        elif kind == "log-batch":
            metrics, params, tags = (list(fields.get(name) or []) for name in ("metrics", "params", "tags"))
        else:
            metrics, params, tags = [], *(([fields], []) if kind == "log-parameter" else ([], [fields]))
        metrics = [_metric(each) for each in metrics]
        params = [_entry(each) for each in params]
        tags = [tag for tag in map(_entry, tags) if not tag["key"].startswith(RESERVED)]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return LogCall(call, run_id, metrics, params, tags)


def _metric(fields: dict[str, Any]) -> dict[str, Any]:
    """A metric in the only spelling that MLflow understands: of a request that it cannot read it takes half."""
    value = float(fields["value"])
    metric: dict[str, Any] = {
        "key": _text(fields["key"]),
        "value": value if math.isfinite(value) else "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity",
        "timestamp": int(fields["timestamp"]),
        "step": int(fields.get("step") or 0),
    }
    return metric | {name: _text(fields[name]) for name in _METRIC_TEXTS if fields.get(name)}


def _entry(fields: dict[str, Any]) -> dict[str, str]:
    return {"key": _text(fields["key"]), "value": _text(fields.get("value", ""))}


def _text(value: Any) -> str:
    """A text as every store takes it: what is left of half a character becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode()


@dataclass
class Batch:
    """Log calls of one run that go to MLflow as one."""

    run_id: str
    calls: list[LogCall] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    params: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, dict[str, Any]] = field(default_factory=dict)
    size: int = 0

    def takes(self, log: LogCall) -> bool:
        """Whether the call fits in. A parameter that changes its value needs a batch of its own to be refused."""
        if not self.calls:
            return True
        changed = any(
            param["key"] in self.params and self.params[param["key"]].get("value") != param.get("value")
            for param in log.params
        )
        return (
            not changed
            and self.size + len(log.call.body) <= _MAX_BYTES
            and sum(map(len, (self.metrics, self.params, self.tags, log.metrics, log.params, log.tags))) <= _MAX_ENTRIES
            and len(self.params) + len(log.params) <= _MAX_OTHERS
            and len(self.tags) + len(log.tags) <= _MAX_OTHERS
        )

    def add(self, log: LogCall) -> None:
        """Put a call in. Of a tag set twice the last value stays, as MLflow would have it."""
        self.calls.append(log)
        self.metrics += log.metrics
        for param in log.params:
            self.params.setdefault(param["key"], param)
        for tag in log.tags:
            self.tags[tag["key"]] = tag
        self.size += len(log.call.body)

    def request(self) -> dict[str, Any]:
        """The request of ``runs/log-batch``; empty when there is nothing to log."""
        request: dict[str, Any] = {"run_id": self.run_id}
        parts = {"metrics": self.metrics, "params": list(self.params.values()), "tags": list(self.tags.values())}
        request |= {name: part for name, part in parts.items() if part}
        return request if len(request) > 1 else {}


def batches(logs: list[LogCall]) -> Iterator[Batch]:
    """The calls as batches. The order within each run is kept; runs do not see each other."""
    open_batches: dict[str, Batch] = {}
    for log in logs:
        batch = open_batches.get(log.run_id)
        if batch is not None and not batch.takes(log):
            yield open_batches.pop(log.run_id)
            batch = None
        if batch is None:
            batch = open_batches[log.run_id] = Batch(log.run_id)
        batch.add(log)
    yield from open_batches.values()

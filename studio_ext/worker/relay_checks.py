"""What the relay can say of a call without asking the store.

Log calls are acknowledged before the store has seen them, so a call that MLflow would refuse must be refused
here. Checked: the JSON, required fields, names, numbers, limits of a batch, and parameters that change their
value. A run that the relay does not know makes a log call wait for the store's own verdict. Not checked here:
lengths of values (MLflow cuts them), and parameters that were logged before the relay started.
"""

from __future__ import annotations

import json
import posixpath
import re
import threading
from dataclasses import dataclass
from typing import Any

_LOG_CALL = re.compile(r"^/(?:ajax-)?api/2\.0/mlflow/runs/(log-metric|log-parameter|set-tag|log-batch)$")
_ANSWER_WITH_RUN = re.compile(r"^/(?:ajax-)?api/2\.0/mlflow/runs/(create|update)$")
_TRACES = re.compile(r"^/v1/|^/(?:ajax-)?api/[23]\.0/mlflow/(?:traces|unified-traces)(?:/|$)")
_FEATURES = re.compile(r"^/(?:ajax-)?api/3\.0/mlflow/server-(?:info|features)$")
_NAME = re.compile(r"^[/\w.\- :]*$")
_MAX_NAME = 250
_MAX_METRICS = 1000
_MAX_PARAMS_OR_TAGS = 100
_AUTOLOGGING = "mlflow.autologging"
_MAX_REMEMBERED = 100_000  # parameters; beyond that changed values are found by the store only


@dataclass(frozen=True)
class Verdict:
    """What to do with a call."""

    acknowledge: bool = False
    """Answer as soon as the call is in the journal."""
    error: str | None = None
    """Why MLflow would refuse it."""


def local_answer(path: str) -> tuple[int, bytes] | None:
    """Status and body for calls that never leave the job."""
    path = path.partition("?")[0]
    if path == "/health":
        return 200, b'"OK"'
    if _FEATURES.match(path):  # the features of a server that stores artefacts itself: this one has none of them
        return 404, json.dumps({"error_code": "ENDPOINT_NOT_FOUND", "message": "Not offered inside a job."}).encode()
    if _TRACES.match(path):  # refused at once: a tracer in the background must not wait for the store
        message = "Traces are not recorded from inside a job. Log metrics, parameters and artifacts instead."
        return 403, json.dumps({"error_code": "PERMISSION_DENIED", "message": message}).encode()
    return None


class LogChecks:
    """Knows the runs of the job and judges log calls. Thread-safe."""

    def __init__(self, run_id: str) -> None:
        self._runs = {run_id}
        self._params: dict[tuple[str, str], str] = {}
        self._fitting: set[str] = set()
        """Runs that MLflow's autologging has open."""
        self._autologged: set[tuple[str, str]] = set()
        """Parameters that it logged."""
        self._lock = threading.Lock()

    def learn(self, path: str, body: bytes, reply: bytes) -> None:
        """Remember the run that a call and its answer speak of."""
        match = _ANSWER_WITH_RUN.match(path)
        if match is None:
            return
        try:
            call = json.loads(body)
            if match.group(1) == "update":
                if call.get("status"):
                    with self._lock:
                        self._fitting.discard(str(call.get("run_id") or call.get("run_uuid")))
                return
            run_id = json.loads(reply)["run"]["info"]["run_id"]
            is_fit = any(tag.get("key") == _AUTOLOGGING for tag in call.get("tags") or [])
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        if isinstance(run_id, str):
            with self._lock:
                self._runs.add(run_id)
                if is_fit:
                    self._fitting.add(run_id)

    def look(self, method: str, path: str, body: bytes) -> Verdict:
        """Whether the call can be acknowledged at once, or why it cannot be made."""
        match = _LOG_CALL.match(path)
        if method != "POST" or match is None:
            return Verdict()
        try:
            call = json.loads(body)
        except ValueError:
            return Verdict(error="The request is not valid JSON.")
        if not isinstance(call, dict):
            return Verdict(error="The request is not a JSON object.")
        run_id = call.get("run_id") or call.get("run_uuid")
        if not isinstance(run_id, str):
            return Verdict(error="Missing value for required parameter 'run_id'.")
        if run_id not in self._runs:
            return Verdict()
        try:
            metrics, params, tags = _parts(match.group(1), call)
            for metric in metrics:
                _metric(metric)
            for entry in (*params, *tags):
                _entry(entry)
            self._remember(run_id, params)
        except ValueError as error:
            return Verdict(error=str(error))
        return Verdict(acknowledge=True)

    def _remember(self, run_id: str, params: list[dict[str, Any]]) -> None:
        """Refuse parameters that change, all or none.

        Where one of both was logged by MLflow itself, the notebook cannot know of it and is not to fail: the first
        value stays, and the other one is counted among those that the store refused.
        """
        fresh: dict[tuple[str, str], str] = {}
        with self._lock:
            for param in params:
                key, value = (run_id, param["key"]), str(param.get("value", ""))
                if run_id in self._fitting:
                    self._autologged.add(key)
                before = self._params.get(key, fresh.get(key))
                if before is None:
                    fresh[key] = value
                elif before != value and key not in self._autologged:
                    raise ValueError(
                        f"Changing param values is not allowed. Param with key='{param['key']}' was already logged "
                        f"with value='{before}' for run ID='{run_id}'. Attempted logging new value '{value}'."
                    )
            if len(self._params) < _MAX_REMEMBERED:
                self._params.update(fresh)


def _parts(kind: str, call: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Metrics, parameters and tags of a log call."""
    if kind == "log-metric":
        return [call], [], []
    if kind == "log-parameter":
        return [], [call], []
    if kind == "set-tag":
        return [], [], [call]
    parts = []
    for name, limit in (
        ("metrics", _MAX_METRICS),
        ("params", _MAX_PARAMS_OR_TAGS),
        ("tags", _MAX_PARAMS_OR_TAGS),
    ):
        part = call.get(name) or []
        if not isinstance(part, list) or not all(isinstance(entry, dict) for entry in part):
            raise ValueError(f"Invalid value for parameter '{name}': a list of objects is needed.")
        if len(part) > limit:
            raise ValueError(f"A batch logging request can contain at most {limit} {name}. Got {len(part)} {name}.")
        parts.append(part)
    if sum(map(len, parts)) > _MAX_METRICS:
        raise ValueError(f"A batch logging request can contain at most {_MAX_METRICS} metrics, params and tags.")
    return parts[0], parts[1], parts[2]


def _metric(metric: dict[str, Any]) -> None:
    _name(metric.get("key"), "metric")
    for field in ("value", "timestamp"):
        if metric.get(field) is None:
            raise ValueError(f"Missing value for required parameter '{field}'.")
    value = metric["value"]
    if isinstance(value, bool):
        raise ValueError(f"Invalid value {value!r} for metric '{metric['key']}': a number is needed.")
    try:
        float(value)
    except (TypeError, ValueError):
        raise ValueError(f"Invalid value {value!r} for metric '{metric['key']}': a number is needed.") from None
    for field in ("timestamp", "step"):
        try:
            int(metric.get(field) or 0)
        except (TypeError, ValueError):
            raise ValueError(f"Invalid value {metric[field]!r} for '{field}': an integer is needed.") from None


def _entry(entry: dict[str, Any]) -> None:
    _name(entry.get("key"), "parameter or tag")
    if not isinstance(entry.get("value", ""), str):
        raise ValueError(f"Invalid value {entry['value']!r} for '{entry['key']}': a text is needed.")


def _name(name: Any, what: str) -> None:
    if not isinstance(name, str) or not name:
        raise ValueError(f"A key name must be provided for every {what}.")
    if len(name) > _MAX_NAME:
        raise ValueError(f"The name of a {what} has {len(name)} characters; at most {_MAX_NAME} are allowed.")
    if not _NAME.match(name):
        raise ValueError(
            f"Invalid {what} name: '{name}'. Names may only contain alphanumerics, underscores (_), dashes (-), "
            "periods (.), spaces ( ), colons (:) and slashes (/)."
        )
    if posixpath.normpath(name) != name or name == "." or name.startswith(("..", "/")):
        raise ValueError(f"Invalid {what} name: '{name}'. A name must not be or contain a relative path.")

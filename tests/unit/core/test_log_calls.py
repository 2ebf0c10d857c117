"""Values are read from lines of journals; no other line, whoever wrote it, is an error or a value."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from studio_ext.core.log_calls import LoggedValue, logged_values

METRIC = {"key": "loss", "value": 0.5, "timestamp": 1_700_000_000_500, "step": 3}


def line(kind: str, body: Any, **changes: Any) -> bytes:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode().decode("latin1")
    call = {"i": 1, "wb": True, "t": 1.0, "m": "POST", "p": f"/api/2.0/mlflow/runs/{kind}", "b": text, "ct": ""}
    return json.dumps(call | changes).encode()


def test_a_metric() -> None:
    found = list(logged_values(line("log-metric", {"run_id": "r", **METRIC})))
    assert found == [LoggedValue("r", "loss", 3, 1_700_000_000.5, 0.5)]
    assert list(
        logged_values(line("log-metric", {"run_uuid": "r", **METRIC}, p="/ajax-api/2.0/mlflow/runs/log-metric"))
    )


def test_a_batch() -> None:
    body = {"run_id": "r", "metrics": [METRIC, {**METRIC, "key": "Verlust ü", "step": None}], "tags": []}
    assert [(each.name, each.step) for each in logged_values(line("log-batch", body))] == [
        ("loss", 3),
        ("Verlust ü", 0),
    ]


@pytest.mark.parametrize(("written", "value"), [("NaN", math.nan), ("Infinity", math.inf), ("-Infinity", -math.inf)])
def test_values_that_are_not_finite(written: str, value: float) -> None:
    (found,) = logged_values(line("log-metric", {"run_id": "r", **METRIC, "value": written}))
    assert found.value == value or (math.isnan(found.value) and math.isnan(value))


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"/runs/log-metric",
        b"\xff\xfe/runs/log-batch",
        b'{"p": "/runs/log-metric"}',
        b"[" * 100_000 + b"/runs/log-metric",
        line("log-metric", {"run_id": "r", **METRIC}, wb=False),
        line("log-metric", {"run_id": "r", **METRIC}, m="GET"),
        line("log-metric", {"run_id": "r", **METRIC}, p="/api/2.0/mlflow/runs/log-metric/x"),
        line("log-metric", "{"),
        line("log-metric", []),
        line("log-metric", {"run_id": 5, **METRIC}),
        line("log-metric", {"run_id": "r", **METRIC, "step": 2**70}),
        line("log-metric", {"run_id": "r", **METRIC, "step": "x"}),
        line("log-metric", {"run_id": "r", **METRIC, "value": None}),
        line("log-metric", {"run_id": "r", **METRIC, "value": 10**400}),
        line("log-metric", {"run_id": "r", **METRIC, "key": ["loss"]}),
        line("log-metric", {"run_id": "r", **METRIC, "timestamp": "never"}),
        line("log-batch", {"run_id": "r", "metrics": 5}),
        line("log-batch", {"run_id": "r", "metrics": ["loss"]}),
        line("log-batch", {"run_id": "r"}),
        line("log-metric", "ሴ"),
        line("set-tag", {"run_id": "r", "key": "a", "value": "b"}),
    ],
)
def test_other_lines_are_passed_over(other: bytes) -> None:
    assert list(logged_values(other)) == []

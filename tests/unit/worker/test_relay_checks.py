"""Parameters of MLflow's autologging and of the notebook, in one run."""

from __future__ import annotations

import json
from typing import Any

from studio_ext.worker.relay_checks import LogChecks

CREATE, UPDATE = "/api/2.0/mlflow/runs/create", "/api/2.0/mlflow/runs/update"
AUTOLOGGING = [{"key": "mlflow.autologging", "value": "sklearn"}]


class Run:
    def __init__(self) -> None:
        self.checks = LogChecks("job")

    def start(self, run_id: str = "job", tags: Any = ()) -> None:
        body = json.dumps({"tags": tags}).encode()
        self.checks.learn(CREATE, body, json.dumps({"run": {"info": {"run_id": run_id}}}).encode())

    def end(self, run_id: str = "job") -> None:
        self.checks.learn(UPDATE, json.dumps({"run_id": run_id, "status": "FINISHED"}).encode(), b"{}")

    def log(self, key: str, value: str, run_id: str = "job") -> str | None:
        body = json.dumps({"run_id": run_id, "key": key, "value": value}).encode()
        verdict = self.checks.look("POST", "/api/2.0/mlflow/runs/log-parameter", body)
        assert verdict.acknowledge is (verdict.error is None)
        return verdict.error


def test_a_notebook_does_not_fail_of_what_it_cannot_know() -> None:
    run = Run()
    run.start(tags=AUTOLOGGING)
    assert run.log("alpha", "0.5") is None
    run.end()
    assert run.log("alpha", "low") is None, "the store refuses it, and it is counted there"
    assert run.log("mine", "1") is None
    assert "already logged" in (run.log("mine", "2") or ""), "its own parameters are its own"


def test_autologging_does_not_fail_of_the_notebooks() -> None:
    run = Run()
    run.start()
    assert run.log("alpha", "low") is None
    run.start(tags=AUTOLOGGING)
    assert run.log("alpha", "0.5") is None
    run.end()
    assert run.log("beta", "1") is None and run.log("beta", "2")


def test_each_run_for_itself() -> None:
    run = Run()
    run.start("fit", AUTOLOGGING)
    run.start("mine")
    assert run.log("alpha", "1", "mine") is None
    assert run.log("alpha", "2", "mine"), "while a fit goes on elsewhere"
    assert run.log("alpha", "1", "fit") is None and run.log("alpha", "2", "fit") is None


def test_malformed_calls_teach_nothing() -> None:
    run = Run()
    for body in (b"", b"{", b"[]", b"null", b'{"tags": 5}', b'{"tags": [5]}', b'{"tags": [{"key": []}]}'):
        run.checks.learn(CREATE, body, b'{"run": {"info": {"run_id": "job"}}}')
        run.checks.learn(UPDATE, body, b"{}")
    assert run.log("alpha", "1") is None and run.log("alpha", "2")

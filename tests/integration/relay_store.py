"""A store with the adapters that a relay works with."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from studio_ext.adapters.mlflow_backend import Backend, get, open_backend, post
from studio_ext.adapters.mlflow_relay import MlflowRelay
from studio_ext.adapters.mlflow_tracking import MlflowTracking
from studio_ext.ports.tracking import RunHandle, RunStart
from studio_ext.testing.recorded_job import RecordedJob


class Store:
    """A SQLite store with both adapters on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.uri = f"sqlite:///{home}/mlflow.db"
        self.tracking = MlflowTracking(self.uri, home / "artifacts")
        self.relay = MlflowRelay(self.uri, home / "artifacts")
        self.backend: Backend = open_backend(self.uri, home / "artifacts")

    def start(self, job_id: str, experiment: str = "houses", **parameters: str) -> RunHandle:
        tags = {
            "mlflow.source.name": "train.ipynb",
            "mlflow.source.type": "NOTEBOOK",
            "studio.notebook": "train.ipynb",
            "mlflow.source.git.commit": "abc",
        }
        return self.tracking.start_run(job_id, RunStart(experiment, job_id, time.time(), "ada", parameters, tags))

    def job(self, job_id: str, run: RunHandle | None = None, **options: Any) -> RecordedJob:
        run = run or self.start(job_id)
        return RecordedJob(self.relay, job_id, self.home / "jobs" / job_id, run, **options)

    def run(self, run_id: str) -> dict[str, Any]:
        return get(self.backend, "runs/get", run_id=run_id).json()["run"]

    def tags(self, run_id: str) -> dict[str, str]:
        return {tag["key"]: tag["value"] for tag in self.run(run_id)["data"].get("tags", [])}

    def params(self, run_id: str) -> dict[str, str]:
        return {param["key"]: param["value"] for param in self.run(run_id)["data"].get("params", [])}

    def history(self, run_id: str, key: str) -> list[tuple[int, float]]:
        found = get(self.backend, "metrics/get-history", run_id=run_id, metric_key=key, max_results="25000").json()
        return sorted((int(each["step"]), each["value"]) for each in found.get("metrics", []))

    def runs(self, experiment_id: str) -> list[dict[str, Any]]:
        return post(self.backend, "runs/search", experiment_ids=[experiment_id]).json().get("runs", [])

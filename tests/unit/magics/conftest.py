"""A shell with the extension, and a record that is kept in memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from studio_ext.contract.errors import NotFound
from studio_ext.magics import load, unload
from studio_ext.ports.records import ExperimentRecord, RunRecord
from studio_ext.sdk import connection, current_experiment, recording_place
from studio_ext.testing.fake_client import FakeClient


class Kept:
    """A recorder (:class:`studio_ext.ports.records.Recorder`) and its records, as far as trials need them."""

    job_run: str | None = None
    tracking_uri = "memory:"

    def __init__(self) -> None:
        self.records = self
        self.names: dict[str, str] = {"0": "Default"}
        self.runs: dict[str, RunRecord] = {}
        self.logged: dict[str, dict[str, dict[str, Any]]] = {}
        self.artifacts: dict[str, dict[str, str]] = {}
        self.ends: dict[str, str] = {}
        self._ids = itertools.count(1)

    # What tests ask

    @property
    def last(self) -> str:
        return list(self.runs)[-1]

    def run_named(self, name: str) -> str:
        (run_id,) = (run_id for run_id, run in self.runs.items() if run.name == name)
        return run_id

    # Records

    def experiment(self, name: str) -> ExperimentRecord:
        for experiment_id, known in self.names.items():
            if known == name:
                return ExperimentRecord(experiment_id=experiment_id, name=name)
        raise NotFound(f"There is no experiment named {name!r}.")

    def experiment_by_id(self, experiment_id: str) -> ExperimentRecord:
        return ExperimentRecord(experiment_id=experiment_id, name=self.names[experiment_id])

    def create_experiment(self, name: str, tags: Mapping[str, str]) -> ExperimentRecord:
        self.names[str(len(self.names))] = name
        return self.experiment(name)

    def create_run(self, experiment_id: str, name: str, tags: Mapping[str, str], started: float) -> RunRecord:
        run = RunRecord(
            run_id=f"{next(self._ids):032x}",
            experiment_id=experiment_id,
            name=name,
            status="RUNNING",
            artifact_uri="memory:",
            started=started,
            tags=dict(tags),
        )
        self.runs[run.run_id] = run
        self.logged[run.run_id] = {"params": {}, "metrics": {}, "tags": {}}
        self.artifacts[run.run_id] = {}
        return run

    def run(self, run_id: str) -> RunRecord:
        return self.runs[run_id]

    def log_artifact(self, run: RunRecord, source: Path, name: str, *, move: bool = False) -> None:
        self.artifacts[run.run_id][name] = source.read_text()

    def update_run(self, run_id: str, *, status: str = "", ended: float | None = None, name: str = "") -> None:
        self.ends[run_id] = status

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        self.logged[run_id]["tags"] |= tags

    # Recorder

    def open_sink(self, run: RunRecord, *, ends: bool) -> Any:
        return Sink(self, run.run_id)


class Sink:
    """Takes what a tracker writes, at once."""

    def __init__(self, kept: Kept, run_id: str) -> None:
        self._kept, self._run_id = kept, run_id

    def write(self, body: bytes) -> None:
        import json

        for kind, entries in json.loads(body).items():
            if isinstance(entries, list):
                for entry in entries:
                    self._kept.logged[self._run_id][kind][entry["key"]] = entry["value"]

    def sync(self) -> None: ...

    def applied(self) -> bool:
        return True

    def behind(self) -> int:
        return 0

    def refused(self) -> list[str]:
        return []

    def close(self, status: str, message: str) -> None:
        if status:
            self._kept.ends[self._run_id] = f"{status} {message}".strip()


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    from studio_ext.sdk import component, entities, experiment, tracker, trial

    made = Kept()
    for module in (recording_place, component, entities, experiment, tracker, trial):
        monkeypatch.setattr(module, "recorder", lambda: made)
    return made


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    client = FakeClient()
    monkeypatch.setattr(connection, "_client", client)
    monkeypatch.setattr(current_experiment, "_name", None)
    return client


@pytest.fixture
def shell(kept: Kept, fake: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A shell of its own, in an empty folder."""
    for name in ("JPY_SESSION_NAME", "STUDIO_RUN_ID", "MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    made = InteractiveShell(config=config)
    load(made)
    yield made
    unload(made)

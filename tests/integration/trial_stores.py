"""Stores of MLflow with trials in them, for tests of the trial index."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import NullPool, TextClause, create_engine, text

from studio_ext.adapters.mlflow_backend import open_backend, post
from studio_ext.adapters.trial_index.index import FileTrialIndex
from studio_ext.adapters.trial_index.indexer import Indexer
from studio_ext.core.workspace import Workspace
from studio_ext.testing.memory_columns import MemoryTrial

PATIENCE = 60.0

_RUN = [
    "run_uuid",
    "name",
    "status",
    "start_time",
    "end_time",
    "lifecycle_stage",
    "experiment_id",
    "source_type",
    "user_id",
]
_METRIC = ["run_uuid", "key", "value", "is_nan", "step", "timestamp"]


def make_store(workspace: Workspace, *experiments: str) -> None:
    """MLflow's own empty tables, and experiments in them."""
    backend = open_backend(workspace.tracking_uri, workspace.artifacts)
    for name in experiments:
        assert post(backend, "experiments/create", name=name).ok


def insert(workspace: Workspace, experiment: str, trials: Iterable[MemoryTrial]) -> None:
    """Record trials as MLflow's store does, with ids, names and times that MLflow would not take."""
    engine = create_engine(workspace.tracking_uri, poolclass=NullPool, connect_args=_patient(workspace))
    with engine.begin() as database:
        found = database.execute(text("SELECT experiment_id FROM experiments WHERE name = :name"), {"name": experiment})
        identity = found.scalar_one()
        for trial in trials:
            stage = "deleted" if trial.deleted else "active"
            times = [None if each is None else int(each * 1000) for each in (trial.started, trial.ended)]
            run = dict(zip(_RUN, (trial.run_id, trial.name, trial.status, *times, stage, identity, "LOCAL", "nobody"),
                           strict=True))  # fmt: skip
            database.execute(_into("runs", _RUN), run)
            for table, pairs in (("params", trial.params), ("tags", tags_of(trial))):
                rows = [{"run_uuid": trial.run_id, "key": key, "value": value} for key, value in pairs.items()]
                if rows:
                    database.execute(_into(table, rows[0]), rows)
            for key, values in trial.metrics.items():
                rows = [
                    dict(zip(_METRIC, (trial.run_id, key, *_number(value), step, step), strict=True))
                    for step, value in enumerate(values)
                ]
                if rows:
                    database.execute(_into("metrics", _METRIC), rows)
                    database.execute(_into("latest_metrics", _METRIC), rows[-1])


def _patient(workspace: Workspace) -> dict[str, Any]:
    return {"timeout": 30} if workspace.tracking_uri.startswith("sqlite") else {}


def _into(table: str, columns: Iterable[str]) -> TextClause:
    names = list(columns)
    return text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{each}' for each in names)})")


def tags_of(trial: MemoryTrial) -> dict[str, str]:
    """Tags of its run, those included that say its attributes."""
    tags = {
        **trial.tags,
        "mlflow.user": trial.user,
        "studio.notebook": trial.notebook,
        "mlflow.source.git.commit": trial.commit,
        "studio.git_dirty": None if trial.dirty is None else str(trial.dirty),
        "studio.job_id": trial.job,
        "mlflow.parentRunId": trial.parent,
    }
    return {key: value for key, value in tags.items() if value is not None}


def _number(value: float) -> tuple[float, bool]:
    """As MLflow writes it: databases hold neither."""
    if math.isnan(value):
        return 0.0, True
    return max(min(value, 1.7976931348623157e308), -1.7976931348623157e308), False


class Follower:
    """The index of a workspace, written here in turns, as the controller does it."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.indexer = Indexer(workspace)
        self.index = FileTrialIndex(workspace, ensure_writer=lambda: None)

    def build(self) -> None:
        """Until everything was read once."""
        self.until(lambda: not self.indexer.is_building)

    def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        """What the condition gives once it is true; the index is kept up to date meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while True:
            rest = self.indexer.turn()
            found = condition()
            if found:
                return found
            assert time.monotonic() < deadline, f"gave up waiting {what}: {self.index.state()}"
            time.sleep(min(rest, 0.05))

    def close(self) -> None:
        """As the controller at its end."""
        self.indexer.close()

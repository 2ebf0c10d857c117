"""Stores of MLflow with trials in them, and what the trial index makes of them."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

import numpy as np
from mlflow import MlflowClient
from sqlalchemy import NullPool, TextClause, create_engine, text

from studio_ext.adapters.mlflow_backend import open_backend, post
from studio_ext.adapters.mlflow_stores import sqlite_path
from studio_ext.adapters.trial_index.index import FileTrialIndex
from studio_ext.adapters.trial_index.indexer import Indexer
from studio_ext.core.workspace import Workspace
from studio_ext.ports.trial_index import TrialColumns
from studio_ext.testing.memory_columns import MemoryTrial
from studio_ext.testing.trial_columns_suite import key

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


def columns(follower: Follower) -> TrialColumns:
    """Those of the experiment ``e``."""
    return follower.index.open("e")


def row_of(found: TrialColumns, run_id: str) -> int | None:
    """Row of a trial, deleted or not; None while it is not there."""
    row = int(found.rows_of([run_id])[0])
    return None if row < 0 else row


def value(follower: Follower, run_id: str, text: str) -> float | str | None:
    """A cell: a number of metrics and times, else a text; None while it is not there."""
    now = columns(follower)
    row = row_of(now, run_id)
    if row is None:
        return None
    number = key(text).kind == "metric" or text in ("started", "ended")
    if number:
        found = float(now.numbers(key(text))[row])
        return None if math.isnan(found) else found
    return now.texts(key(text), np.array([row]))[0]


def is_active(follower: Follower, run_id: str) -> bool:
    """Whether a trial of ``e`` is there, and not deleted."""
    row = row_of(columns(follower), run_id)
    return row is not None and bool(columns(follower).active()[row])


def sql(workspace: Workspace, *statements: str) -> None:
    """Write into a SQLite store past MLflow."""
    path = sqlite_path(workspace.tracking_uri)
    assert path is not None
    with closing(sqlite3.connect(path, timeout=30)) as database:
        for each in statements:
            if each == "VACUUM":
                database.commit()
            database.execute(each)
        database.commit()


def experiment_of(client: MlflowClient, name: str = "e") -> str:
    """MLflow's id of an experiment."""
    found = client.get_experiment_by_name(name)
    assert found is not None
    return str(found.experiment_id)


def many(count: int, first: int = 0) -> list[MemoryTrial]:
    """Trials that are over, a second apart."""
    return [
        MemoryTrial(
            f"{number:032x}",
            name=f"trial {number}",
            started=1_700_000_000.0 + number,
            ended=1_700_000_050.0 + number,
            params={"lr": repr(number / 7), "layers": str(number), "kind": "abc"[number % 3]},
            metrics={"loss": [float(number), float(-number)], "acc": [number / 10]},
            tags={"stage": "dev"},
        )
        for number in range(first, first + count)
    ]


def opens(follower: Follower, experiment: str) -> bool:
    """Whether the index knows an experiment."""
    return follower.index._find(experiment) is not None


def answered(follower: Follower, ask: Callable[[], object]) -> None:
    """Ask while the index is kept up to date by another thread."""
    stopped = threading.Event()

    def turns() -> None:
        while not stopped.is_set():
            stopped.wait(min(follower.indexer.turn(), 0.05))

    thread = threading.Thread(target=turns)
    thread.start()
    try:
        ask()
    finally:
        stopped.set()
        thread.join()

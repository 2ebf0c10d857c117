"""A store of MLflow with very many trials in it, made by SQL: through MLflow it would take hours."""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from studio_ext.adapters.mlflow_backend import open_backend, post
from studio_ext.adapters.mlflow_stores import sqlite_path
from studio_ext.core.workspace import Workspace

EXPERIMENT = "benchmark"
PARAMETERS, METRICS, TAGS = 20, 20, 5
_BEGIN = 1_700_000_000_000
_AT_ONCE = 5_000
_MODELS = ("resnet", "vgg", "bert", "gpt", "unet")
_WORDS = ("adam", "sgd", "rmsprop", "lion")
_STAGES = ("dev", "staging", "prod")

_INSERT = {
    "runs": "run_uuid, name, source_type, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri, "
    "experiment_id",
    "params": "key, value, run_uuid",
    "tags": "key, value, run_uuid",
    "metrics": "key, value, timestamp, run_uuid, step, is_nan",
    "latest_metrics": "key, value, timestamp, run_uuid, step, is_nan",
}


def make(workspace: Workspace, trials: int) -> None:
    """Fill the workspace's store. MLflow's own search needs statistics of the tables, so it gets them."""
    backend = open_backend(workspace.tracking_uri, workspace.artifacts)
    reply = post(backend, "experiments/create", name=EXPERIMENT)
    experiment = int(reply.json()["experiment_id"])
    backend.close()
    path = sqlite_path(workspace.tracking_uri)
    assert path is not None
    with closing(sqlite3.connect(path)) as database:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
            database.execute(f"PRAGMA {pragma}")
        for table, rows in _tables(experiment, trials):
            columns = _INSERT[table]
            marks = ", ".join("?" * (columns.count(",") + 1))
            database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
        database.commit()
        database.execute("ANALYZE")
        database.commit()
        database.execute("PRAGMA journal_mode = WAL")
    Path(f"{path}-journal").unlink(missing_ok=True)


def _tables(experiment: int, trials: int) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    chance = random.Random(1)
    for first in range(0, trials, _AT_ONCE):
        rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _INSERT}
        for number in range(first, min(trials, first + _AT_ONCE)):
            run = uuid.UUID(int=chance.getrandbits(128)).hex
            begin = _BEGIN + 1000 * number
            name = f"{chance.choice(_MODELS)}-{number}"
            rows["runs"].append(
                (run, name, "LOCAL", "ada", "FINISHED", begin, begin + 60_000, "active", "/nowhere", experiment)
            )
            for each in range(PARAMETERS):
                value = (repr(chance.random()), str(chance.randrange(100)), chance.choice(_WORDS), "1e-3")[each % 4]
                rows["params"].append((f"p{each}", value, run))
            for each in range(TAGS):
                rows["tags"].append((f"t{each}", chance.choice(_STAGES), run))
            for each in range(METRICS):
                rows["metrics"].append((f"m{each}", chance.random(), begin, run, 0, 0))
        rows["latest_metrics"] = rows["metrics"]
        yield from rows.items()

"""Long histories of metrics, written straight into the tables of MLflow's SQLite store: its own way takes hours."""

from __future__ import annotations

import itertools
import random
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

_RUN = (
    "INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time, end_time, lifecycle_stage,"
    " artifact_uri, experiment_id) VALUES (?, ?, 'LOCAL', 'ann', 'FINISHED', ?, ?, 'active', '', 0)"
)
_VALUE = "INSERT INTO {} (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)"
_BATCH = 100_000


def add_histories(store: Path, trials: int, metrics: int, values: int, *, seed: int = 1) -> list[str]:
    """Add trials with metrics ``m0``, ``m1``, ... of so many values each, one a step; returns their run ids.

    Each falls slowly from 1, with noise, as losses do. A trial logs all its metrics at each step, as training loops do.
    """
    numbers = random.Random(seed)  # noqa: S311 - figures, no secrets
    began = int(time.time() * 1000) - 1000 * values
    runs = [uuid.UUID(int=numbers.getrandbits(128)).hex for _ in range(trials)]
    names = [f"m{each}" for each in range(metrics)]
    with closing(sqlite3.connect(store, timeout=60)) as database:
        database.execute("PRAGMA synchronous = OFF")
        with database:
            ended = began + 1000 * values
            database.executemany(_RUN, [(run_id, f"trial-{n}", began, ended) for n, run_id in enumerate(runs)])

        def rows() -> Iterator[tuple[object, ...]]:
            for run_id in runs:
                for step in range(values):
                    for name in names:
                        value = 1.0 / (1.0 + 5.0 * step / values) + 0.1 * numbers.random()
                        yield name, value, began + 1000 * step, run_id, step

        made = rows()
        while batch := list(itertools.islice(made, _BATCH)):
            with database:
                database.executemany(_VALUE.format("metrics"), batch)
        with database:
            last = [(name, 0.2, began + 1000 * values, run_id, values - 1) for run_id in runs for name in names]
            database.executemany(_VALUE.format("latest_metrics"), last)
    return runs

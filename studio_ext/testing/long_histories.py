"""Long histories of metrics, written straight into the tables of MLflow's SQLite store: its own way takes hours.

``python -m studio_ext.testing.long_histories STORE EXPERIMENT --trials 50`` adds them to a store that is there, and
prints the run ids.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from studio_ext.testing.many_trials import experiment_id

_RUN = (
    "INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time, end_time, lifecycle_stage,"
    " artifact_uri, experiment_id) VALUES (?, ?, 'LOCAL', 'ann', 'FINISHED', ?, ?, 'active', '', ?)"
)
_VALUE = "INSERT INTO {} (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, 0)"
_BATCH = 100_000


def add_histories(
    store: Path, trials: int, metrics: int, values: int, *, seed: int = 1, experiment: str = ""
) -> list[str]:
    """Add trials with metrics ``m0``, ``m1``, ... of so many values each, one a step; returns their run ids.

    Each falls slowly from 1, with noise, as losses do. A trial logs all its metrics at each step, as training loops do.
    ``experiment``: its name; empty: the one that is always there.
    """
    numbers = random.Random(seed)  # noqa: S311 - figures, no secrets
    began = int(time.time() * 1000) - 1000 * values
    runs = [uuid.UUID(int=numbers.getrandbits(128)).hex for _ in range(trials)]
    names = [f"m{each}" for each in range(metrics)]
    last: dict[tuple[str, str], float] = {}
    with closing(sqlite3.connect(store, timeout=60)) as database:
        database.execute("PRAGMA synchronous = OFF")
        identity = experiment_id(database, experiment) if experiment else 0

        def rows() -> Iterator[tuple[object, ...]]:
            for run_id in runs:
                for step in range(values):
                    for name in names:
                        value = 1.0 / (1.0 + 5.0 * step / values) + 0.1 * numbers.random()
                        last[run_id, name] = value
                        yield name, value, began + 1000 * step, run_id, step

        made = rows()
        while batch := list(itertools.islice(made, _BATCH)):
            with database:
                database.executemany(_VALUE.format("metrics"), batch)
        # The trials last: what follows the store would take them for trials without metrics.
        with database:
            ended = began + 1000 * values
            database.executemany(_RUN, [(each, f"trial-{n}", began, ended, identity) for n, each in enumerate(runs)])
            latest = [
                (name, value, began + 1000 * (values - 1), run_id, values - 1) for (run_id, name), value in last.items()
            ]
            database.executemany(_VALUE.format("latest_metrics"), latest)
    return runs


def main(arguments: list[str] | None = None) -> None:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("experiment")
    for name, default in (("trials", 50), ("metrics", 20), ("values", 1_000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args(arguments)
    shape = (given.trials, given.metrics, given.values)
    print(*add_histories(given.store, *shape, seed=given.seed, experiment=given.experiment), sep="\n")


if __name__ == "__main__":
    main()

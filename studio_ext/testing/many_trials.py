"""Very many trials, written straight into the tables of MLflow's SQLite store: its own way takes hours.

``python -m studio_ext.testing.many_trials STORE EXPERIMENT --trials 100000`` adds them to a store that is there.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

STATUSES = ("FINISHED", "FINISHED", "FINISHED", "FINISHED", "FAILED", "KILLED")
OPTIMIZERS = ("adam", "adamw", "lion", "sgd")
STAGES = ("dev", "staging", "production")
DAYS = 60

_BATCH = 2_000
_RUN = (
    "INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time, end_time, lifecycle_stage,"
    " artifact_uri, experiment_id) VALUES (?, ?, 'LOCAL', 'ann', ?, ?, ?, 'active', ?, ?)"
)
_METRIC = (
    "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, 0, 0)",
    "INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, 0, 0)",
)
_TEXT = "INSERT INTO {} (key, value, run_uuid) VALUES (?, ?, ?)"


@dataclass(frozen=True)
class Shape:
    """How many trials, and how many columns of each kind every one of them has."""

    trials: int = 100_000
    parameters: int = 4
    metrics: int = 3
    tags: int = 1
    spread: int = 1
    """Each trial has one of that many columns in place of each: there are so many times more columns in all."""
    components: int = 0
    """Every trial of ``components + 1`` is one that the others are components of."""
    seed: int = 1


@dataclass(frozen=True)
class _Trial:
    run_id: str
    parent: str | None
    number: int
    started: int
    numbers: random.Random

    def column(self, shape: Shape, index: int) -> int:
        """Number of the column that it has in place ``index``."""
        return index if shape.spread == 1 or index == 0 else index * shape.spread + self.number % shape.spread


def add_trials(store: Path, experiment: str, shape: Shape) -> None:
    """Add trials to an experiment, which is made when it is not there.

    ``metrics.rmse`` is smallest, 41000.5, in the trial in the middle.
    """
    with closing(sqlite3.connect(store, timeout=60)) as database:
        identity = experiment_id(database, experiment)
        for trials in _batches(shape):
            with database:
                database.executemany(_RUN, (_run(each, identity) for each in trials))
                database.executemany(_TEXT.format("params"), _parameters(trials, shape))
                metrics = list(_metrics(trials, shape))
                for statement in _METRIC:
                    database.executemany(statement, metrics)
                database.executemany(_TEXT.format("tags"), _tags(trials, shape))


def experiment_id(database: sqlite3.Connection, name: str) -> int:
    """The id of an experiment, which is made when it is not there."""
    now = int(time.time() * 1000)
    with database:
        found = database.execute("SELECT experiment_id FROM experiments WHERE name = ?", [name]).fetchone()
        if found is None:
            database.execute(
                "INSERT INTO experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time)"
                " VALUES (?, '', 'active', ?, ?)",
                [name, now, now],
            )
            return experiment_id(database, name)
    return int(found[0])


def _batches(shape: Shape) -> Iterator[list[_Trial]]:
    numbers = random.Random(shape.seed)  # noqa: S311 - figures, no secrets
    end = int(time.time() * 1000)
    first = end - DAYS * 86_400_000
    parent = None
    for start in range(0, shape.trials, _BATCH):
        batch = []
        for number in range(start, min(start + _BATCH, shape.trials)):
            is_parent = shape.components > 0 and number % (shape.components + 1) == 0
            started = first + (end - first) * number // shape.trials
            run_id = uuid.uuid4().hex
            batch.append(_Trial(run_id, None if is_parent else parent, number, started, numbers))
            if is_parent:
                parent = run_id
        yield batch


def _run(trial: _Trial, experiment: int) -> tuple[object, ...]:
    length = trial.numbers.randrange(1_000, 5_000_000)
    status = trial.numbers.choice(STATUSES)
    name = f"trial-{trial.number:06d}"
    return (trial.run_id, name, status, trial.started, trial.started + length, "", experiment)


def _parameters(trials: list[_Trial], shape: Shape) -> Iterator[tuple[str, str, str]]:
    for trial in trials:
        numbers = trial.numbers
        for index in range(shape.parameters):
            column = trial.column(shape, index)
            match column:
                case 0:
                    yield "learning_rate", f"{10 ** numbers.uniform(-5, -1):.6g}", trial.run_id
                case 1:
                    yield "optimizer", numbers.choice(OPTIMIZERS), trial.run_id
                case 2:
                    yield "max_depth", str(numbers.randrange(2, 16)), trial.run_id
                case 3:
                    yield "seed", "7", trial.run_id
                case _:
                    yield f"parameter_{column:03d}", str(numbers.randrange(1000)), trial.run_id


def _metrics(trials: list[_Trial], shape: Shape) -> Iterator[tuple[str, float, int, str]]:
    for trial in trials:
        numbers = trial.numbers
        for index in range(shape.metrics):
            column = trial.column(shape, index)
            match column:
                case 0:
                    is_best = trial.number == shape.trials // 2
                    name, value = "rmse", 41_000.5 if is_best else numbers.uniform(42_000, 90_000)
                case 1:
                    name, value = "r2", numbers.random()
                case 2:
                    name, value = "loss", numbers.expovariate(2)
                case _:
                    name, value = f"metric_{column:03d}", numbers.gauss(0, 1)
            yield name, value, trial.started, trial.run_id


def _tags(trials: list[_Trial], shape: Shape) -> Iterator[tuple[str, str, str]]:
    for trial in trials:
        yield "mlflow.runName", f"trial-{trial.number:06d}", trial.run_id
        if trial.parent is not None:
            yield "mlflow.parentRunId", trial.parent, trial.run_id
        for index in range(shape.tags):
            name = "stage" if index == 0 else f"tag_{index}"
            yield name, trial.numbers.choice(STAGES), trial.run_id


def main(arguments: list[str] | None = None) -> None:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("experiment")
    for name, default in vars(Shape()).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    given = vars(parser.parse_args(arguments))
    store, experiment = given.pop("store"), given.pop("experiment")
    add_trials(store, experiment, Shape(**given))


if __name__ == "__main__":
    main()

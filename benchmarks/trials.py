"""Finding trials among very many, through our REST interface, beside MLflow's own search on the same store."""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import cycle
from typing import Any

import httpx

from benchmarks.measure import Options, Row, Samples, say, wait_for
from benchmarks.sandbox import Server, jupyter_server, place
from studio_ext.adapters.mlflow_backend import open_backend, post
from studio_ext.adapters.mlflow_stores import sqlite_path
from studio_ext.adapters.trial_index import open_trial_index
from studio_ext.adapters.trial_index.layout import Paths
from studio_ext.contract.trial_table import IndexPhase
from studio_ext.core.workspace import Workspace
from studio_ext.testing.many_trials import Shape, add_trials

EXPERIMENT = "benchmark"
TRIALS, QUICK_TRIALS = 100_000, 10_000
RATE = 5_000
REQUESTS = 20
"""Of each kind, in each round."""
THEIRS = 3
SHAPE = Shape(parameters=20, metrics=20, tags=5)
METRICS = ["rmse", "r2", "loss", *(f"metric_{each:03d}" for each in range(3, SHAPE.metrics))]
NORMAL = METRICS[3:]
"""Half of their values are below 0."""
NUMBERS = ["learning_rate", "max_depth", *(f"parameter_{each:03d}" for each in range(4, SHAPE.parameters))]
COLUMNS = ["name", "started", "duration", *(f"metrics.{each}" for each in METRICS[:5]), "params.learning_rate",
           "params.optimizer"]  # fmt: skip

EVERY = "metrics.rmse > {}"
"""Holds for all trials, and makes each question a new one: answers that are kept are not what is measured."""

Bodies = Callable[[int], dict[str, Any]]
QUERIES: dict[str, Bodies] = {
    "newest": lambda n: {"filter": EVERY.format(n)},
    "sorted by a metric": lambda n: {
        "filter": EVERY.format(n),
        "sort": [{"key": f"metrics.{METRICS[n % 20]}", "descending": n % 4 == 0}],
    },
    "sorted by a parameter": lambda n: {
        "filter": EVERY.format(n),
        "sort": [{"key": f"params.{NUMBERS[n % len(NUMBERS)]}"}],
    },
    "three conditions": lambda n: {
        "filter": f"metrics.{NORMAL[n % 17]} < 0.0{n} and params.{NUMBERS[2 + n % 16]} >= {480 + n % 40}"
        " and params.max_depth < 9"
    },
    "free text": lambda n: {
        "filter": f'"{("trial-0", "ADAMW", "prod")[n % 3]}{n % 7 if n % 3 == 0 else ""}" and {EVERY.format(n)}'
    },
    "counted": lambda n: {"filter": f"metrics.{NORMAL[n % 17]} > 0.0{n}", "limit": 1},
}
PEER: dict[str, dict[str, Any]] = {
    "newest": {},
    "sorted by a metric": {"order_by": ["metrics.metric_003 ASC"]},
    "sorted by a parameter": {"order_by": ["params.learning_rate ASC"]},
    "three conditions": {
        "filter_string": "metrics.metric_003 < 0 and metrics.metric_004 > 0 and params.optimizer = 'adam'"
    },
    "free text": {"filter_string": "attributes.run_name ILIKE '%trial-05%'"},
}


def run(options: Options) -> list[Row]:
    """Makes a store, reads it, asks the same questions again and again with other numbers."""
    trials = options.trials or (QUICK_TRIALS if options.quick else TRIALS)
    limit = 50.0 if trials <= TRIALS else 150.0
    with place() as here:
        workspace = here.client.workspace
        say(f"making a store with {trials:,} trials")
        make_store(workspace, trials)
        with jupyter_server(sys.executable, "studio_ext", environ={"STUDIO_HOME": str(here.home)}) as server:
            rates = list(rebuild_rates(workspace, trials, 1 if options.quick else 3))
            ours = ask(server, options.repeat)
            say("asking MLflow")
            theirs = ask_mlflow(workspace)
    note = f"{trials:,} trials"
    rebuilding = Row("trials read, each", Samples("µs", [1e6 / each for each in rates]), 1e6 / RATE, {}, note)
    rows = [rebuilding]
    for name, values in ours.items():
        peers = {"mlflow": theirs[name]} if name in theirs else {}
        rows.append(Row(f"trials, {name}", values, limit, peers, note))
        slow = statistics.quantiles(values.values, n=20)[-1]
        rows.append(Row(f"trials, {name}, 95th percentile", Samples("ms", [slow]), limit, {}, note))
    return rows


def make_store(workspace: Workspace, trials: int) -> None:
    """Fill the workspace's store. MLflow's own search needs statistics of the tables, so it gets them."""
    backend = open_backend(workspace.tracking_uri, workspace.artifacts)
    post(backend, "experiments/create", name=EXPERIMENT)
    backend.close()
    path = sqlite_path(workspace.tracking_uri)
    assert path is not None
    add_trials(path, EXPERIMENT, replace(SHAPE, trials=trials))
    with closing(sqlite3.connect(path)) as database:
        database.execute("ANALYZE")
        database.commit()


def rebuild_rates(workspace: Workspace, trials: int, rounds: int) -> Iterator[float]:
    """Trials a second, while the controller reads all of them from nothing."""
    index = open_trial_index(workspace)

    def is_ready() -> bool:
        return index.state().phase is IndexPhase.ready

    wait_for(is_ready, "the first index", timeout=3600, pause=0.05)
    for number in range(rounds):
        say(f"reading everything, {number + 1} of {rounds}")
        generation = index.open(EXPERIMENT).generation
        shutil.rmtree(Paths.of(workspace).root)
        wait_for(lambda: index.state().indexed > 0 and not is_ready(), "the beginning", timeout=60, pause=0.002)
        first, began = index.state().indexed, time.perf_counter()
        wait_for(is_ready, "the end", timeout=3600, pause=0.01)
        yield (trials - first) / (time.perf_counter() - began)
        assert index.open(EXPERIMENT).generation != generation and index.open(EXPERIMENT).size == trials


def ask(server: Server, rounds: int) -> dict[str, Samples]:
    """Milliseconds of each request, in turns, each with other numbers than the one before."""
    found = {name: Samples("ms") for name in QUERIES}
    numbers = cycle(range(1, 10_000))
    headers = {"Authorization": f"token {server.token}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=120) as session:
        for round_ in range(rounds + 1):
            say(f"asking, round {round_} of {rounds}")
            for _ in range(REQUESTS):
                for name, body in QUERIES.items():
                    query = {"experiment": EXPERIMENT, "columns": COLUMNS, "limit": 50, **body(next(numbers))}
                    began = time.perf_counter()
                    reply = session.post("studio/api/trials/table", json=query)
                    took = time.perf_counter() - began
                    reply.raise_for_status()
                    if round_:  # the first one warms up
                        found[name].add(1000 * took)
    return found


def ask_mlflow(workspace: Workspace) -> dict[str, Samples]:
    """The same questions as far as MLflow understands them: parameters are texts to it."""
    from mlflow import MlflowClient

    client = MlflowClient(workspace.tracking_uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    found = {name: Samples("ms") for name in PEER}
    for _ in range(THEIRS):
        for name, question in PEER.items():
            began = time.perf_counter()
            client.search_runs([experiment.experiment_id], max_results=50, **question)
            found[name].add(1000 * (time.perf_counter() - began))
    return found

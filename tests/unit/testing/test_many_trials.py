"""Very many trials made by SQL are trials that MLflow reads."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from studio_ext.testing.many_trials import Shape, add_trials, main


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store of MLflow's."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    folder = tmp_path_factory.mktemp("store")
    path = folder / "mlflow.db"
    SqlAlchemyStore(f"sqlite:///{path}", str(folder / "artifacts"))
    return path


def test_mlflow_finds_them(store: Path) -> None:
    from mlflow import MlflowClient

    add_trials(store, "many", Shape(trials=40, components=3))
    client = MlflowClient(f"sqlite:///{store}")
    experiment = client.get_experiment_by_name("many")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], order_by=["metrics.rmse ASC"])
    assert len(runs) == 40
    best = runs[0]
    assert best.info.run_name == "trial-000020"
    assert best.data.metrics["rmse"] == 41_000.5
    assert set(best.data.params) == {"learning_rate", "optimizer", "max_depth", "seed"}
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert len(children) == 30


def test_columns_are_spread_and_trials_are_added(store: Path) -> None:
    add_trials(store, "wide", Shape(trials=30, parameters=5, metrics=5, spread=10))
    main([str(store), "wide", "--trials", "10"])
    with closing(sqlite3.connect(store)) as database:
        query = (
            "SELECT COUNT(DISTINCT run_uuid), COUNT(DISTINCT key) FROM params JOIN runs USING (run_uuid)"
            " JOIN experiments USING (experiment_id) WHERE experiments.name = 'wide'"
        )
        runs, keys = database.execute(query).fetchone()
    assert runs == 40
    assert keys > 40

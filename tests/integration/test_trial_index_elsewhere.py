"""The trial index follows a PostgreSQL database and an MLflow server that others write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from sqlalchemy import NullPool, create_engine, text

from studio_ext.adapters.trial_index import server_source
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.trial_table import IndexPhase
from studio_ext.core.workspace import Workspace
from studio_ext.testing.mlflow_server import MlflowServer
from studio_ext.testing.trial_columns_suite import key
from tests.integration.own_postgres import OwnPostgres
from tests.integration.trial_stores import Follower, experiment_of, insert, is_active, make_store, many, value


@pytest.fixture(params=["PostgreSQL", "MLflow server"])
def workspace(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlflow_server: MlflowServer
) -> Workspace:
    if request.param == "PostgreSQL":
        uri = request.getfixturevalue("postgres").uri
    else:
        uri = mlflow_server.uri
        monkeypatch.setattr(server_source, "_LOOK_SECONDS", 0.2)
        monkeypatch.setattr(server_source, "_SWEEP_SECONDS", 0.5)
    return replace(open_workspace(tmp_path / "studio", {}), tracking_uri=uri)


@pytest.fixture
def client(workspace: Workspace) -> Iterator[MlflowClient]:
    made = MlflowClient(workspace.tracking_uri)
    yield made
    found = made.get_experiment_by_name("e")
    if found is not None:
        made.rename_experiment(found.experiment_id, f"e of {workspace.home}"[-200:])


@pytest.fixture
def follower(workspace: Workspace, client: MlflowClient) -> Iterator[Follower]:
    client.create_experiment("e")
    made = Follower(workspace)
    made.build()
    yield made
    made.close()


def test_a_run_that_goes_on_and_ends(follower: Follower, client: MlflowClient) -> None:
    run = client.create_run(experiment_of(client), run_name="one", tags={"a": "1"}).info.run_id
    client.log_param(run, "lr", "0.10")
    for step, number in enumerate([3.0, 1.0, 2.0]):
        client.log_metric(run, "loss", number, step=step)
    follower.until(lambda: value(follower, run, "metrics.loss") == 2.0)
    assert value(follower, run, "status") == "RUNNING"
    assert value(follower, run, "params.lr") == "0.10" and value(follower, run, "tags.a") == "1"
    client.log_metric(run, "loss", 0.5, step=7)
    client.set_terminated(run)
    follower.until(lambda: value(follower, run, "status") == "FINISHED")
    follower.until(
        lambda: [value(follower, run, f"metrics.loss{each}") for each in ("", ".min", ".max")] == [0.5, 0.5, 3]
    )


def test_edits_and_deletions_of_what_is_over(follower: Follower, client: MlflowClient) -> None:
    runs = [client.create_run(experiment_of(client), tags={"a": "1", "b": "2"}).info.run_id for _ in range(3)]
    for run in runs:
        client.set_terminated(run)
    follower.until(lambda: all(value(follower, run, "status") == "FINISHED" for run in runs))
    client.set_tag(runs[0], "a", "changed")
    client.delete_tag(runs[0], "b")
    client.update_run(runs[0], name="after")
    client.delete_run(runs[1])
    client.log_metric(runs[2], "late", 4.0)
    follower.until(lambda: value(follower, runs[0], "name") == "after")
    follower.until(
        lambda: value(follower, runs[0], "tags.a") == "changed" and value(follower, runs[0], "tags.b") is None
    )
    follower.until(lambda: not is_active(follower, runs[1]))
    follower.until(lambda: value(follower, runs[2], "metrics.late") == 4.0)
    client.restore_run(runs[1])
    follower.index.look_at([runs[1]])
    follower.until(lambda: is_active(follower, runs[1]))


def test_is_taken_up_again(workspace: Workspace, follower: Follower, client: MlflowClient) -> None:
    first = client.create_run(experiment_of(client)).info.run_id
    client.log_param(first, "n", 1)
    follower.until(lambda: value(follower, first, "params.n") == "1")
    generation = follower.index.open("e").generation
    follower.close()
    second = client.create_run(experiment_of(client)).info.run_id
    client.set_terminated(first)
    again = Follower(workspace)
    again.until(lambda: value(again, first, "status") == "FINISHED" and is_active(again, second))
    assert again.index.open("e").generation == generation
    again.close()


def test_what_the_recorder_writes_is_read_at_once(follower: Follower, client: MlflowClient) -> None:
    run = client.create_run(experiment_of(client)).info.run_id
    follower.until(lambda: is_active(follower, run))
    follower.indexer._look_due = follower.indexer._sweep_due = time.monotonic() + 3600
    client.log_param(run, "p", "x")
    client.set_terminated(run)
    follower.indexer.look_at([run])
    follower.until(lambda: value(follower, run, "params.p") == "x" and value(follower, run, "status") == "FINISHED")


def away(follower: Follower, stop: Callable[[], None], start: Callable[[], None], client: MlflowClient) -> None:
    run = client.create_run(experiment_of(client)).info.run_id
    follower.until(lambda: is_active(follower, run))
    stop()
    follower.until(lambda: follower.index.state("e").phase is IndexPhase.away)
    state = follower.index.state("e")
    assert state.message and state.hint
    assert is_active(follower, run), "what was read before is still there"
    start()
    client.log_param(run, "back", "yes")
    follower.until(lambda: value(follower, run, "params.back") == "yes")
    assert follower.index.state("e").phase is IndexPhase.ready


def test_a_store_that_is_away_and_comes_back(
    workspace: Workspace,
    follower: Follower,
    client: MlflowClient,
    mlflow_server: MlflowServer,
    request: pytest.FixtureRequest,
) -> None:
    if workspace.tracking_uri == mlflow_server.uri:
        away(follower, mlflow_server.stop, mlflow_server.start, client)
    else:
        database: OwnPostgres = request.getfixturevalue("postgres")
        away(follower, database.stop, database.start, client)


def test_gone_for_good_and_many_at_once(tmp_path: Path, postgres: OwnPostgres) -> None:
    workspace = replace(open_workspace(tmp_path / "studio", {}), tracking_uri=postgres.uri)
    make_store(workspace, "bulk")
    insert(workspace, "bulk", many(300))
    follower = Follower(workspace)
    follower.build()

    def active() -> int:
        return int(follower.index.open("bulk").active().sum())

    assert active() == 300
    insert(workspace, "bulk", many(50, 300))  # old times, as those of runs that are copied from elsewhere
    follower.until(lambda: active() == 350)
    engine = create_engine(workspace.tracking_uri, poolclass=NullPool)
    with engine.begin() as database:
        for table in ("params", "tags", "metrics", "latest_metrics", "runs"):
            database.execute(text(f"DELETE FROM {table} WHERE run_uuid = '{many(1)[0].run_id}'"))
    follower.until(lambda: active() == 349)
    now = follower.index.open("bulk")
    assert np.isfinite(now.numbers(key("params.lr"))[now.active()]).all()
    follower.close()

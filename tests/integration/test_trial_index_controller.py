"""The controller keeps the index of trials: killed, started again, and asked for by whoever reads."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric

from studio_ext.adapters.controller_launcher import DetachedController
from studio_ext.adapters.sql_store import SqlStore
from studio_ext.adapters.trial_index import open_trial_index
from studio_ext.adapters.trial_index.index import FileTrialIndex
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.errors import NotFound, Unavailable
from studio_ext.contract.trial_table import IndexPhase
from studio_ext.core.workspace import Workspace
from studio_ext.testing.live_server import end_controller
from studio_ext.testing.trial_columns_suite import key
from tests.integration.trial_stores import make_store

PATIENCE = 60.0


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    made = open_workspace(tmp_path / "studio", {})
    make_store(made, "e")
    yield made
    launcher = DetachedController(made)
    while launcher.running():  # the last look may have started one that has not said yet who it is
        end_controller(made.home)
        time.sleep(0.1)


def wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def size(index: FileTrialIndex, experiment: str = "e") -> int:
    """Rows; -1 while nothing is known."""
    try:
        return index.open(experiment).size
    except Unavailable:
        return -1


def controller(workspace: Workspace) -> psutil.Process | None:
    store = SqlStore(workspace.database)
    try:
        lease = store.lease()
        return psutil.Process(lease.pid) if lease else None
    except psutil.NoSuchProcess:
        return None
    finally:
        store.close()


def test_the_first_look_starts_it_and_a_kill_loses_nothing(workspace: Workspace) -> None:
    client = MlflowClient(workspace.tracking_uri)
    found = client.get_experiment_by_name("e")
    assert found is not None
    first = client.create_run(found.experiment_id).info.run_id
    index = open_trial_index(workspace)
    wait_for(lambda: size(index) == 1)
    wait_for(lambda: index.state("e").phase is IndexPhase.ready)

    def kill() -> None:
        process = wait_for(lambda: size(index) >= 0 and controller(workspace))  # a look starts it
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)

    runs = [first]
    for number in range(4):  # it is killed while it writes
        runs.append(client.create_run(found.experiment_id).info.run_id)
        for step in range(20):
            client.log_metric(runs[-1], f"m{step % 4}", float(step), step=step)
            if step == 3 * number + 1:
                kill()
        client.log_param(runs[-1], "number", number)
        wait_for(lambda number=number: size(index) == number + 2)

    def is_whole() -> bool:
        columns = index.open("e")
        rows = columns.rows_of(runs[1:])
        numbers = columns.numbers(key("metrics.m3"))[rows]
        return (
            columns.texts(key("params.number"), rows) == [str(number) for number in range(4)]
            and (numbers == 19.0).all()
            and bool((columns.numbers(key("metrics.m3.min"))[rows] == 3.0).all())
        )

    wait_for(is_whole)


def test_histories_are_read_before_somebody_asks(workspace: Workspace) -> None:
    client = MlflowClient(workspace.tracking_uri)
    found = client.get_experiment_by_name("e")
    assert found is not None
    runs = [client.create_run(found.experiment_id).info.run_id for _ in range(2)]
    for run_id in runs:
        client.log_batch(run_id, [Metric("loss", 1 / (1 + step), step, step) for step in range(300)])
    client.set_terminated(runs[0])
    wait_for(lambda: size(open_trial_index(workspace)) == 2)  # a look starts the controller
    kept = lambda: {path.parent.name for path in (workspace.cache / "series").rglob("*.series")}  # noqa: E731
    wait_for(kept)
    assert kept() == {runs[0]}
    client.set_terminated(runs[1], status="FAILED")
    wait_for(lambda: kept() == set(runs))


def test_what_was_just_made_is_found(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    index = open_trial_index(workspace)
    wait_for(lambda: size(index) == 0)
    monkeypatch.setattr("studio_ext.adapters.trial_index.index._WAIT_SECONDS", PATIENCE)
    client = MlflowClient(workspace.tracking_uri)
    client.create_experiment("just made")
    assert index.open("just made").size == 0
    with pytest.raises(NotFound):
        index.open("never made")


def test_ends_with_the_controller(workspace: Workspace) -> None:
    index = open_trial_index(workspace)
    wait_for(lambda: size(index) == 0)
    process = wait_for(lambda: controller(workspace))
    os.kill(process.pid, signal.SIGTERM)
    process.wait(PATIENCE)
    assert open_trial_index(workspace, lambda: None).open("e").size == 0

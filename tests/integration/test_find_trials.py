"""Whoever records trials and then looks for them finds them, whoever recorded them and wherever they are looked for."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

import studio_ext as studio
from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.trial_table import TrialQuery
from studio_ext.core.workspace import Workspace
from studio_ext.sdk import connection
from tests.integration.recording import eventually, recording_workspace

pytestmark = [
    pytest.mark.usefixtures("patience"),
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with recording_workspace(tmp_path_factory.mktemp("find") / "studio") as workspace:
        yield workspace


def shell(home: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, in a process of its own."""
    environment = {**os.environ, "STUDIO_HOME": str(home.home)}
    command = [sys.executable, "-m", "studio_ext.cli", "trials", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


@pytest.mark.parametrize("number", range(4))
def test_what_a_tracker_recorded_is_found_at_once(home: Workspace, number: int) -> None:
    with studio.Tracker.create(f"run{number}", experiment_name="own") as tracker:
        tracker.log_parameter("depth", number)
        tracker.log_metric("loss", 3.0)
        tracker.log_metric("loss", 1.0 + number)
        tracker.log_metric("loss", 2.0 + number)
        running = studio.trials("own", "status = running", sort="-params.depth", limit=1)
        assert list(running["trial"]) == [f"run{number}"]
        assert running["metrics.loss"][0] == 2.0 + number
    frame = studio.trials(
        "own", f"params.depth = {number} and metrics.loss.min < {1.5 + number} and status = completed"
    )
    assert list(frame["trial"]) == [f"run{number}"]
    assert len(studio.trials("own")) == number + 1


@pytest.mark.parametrize("number", range(4))
def test_what_others_recorded_before_is_found_at_once(home: Workspace, number: int) -> None:
    client = MlflowClient(home.tracking_uri)
    found = client.get_experiment_by_name("others")
    experiment = found.experiment_id if found else client.create_experiment("others")
    run = client.create_run(experiment, run_name=f"run{number}")
    client.log_param(run.info.run_id, "rate", f"0.{number}")
    client.set_terminated(run.info.run_id)
    assert list(studio.trials("others", f"params.rate >= 0.{number}")["trial"]) == [f"run{number}"]
    found_by_shell = json.loads(shell(home, "-e", "others", "--sort", "started", "--json").stdout)
    assert [each["name"] for each in found_by_shell] == [f"run{each}" for each in range(number + 1)]


def test_the_command_line_shows_where_a_filter_is_wrong(home: Workspace) -> None:
    with studio.Tracker.create("one", experiment_name="shown") as tracker:
        tracker.log_metric("rmse", 1)
    assert len(studio.trials("shown")) == 1  # another process does not wait for what this one has logged
    done = shell(home, "-e", "shown", "--filter", "rmse < 5")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines() == [
        "  rmse < 5",
        "  ^^^^",
        "Error: The filter is wrong at character 1: There is no column rmse.",
        "Hint: Did you mean metrics.rmse?",
    ]
    assert shell(home, "-e", "shown", "--filter", "metrics.rmse < 5").returncode == 0


def test_files(home: Workspace, tmp_path: Path) -> None:
    for number in range(3):
        with studio.Tracker.create(f"=run{number}", experiment_name="files") as tracker:
            tracker.log_parameter("text", f"=cmd{number}")
            tracker.log_metric("x", number / 3)
    assert len(studio.trials("files")) == 3
    target = tmp_path / "files.csv"
    assert shell(home, "-e", "files", "--sort", "metrics.x", "--desc", "-o", str(target)).returncode == 0
    rows = list(csv.DictReader(target.open(newline="", encoding="utf-8")))
    assert [(each["name"], each["params.text"], float(each["metrics.x"])) for each in rows] == [
        (f"'=run{number}", f"'=cmd{number}", number / 3) for number in (2, 1, 0)
    ]
    parquet = tmp_path / "files.parquet"
    assert shell(home, "-e", "files", "-f", "metrics.x > 0", "-o", str(parquet)).returncode == 0
    frame = pytest.importorskip("pandas").read_parquet(parquet)
    assert sorted(frame["metrics.x"]) == [1 / 3, 2 / 3]


def test_deleted_trials_are_gone_at_once_and_come_back(home: Workspace) -> None:
    with studio.Tracker.create("parent", experiment_name="deleted") as tracker:
        run_id = tracker.trial_component.run_id
    client = connection.current()

    def rows() -> list[str]:
        return [
            each.id for each in client.trial_table(TrialQuery(experiment="deleted", tree=True, expand_all=True)).rows
        ]

    assert run_id in studio.trials("deleted")["run_id"].to_list()
    eventually(lambda: run_id in rows(), "the table shows it")
    for _ in range(3):
        client.delete_trials([run_id])
        assert run_id not in rows() and run_id not in studio.trials("deleted")["run_id"].to_list()
        client.restore_trials([run_id])
        assert run_id in rows()


def test_an_experiment_is_deleted_and_made(home: Workspace) -> None:
    with pytest.raises(NotFound):
        studio.trials("never made")
    with pytest.raises(InvalidRequest):
        studio.trials("own", "(")
    made: Any = MlflowClient(home.tracking_uri).create_experiment("made")
    assert len(studio.trials("made")) == 0
    MlflowClient(home.tracking_uri).delete_experiment(made)
    with pytest.raises(NotFound):
        studio.trials("made")

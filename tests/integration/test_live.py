"""Metrics and resources of real jobs and trackers while they run, and what MLflow has of them afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import studio_ext as studio
from studio_ext.core.workspace import Workspace
from studio_ext.testing.client_suite import write_notebook
from studio_ext.testing.live_server import LiveServer
from studio_ext.testing.workspaces import stop_controller, temporary_workspace
from tests.integration.recording import eventually, recording_workspace, wait_recorded

pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore::DeprecationWarning")]

WAIT = """
import pathlib, time
def wait_for(name):
    while not (pathlib.Path({folder!r}) / name).exists():
        time.sleep(0.05)
"""
LOG = """
import mlflow
for step in range(5):
    mlflow.log_metric("loss", 1 / (1 + step), step=step)
with mlflow.start_run(nested=True):
    mlflow.log_metric("child", 7)
wait_for("more")
mlflow.log_metrics({"loss": float("nan"), "late": 1}, step=5)
wait_for("end")
"""
USE = """
import os
held = bytearray(150_000_000)
with open("large.bin", "wb") as file:
    file.write(os.urandom(20_000_000))
    file.flush()
    os.fsync(file.fileno())
began = time.process_time()
while time.process_time() < began + 1.5:
    sum(range(1000))
wait_for("end")
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with recording_workspace(tmp_path_factory.mktemp("live") / "studio") as workspace:
        yield workspace


def notebook(folder: Path, *cells: str) -> Path:
    path = folder / "work" / "train.ipynb"
    write_notebook(path, [WAIT.format(folder=str(folder)), *cells])
    return path


def test_metrics_of_a_job_while_it_runs_and_after_it(home: Workspace, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    job = studio.submit(notebook(tmp_path, LOG), experiment="live")
    metrics = eventually(
        lambda: (found := job.metrics()).runs and len(found.runs) == 2 and found, "it logged while it runs"
    )
    run_id = job.trial.run_id
    assert metrics["loss"]["step"] == [0, 1, 2, 3, 4] and metrics["loss"]["count"] == 5 and not metrics.complete
    assert [list(names) for run, names in metrics.runs.items() if run != run_id] == [["child"]]
    assert studio.metrics(run_id)["loss"]["count"] == 5
    (tmp_path / "more").touch()
    eventually(lambda: metrics.refresh() and "late" in metrics, "what came later was taken in")
    assert metrics["loss"]["count"] == 6
    (tmp_path / "end").touch()
    wait_recorded(home, job)
    assert job.status == "Completed"
    eventually(lambda: metrics.refresh() or metrics.complete, "it says that nothing comes any more")
    assert job.metrics().complete and job.metrics()["loss"]["count"] == 6

    history = MlflowClient(home.tracking_uri).get_metric_history(run_id, "loss")
    assert sorted(each.step for each in history) == metrics["loss"]["step"]
    assert set(job.trial.metrics) == {"loss", "late"}, "what the job used is not among its metrics"
    frame = studio.Experiment.load("live").to_frame()
    assert not [name for name in frame.columns if name.startswith("system/")]
    asked = studio.Experiment.load("live").to_frame(system_metrics=True)
    assert "system/cpu_utilization_percentage - Max" in asked.columns


def test_resources_of_a_job_and_in_mlflow(home: Workspace, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    job = studio.submit(notebook(tmp_path, USE), experiment="used", memory="1GiB")
    eventually(lambda: job.resources()["memory_bytes"].max() > 150_000_000, "its memory is seen while it runs")
    eventually(lambda: job.resources().attrs["cpu_seconds"] > 1.5, "so is its CPU time")
    assert job.resources()["cpus"].max() > 0
    (tmp_path / "end").touch()
    wait_recorded(home, job)
    frame = job.resources()
    assert frame["time"].is_monotonic_increasing and len(frame) >= 2
    assert frame.attrs["memory_limit_bytes"] == 2**30
    assert 150_000_000 < frame["memory_bytes"].max() <= frame.attrs["peak_memory_bytes"] < 2**30
    assert frame.attrs["cpu_seconds"] > 1
    assert job.exit is not None and job.exit.peak_memory_bytes == frame.attrs["peak_memory_bytes"]
    if frame["written_bytes"].notna().any():
        assert frame["written_bytes"].max() >= 20_000_000

    client, run_id = MlflowClient(home.tracking_uri), job.trial.run_id
    lines = (job.directory / "attempts" / "1" / "resources.jsonl").read_text().splitlines()
    note = json.loads((job.directory / "attempts" / "1" / "resources.logged.json").read_text())
    assert note["position"] == sum(len(line) + 1 for line in lines)
    memory = client.get_metric_history(run_id, "system/system_memory_usage_megabytes")
    assert sorted(each.step for each in memory) == list(range(note["step"]))
    assert max(each.value for each in memory) > 150
    assert {"system/cpu_utilization_percentage", "system/system_memory_usage_percentage"} <= set(
        client.get_run(run_id).data.metrics
    )


def test_a_new_controller_goes_on_where_the_last_one_was(home: Workspace, tmp_path: Path) -> None:
    """One ends in the middle of a job: no value of what the job used is logged twice, and none is missing."""
    from mlflow import MlflowClient

    job = studio.submit(notebook(tmp_path, LOG), experiment="killed")
    attempt = job.directory / "attempts" / "1"
    noted = attempt / "resources.logged.json"
    eventually(noted.exists, "the first values were logged")
    stop_controller(home)
    step = json.loads(noted.read_text())["step"]
    (tmp_path / "more").touch()
    (tmp_path / "end").touch()
    wait_recorded(home, job)
    note = json.loads(noted.read_text())
    assert note["step"] > step and note["position"] == (attempt / "resources.jsonl").stat().st_size
    history = MlflowClient(home.tracking_uri).get_metric_history(job.trial.run_id, "system/cpu_utilization_percentage")
    assert sorted(each.step for each in history) == list(range(note["step"]))
    assert len({each.timestamp for each in history}) == note["step"]


def test_a_tracker_is_seen_while_it_logs_and_when_it_is_gone(home: Workspace) -> None:
    with studio.Tracker.create(display_name="live") as tracker:
        run_id = tracker.run_id
        for step in range(3):
            tracker.log_metric("loss", step / 2, iteration_number=step)
        tracker.flush()
        metrics = studio.metrics(run_id)
        assert metrics["loss"]["step"] == [0, 1, 2] and not metrics.complete
        tracker.log_metric("loss", 9.0, iteration_number=3)
        tracker.flush()
        assert metrics.refresh() and metrics["loss"]["value"][-1] == 9.0
    eventually(lambda: not (home.trackers / run_id).exists(), "the controller has applied it")
    metrics.refresh()
    assert metrics["loss"]["step"] == [0, 1, 2, 3] and metrics.complete
    with studio.Tracker.load(run_id) as again:
        again.log_metric("loss", 5.0, iteration_number=4)
        again.flush()
        assert studio.metrics(run_id)["loss"]["step"] == [0, 1, 2, 3, 4], "what the store has and the journal adds"


def test_a_server_says_when_there_is_more(tmp_path: Path) -> None:
    """Over HTTP, and by events for whoever asked."""
    root, events = tmp_path / "root", list[dict[str, Any]]()
    path = notebook(root, LOG)
    with temporary_workspace(tmp_path / "home") as workspace, LiveServer(root, workspace.home) as server:

        async def heard(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
            events.append(data)

        server.app.event_logger.add_listener(schema_id="https://schema.jupyter.org/studio_ext/live/v1", listener=heard)
        with server.session() as session:
            body = {"notebook": str(path.relative_to(root)), "experiment": "e"}
            job = session.post("jobs", json=body).json()["id"]

            def ask(what: str, **params: Any) -> dict[str, Any]:
                reply = session.get(f"jobs/{job}/{what}", params=params)
                assert reply.status_code == 200, reply.text
                found: dict[str, Any] = reply.json()
                return found

            ask("metrics"), ask("resources")
            eventually(lambda: [each for each in events if job in each["metrics"]], "metrics were told")
            eventually(lambda: [each for each in events if job in each["resources"]], "so were samples")
            first = eventually(lambda: len((found := ask("metrics"))["series"]) == 2 and found, "they are there")
            assert first["whole"] and first["series"][0]["value"] == [1, 0.5, 1 / 3, 0.25, 0.2]
            told = len([each for each in events if job in each["metrics"]])
            (root / "more").touch()
            eventually(
                lambda: len([each for each in events if job in each["metrics"]]) > told, "of later ones it is told, too"
            )
            later = ask("metrics", cursor=first["cursor"])
            assert not later["whole"] and {each["name"] for each in later["series"]} <= {"loss", "late"}
            (root / "end").touch()
            eventually(lambda: ask("metrics", cursor=first["cursor"])["complete"], "it is over")
            last = {each["name"]: each for each in ask("metrics")["series"]}
            assert last["loss"]["value"][-1] is None and last["loss"]["not_finite"] == 1
            for wrong in ({"max_points": 3}, {"max_points": "x"}, {"cursor": "x" * 101}):
                assert session.get(f"jobs/{job}/metrics", params=wrong).status_code == 400
            assert isinstance(session, httpx.Client)

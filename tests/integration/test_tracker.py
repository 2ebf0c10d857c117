"""Experiments, trials and trackers with a real store and a real controller; MLflow's own client reads it all back."""

from __future__ import annotations

import json
import math
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import studio_ext as studio
from studio_ext.adapters.local_client import LocalClient
from studio_ext.adapters.mlflow_backend import open_backend
from studio_ext.adapters.mlflow_records import MlflowRecords
from studio_ext.adapters.mlflow_relay import MlflowRelay
from studio_ext.adapters.mlflow_tracking import MlflowTracking
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound
from studio_ext.core.workspace import Workspace
from studio_ext.ports.tracking import RunStart
from studio_ext.testing.recorded_job import RecordedJob
from tests.integration.recording import (
    ENDLESS,
    check_killed,
    eventually,
    fail_and_go_well,
    is_over,
    kill_while_logging,
    recording_workspace,
    values,
)

pytestmark = [
    pytest.mark.usefixtures("patience"),
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with recording_workspace(tmp_path_factory.mktemp("tracked") / "studio") as workspace:
        yield workspace


def run_script(home: Workspace, code: str, **options: Any) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "STUDIO_HOME": str(home.home)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, **options)


def test_mlflows_client_reads_what_a_tracker_recorded(home: Workspace, mlflow_client: Any, tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"\0\1")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "notes ü.txt").write_text("hello")
    (tmp_path / "link").symlink_to("/etc/hostname")
    with studio.Tracker.create("first", experiment_name="all of it", tags={"team": "red"}) as tracker:
        with pytest.warns(UserWarning, match="'bad' is nan"):
            tracker.log_parameters({"depth": 8, "name": "x", "flag": True, "bad": math.nan})
        for step in (5, 3, 3, 9):  # not in order
            tracker.log_metric("loss", step / 2, step=step, timestamp=1_700_000_000 + step)
        tracker.log_metric("plain", 1)
        tracker.log_metric("plain", 1)
        tracker.log_input("train", "s3://bucket/train.csv", "text/csv")
        tracker.log_artifact(tmp_path / "weights.bin", media_type="application/x-weights")
        tracker.log_artifacts(tmp_path / "deep", is_output=False)
        tracker.log_table("scores", {"a": [1, 2], "b": ["x", "y"]})
        tracker.log_confusion_matrix([0, 1], [0, 0], "matrix/1")
        assert tracker.flush(applied=True, timeout=120)
    component = studio.TrialComponent.load("first", "all of it")

    run = mlflow_client.get_run(tracker.run_id)
    assert mlflow_client.get_experiment(run.info.experiment_id).name == "all of it"
    assert run.info.run_name == "first"
    assert run.info.status == "FINISHED"
    assert run.data.params == {"depth": "8", "name": "x", "flag": "True"}
    assert run.data.tags["team"] == "red"
    assert values(mlflow_client, run.info.run_id, "loss") == [(3, 1.5), (5, 2.5), (9, 4.5)]
    assert mlflow_client.get_metric_history(run.info.run_id, "loss")[0].timestamp == 1_700_000_003_000
    assert values(mlflow_client, run.info.run_id, "plain") == [(0, 1.0), (1, 1.0)]  # both are kept
    assert {each.path for each in mlflow_client.list_artifacts(run.info.run_id)} == {
        "weights.bin",
        "notes ü.txt",
        "graphs",
    }
    graph = mlflow_client.download_artifacts(run.info.run_id, "graphs/matrix_1.json", str(tmp_path))
    assert json.loads(Path(graph).read_text())["confusionMatrix"] == [[1, 0], [1, 0]]

    assert component.status.primary_status == "Completed"
    assert component.parameters == {"depth": 8.0, "name": "x", "flag": "True"}
    assert component.input_artifacts["train"].media_type == "text/csv"
    weights = component.output_artifacts["weights.bin"]
    assert (weights.value, weights.media_type) == (f"runs:/{run.info.run_id}/weights.bin", "application/x-weights")
    (loss,) = (each for each in component.metrics if each.metric_name == "loss")
    assert (loss.min, loss.max, loss.last, loss.count) == (1.5, 4.5, 4.5, 3)
    assert loss.std_dev == pytest.approx(statistics.pstdev([1.5, 2.5, 4.5]))
    assert is_over(home, run.info.run_id)


def test_to_frame_has_the_analytics_columns(home: Workspace) -> None:
    experiment = studio.Experiment.create("framed", "what it is about")
    assert studio.Experiment.load("framed").description == "what it is about"
    trial = experiment.create_trial("baseline")
    for depth in (1, 2):
        with studio.Tracker.create(f"fit {depth}", trial=trial) as tracker:
            tracker.log_parameter("depth", depth)
            for number in range(4):
                tracker.log_metric("loss", number * depth)
            tracker.log_output("model", "s3://m", "application/zip")
    frame = experiment.to_frame()
    assert list(frame.columns) == [
        "TrialComponentName", "DisplayName", "SourceArn", "depth",
        "loss - Min", "loss - Max", "loss - Avg", "loss - StdDev", "loss - Last", "loss - Count",
        "model - MediaType", "model - Value", "Trials", "Experiments",
    ]  # fmt: skip
    row = frame[frame["DisplayName"] == "fit 2"].iloc[0]
    assert [row[f"loss - {word}"] for word in ("Min", "Max", "Avg", "Last", "Count")] == [0, 6, 3, 6, 4]
    assert row["loss - StdDev"] == pytest.approx(statistics.pstdev([0, 2, 4, 6]))
    assert row["depth"] == 2
    assert row["Trials"] == ["baseline"]
    assert row["Experiments"] == ["framed"]


def test_a_component_may_be_in_several_trials(home: Workspace, mlflow_client: Any) -> None:
    experiment = studio.Experiment.create("groups")
    with pytest.raises(Conflict):
        studio.Experiment.create("groups")
    one, two = experiment.create_trial("one"), experiment.create_trial("two")
    with pytest.raises(Conflict):
        experiment.create_trial("two")
    with studio.Tracker.create("prepared", trial="one", experiment_name="groups") as tracker:
        tracker.log_metric("rows", 7)
    two.add_trial_component("prepared")
    two.add_trial_component(tracker)  # once more
    assert [each.display_name for each in one.list_trial_components()] == ["prepared"]
    assert [each.display_name for each in two.list_trial_components()] == ["prepared"]
    assert set(tracker.trial_component.trials) == {one.run_id, two.run_id}
    run = mlflow_client.get_run(tracker.run_id)
    assert run.data.tags["mlflow.parentRunId"] == one.run_id  # nested in MLflow's own interface
    assert run.data.tags[f"tracker.trial.{two.run_id}"] == "two"
    assert {each.trial_name for each in experiment.list_trials()} == {"one", "two"}

    with pytest.raises(Conflict, match="1 components"):
        two.delete()
    with pytest.raises(InvalidRequest, match="cannot leave"):
        one.remove_trial_component(tracker)
    two.remove_trial_component(tracker)
    two.delete()
    with pytest.raises(Conflict):
        experiment.delete()
    elsewhere = studio.Experiment.create("elsewhere").create_trial("far")
    elsewhere.add_trial_component(tracker)  # of another experiment, as well
    assert elsewhere.run_id in tracker.trial_component.trials
    elsewhere.remove_trial_component(tracker)
    tracker.trial_component.delete()
    one.delete()
    experiment.delete()
    with pytest.raises(NotFound):
        studio.Experiment.load("groups")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (ValueError("no good"), "Failed", "ValueError: no good"),
        (KeyboardInterrupt(), "Stopped", "Interrupted"),
        (SystemExit(0), "Completed", ""),
        (SystemExit(3), "Failed", "SystemExit: 3"),
    ],
)
def test_an_exception_says_how_it_ended(home: Workspace, error: BaseException, status: str, message: str) -> None:
    tracker = studio.Tracker.create("ends", experiment_name="ends")
    with pytest.raises(type(error)), tracker:
        assert tracker.trial_component.status.primary_status == "InProgress"
        raise error
    ended = tracker.trial_component
    assert (ended.status.primary_status, ended.status.message) == (status, message)
    assert ended.end_time is not None
    with pytest.raises(Conflict, match="closed"):
        tracker.log_metric("late", 1)


def test_a_component_that_is_loaded_goes_on(home: Workspace, mlflow_client: Any) -> None:
    with studio.Tracker.create("again", experiment_name="again") as tracker:
        tracker.log_metric("a", 1, step=1)
        tracker.log_parameter("p", 1)
    plain = studio.Tracker.load(tracker.run_id)
    plain.log_metric("a", 2, step=2)
    assert plain.flush(applied=True, timeout=120)
    assert mlflow_client.get_run(tracker.run_id).info.status == "FINISHED"  # not touched
    plain.close()
    with pytest.raises(ValueError), studio.Tracker.load("again", "again") as loaded:
        assert mlflow_client.get_run(tracker.run_id).info.status == "RUNNING"
        with pytest.warns(UserWarning, match="logged as '1' before"):
            loaded.log_parameter("p", 2)
        raise ValueError
    assert loaded.trial_component.status.primary_status == "Failed"
    assert loaded.trial_component.parameters == {"p": 2.0}
    assert mlflow_client.get_run(tracker.run_id).data.params == {"p": "1"}
    assert values(mlflow_client, tracker.run_id, "a") == [(1, 1.0), (2, 2.0)]


def test_bad_input_is_refused_or_kept_and_never_half(home: Workspace, mlflow_client: Any) -> None:
    names = ["a/b: c", "🙂 <b>", "x" * 250, 'it\'s "quoted"']
    for name in names:
        with studio.Tracker.create(name, experiment_name="bad") as tracker:
            tracker.log_parameter("p" * 250, "v" * 6000)
            with pytest.warns(UserWarning, match="the rest is cut"):
                tracker.log_parameter("long", "w" * 7000)
            tracker.log_parameter("html", "<script>alert(1)</script>\ud83d")
            for number in (math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324):
                tracker.log_metric("m/x:y", number)
            for wrong in ("🙂", "x" * 251, "../up", "", 7):
                with pytest.raises(InvalidRequest):
                    tracker.log_metric(wrong, 1.0)  # type: ignore[arg-type]
                with pytest.raises(InvalidRequest):
                    tracker.log_parameters({"fine": 1, wrong: 2})  # type: ignore[dict-item]
            for value in ("1", None, [1], 10**400):
                with pytest.raises(InvalidRequest):
                    tracker.log_metric("m", value)  # type: ignore[arg-type]
            with pytest.raises(InvalidRequest):
                tracker.log_metric("m", 1, step=2**70)
            with pytest.raises(InvalidRequest):
                tracker.log_artifact("/nowhere/at/all")
            with pytest.raises(InvalidRequest):
                tracker.log_artifact(__file__, "../../escape")
            tracker.log_artifact(__file__, "🙂/code.py")
        component = studio.TrialComponent.load(name, "bad")
        assert component.display_name == name
        run = mlflow_client.get_run(component.run_id)
        assert run.data.params["p" * 250] == "v" * 6000
        assert run.data.params["long"] == "w" * 6000
        assert run.data.params["html"] == "<script>alert(1)</script>?"
        assert "fine" not in run.data.params
        assert len(values(mlflow_client, component.run_id, "m/x:y")) == 6
        assert set(run.data.metrics) == {"m/x:y"}
        (summary,) = component.metrics
        assert (summary.count, summary.min, summary.max) == (5, -math.inf, math.inf)
    for name in ("", "  ", "x" * 251):
        with pytest.raises(InvalidRequest):
            studio.Tracker.create(name, experiment_name="bad")
        with pytest.raises(InvalidRequest):
            studio.Experiment.create(name)
    with pytest.raises(InvalidRequest, match="only inside a job"):
        studio.Tracker.load()


def test_a_run_that_is_deleted_while_it_is_recorded_to(home: Workspace, mlflow_client: Any) -> None:
    tracker = studio.Tracker.create("gone", experiment_name="gone")
    other = studio.Tracker.create("stays", experiment_name="gone")
    mlflow_client.delete_run(tracker.run_id)
    for number in range(3000):
        tracker.log_metric("a", number, step=number)
        other.log_metric("a", number, step=number)
    assert tracker.flush(applied=True, timeout=120)
    assert tracker.refused
    tracker.close()
    other.close()
    eventually(lambda: is_over(home, tracker.run_id) and is_over(home, other.run_id), "the journals go")
    assert len(values(mlflow_client, other.run_id, "a")) == 3000  # the others do not suffer


def test_a_storm_of_threads(home: Workspace, mlflow_client: Any) -> None:
    with studio.Tracker.create("threads", experiment_name="storms") as tracker:

        def log(number: int) -> None:
            for _ in range(200):
                tracker.log_metric("shared", number)
                tracker.log_metric(f"own {number}", number)

        threads = [threading.Thread(target=log, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert tracker.trial_component.metrics
    assert [step for step, _ in values(mlflow_client, tracker.run_id, "shared")] == list(range(3200))
    for number in range(16):
        assert len(values(mlflow_client, tracker.run_id, f"own {number}")) == 200


FORKS = """
import multiprocessing, studio_ext as studio
context = multiprocessing.get_context("fork")
tracker = studio.Tracker.create("forks", experiment_name="storms")
tracker.log_metric("parent", 0)  # still in memory when the workers are forked
def work(number):
    for step in range(100):
        tracker.log_metric(f"worker {number}", step, step=step)
        tracker.log_parameter(f"seed {number}", number)
workers = [context.Process(target=work, args=(number,)) for number in range(12)]
for worker in workers: worker.start()
for worker in workers: worker.join()
assert all(worker.exitcode == 0 for worker in workers)
tracker.log_metric("parent", 1)
print(tracker.run_id)
"""


def test_a_storm_of_forked_workers_in_a_script(home: Workspace, mlflow_client: Any) -> None:
    done = run_script(home, FORKS)
    assert done.returncode == 0, done.stderr
    run_id = done.stdout.strip()
    eventually(lambda: is_over(home, run_id), "everything is applied")
    run = mlflow_client.get_run(run_id)
    assert run.info.status == "FINISHED"  # the script ended well, though it closed nothing
    assert values(mlflow_client, run_id, "parent") == [(0, 0.0), (1, 1.0)]
    assert run.data.params == {f"seed {number}": str(number) for number in range(12)}
    for number in range(12):
        assert values(mlflow_client, run_id, f"worker {number}") == [(step, float(step)) for step in range(100)]


def test_what_was_said_of_a_failure_goes_when_it_goes_well() -> None:
    fail_and_go_well()


def test_a_script_that_ends_with_an_exception(home: Workspace, mlflow_client: Any) -> None:
    code = "import studio_ext as s; t = s.Tracker.create('x', experiment_name='scripts'); print(t.run_id); 1 / 0"
    run_id = run_script(home, code).stdout.strip()
    eventually(lambda: is_over(home, run_id), "it is ended")
    run = mlflow_client.get_run(run_id)
    assert run.info.status == "FAILED"
    assert "ZeroDivisionError" in run.data.tags["tracker.status_message"]


SPEED = """
import studio_ext as studio
tracker = studio.Tracker.create("killed", experiment_name="kills")
"""


@pytest.mark.parametrize("flushes", [1, 6, 15])
def test_kill_9_while_logging_at_full_speed(home: Workspace, mlflow_client: Any, flushes: int) -> None:
    env = {**os.environ, "STUDIO_HOME": str(home.home)}
    command = [sys.executable, "-W", "ignore", "-c", SPEED + ENDLESS]
    run_id, safe = kill_while_logging(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True), flushes)
    eventually(lambda: is_over(home, run_id), "what it left is applied")
    check_killed(mlflow_client, run_id, safe, "was gone")


def test_a_controller_that_is_killed_while_it_applies(home: Workspace, mlflow_client: Any) -> None:
    store = LocalClient(home).store
    with studio.Tracker.create("applied", experiment_name="kills") as tracker:
        for step in range(8000):
            tracker.log_metric("loss", step, step=step)
        tracker.flush()
        replies = home.trackers / tracker.run_id / "attempts" / "1" / "replies.jsonl"
        eventually(replies.exists, "it has begun to apply")
        lease = store.lease()
        assert lease is not None
        os.kill(lease.pid, signal.SIGKILL)
    store.close()
    tracker.flush(applied=True, timeout=120)
    eventually(lambda: is_over(home, tracker.run_id), "the next controller, started by the tracker, goes on")
    assert values(mlflow_client, tracker.run_id, "loss") == [(step, float(step)) for step in range(8000)]


JOB = """
import json, multiprocessing, studio_ext as studio
tracker = studio.Tracker.load()
def work(number):
    tracker.log_metric(f"worker {number}", number)
with tracker:
    tracker.log_parameter("depth", 8)
    for step in range(2500):
        tracker.log_metric("loss", step, step=step)
    tracker.flush()
    workers = [multiprocessing.get_context("fork").Process(target=work, args=(n,)) for n in range(3)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    tracker.log_table("t", {"a": [1]})
    status = tracker.trial_component.status.primary_status
trial = studio.Trial.create("group", "any name")
with studio.Tracker.create("child", trial=trial) as child:
    child.log_metric("x", 1)
frame = studio.Experiment.load("whatever").to_frame()
print(json.dumps([tracker.run_id, child.run_id, trial.run_id, status, child.trial_component.trials,
                  sorted(frame["DisplayName"]), float(frame["loss - Avg"].max())]))
"""


def test_in_a_job_everything_goes_through_the_relay(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    uri, root = f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "artifacts"
    tracking, relay = MlflowTracking(uri, root), MlflowRelay(uri, root)
    run = tracking.start_run("job1", RunStart("houses", "the job", time.time(), "ada"))
    with RecordedJob(relay, "job1", tmp_path / "jobs" / "job1", run) as job:
        answer = json.loads(job.python(JOB, timeout=400).splitlines()[-1])
        run_id, child, trial, status, trials, names, average = answer
        lines = [call for call in job.calls() if call["p"].endswith("runs/log-batch")]
    job.finish()
    assert run_id == run.run_id
    client = MlflowClient(uri)
    recorded = client.get_run(run_id)
    assert status == "InProgress"
    assert recorded.info.status == "RUNNING"  # which only the end of the job changes
    assert recorded.data.params == {"depth": "8"}
    assert values(client, run_id, "loss") == [(step, float(step)) for step in range(2500)]
    assert {f"worker {number}" for number in range(3)} <= set(recorded.data.metrics)
    assert client.list_artifacts(run_id, "graphs")[0].path == "graphs/t.json"
    assert client.get_run(child).data.tags["mlflow.parentRunId"] == trial
    assert client.get_run(trial).data.tags["mlflow.parentRunId"] == run_id
    assert client.get_run(child).data.tags["studio.child_of_job"] == "job1"
    assert trial in trials
    assert names == ["child", "the job"]
    assert average == pytest.approx(1249.5)
    assert len(lines) < 40  # batches, not values
    tracking.close()


def test_summaries_are_the_same_where_the_store_does_not_compute_them(home: Workspace) -> None:
    with studio.Tracker.create("sums", experiment_name="sums") as tracker:
        for number in (1e9 + 1, 1e9 + 2, 1e9 + 4, math.nan):
            tracker.log_metric("a", number)
        tracker.log_metric("none", math.nan)
    run = studio.TrialComponent.load("sums", "sums")._run
    backend = open_backend(home.tracking_uri, home.artifacts)

    class OverRest:
        def __getattr__(self, name: str) -> Any:
            return getattr(backend, name)

        def metric_sums(self, run_ids: list[str]) -> None:
            return None

    database = MlflowRecords(backend).moments([run.run_id])[run.run_id]
    rest = MlflowRecords(OverRest()).moments([run.run_id])[run.run_id]  # type: ignore[arg-type]
    assert vars(database["a"]) == pytest.approx(vars(rest["a"]), rel=1e-6, nan_ok=True)
    assert "none" not in database
    assert rest["none"].count == 0
    assert database["a"].std_dev == pytest.approx(statistics.pstdev([1, 2, 4]), rel=1e-6)

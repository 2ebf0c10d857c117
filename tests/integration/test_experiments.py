"""Lists, changes and frames of experiments, with a real store; runs in the later words."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import studio_ext as studio
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound
from studio_ext.core.workspace import Workspace
from studio_ext.sdk import entities
from tests.integration.recording import recording_workspace

pytestmark = [
    pytest.mark.usefixtures("patience"),
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with recording_workspace(tmp_path_factory.mktemp("experiments") / "studio") as workspace:
        yield workspace


@pytest.fixture(scope="module")
def five(home: Workspace) -> studio.Experiment:
    """An experiment with five components that differ in a parameter, a metric and their names."""
    experiment = studio.Experiment.create("five")
    for number, name in enumerate("CADBE"):
        with studio.Tracker.create(name, experiment_name="five") as tracker:
            tracker.log_parameter("depth", number)
            tracker.log_metric("loss/x y", 10.0 - number)
            if number == 3:
                tracker.log_metric("rare", 1)
    return experiment


def names(found: Iterator[studio.TrialComponent]) -> str:
    return "".join(each.display_name for each in found)


def test_lists_are_sorted_and_cut(five: studio.Experiment) -> None:
    assert names(five.list_trial_components()) == "EBDAC"
    assert names(five.list_trial_components(sort_order="Ascending", max_results=2)) == "CA"
    assert names(five.list_trial_components(sort_by="Name", sort_order="Ascending")) == "ABCDE"
    assert names(five.list_trial_components(sort_by="metrics.loss/x y", sort_order="Ascending")) == "EBDAC"
    assert names(five.list_trial_components(sort_by="parameters.depth", max_results=1)) == "E"
    assert [each.name for each in five.list_trials(sort_by="Name", max_results=3)] == ["E", "D", "C"]
    component = next(five.list_trial_components(sort_by="Name"))
    middle = component.start_time
    assert middle is not None
    assert "E" not in names(five.list_trial_components(created_before=middle))
    assert names(five.list_trial_components(created_after=middle - datetime.timedelta(milliseconds=1)))[-1] == "E"
    assert names(studio.TrialComponent.list(source_arn="job/none")) == ""
    assert "five" in {each.experiment_name for each in studio.Experiment.list(sort_by="Name", sort_order="Ascending")}
    assert len(list(studio.Experiment.list(max_results=1))) == 1
    wrong: list[dict[str, Any]] = [
        {"sort_by": "Colour"}, {"sort_order": "up"}, {"max_results": 0}, {"max_results": 1.5},
        {"created_after": "today"}, {"sort_by": "metrics.`; DROP"},
    ]  # fmt: skip
    for each in wrong:
        with pytest.raises(InvalidRequest):
            list(five.list_trial_components(**each))
    with pytest.raises(InvalidRequest):
        list(studio.Experiment.list(sort_by="metrics.a"))


def test_frames_have_the_columns_that_are_asked_for(five: studio.Experiment) -> None:
    frame = five.to_frame(parameter_names=["depth", "none"], metric_names=["rare"], sort_by="Name", max_results=3)
    assert list(frame["DisplayName"]) == ["E", "D", "C"]
    assert list(frame.columns) == [
        "TrialComponentName", "DisplayName", "SourceArn", "depth", "none",
        "rare - Min", "rare - Max", "rare - Avg", "rare - StdDev", "rare - Last", "rare - Count",
        "Trials", "Experiments",
    ]  # fmt: skip
    assert list(frame["depth"]) == [4.0, 2.0, 0.0]
    assert frame["none"].isna().all()
    assert list(five.to_frame(parameter_names=[], metric_names=[], artifact_names=[]).columns) == [
        "TrialComponentName", "DisplayName", "SourceArn", "Trials", "Experiments",
    ]  # fmt: skip


def test_hostile_names_make_no_column_twice_and_lose_none(home: Workspace) -> None:
    experiment = studio.Experiment.create("hostile <b>")
    with studio.Tracker.create("<img src=x onerror=alert(1)>", experiment_name="hostile <b>") as tracker:
        for name in ("Trials", "DisplayName", "loss - Min", "a - Value", "same"):
            tracker.log_parameter(name, f"parameter {name}")
        tracker.log_metric("loss", 3)
        tracker.log_metric("same", 1)
        tracker.log_input("a", "in")
        tracker.log_output("a", "out")
    frame = experiment.to_frame()
    assert len(set(frame.columns)) == len(frame.columns)
    row = frame.iloc[0]
    assert row["Trials (parameter)"] == "parameter Trials"
    assert row["DisplayName (parameter)"] == "parameter DisplayName"
    assert row["DisplayName"] == "<img src=x onerror=alert(1)>"
    assert (row["loss - Min"], row["loss - Min (metric)"]) == ("parameter loss - Min", 3)
    assert (row["a - Value"], row["a - Value (input)"], row["a - Value (output)"]) == (
        "parameter a - Value",
        "in",
        "out",
    )
    assert (row["same"], row["same - Last"]) == ("parameter same", 1)


def test_a_component_is_changed(home: Workspace, mlflow_client: Any, tmp_path: Path) -> None:
    artifact = studio.TrialComponentArtifact
    with studio.Tracker.create("changed", experiment_name="changes", tags={"team": "red"}) as tracker:
        tracker.log_parameters({"depth": 8, "lr": 0.1})
        tracker.log_input("raw", "s3://raw", "text/csv")
        (tmp_path / "a.txt").write_text("hello")
        tracker.log_artifact(tmp_path / "a.txt", "deep/a.txt")
    component = tracker.trial_component
    component.display_name = "renamed"
    component.parameters["depth"] = 9
    component.parameters["new"] = "x"
    component.input_artifacts["raw"] = artifact("s3://other")
    component.output_artifacts["model"] = artifact("s3://model", "application/zip")
    component.save()
    again = studio.TrialComponent.load("renamed", "changes")
    assert again.parameters == {"depth": 9.0, "lr": 0.1, "new": "x"}
    assert again.input_artifacts == {"raw": artifact("s3://other")}
    assert again.output_artifacts["model"] == artifact("s3://model", "application/zip")
    run = mlflow_client.get_run(component.run_id)
    assert run.data.params == {"depth": "8", "lr": "0.1"}  # MLflow keeps the first value
    assert run.data.tags["tracker.parameter.depth"] == "9"

    again.parameters["depth"] = 8
    del again.parameters["new"]
    again.save()
    assert again.parameters == {"depth": 8.0, "lr": 0.1}
    again.update(output_artifacts_to_remove=["model"], tags={"team": "blue"}, display_name="once more")
    assert set(again.output_artifacts) == {"deep/a.txt"}
    assert again.tags["team"] == "blue"
    assert "team" not in again.update(tags_to_remove=["team", "none"]).tags
    del again.parameters["lr"]
    with pytest.raises(InvalidRequest, match="does not remove parameters"):
        again.save()
    assert "lr" not in again.parameters  # to be mended
    assert "lr" in again.refresh().parameters
    for wrong in ({"tags": {"studio.job_id": "x"}}, {"parameters": {"p": "x" * 7000}}, {"display_name": " "}):
        with pytest.raises(InvalidRequest):
            again.update(**wrong)  # type: ignore[arg-type]
    assert again.list_artifacts() == ["deep/a.txt"]
    assert again.download_artifact("deep/a.txt", tmp_path / "got").read_text() == "hello"
    for name, error in (("none", NotFound), ("../../etc/passwd", InvalidRequest)):
        with pytest.raises(error):
            again.download_artifact(name, tmp_path / "got")
    assert again.created_by == entities.user_name()
    assert [each.source_type for each in again.sources] == ["Script"]


def test_experiments_and_trials_are_changed(home: Workspace) -> None:
    experiment = studio.Experiment.create("plain", tags={"a": "1"})
    assert experiment.created_by == entities.user_name()
    assert experiment.creation_time is not None
    experiment.update(description="why", tags={"b": "2"})
    assert (experiment.description, experiment.tags) == ("why", {"a": "1", "b": "2"})
    assert experiment.save().description == "why"
    trial, other = experiment.create_trial("one"), experiment.create_trial("two")
    trial.display_name = "three"
    assert studio.Trial.load("three", "plain").run_id == trial.run_id
    with pytest.raises(Conflict):
        other.trial_name = "three"
    assert trial.update(tags={"x": "y"}).tags["x"] == "y"
    assert "x" not in trial.update(tags_to_remove=["x"]).save().tags
    assert trial.created_by == entities.user_name()


def test_a_component_in_trials_of_several_experiments(home: Workspace, mlflow_client: Any) -> None:
    here, there = studio.Experiment.create("here"), studio.Experiment.create("there")
    far, near = there.create_trial("far"), here.create_trial("near")
    with studio.Tracker.create("shared", trial=near) as tracker:
        tracker.log_metric("a", 1)
    far.add_trial_component(tracker)
    assert [each.display_name for each in far.list_trial_components()] == ["shared"]
    assert [each.display_name for each in there.list_trial_components()] == ["shared"]
    frame = there.to_frame()
    assert frame["Experiments"][0] == ["here", "there"]
    assert sorted(frame["Trials"][0]) == ["far", "near"]
    assert [each.trial_name for each in studio.Trial.list("there", trial_component_name=tracker.run_id)] == ["far"]
    tags = mlflow_client.get_run(tracker.run_id).data.tags  # any client of MLflow sees it
    assert tags[f"tracker.trial.{far.run_id}"] == "far"
    assert tags[f"tracker.experiment.{there.experiment_id}"] == "there"
    with pytest.raises(Conflict, match="1 components"):
        far.delete()
    far.remove_trial_component(tracker)
    assert not list(there.list_trial_components())
    assert f"tracker.experiment.{there.experiment_id}" not in mlflow_client.get_run(tracker.run_id).data.tags
    far.delete()
    there.delete()


def test_runs_in_the_later_words(home: Workspace, mlflow_client: Any, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with studio.Run("runs", "first") as run:
        run.log_parameters({"depth": 8})
        for step in range(3):
            run.log_metric("loss", 1.0 / (step + 1), step=step)
        run.log_artifact("model", "s3://model")
        run.log_artifact("raw", "s3://raw", is_output=False)
        run.log_file(tmp_path / "a.txt")
        run.log_confusion_matrix([0, 1], [0, 0])
        run.log_roc_curve([0, 1], [0.1, 0.9])
        run.log_precision_recall([0, 1], [0.1, 0.9])
        with studio.load_run() as inner:  # as a function that is called here would
            inner.log_metric("inner", 1)
        run.log_parameter("late", 1)  # it is open still
        with pytest.raises(InvalidRequest, match="is open"), studio.Run("runs", "second"):
            pass
    assert run.experiment_name == "runs"
    recorded = mlflow_client.get_run(run.run_id)
    assert (recorded.info.run_name, recorded.info.status) == ("first", "FINISHED")
    assert recorded.data.params == {"depth": "8", "late": "1"}
    assert [each.value for each in mlflow_client.get_metric_history(run.run_id, "loss")] == [1.0, 0.5, 1 / 3]
    assert recorded.data.metrics["inner"] == 1
    with studio.Run("runs", "first") as again:  # the same one
        again.log_metric("loss", 0.1, step=3)
    assert again.run_id == run.run_id
    with pytest.raises(ZeroDivisionError), studio.load_run("first", "runs") as failed:
        1 / 0  # noqa: B018
    assert failed.tracker.trial_component.status.primary_status == "Failed"
    assert [each.display_name for each in studio.Run.list("runs")] == ["first"]
    with pytest.raises(InvalidRequest, match="only inside a job"):
        studio.load_run()
    with pytest.raises(NotFound):
        studio.load_run("none", "runs")

"""What is recorded of a job, and that its run is closed whatever fails on the way."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.notebook_files import NotebookFiles
from studio_ext.adapters.sql_store import SqlStore
from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.contract.jobs import (
    Container,
    ContainerProfile,
    Exit,
    ExitReason,
    JobDetail,
    JobStatus,
    SecondaryStatus,
    Snapshot,
    TrialRef,
)
from studio_ext.core.workspace import Workspace
from studio_ext.ports.tracking import DataInput, RunHandle, RunStart
from studio_ext.services.recording import Recording
from studio_ext.testing.sample_jobs import finish, sample_job


class Tracking:
    """Notes what it is told, and fails where the test says so."""

    def __init__(self) -> None:
        self.started: list[RunStart] = []
        self.ended: list[tuple[str, str, float, Mapping[str, str]]] = []
        self.logged: dict[str, bytes] = {}
        self.fault: BaseException | None = None
        self.input_fault: BaseException | None = None
        self.inputs: list[DataInput] = []
        self.tables: list[str] = []

    def start_run(self, job_id: str, start: RunStart) -> RunHandle:
        self.started.append(start)
        return RunHandle("run", "1", "file:///a")

    def end_run(self, run_id: str, status: str, ended: float, tags: Mapping[str, str]) -> None:
        self.ended.append((run_id, status, ended, tags))

    def log_inputs(self, run_id: str, inputs: Any) -> None:
        if self.input_fault is not None:
            raise self.input_fault
        self.inputs += inputs

    def show_tables(self, run_id: str, paths: Any) -> None:
        self.tables += paths

    def log_artifacts(self, run_id: str, source: Path, artifact_path: str = "") -> None:
        if self.fault is not None:
            raise self.fault
        files = [path for path in source.rglob("*") if path.is_file()]
        self.logged |= {str(path.relative_to(source)): path.read_bytes() for path in files}


@pytest.fixture
def tracking() -> Tracking:
    return Tracking()


@pytest.fixture
def recording(store: SqlStore, tracking: Any) -> Recording:
    return Recording(store=store, tracking=tracking, relay=tracking, notebooks=NotebookFiles())


@pytest.fixture
def over(workspace: Workspace, store: SqlStore) -> JobDetail:
    """A job that has ended, with an executed notebook that holds a picture."""
    job = sample_job()
    directory = workspace.job(job.id)
    (directory / "output" / "environment").mkdir(parents=True)
    (directory / "output" / "environment" / "packages.txt").write_text("numpy==2")
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": base64.b64encode(b"png").decode()}}
    cell = {"cell_type": "code", "metadata": {}, "source": "plot()", "outputs": [picture], "execution_count": 1}
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}
    output = directory / "output" / "train.ipynb"
    output.write_text(json.dumps(document))
    job.directory, job.output_notebook = str(directory), str(output)
    store.add(job, None)
    store.set_run(job.id, "run", "1", "file:///a")
    finish(store, job.id)
    return store.get(job.id)


def test_what_is_recorded_before_the_start(recording: Recording, tracking: Tracking) -> None:
    snapshot = Snapshot(source="/w", files=1, size_bytes=1, git_commit="abc", git_dirty=True, git_remote="https://h/r")
    job = sample_job(snapshot=snapshot)
    recording.start(job)
    (start,) = tracking.started
    assert (start.experiment, start.name, start.user, start.started) == ("houses", "train", "ada", job.created)
    assert start.parameters["depth"] == "8"
    expected = {
        "studio.job_id": job.id,
        "studio.notebook": "work/train.ipynb",
        "studio.notebook_sha256": job.notebook_sha256,
        "studio.runner": "fake",
        "studio.kernel": "python3",
        "studio.git_dirty": "true",
        "mlflow.source.git.commit": "abc",
        "mlflow.source.git.repoURL": "https://h/r",
        "studio.tag.team": "red",
    }
    assert expected.items() <= dict(start.tags).items()
    assert all(isinstance(value, str) for value in (*start.tags.values(), *start.parameters.values()))


def test_a_job_without_a_work_tree(recording: Recording, tracking: Tracking) -> None:
    recording.start(sample_job(snapshot=None))
    assert not [name for name in tracking.started[0].tags if "git" in name]


def display(over: JobDetail, *data: Mapping[str, Any]) -> None:
    """Have a cell of the executed notebook display this."""
    path = Path(over.output_notebook or "")
    document = json.loads(path.read_text())
    outputs = [{"output_type": "display_data", "metadata": {}, "data": dict(each)} for each in data]
    document["cells"].append(
        {"cell_type": "code", "metadata": {}, "source": "show()", "outputs": outputs, "execution_count": 2}
    )
    path.write_text(json.dumps(document))


def test_tables_are_recorded_and_shown(recording: Recording, tracking: Tracking, over: JobDetail) -> None:
    html = "<table class='dataframe'><thead><tr><th></th><th>a</th></tr></thead><tbody><tr><th>0</th><td>1.5</td></tr>"
    display(over, {"text/html": f"{html}</tbody></table>"}, {"text/html": "<p>no table</p>"})
    recording.finish(over)
    assert json.loads(tracking.logged["tables/cell-02.json"]) == {"columns": ["index", "a"], "data": [[0, 1.5]]}
    assert tracking.tables == ["tables/cell-02.json"]


def test_what_was_not_committed_and_the_machine(recording: Recording, tracking: Tracking, over: JobDetail) -> None:
    directory = Path(over.directory)
    (directory / "uncommitted.diff.txt").write_text("diff --git a/x b/x\n")
    facts = {"python": "3.12.1", "platform": "Linux 6 x86_64", "cpus": 8, "gpus": ["A100", "A100", "T4"]}
    (directory / "output" / "environment" / "machine.json").write_text(json.dumps(facts))
    recording.finish(over)
    assert tracking.logged["code/uncommitted.diff.txt"] == b"diff --git a/x b/x\n"
    assert json.loads(tracking.logged["environment/machine.json"]) == facts
    tags = tracking.ended[0][3]
    assert (tags["studio.python"], tags["studio.platform"], tags["studio.cpus"]) == ("3.12.1", "Linux 6 x86_64", "8")
    assert tags["studio.gpus"] == "2 x A100, T4"


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"python": 3, "platform": [], "cpus": "8", "gpus": {}}', '{"cpus": true, "gpus": [1]}',
     "9" * 70000, '{"python": "3.11\\u001b[31m", "cpus": -1}'],
)  # fmt: skip
def test_a_job_may_write_anything_about_its_machine(
    recording: Recording, tracking: Tracking, over: JobDetail, content: str
) -> None:
    (Path(over.directory) / "output" / "environment" / "machine.json").write_text(content)
    recording.finish(over)
    tags = tracking.ended[0][3]
    assert tags.get("studio.python", "3.11") == "3.11"
    assert not {"studio.platform", "studio.cpus", "studio.gpus"} & tags.keys()


def test_nothing_is_taken_by_a_link(recording: Recording, tracking: Tracking, over: JobDetail, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    directory = Path(over.directory)
    for name in ("uncommitted.diff.txt", "output/environment/machine.json"):
        (directory / name).symlink_to(tmp_path / "secret")
    recording.finish(over)
    assert not [name for name, data in tracking.logged.items() if b"secret" in data]


def test_data_is_recorded_and_its_fault_is_no_other_ones(
    recording: Recording, tracking: Tracking, over: JobDetail
) -> None:
    inputs = [DataInput("a.csv", "d1", "local", "/w/a.csv")]
    recording.finish(over, inputs, has_more=True)
    assert tracking.inputs == inputs
    assert tracking.ended[0][3]["studio.inputs"] == "1 and more"
    tracking.input_fault = ValueError("no")
    recording.finish(over, inputs)
    assert len(tracking.ended) == 2 and "plots/cell-01.png" in tracking.logged
    tracking.input_fault = Unavailable("away")
    with pytest.raises(Unavailable):
        recording.finish(over, inputs)


def test_the_image_that_a_container_was_made_of(recording: Recording, tracking: Tracking, over: JobDetail) -> None:
    container = Container(image="r/x:1", profile=ContainerProfile.notebook, pull=True)
    job = over.model_copy(update={"environment": over.environment.model_copy(update={"container": container})})
    launch = Path(over.directory) / "attempts" / str(over.attempt) / "launch.json"
    launch.parent.mkdir(parents=True)
    for image_id, expected in ((f"sha256:{'a' * 64}", f"sha256:{'a' * 64}"), ("sha256:evil", None), (5, None)):
        launch.write_text(json.dumps({"image_id": image_id}))
        tracking.ended.clear()
        recording.finish(job)
        assert tracking.ended[0][3].get("studio.image_id") == expected


def test_outputs_and_end(recording: Recording, tracking: Tracking, store: SqlStore, over: JobDetail) -> None:
    recording.finish(over)
    assert set(tracking.logged) == {"notebook/train.ipynb", "plots/cell-01.png", "environment/packages.txt"}
    assert tracking.logged["plots/cell-01.png"] == b"png"
    ((run_id, status, ended, tags),) = tracking.ended
    assert (run_id, status, ended) == ("run", "FINISHED", 5.0)
    assert tags["studio.status"] == "Completed"
    assert store.unfinished_recording() == []
    assert [path.name for path in Path(over.directory).iterdir()] == ["output"], "nothing is left of the staging"


@pytest.mark.parametrize(
    ("status", "word"), [(JobStatus.Completed, "FINISHED"), (JobStatus.Failed, "FAILED"), (JobStatus.Stopped, "KILLED")]
)
def test_words(recording: Recording, tracking: Tracking, over: JobDetail, status: JobStatus, word: str) -> None:
    exit = Exit(reason=ExitReason.cell_failed, message="m" * 10_000)
    recording.finish(over.model_copy(update={"status": status, "exit": exit}))
    assert tracking.ended[0][1] == word
    assert len(tracking.ended[0][3]["studio.exit_message"]) == 4000


@pytest.mark.parametrize("fault", [StudioError("no"), OSError("disk"), ValueError("bug")])
def test_outputs_that_cannot_be_logged(
    recording: Recording, tracking: Tracking, store: SqlStore, over: JobDetail, fault: Exception
) -> None:
    tracking.fault = fault
    recording.finish(over)
    assert [ended[1] for ended in tracking.ended] == ["FINISHED"]
    assert store.unfinished_recording() == []


def test_a_store_that_is_away_is_asked_again(
    recording: Recording, tracking: Tracking, store: SqlStore, over: JobDetail
) -> None:
    tracking.fault = Unavailable("away")
    with pytest.raises(Unavailable):
        recording.finish(over)
    assert tracking.ended == []
    assert [job.id for job in store.unfinished_recording()] == [over.id]


def test_a_job_directory_that_is_gone(
    recording: Recording, tracking: Tracking, over: JobDetail, workspace: Workspace
) -> None:
    Path(over.directory).rename(workspace.home / "elsewhere")
    recording.finish(over)
    assert [ended[1] for ended in tracking.ended] == ["FINISHED"]


def test_files_that_the_job_linked_from_elsewhere_are_not_logged(
    recording: Recording, tracking: Tracking, over: JobDetail, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    private = Path(over.directory) / "environment.json"
    private.write_text("secret")
    for secret in (tmp_path / "secret", private):  # also one that lies in the job directory, but is not for showing
        for path in (Path(over.output_notebook or ""), Path(over.directory) / "output/environment/packages.txt"):
            path.unlink()
            path.symlink_to(secret)
        recording.finish(over)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / Path(over.output_notebook or "").name).write_text("secret")
    (Path(over.directory) / "output").rename(tmp_path / "moved")
    (Path(over.directory) / "output").symlink_to(elsewhere)
    recording.finish(over)
    assert tracking.logged == {}
    assert len(tracking.ended) == 3


def test_a_job_that_cannot_be_recorded_fails(recording: Recording, store: SqlStore, tmp_path: Path) -> None:
    job, _ = store.add(sample_job(directory=str(tmp_path)), None)
    values = tmp_path / "environment.json"
    values.touch()
    recording.refuse(job, StudioError("The experiment was deleted.", hint="Choose another."))
    assert not values.exists(), "it may hold secrets, and the job will never need them"
    seen = store.get(job.id)
    assert (seen.status, seen.secondary_status) == (JobStatus.Failed, SecondaryStatus.Failed)
    assert seen.message == "The experiment was deleted. Choose another."
    assert seen.ended is not None
    recording.refuse(job, StudioError("again"))
    assert store.get(job.id) == seen


def test_a_job_without_a_run_cannot_be_closed(recording: Recording) -> None:
    with pytest.raises(ValueError, match="no run"):
        recording.finish(sample_job(trial=TrialRef(experiment="e")))

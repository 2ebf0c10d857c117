"""From request to committed job: real notebooks, kernels, snapshots and database."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.notebook_files import NotebookFiles
from studio_ext.adapters.snapshots import FolderSnapshots
from studio_ext.adapters.sql_store import SqlStore
from studio_ext.contract.errors import InvalidRequest, NotFound, StudioError, Unavailable
from studio_ext.contract.jobs import (
    JobStatus,
    Resources,
    RunnerInfo,
    SubmitRequest,
)
from studio_ext.services import submission as submission_module
from studio_ext.services.submission import MOST_LINKS, MOST_PLACES, Submission, linked_places
from tests.unit.services.submission.bench import RUNNERS, SECRET, Runner, make, nothing_left, request


def test_a_job(submission: Submission, notebook: Path) -> None:
    job = submission.submit(
        request(
            notebook,
            parameters={"depth": 8.0},
            resources=Resources(cpus=1, memory_bytes=2**30, time_limit_seconds=60),
            tags={"a": "b"},
        ),
        notebook,
        "ada",
    )
    assert job == submission.store.get(job.id)
    assert (job.status, job.attempt, job.user, job.parameters) == (JobStatus.Pending, 1, "ada", {"depth": 8})
    assert (job.trial.experiment, job.name) == ("houses", f"train-{job.id[-4:]}")
    assert job.progress.total == 3
    assert job.snapshot is not None
    assert (job.snapshot.files, job.snapshot.source) == (2, str(notebook.parent))
    assert job.content_path == f"{job.id}/output/train.ipynb"


def test_the_job_directory_is_as_documented(submission: Submission, notebook: Path) -> None:
    job = submission.submit(request(notebook, parameters={"depth": 8}, variables=["API_KEY"]), notebook, "ada")
    directory = submission.workspace.job(job.id)
    assert str(directory) == job.directory
    found = {str(path.relative_to(directory)) for path in directory.rglob("*")}
    assert found == {
        "job.json", "environment.json", "input", "input/notebook.ipynb", "input/config", "input/data",
        "input/config/hyperparameters.json", "input/config/inputdataconfig.json", "input/config/resourceconfig.json",
        "code", "code/train.ipynb", "code/data.csv", "model", "output", "checkpoints", "artifacts", "attempts",
    }  # fmt: skip
    spec = json.loads((directory / "job.json").read_text())
    assert set(spec) == {
        "id", "kind", "attempt", "notebook", "workdir", "cells", "resources", "grace_seconds", "environment",
        "base_env", "links", "experiment", "autolog",
    }  # fmt: skip
    assert (spec["id"], spec["notebook"], spec["workdir"], spec["cells"]) == (job.id, "train.ipynb", "code", 3)
    assert (spec["kind"], spec["grace_seconds"], spec["experiment"]) == ("notebook", 10.0, "houses")
    assert spec["base_env"]["HOME"] == "/home/ada"
    assert json.loads((directory / "input/config/hyperparameters.json").read_text()) == {"depth": "8"}
    assert "depth = 8" in (directory / "input" / "notebook.ipynb").read_text()
    assert "depth = 8" not in (directory / "code" / "train.ipynb").read_text(), "the snapshot is what the person wrote"


def test_secrets_lie_in_one_file_only(submission: Submission, notebook: Path) -> None:
    job = submission.submit(request(notebook, variables=["API_KEY"]), notebook, "ada")
    directory = submission.workspace.job(job.id)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert json.loads((directory / "environment.json").read_text()) == {"API_KEY": SECRET}
    holders = [
        path for path in submission.workspace.home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    assert holders == [directory / "environment.json"]
    for name in ("environment.json", "job.json"):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600
    assert SECRET not in job.model_dump_json()
    assert job.environment.variables == ["API_KEY"]


def test_no_variables_no_file(submission: Submission, notebook: Path) -> None:
    job = submission.submit(request(notebook), notebook, "ada")
    assert not (submission.workspace.job(job.id) / "environment.json").exists()


def test_the_row_comes_after_the_files(submission: Submission, notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sees the row finds a whole directory, each file of it synced."""
    order: list[str] = []
    sync, add = os.fsync, SqlStore.add

    def note_sync(descriptor: int) -> None:
        order.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    def note_add(self: SqlStore, job: Any, key: str | None) -> Any:
        order.append("row")
        return add(self, job, key)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(SqlStore, "add", note_add)
    submission.submit(request(notebook, variables=["API_KEY"]), notebook, "ada")
    assert order[-1] == "row"
    assert {"job.json", "environment.json", "notebook.ipynb", "hyperparameters.json", "data.csv"} <= set(order)
    assert {"jobs", "code", "input", "attempts"} <= set(order), "names are durable only when their folders are"
    with closing(sqlite3.connect(submission.workspace.database)) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (1,)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"runner": "slurm"}, "runner"),
        ({"runner": "docker"}, "runner"),
        ({"kernel": "no-such-kernel"}, "kernel"),
        ({"parameters": {"depht": 1}}, "parameters.depht"),
        ({"parameters": {"depth": "deep"}}, "parameters.depth"),
        ({"parameters": {"class": 1}}, "parameters.class"),
        ({"parameters": {"rate": {1, 2}}}, "parameters.rate"),
        ({"variables": ["NOT_SET"]}, "variables"),
        ({"variables": ["STUDIO_TOKEN"]}, "variables"),
        ({"variables": [""]}, "variables"),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_left(
    submission: Submission, notebook: Path, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        submission.submit(request(notebook, **wrong), notebook, "ada")
    assert field in [each.field for each in caught.value.fields]
    assert nothing_left(submission)


def test_the_reason_why_a_runner_is_not_available(submission: Submission, notebook: Path) -> None:
    with pytest.raises(InvalidRequest, match="Start the engine"):
        submission.submit(request(notebook, runner="docker"), notebook, "ada")


def test_a_runner_that_does_not_answer_may_later(submission: Submission, notebook: Path) -> None:
    """Nothing is wrong with what was asked for, and it can be asked for again."""
    away = RunnerInfo(
        name="docker", display_name="Docker", available=False, away=True, reason="The engine hangs.", has_images=True
    )
    submission = replace(submission, runners={**RUNNERS, "docker": Runner(away)})
    with pytest.raises(Unavailable, match=r"Docker cannot be used now\. The engine hangs") as caught:
        submission.submit(request(notebook, runner="docker"), notebook, "ada")
    assert "Try again" in caught.value.hint and not caught.value.fields
    assert nothing_left(submission)
    there = Runner(away.model_copy(update={"away": False, "available": True}))
    submission = replace(submission, runners={**RUNNERS, "docker": there})
    assert submission.submit(request(notebook, runner="docker"), notebook, "ada").runner == "docker"


def test_broken_notebooks(submission: Submission, tmp_path: Path) -> None:
    (tmp_path / "broken.ipynb").write_text("{")
    for name, error in (("broken.ipynb", InvalidRequest), ("missing.ipynb", NotFound), (".", InvalidRequest)):
        with pytest.raises(error):
            submission.submit(request(tmp_path / name), tmp_path / name, "ada")
        with pytest.raises(error):
            submission.inspect(tmp_path / name, name)
    with pytest.raises(InvalidRequest, match="kernel"):
        path = make(tmp_path / "a.ipynb", kernel="gone")
        submission.submit(request(path), path, "ada")
    assert nothing_left(submission)


def test_a_path_that_is_not_text(submission: Submission, tmp_path: Path) -> None:
    path = make(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.ipynb")))
    with pytest.raises(InvalidRequest, match="UTF-8"):
        submission.submit(SubmitRequest(notebook="x"), path, "ada")
    assert nothing_left(submission)


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt(), RuntimeError("bug")])
@pytest.mark.parametrize("where", ["snapshot", "notebook", "row"])
def test_nothing_is_left_of_a_submission_that_failed(
    submission: Submission, notebook: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException, where: str
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise fault

    place = {
        "snapshot": (FolderSnapshots, "take"),
        "notebook": (NotebookFiles, "write_parameterized"),
        "row": (SqlStore, "add"),
    }[where]
    monkeypatch.setattr(*place, fail)
    expected = Unavailable if isinstance(fault, OSError) else type(fault)
    with pytest.raises(expected) as caught:
        submission.submit(request(notebook), notebook, "ada")
    if isinstance(caught.value, StudioError):
        assert "No space left" in caught.value.message
        assert "STUDIO_HOME" in caught.value.hint
    assert nothing_left(submission)


def test_a_workspace_that_went_away(submission: Submission, notebook: Path) -> None:
    submission.workspace.jobs.rmdir()
    with pytest.raises(Unavailable, match="could not be written"):
        submission.submit(request(notebook), notebook, "ada")


def test_the_same_id_twice(submission: Submission, notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = submission.submit(request(notebook), notebook, "ada")
    ids = iter([first.id, first.id, "zzzzzzzzzzzz"])
    monkeypatch.setattr(submission_module, "new_id", lambda _now: next(ids))
    second = submission.submit(request(notebook), notebook, "ada")
    assert second.id == "zzzzzzzzzzzz"
    assert (submission.workspace.job(first.id) / "job.json").exists(), "the first one was left alone"


def test_a_key_makes_one_job_and_one_directory(submission: Submission, notebook: Path) -> None:
    ids: list[str] = []
    errors: list[BaseException] = []

    def submit() -> None:
        try:
            for _ in range(7):
                ids.append(submission.submit(request(notebook, idempotency_key="k"), notebook, "ada").id)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=submit) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (len(ids), len(set(ids))) == (112, 1)
    assert [path.name for path in submission.workspace.jobs.iterdir()] == [ids[0]]


def test_an_empty_key_is_none(submission: Submission, notebook: Path) -> None:
    made = {submission.submit(request(notebook, idempotency_key=""), notebook, "ada").id for _ in range(2)}
    assert len(made) == 2


@pytest.mark.parametrize("name", ["😀.ipynb", "a\nb.ipynb", "x" * 249 + ".ipynb", "100%.ipynb", "-rf.ipynb"])
def test_odd_names(submission: Submission, tmp_path: Path, name: str) -> None:
    path = make(tmp_path / "odd" / name)
    job = submission.submit(request(path), path, "ada")
    assert Path(job.output_notebook or "").name == name
    assert len(job.name) <= 200
    job.model_dump_json()


@pytest.mark.parametrize(
    ("given", "expected"), [(None, "houses"), ("", "houses"), ("  ", "houses"), (" a \n b ", "a b"), ("é/x", "é/x")]
)
def test_experiments(submission: Submission, notebook: Path, given: str | None, expected: str) -> None:
    assert submission.submit(request(notebook, experiment=given), notebook, "ada").trial.experiment == expected


def test_special_numbers(submission: Submission, notebook: Path) -> None:
    job = submission.submit(request(notebook, parameters={"rate": float("nan")}), notebook, "ada")
    assert "float('nan')" in (Path(job.directory) / "input" / "notebook.ipynb").read_text()
    submission.store.get(job.id).model_dump_json()


# -- inspection -----------------------------------------------------------------------------------------------


def test_inspection(submission: Submission, notebook: Path) -> None:
    seen = submission.inspect(notebook, "houses/train.ipynb")
    assert (seen.notebook, seen.experiment, seen.cells, seen.kernel) == ("houses/train.ipynb", "houses", 3, "python3")
    assert [(each.name, each.type) for each in seen.parameters] == [("depth", "int"), ("rate", "float")]
    assert seen.warnings == []
    assert nothing_left(submission)


def test_inspection_says_what_a_job_would_stumble_over(submission: Submission, tmp_path: Path) -> None:
    seen = submission.inspect(make(tmp_path / "a.ipynb", kernel="gone"), "a.ipynb")
    assert (seen.kernel, seen.kernel_wanted) == (None, "gone")
    assert "gone" in seen.warnings[0]
    unnamed = submission.inspect(make(tmp_path / "b.ipynb", kernel=None), "b.ipynb")
    assert unnamed.kernel == "python3"
    assert "names no kernel" in unnamed.warnings[0]


def test_a_job_in_an_image(submission: Submission, notebook: Path) -> None:
    request = SubmitRequest(
        notebook=str(notebook), runner="podman", network_access=True, variables=["API_KEY"], resources=Resources(gpus=2)
    )
    job = submission.submit(request, notebook, "ada")
    assert job.environment.container is not None
    assert (job.environment.container.image, job.environment.container.network_access) == ("studio/notebook:1", True)
    assert job.environment.variables == ["API_KEY"]
    spec = json.loads((Path(job.directory) / "job.json").read_text())
    assert spec["base_env"] == {}, "the environment is the image's"
    assert spec["resources"]["gpus"] == 2
    assert spec["links"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"runner": "process", "image": "python:3.12"}, "image"),
        ({"runner": "process", "pull": True}, "pull"),
        ({"runner": "process", "resources": Resources(gpus=1)}, "resources.gpus"),
        ({"runner": "podman", "kernel": "python3"}, "kernel"),
        ({"runner": "podman", "image": "nowhere:1"}, "image"),
        ({"runner": "docker"}, "runner"),
    ],
)
def test_what_a_runner_cannot_give_is_refused(
    submission: Submission, notebook: Path, store: SqlStore, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        submission.submit(SubmitRequest(notebook=str(notebook), **changes), notebook, "ada")
    assert [each.field for each in refused.value.fields] == [field]
    assert store.active() == []


def test_other_languages_run_in_no_container(submission: Submission, tmp_path: Path) -> None:
    path = make(tmp_path / "r" / "fit.ipynb")
    document = json.loads(path.read_text())
    document["metadata"] = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidRequest, match="is R"):
        submission.submit(SubmitRequest(notebook=str(path), runner="podman"), path, "ada")


def test_places_that_a_snapshot_links_to(tmp_path: Path) -> None:
    code, data = tmp_path / "code", tmp_path / "data"
    (code / "many").mkdir(parents=True)
    (data / "many").mkdir(parents=True)
    (code / "few").symlink_to(data / "few")
    for number in range(MOST_LINKS + 1):
        (data / "many" / f"{number}.png").touch()
        (code / "many" / f"{number}.png").symlink_to(data / "many" / f"{number}.png")
    assert linked_places(code) == [str(data / "few"), str(data / "many")]
    (data / "many" / ".env").touch()  # ignored, so it is not in the snapshot: the folder must not bring it along
    assert str(data / "many") not in linked_places(code)
    assert len(linked_places(code)) == MOST_LINKS + 2


def test_more_places_than_a_container_can_have(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    for number in range(MOST_PLACES + 1):
        (code / f"{number}.png").symlink_to(tmp_path / "data" / f"{number}.png")
    with pytest.raises(InvalidRequest, match="501 files"):
        linked_places(code)

"""What a real store of MLflow knows of a trial is told whole, and changed without overwriting anybody."""

from __future__ import annotations

import errno
import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from studio_ext.adapters import mlflow_artifact_files, mlflow_trial_detail
from studio_ext.adapters.mlflow_backend import Reply, open_backend, post
from studio_ext.adapters.mlflow_records import MlflowRecords
from studio_ext.adapters.mlflow_trial_detail import MlflowTrialDetails
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, Unavailable
from studio_ext.contract.records import RunRecord
from studio_ext.contract.trial_detail import PreviewKind, TrialDetail, UpdateTrial
from studio_ext.sdk import trial
from studio_ext.services.artifact_preview import LARGEST_FETCHED

NOTE = "mlflow.note.content"
HOSTILE = "<img src=x onerror=alert(1)> ' \" \\ 日本 " + "n" * 200


class Place:
    """A store, and what the tests do in it."""

    def __init__(self, folder: Path) -> None:
        self.uri = f"sqlite:///{folder}/mlflow.db"
        self.backend = open_backend(self.uri, folder / "artifacts")
        self.records = MlflowRecords(self.backend)
        self.details = MlflowTrialDetails(self.backend, shown_uri=self.uri)
        self.experiment = self.records.create_experiment("house <prices>", {}).experiment_id

    def run(self, name: str = "trial", **tags: str) -> RunRecord:
        dotted = {key.replace("__", "."): value for key, value in tags.items()}
        return self.records.create_run(self.experiment, name, dotted, 1e9)

    def log(self, run: RunRecord, **fields: Any) -> None:
        assert post(self.backend, "runs/log-batch", run_id=run.run_id, **fields).ok

    def put(self, run: RunRecord, folder: Path, name: str, text: str = "x") -> None:
        (folder / "file").write_text(text)
        self.records.log_artifact(run, folder / "file", name)

    def detail(self, run: RunRecord) -> TrialDetail:
        found = self.details.detail(run.run_id)
        assert TrialDetail.model_validate_json(found.model_dump_json()) == found
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("store"))


def test_a_trial_of_which_nothing_is_known(place: Place) -> None:
    run = place.run()
    found = place.detail(run)
    assert found.trial.name == "trial" and found.trial.experiment == "house <prices>"
    assert found.metrics == found.inputs == found.models == found.versions == found.children.items == []
    assert not found.is_deleted and not found.note and not found.failure and found.missing == []
    assert found.parent is None and found.job is None and found.code.changes == found.code.output == ""
    assert found.mlflow_url == "" and found.mlflow_command == f"mlflow ui --backend-store-uri '{place.uri}'"


def test_metrics_are_summed_up(place: Place) -> None:
    run = place.run()
    values = [(3.0, 0), (1.0, 1), (2.0, 2)]
    place.log(
        run,
        metrics=[
            *({"key": "loss", "value": value, "timestamp": step, "step": step} for value, step in values),
            {"key": "broken", "value": "NaN", "timestamp": 1, "step": 4},
            {"key": "flat", "value": 5.0, "timestamp": 1, "step": 0},
            {"key": "flat", "value": 5.0, "timestamp": 2, "step": 1},
            {"key": "system/cpu", "value": 1, "timestamp": 1, "step": 0},
        ],
    )
    found = {each.name: each for each in place.detail(run).metrics}
    assert list(found) == ["broken", "flat", "loss"]
    loss = found["loss"]
    assert (loss.last, loss.step, loss.count, loss.min, loss.max, loss.mean) == (2.0, 2, 3, 1.0, 3.0, 2.0)
    assert (found["broken"].last, found["broken"].min) == (None, None)
    assert (found["flat"].min, found["flat"].max, found["flat"].count) == (5.0, 5.0, 2)


def test_a_server_elsewhere_tells_last_values_only(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run = place.run()
    place.log(run, metrics=[{"key": "loss", "value": 2.5, "timestamp": 1, "step": 7}])
    monkeypatch.setattr(type(place.backend), "metric_sums", lambda *_: None)
    [loss] = place.detail(run).metrics
    assert (loss.last, loss.step, loss.count, loss.min) == (2.5, 7, None, None)


def test_data_code_and_environment(place: Place, tmp_path: Path) -> None:
    tags = {
        "studio.notebook": "train.ipynb",
        "studio.git_dirty": "true",
        "mlflow.source.git.commit": "c" * 40,
        "mlflow.source.git.repoURL": "https://me:secret@host/repo.git",
        "studio.python": "3.13",
        "studio.image": "studio/notebook:1",
        "studio.exit_reason": "CellFailed",
        "studio.exit_message": "Cell 3 raised KeyError.",
    }
    run = place.run(**{key.replace(".", "__"): value for key, value in tags.items()})
    ours = {"num_rows": 20640, "num_columns": 10, "size_bytes": 1_400_000, "sha256": "a" * 64}
    schema = json.dumps({"mlflow_colspec": [{"name": "x", "type": "double"}] * 3})
    datasets = [
        {"name": "train.csv", "digest": "d1", "source_type": "local", "source": '{"uri": "/data/train.csv"}',
         "profile": json.dumps(ours)},
        {"name": "frame", "digest": "d2", "source_type": "code", "source": '{"tags": {}}', "schema": schema,
         "profile": '{"num_rows": 5, "num_elements": 15}'},
        {"name": "odd", "digest": "d3", "source_type": "local", "source": "not json", "profile": "[]"},
    ]  # fmt: skip
    inputs = [{"dataset": each, "tags": [{"key": "mlflow.data.context", "value": "training"}]} for each in datasets]
    assert post(place.backend, "runs/log-inputs", run_id=run.run_id, datasets=inputs).ok
    for name in ("code/uncommitted.diff.txt", "environment/packages.txt", "notebook/train.ipynb"):
        place.put(run, tmp_path, name)
    found = place.detail(run)
    by_name = {each.name: each for each in found.inputs}
    first = by_name["train.csv"]
    assert (first.rows, first.columns, first.place, first.context) == (20640, 10, "/data/train.csv", "training")
    assert (by_name["frame"].rows, by_name["frame"].columns, by_name["frame"].place) == (5, 3, "")
    assert (by_name["odd"].rows, by_name["odd"].place) == (None, "")
    assert found.code.commit == "c" * 40 and found.code.dirty is True and "secret" not in found.code.remote
    assert found.code.changes == "code/uncommitted.diff.txt" and found.code.output == "notebook/train.ipynb"
    assert found.environment.python == "3.13" and found.environment.packages == "environment/packages.txt"
    assert found.environment.machine == "" and found.failure == "Cell 3 raised KeyError."


def test_a_trial_that_completed_has_no_failure(place: Place) -> None:
    run = place.run(studio__exit_reason="Completed", studio__exit_message="Done.")
    assert place.detail(run).failure == ""


def test_parents_and_children_in_pages(place: Place) -> None:
    parent = place.run("parent")
    runs = [place.run(f"child {number}", mlflow__parentRunId=parent.run_id) for number in range(5)]
    found = place.detail(runs[0])
    assert found.parent is not None and (found.parent.name, found.parent.run_id) == ("parent", parent.run_id)
    seen, cursor = [], ""
    while True:
        page = place.details.children(parent.run_id, cursor=cursor, limit=2)
        seen += [each.name for each in page.items]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert sorted(seen) == [f"child {number}" for number in range(5)]
    assert len(place.detail(parent).children.items) == 5
    with pytest.raises(InvalidRequest):
        place.details.children(parent.run_id, cursor="no cursor", limit=2)
    place.records.delete_run(parent.run_id)
    gone = place.detail(runs[0]).parent
    assert gone is not None and gone.status == "" and gone.name == "parent"
    orphan = place.detail(place.run(mlflow__parentRunId="f" * 32))
    assert orphan.parent is not None and orphan.parent.run_id == "f" * 32 and orphan.parent.name == ""


def test_models_and_their_versions(place: Place) -> None:
    run = place.run()
    reply = post(
        place.backend, "logged-models", experiment_id=place.experiment, name="forest", model_type="sklearn",
        source_run_id=run.run_id,
    )  # fmt: skip
    info = reply.json()["model"]["info"]
    model_id = info["model_id"]
    assert post(place.backend, "runs/outputs", run_id=run.run_id, models=[{"model_id": model_id, "step": 0}]).ok
    assert post(place.backend, "registered-models/create", name="prices").ok
    fields = {"name": "prices", "source": info["artifact_uri"], "run_id": run.run_id, "model_id": model_id}
    assert post(place.backend, "model-versions/create", **fields).ok
    found = place.detail(run)
    [model], [version] = found.models, found.versions
    assert (model.model_id, model.name, model.kind) == (model_id, "forest", "sklearn") and model.created
    assert (version.name, version.version) == ("prices", "1")
    assert place.detail(place.run()).versions == []


# -- changing


def note_of(place: Place, run: RunRecord) -> str | None:
    return place.records.run(run.run_id).tags.get(NOTE)


def test_a_note_is_mlflows_own(place: Place) -> None:
    run = place.run()
    place.details.update(run.run_id, UpdateTrial(note="# Best\nso far"))
    assert note_of(place, run) == "# Best\nso far" == place.detail(run).note
    place.details.update(run.run_id, UpdateTrial(note=""))
    assert note_of(place, run) is None and place.detail(run).note == ""


def test_the_note_of_a_trial_in_python(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "recorder", lambda: SimpleNamespace(records=place.records))
    run = place.run()
    found = trial.Trial(place.detail(run).trial)
    assert found.note == ""
    found.note = "# Best"
    assert found.note == "# Best" == note_of(place, run)
    found.note = ""
    found.note = ""
    assert found.note == "" and note_of(place, run) is None
    wrong: list[Any] = [5, None, "x" * 5001]
    for each in wrong:
        with pytest.raises(InvalidRequest):
            found.note = each


def test_name_and_tags(place: Place) -> None:
    run = place.run(stage="old", spare="x")
    change = UpdateTrial(name=HOSTILE[:250], tags={"stage": "new", "a b": HOSTILE}, removed_tags=["spare", "none"])
    place.details.update(run.run_id, change)
    trial = place.detail(run).trial
    assert trial.name == HOSTILE[:250] and trial.tags["stage"] == "new" and trial.tags["a b"] == HOSTILE
    assert "spare" not in trial.tags


@pytest.mark.parametrize("key", ["studio.job_id", "mlflow.parentRunId", NOTE, "mlflow.runName"])
def test_tags_that_are_not_a_persons_are_refused(place: Place, key: str) -> None:
    run = place.run()
    for change in (UpdateTrial(tags={key: "x"}), UpdateTrial(removed_tags=[key])):
        with pytest.raises(InvalidRequest) as caught:
            place.details.update(run.run_id, change)
        assert caught.value.fields[0].field == "tags" and caught.value.hint
    with pytest.raises(InvalidRequest):
        place.details.update(run.run_id, UpdateTrial(name="  "))


def test_nothing_is_changed_where_a_part_is_refused(place: Place) -> None:
    run = place.run()
    with pytest.raises(InvalidRequest):
        place.details.update(run.run_id, UpdateTrial(name="new", note="new", tags={"good": "x", "<b>": "y"}))
    found = place.detail(run)
    assert found.trial.name == "trial" and found.note == "" and "good" not in found.trial.tags


def test_a_newer_note_is_not_overwritten(place: Place) -> None:
    run = place.run()
    place.details.update(run.run_id, UpdateTrial(note="theirs", if_note=""))
    with pytest.raises(Conflict) as caught:
        place.details.update(run.run_id, UpdateTrial(note="mine", if_note="", name="new name"))
    [field] = caught.value.fields
    assert (field.field, field.message) == ("note", "theirs") and caught.value.hint
    assert note_of(place, run) == "theirs" and place.detail(run).trial.name == "trial", "nothing of it was done"
    place.details.update(run.run_id, UpdateTrial(note="mine", if_note="theirs"))
    place.details.update(run.run_id, UpdateTrial(note="mine", if_note="older"))  # said twice, after a lost answer
    assert note_of(place, run) == "mine"


def test_of_many_at_once_one_wins(place: Place) -> None:
    run = place.run()

    def save(number: int) -> bool:
        try:
            place.details.update(run.run_id, UpdateTrial(note=f"note {number}", if_note=""))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(save, range(8)))
    assert sum(won) == 1 and note_of(place, run) == f"note {won.index(True)}"


def test_a_deleted_trial_is_shown_and_not_changed(place: Place) -> None:
    run = place.run(mlflow__note__content="kept")
    place.records.delete_run(run.run_id)
    found = place.detail(run)
    assert found.is_deleted and found.note == "kept" and found.missing == []
    with pytest.raises(Conflict, match="deleted"):
        place.details.update(run.run_id, UpdateTrial(note="x"))


@pytest.mark.parametrize("run_id", ["f" * 32, "x", "' or 1=1", "../..", "0" * 500])
def test_an_unknown_trial(place: Place, run_id: str) -> None:
    with pytest.raises(NotFound):
        place.details.detail(run_id)
    with pytest.raises(NotFound):
        place.details.children(run_id, cursor="", limit=5)
    with pytest.raises(NotFound):
        place.details.update(run_id, UpdateTrial(note="x"))


# -- a store that is partly away


def test_what_cannot_be_read_is_told_and_the_rest_shown(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run = place.run()

    def away(*_: Any) -> Any:
        raise Unavailable("The artefacts at s3://bucket cannot be reached.")

    monkeypatch.setattr(MlflowRecords, "artifacts", away)
    found = place.detail(run)
    assert found.missing == ["The artefacts at s3://bucket cannot be reached."] and found.trial.name == "trial"


def test_a_store_without_a_registry(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    real = mlflow_trial_detail.get

    def refuse(backend: Any, method: str, /, **fields: str) -> Reply:
        return Reply(404, b"{}") if method.startswith("model-versions") else real(backend, method, **fields)

    monkeypatch.setattr(mlflow_trial_detail, "get", refuse)
    assert place.detail(place.run()).versions == []


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        ("http://host:5000", "http://host:5000/#/experiments/{e}/runs/{r}"),
        ("https://***@host/mlflow/", "https://host/mlflow/#/experiments/{e}/runs/{r}"),
    ],
)
def test_the_page_in_mlflow(place: Place, uri: str, url: str) -> None:
    run = place.run()
    found = MlflowTrialDetails(place.backend, shown_uri=uri).detail(run.run_id)
    assert found.mlflow_url == url.format(e=place.experiment, r=run.run_id) and found.mlflow_command == ""


def test_numbers_that_json_lacks(place: Place) -> None:
    run = place.run()
    place.log(run, metrics=[{"key": "m", "value": math.inf, "timestamp": 1, "step": 0}])
    [metric] = place.detail(run).metrics
    assert metric.max is None or math.isfinite(metric.max)


def test_files_of_models_are_found_below_the_models_name(place: Place, tmp_path: Path) -> None:
    run = place.run()
    for number in range(2):  # the second takes the place of the first
        fields = {"experiment_id": place.experiment, "name": "forest", "source_run_id": run.run_id}
        info = post(place.backend, "logged-models", **fields).json()["model"]["info"]
        folder = Path(info["artifact_uri"], "data")
        folder.mkdir(parents=True)
        (folder.parent / "MLmodel").write_text(f"number: {number}")
        (folder / "x.txt").write_text("x")
    place.put(run, tmp_path, "plots/a.txt")

    def paths(folder: str = "") -> list[str]:
        return [each.path for each in place.records.artifacts(run, folder)]

    assert paths() == ["forest", "plots"] and paths("plots") == ["plots/a.txt"]
    assert paths("forest") == ["forest/MLmodel", "forest/data"] and paths("forest/data") == ["forest/data/x.txt"]
    assert paths("none") == paths("forest/none") == []
    assert place.records.preview(run, "forest/MLmodel").text == "number: 1"
    for name in ("forest", "forest/none", "none/MLmodel"):
        with pytest.raises(NotFound):
            place.records.preview(run, name)
    with pytest.raises(InvalidRequest):
        place.records.preview(run, "forest/../../secret")
    place.put(run, tmp_path, "forest/own.txt")
    assert paths("forest") == ["forest/own.txt"], "what the run itself has goes first"


def test_a_look_at_an_artefact(place: Place, tmp_path: Path) -> None:
    run = place.run()
    place.put(run, tmp_path, "tables/a b.csv", "a,b\n1,2\n")
    found = place.records.preview(run, "tables/a b.csv")
    assert found.kind is PreviewKind.table and found.rows == [[1, 2]] and found.path == "tables/a b.csv"
    for name in ("tables", "none.csv"):
        with pytest.raises(NotFound):
            place.records.preview(run, name)
    for name in ("../mlflow.db", "/etc/passwd"):
        with pytest.raises(InvalidRequest):
            place.records.preview(run, name)


class Elsewhere:
    """A store that gives files as a whole, as those of clouds do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, size: int, failure: Exception | None = None) -> None:
        self.size, self.failure = size, failure
        self.fetched: list[str] = []
        monkeypatch.setattr(mlflow_artifact_files, "_repository", lambda *_: self)

    def list_artifacts(self, folder: str | None) -> list[SimpleNamespace]:
        return [SimpleNamespace(path="a.log", is_dir=False, file_size=self.size)] if folder is None else []

    def download_artifacts(self, name: str, folder: str) -> str:
        self.fetched.append(name)
        if self.failure:
            raise self.failure
        path = Path(folder, name)
        path.write_text("x" * self.size)
        return str(path)


def elsewhere(place: Place) -> RunRecord:
    return place.run().model_copy(update={"artifact_uri": "s3://bucket/run"})


def test_a_look_at_a_file_of_a_store_elsewhere(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run, store = elsewhere(place), Elsewhere(monkeypatch, 10)
    assert place.records.preview(run, "a.log").text == "x" * 10 and store.fetched == ["a.log"]


def test_a_large_file_of_a_store_elsewhere_is_not_fetched_for_a_look(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, store = elsewhere(place), Elsewhere(monkeypatch, LARGEST_FETCHED + 1)
    found = place.records.preview(run, "a.log")
    assert (found.kind, found.size_bytes, found.is_cut) == (PreviewKind.binary, LARGEST_FETCHED + 1, True)
    assert "Download it." in found.remark and store.fetched == []
    store.size = LARGEST_FETCHED
    assert place.records.preview(run, "a.log").kind is PreviewKind.text


def test_no_room_for_a_file_of_a_store_elsewhere(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    run = elsewhere(place)
    Elsewhere(monkeypatch, 10, OSError(errno.ENOSPC, "No space left on device"))
    for opened in (lambda: place.records.preview(run, "a.log"), place.records.open_artifact(run, "a.log").__enter__):
        with pytest.raises(Unavailable, match="cannot be fetched: No space left on device") as caught:
            opened()
        assert "room" in caught.value.hint


def test_what_fails_while_a_file_is_read_is_not_said_of_the_store(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    Elsewhere(monkeypatch, 10)
    with pytest.raises(BrokenPipeError), place.records.open_artifact(elsewhere(place), "a.log"):
        raise BrokenPipeError

"""Models and lineage on a real MLflow store, with what MLflow's own client makes and sees of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.local_client import LocalClient
from studio_ext.adapters.mlflow_backend import AppBackend, Backend, open_backend, post
from studio_ext.adapters.mlflow_models import MlflowModels
from studio_ext.adapters.mlflow_relay_policy import CHILD_TAG
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, Unavailable
from studio_ext.contract.lineage import LineageKind
from studio_ext.contract.models import RegisterModel, SetAlias, UpdateModel
from studio_ext.core.workspace import Workspace
from studio_ext.services.models import Models

pytestmark = pytest.mark.timeout(120)

DIGEST = "fedcba9876543210"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("models") / "studio", {})


@pytest.fixture(scope="module")
def backend(home: Workspace) -> Backend:
    return open_backend(home.tracking_uri, home.artifacts)


@pytest.fixture(scope="module")
def experiment(backend: Backend) -> str:
    return str(post(backend, "experiments/create", name="it's <houses>").json()["experiment_id"])


@pytest.fixture(scope="module")
def models(backend: Backend) -> Models:
    return Models(MlflowModels(backend))


class Trials:
    """Makes trials as MLflow's client does; files of models stand for models, which nobody here loads."""

    def __init__(self, backend: Backend, experiment: str) -> None:
        self._backend = backend
        self._experiment = experiment

    def make(self, name: str, *, logged: str = "", folder: str = "", tags: dict[str, str] | None = None) -> str:
        """A run id. ``logged``: name of a model of MLflow 3; ``folder``: artefacts that are one of MLflow 2."""
        listed = [{"key": key, "value": value} for key, value in (tags or {}).items()]
        fields = {"experiment_id": self._experiment, "run_name": name, "start_time": 1_000, "tags": listed}
        run = post(self._backend, "runs/create", **fields).json()["run"]["info"]
        run_id = str(run["run_id"])
        if logged:
            self.log(run_id, logged)
        if folder:
            _write_model(Path(run["artifact_uri"]) / folder)
        return run_id

    def log(self, run_id: str, name: str, *, files: bool = True) -> str:
        """The id of a model of MLflow 3."""
        fields = {"experiment_id": self._experiment, "name": name, "source_run_id": run_id, "model_type": "tree"}
        info = post(self._backend, "logged-models", **fields).json()["model"]["info"]
        if files:
            _write_model(Path(info["artifact_uri"]))
        done = f'{{"model_id": "{info["model_id"]}", "status": "LOGGED_MODEL_READY"}}'.encode()
        assert self._backend.call("PATCH", f"/api/2.0/mlflow/logged-models/{info['model_id']}", done).ok
        return str(info["model_id"])

    def read(self, run_id: str, name: str, digest: str) -> None:
        """Note that it read data."""
        data = {"name": name, "digest": digest, "source_type": "local", "source": f'{{"uri": "/data/{name}"}}'}
        assert post(self._backend, "runs/log-inputs", run_id=run_id, datasets=[{"dataset": data, "tags": []}]).ok


def _write_model(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "model.pkl").write_bytes(b"\x80never loaded")


@pytest.fixture(scope="module")
def trials(backend: Backend, experiment: str) -> Trials:
    return Trials(backend, experiment)


def test_an_unmodified_client_sees_version_and_alias(models: Models, trials: Trials, mlflow_client: Any) -> None:
    run = trials.make("depth 8", logged="model", tags={"studio.job_id": "j1"})
    made = models.register(RegisterModel(run_id=run, name="Häuser 1", alias="champion", description="best"))
    assert (made.version, made.trial, made.experiment, made.job_id) == ("1", "depth 8", "it's <houses>", "j1")
    seen = mlflow_client.get_model_version_by_alias("Häuser 1", "champion")
    assert (seen.version, seen.run_id, seen.description, seen.status) in (
        ("1", run, "best", "READY"),
        (1, run, "best", "READY"),
    )
    assert seen.tags == {"studio.trial": "depth 8", "studio.experiment": "it's <houses>", "studio.job_id": "j1"}
    assert (Path(seen.source) / "MLmodel").exists()
    assert mlflow_client.get_model_version_download_uri("Häuser 1", "1") == seen.source
    assert models.of_trial(run).versions == [made]


def test_what_another_client_registered(models: Models, trials: Trials, mlflow_client: Any) -> None:
    run = trials.make("elsewhere", folder="nested/model")
    mlflow_client.create_registered_model("theirs", description="of others")
    source = f"{mlflow_client.get_run(run).info.artifact_uri}/nested/model"
    tags = {CHILD_TAG: "j2", "team": "red"}
    mlflow_client.create_model_version("theirs", source, run, tags=tags)
    mlflow_client.create_model_version("theirs", "s3://bucket/model")
    mlflow_client.set_registered_model_alias("theirs", "Blue", "1")
    second, first = models.versions("theirs").items
    assert (first.trial, first.tags, first.aliases, first.is_trial_deleted) == (
        "elsewhere",
        {"team": "red"},
        ["Blue"],
        False,
    )
    assert (second.run_id, second.trial, second.is_trial_deleted, second.source) == (
        None,
        "",
        False,
        "s3://bucket/model",
    )
    assert models.model("theirs").description == "of others"
    older = UpdateModel(description="mine", if_description="of nobody")
    with pytest.raises(Conflict) as caught:
        models.describe("theirs", older)
    assert caught.value.fields[0].message == "of others"
    mlflow_client.update_model_version("theirs", "1", description="the first")
    with pytest.raises(Conflict) as caught:
        models.describe_version("theirs", "1", older)
    assert caught.value.fields[0].message == "the first"
    with pytest.raises(Conflict, match="version 1 now"):
        models.delete_alias("theirs", "Blue", "2")


def test_a_folder_of_artefacts_is_a_model(models: Models, trials: Trials) -> None:
    run = trials.make("old", folder="nested/model")
    assert [each.path for each in models.of_trial(run).models] == ["nested/model"]
    made = models.register(RegisterModel(run_id=run, name="old"))
    assert made.source.endswith("/nested/model")
    assert models.register(RegisterModel(run_id=run, name="old", path="/nested/model/")).version == "2"
    with pytest.raises(InvalidRequest):
        models.register(RegisterModel(run_id=run, name="old", path="../../etc"))


def test_a_model_whose_files_are_still_with_its_job(models: Models, trials: Trials) -> None:
    run = trials.make("running")
    trials.log(run, "model", files=False)
    with pytest.raises(Conflict, match="not in the store") as caught:
        models.register(RegisterModel(run_id=run, name="early"))
    assert "when the job is over" in caught.value.hint
    with pytest.raises(NotFound):
        models.model("early")


@pytest.mark.parametrize("name", ["it's", 'a "quoted" one', "<img src=x> 模型", "per%cent_; --", "x" * 250])
def test_strange_names_come_back(models: Models, trials: Trials, name: str) -> None:
    run = trials.make(name, logged="model")
    made = models.register(RegisterModel(run_id=run, name=name, alias="champion"))
    assert models.versions(name).items == [made]
    assert models.set_alias(name, "größte", SetAlias(version="1")).aliases == {"champion": "1", "größte": "1"}
    assert models.delete_alias(name, "größte").aliases == {"champion": "1"}
    assert models.delete_alias(name, "größte").aliases == {"champion": "1"}
    assert models.describe(name, UpdateModel(description="</script>")).description == "</script>"
    assert models.describe_version(name, "1", UpdateModel(description="")).description == ""
    models.delete_version(name, "1")
    assert models.model(name).latest is None and models.model(name).aliases == {}
    models.delete(name)
    with pytest.raises(NotFound):
        models.model(name)


def test_a_name_of_others_with_both_kinds_of_quotes(models: Models, mlflow_client: Any) -> None:
    name = "both ' and \""
    mlflow_client.create_registered_model(name)
    for _ in range(3):
        mlflow_client.create_model_version(name, "s3://bucket/model")
    mlflow_client.delete_model_version(name, "2")
    assert [each.version for each in models.versions(name).items] == ["3", "1"]


def test_a_failed_version_leaves_no_empty_model(backend: Backend, trials: Trials) -> None:
    run = trials.make("broken", logged="model")

    class Refusing(AppBackend):
        """Refuses to make versions."""

        def call(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Any:
            if path.endswith("model-versions/create"):
                body = b"{}"
            return backend.call(method, path, body, content_type)

    refusing = Refusing(backend.uri, Path("/nowhere"))
    with pytest.raises(InvalidRequest):
        Models(MlflowModels(refusing)).register(RegisterModel(run_id=run, name="never"))
    with pytest.raises(NotFound):
        MlflowModels(backend).model("never")


def test_trials_that_are_deleted(models: Models, trials: Trials, backend: Backend, mlflow_client: Any) -> None:
    run = trials.make("short-lived", logged="model")
    models.register(RegisterModel(run_id=run, name="orphan"))
    mlflow_client.delete_run(run)
    found = models.version("orphan", "1")
    assert (found.is_trial_deleted, found.trial, found.experiment) == (True, "short-lived", "it's <houses>")
    assert models.versions("orphan").items == [found]
    with pytest.raises(NotFound, match="was deleted"):
        models.of_trial(run)


def test_many_register_at_once(models: Models, trials: Trials) -> None:
    run = trials.make("busy", logged="model")
    made: list[str] = []

    def register() -> None:
        made.append(models.register(RegisterModel(run_id=run, name="busy", alias="champion")).version)

    threads = [threading.Thread(target=register) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(made) == ["1", "2", "3", "4"]
    assert models.model("busy").aliases["champion"] in made


class OverRest:
    """The same store, as a server elsewhere: nothing is known but by REST."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.uri = backend.uri
        self.call = backend.call

    def tagged_runs(self, key: str, value: str) -> None:
        """Not here."""


@pytest.mark.parametrize("how", ["here", "elsewhere"])
def test_lineage_of_a_real_store(home: Workspace, backend: Backend, trials: Trials, how: str) -> None:
    client = LocalClient(home)
    if how == "elsewhere":
        client._models_found = MlflowModels(OverRest(backend))  # type: ignore[arg-type]
    client.known_job = lambda job_id: None  # type: ignore[method-assign]
    digest = DIGEST if how == "here" else DIGEST[::-1]
    run = trials.make("reader", logged="model", tags={"studio.job_id": f"job-{how}"})
    part = trials.make("part", tags={"mlflow.parentRunId": run, CHILD_TAG: f"job-{how}"})
    other = trials.make("other")
    trials.read(run, "houses.csv", digest)
    trials.read(other, "copy.csv", digest)
    trials.read(other, "short", f"abc {how}")
    client.register_model(RegisterModel(run_id=run, name=f"line {how}", alias="champion"))
    model = f"line {how}/1"

    found = client.lineage(LineageKind.trial, run)
    assert {(each.source, each.target) for each in found.edges} == {
        (digest, run),
        (f"job-{how}", run),
        (run, part),
        (run, model),
    }
    found = client.lineage(LineageKind.data, digest)
    assert {node.id for node in found.nodes} == {digest, run, other, part, model}
    short = f"abc%20{how}:short"
    assert {node.id for node in client.lineage(LineageKind.data, short).nodes} == {short, other}
    assert {node.id for node in client.lineage(LineageKind.job, f"job-{how}").nodes} == {f"job-{how}", run, part, model}
    found = client.lineage(LineageKind.model, model)
    assert [node.detail for node in found.nodes if node.kind == "data"] == ["/data/houses.csv"]
    for kind, identity in (("data", "abc:long"), ("data", "o'clock:x"), ("trial", "' or 1=1"), ("job", "x y")):
        with pytest.raises(NotFound):
            client.lineage(LineageKind(kind), identity)


def test_a_store_that_is_away(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio", {"STUDIO_TRACKING_URI": "http://127.0.0.1:9"})
    client = LocalClient(workspace)
    for ask in (client.models, lambda: client.model("x"), lambda: client.lineage(LineageKind.trial, "x")):
        with pytest.raises(Unavailable) as caught:
            ask()
        assert caught.value.hint


@pytest.fixture(scope="module", autouse=True)
def closed(backend: Backend) -> Iterator[None]:
    yield
    backend.close()

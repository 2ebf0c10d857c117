"""What a job may not do by way of the relay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.mlflow_backend import post
from studio_ext.ports.tracking import RunHandle
from studio_ext.testing.recorded_job import RecordedJob
from tests.integration.relay_store import Store

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize(
    ("method", "name", "fields"),
    [
        ("POST", "runs/log-metric", {"key": "m", "value": 2, "timestamp": 1}),
        ("POST", "runs/log-batch", {"tags": [{"key": "a", "value": "b"}]}),
        ("POST", "runs/log-parameter", {"key": "a", "value": "b"}),
        ("POST", "runs/set-tag", {"key": "a", "value": "b"}),
        ("POST", "runs/delete-tag", {"key": "studio.job_id"}),
        ("POST", "runs/update", {"status": "FAILED"}),
        ("POST", "runs/log-model", {"model_json": "{}"}),
        ("POST", "runs/log-inputs", {}),
        ("POST", "runs/outputs", {"models": []}),
        ("POST", "runs/delete", {}),
        ("POST", "runs/restore", {}),
    ],
)
def test_other_runs_are_not_touched(
    store: Store, job: RecordedJob, neighbour: RunHandle, method: str, name: str, fields: dict[str, Any]
) -> None:
    before = store.run(neighbour.run_id)
    for alias in ("run_id", "run_uuid", "runId"):
        status, answer = job.call(method, name, **{alias: neighbour.run_id}, **fields)
        assert status in (400, 403), answer
        assert answer["message"]
    assert store.run(neighbour.run_id) == before


def test_a_run_hidden_behind_a_second_spelling_is_not_touched(
    store: Store, job: RecordedJob, neighbour: RunHandle
) -> None:
    before = store.run(neighbour.run_id)
    mixed = {"run_id": job.run.run_id, "runId": neighbour.run_id, "run_uuid": neighbour.run_id}
    job.call("POST", "runs/update", run_name="stolen", **mixed)
    job.call("POST", "runs/delete-tag", key="studio.job_id", **mixed)
    job.call("POST", "runs/set-tag", key="stolen", value="1", **mixed)
    job.request("POST", f"/api/2.0/mlflow/runs/update?run_id={neighbour.run_id}", {"run_name": "stolen"})
    status, _ = job.call(
        "POST", "runs/log-parameter", key="stolen", value="1", runId=job.run.run_id, run_uuid=neighbour.run_id
    )
    assert status == 403
    job.call("GET", "runs/get", run_id=job.run.run_id)
    assert store.run(neighbour.run_id) == before


@pytest.mark.parametrize("name", ["runs/delete", "runs/restore"])
def test_not_even_its_own_run_can_be_deleted(store: Store, job: RecordedJob, name: str) -> None:
    status, answer = job.call("POST", name, run_id=job.run.run_id)
    assert (status, answer["error_code"]) == (403, "PERMISSION_DENIED")
    assert store.run(job.run.run_id)["info"]["lifecycle_stage"] == "active"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/2.0/mlflow/experiments/delete"),
        ("POST", "/api/2.0/mlflow/experiments/update"),
        ("DELETE", "/api/2.0/mlflow/registered-models/delete"),
        ("POST", "/api/2.0/mlflow/registered-models/rename"),
        ("DELETE", "/api/2.0/mlflow/model-versions/delete"),
        ("DELETE", "/api/2.0/mlflow/logged-models/m-1"),
        ("POST", "/api/2.0/mlflow/webhooks"),
        ("GET", "/api/3.0/mlflow/gateway/secrets/list"),
        ("POST", "/graphql"),
        ("GET", "/get-artifact"),
        ("GET", "/"),
        ("GET", "/api/2.0/mlflow/../../../etc/passwd"),
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/x"),
        ("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk"),
        ("GET", "/api/2.0/mlflow/no/such/thing"),
    ],
)
def test_what_no_rule_allows_is_refused_at_once_with_a_sentence(job: RecordedJob, method: str, path: str) -> None:
    status, answer = job.request(method, path, {})
    assert status in (403, 404)
    assert answer["error_code"] in ("PERMISSION_DENIED", "ENDPOINT_NOT_FOUND")
    assert len(answer["message"]) > 20


def test_runs_of_the_same_experiment_can_be_read_and_others_cannot(
    store: Store, job: RecordedJob, neighbour: RunHandle
) -> None:
    stranger = store.start("stranger00001", experiment="elsewhere")
    assert job.call("GET", "runs/get", run_id=neighbour.run_id)[0] == 200
    assert job.call("GET", "metrics/get-history", run_id=neighbour.run_id, metric_key="m")[1]["metrics"]
    assert job.call("GET", "runs/get", run_id=stranger.run_id)[0] == 403
    assert job.call("GET", "metrics/get-history", run_id=stranger.run_id, metric_key="m")[0] == 403
    assert job.call("GET", "artifacts/list", run_id=stranger.run_id)[0] == 403
    assert job.call("GET", "runs/get", run_id="0" * 32)[0] == 404
    _, found = job.call("POST", "runs/search", experiment_ids=[stranger.experiment_id, "0"])
    assert {run["info"]["experiment_id"] for run in found["runs"]} == {job.run.experiment_id}


def test_every_experiment_is_the_jobs_own(store: Store, job: RecordedJob) -> None:
    assert job.call("POST", "experiments/create", name="brand new")[1] == {"experiment_id": job.run.experiment_id}
    for method, name, fields in (
        ("GET", "experiments/get", {"experiment_id": "0"}),
        ("GET", "experiments/get-by-name", {"experiment_name": "Default"}),
    ):
        _, answer = job.call(method, name, **fields)
        assert answer["experiment"]["experiment_id"] == job.run.experiment_id
        assert answer["experiment"]["artifact_location"] == f"{job.directory}/artifacts"
    _, answer = job.call("POST", "experiments/search", max_results=5)
    assert [each["experiment_id"] for each in answer["experiments"]] == [job.run.experiment_id]
    job.call("POST", "experiments/set-experiment-tag", experiment_id="0", key="owner", value="me")
    assert store.tags(job.run.run_id)["studio.notebook_experiment.owner"] == "me"
    assert "brand new" not in {each.name for each in store.tracking.experiments()}


def test_tags_of_ours_cannot_be_written(store: Store, job: RecordedJob) -> None:
    run_id = job.run.run_id
    job.call("POST", "runs/set-tag", run_id=run_id, key="studio.job_id", value="other")
    mixed = [{"key": "studio.job_id", "value": "other"}, {"key": "mine", "value": "1"}]
    job.call("POST", "runs/log-batch", run_id=run_id, tags=mixed)
    assert job.call("POST", "runs/delete-tag", run_id=run_id, key="studio.job_id")[0] == 403
    _, child = job.call("POST", "runs/create", tags=[{"key": "mlflow.parentRunId", "value": run_id}, *mixed])
    tags = store.tags(run_id)
    assert (tags["studio.job_id"], tags["mine"]) == (job.job_id, "1")
    assert "studio.job_id" not in store.tags(child["run"]["info"]["run_id"])


def test_a_parent_that_is_not_the_jobs_is_replaced(store: Store, job: RecordedJob, neighbour: RunHandle) -> None:
    foreign = [{"key": "mlflow.parentRunId", "value": neighbour.run_id}]
    _, child = job.call("POST", "runs/create", experiment_id="0", tags=foreign)
    info = child["run"]["info"]
    assert info["experiment_id"] == job.run.experiment_id
    assert store.tags(info["run_id"])["mlflow.parentRunId"] == job.run.run_id
    grandchild = [{"key": "mlflow.parentRunId", "value": info["run_id"]}]
    _, answer = job.call("POST", "runs/create", tags=grandchild)
    assert store.tags(answer["run"]["info"]["run_id"])["mlflow.parentRunId"] == info["run_id"]


def test_the_registry_of_others_is_read_only(store: Store, job: RecordedJob) -> None:
    post(store.backend, "registered-models/create", name="theirs")
    run = store.start("registrar0001")
    source = f"{run.artifact_uri}/m"
    assert post(store.backend, "model-versions/create", name="theirs", source=source, run_id=run.run_id).ok
    assert job.call("GET", "registered-models/get", name="theirs")[0] == 200
    for method, name, fields in (
        ("POST", "registered-models/alias", {"alias": "champion", "version": "1"}),
        ("POST", "registered-models/set-tag", {"key": "a", "value": "b"}),
        ("PATCH", "registered-models/update", {"description": "mine now"}),
        ("POST", "model-versions/set-tag", {"version": "1", "key": "a", "value": "b"}),
        ("PATCH", "model-versions/update", {"version": "1", "description": "mine now"}),
        ("POST", "model-versions/create", {"source": source, "run_id": run.run_id}),
    ):
        assert job.call(method, name, **{"name": "theirs", **fields})[0] == 403, name


def test_what_the_job_writes_into_its_own_files_gives_it_no_rights(
    store: Store, neighbour: RunHandle, tmp_path: Path
) -> None:
    before = store.run(neighbour.run_id)
    job = store.job("forging000001")
    forged = {"i": 0, "pos": 0, "own": {"runs": {neighbour.run_id: str(tmp_path)}}, "runs": {neighbour.run_id: "/"}}
    (job.folder / "replies.jsonl").write_text(json.dumps(forged) + "\n")
    stolen = job.directory / "artifacts" / neighbour.run_id
    stolen.mkdir(parents=True)
    (stolen / "planted.txt").write_text("planted")
    with job:
        assert job.call("POST", "runs/set-tag", run_id=neighbour.run_id, key="a", value="b")[0] == 403
    job.finish()
    assert store.run(neighbour.run_id) == before
    assert not list(tmp_path.rglob("planted.txt")) and not Path(neighbour.artifact_uri).exists()

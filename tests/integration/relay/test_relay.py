"""The whole relay with an unmodified MLflow client in the job and a real store outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.mlflow_backend import get
from studio_ext.adapters.mlflow_relay import MlflowRelay
from studio_ext.testing.recorded_job import RecordedJob
from tests.integration.relay_store import Store

pytestmark = pytest.mark.timeout(300)

_ORDINARY_NOTEBOOK = """
import json, os, sys
import mlflow
import numpy as np
from sklearn.linear_model import Ridge

mlflow.set_experiment("my own experiment")
mlflow.autolog(silent=True, log_models=False)
x = np.arange(20.0).reshape(-1, 1)
said = {}
with mlflow.start_run(run_name="baseline") as run:
    said["first"] = run.info.run_id
    model = Ridge(alpha=0.5).fit(x, x[:, 0] * 2)
    mlflow.log_text("hello", "notes/hello.txt")
    logged = mlflow.sklearn.log_model(model, name="model")
    said["model"] = logged.model_id
    said["same"] = bool((mlflow.sklearn.load_model(logged.model_uri).predict(x) == model.predict(x)).all())
    said["artifact"] = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/hello.txt")
    with mlflow.start_run(nested=True, run_name="inner") as inner:
        said["inner"] = inner.info.run_id
        mlflow.log_metric("inner_loss", 0.5)
    version = mlflow.register_model(logged.model_uri, "ridge", await_registration_for=0)
    said["version"] = version.version
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("ridge", "champion", version.version)
    said["by_alias"] = client.get_model_version_by_alias("ridge", "champion").version
    said["loaded"] = float(mlflow.pyfunc.load_model("models:/ridge@champion").predict(np.array([[1.0]]))[0])
with mlflow.start_run(run_name="second") as run:
    said["second"] = run.info.run_id
    mlflow.log_params({"depth": 8, "name": "Zürich"})
    mlflow.log_metric("nothing", float("nan"))
said["found"] = sorted(mlflow.search_runs(output_format="list"), key=lambda r: r.info.start_time)[-1].info.run_id
print(json.dumps(said))
"""


def test_an_ordinary_notebook_is_recorded_in_the_jobs_run_and_its_children(store: Store, job: RecordedJob) -> None:
    said = json.loads(job.python(_ORDINARY_NOTEBOOK).splitlines()[-1])
    run_id = job.run.run_id
    assert said["first"] == run_id
    assert said["same"] and said["artifact"] == "hello" and said["by_alias"] == said["version"]
    assert said["loaded"] == pytest.approx(2, abs=0.5)

    tags = store.tags(run_id)
    assert tags["studio.notebook_experiment"] == "my own experiment"
    assert tags["studio.notebook_status"] == "FINISHED"
    assert tags["studio.job_id"] == job.job_id
    assert tags["mlflow.source.name"] == "train.ipynb"
    mine = store.run(run_id)
    assert mine["info"]["status"] == "RUNNING"
    assert mine["info"]["run_name"] == "baseline"
    assert store.params(run_id)["alpha"] == "0.5"

    for name in ("inner", "second"):
        child = store.tags(said[name])
        assert child["mlflow.parentRunId"] == run_id
        assert child["studio.child_of_job"] == job.job_id
        assert child["mlflow.user"] == "ada"
        assert child["mlflow.source.git.commit"] == "abc"
        assert store.run(said[name])["info"]["status"] == "FINISHED"
    assert store.params(said["second"]) == {"depth": "8", "name": "Zürich"}

    job.close()
    job.finish()
    job.finish()
    root = store.home / "artifacts" / job.run.experiment_id
    assert (root / run_id / "artifacts" / "notes" / "hello.txt").read_text() == "hello"
    model = root / "models" / said["model"] / "artifacts"
    assert (model / "MLmodel").read_text().startswith(f"artifact_path: {model}\n")
    assert not any((job.directory / "artifacts").rglob("*"))
    version = get(store.backend, "model-versions/get", name="ridge", version=said["version"]).json()["model_version"]
    assert version["run_id"] == run_id
    uri = get(store.backend, "model-versions/get-download-uri", name="ridge", version=said["version"]).json()
    assert Path(uri["artifact_uri"]) == model

    # Any other client reads the store when the job is over.
    reader = (
        f"import mlflow; mlflow.set_tracking_uri({store.uri!r})\n"
        "print(mlflow.pyfunc.load_model('models:/ridge@champion').metadata.run_id)"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", reader], env=env, capture_output=True, text=True)
    assert done.stdout.strip() == run_id, done.stderr


def test_five_thousand_steps_keep_their_order(store: Store, job: RecordedJob) -> None:
    code = (
        "import mlflow\nwith mlflow.start_run():\n    [mlflow.log_metric('loss', i / 10, step=i) for i in range(5000)]"
    )
    job.python(code)
    job.close()
    job.finish()
    assert store.history(job.run.run_id, "loss") == [(step, step / 10) for step in range(5000)]
    last = {metric["key"]: metric for metric in store.run(job.run.run_id)["data"]["metrics"]}
    assert (int(last["loss"]["step"]), last["loss"]["value"]) == (4999, 499.9)


def test_a_call_that_waits_sees_what_was_logged_before_it(job: RecordedJob) -> None:
    run_id = job.run.run_id
    for step in range(300):
        job.call("POST", "runs/log-metric", run_id=run_id, key="loss", value=step, timestamp=step, step=step)
        if step % 100 == 99:
            _, answer = job.call("GET", "metrics/get-history", run_id=run_id, metric_key="loss")
            assert len(answer["metrics"]) == step + 1
    job.call("POST", "runs/set-tag", run_id=run_id, key="phase", value="one")
    job.call("POST", "runs/set-tag", run_id=run_id, key="phase", value="two")
    _, answer = job.call("GET", "runs/get", run_id=run_id)
    assert {"key": "phase", "value": "two"} in answer["run"]["data"]["tags"]


def test_numbers_that_json_has_no_word_for_spoil_no_batch(store: Store, job: RecordedJob) -> None:
    values = ["NaN", "nan", float("nan"), "Infinity", float("-inf"), "2.5", 3]
    for step, value in enumerate(values):
        fields = {"key": "m", "value": value, "timestamp": step + 1, "step": str(step)}
        assert job.call("POST", "runs/log-metric", run_id=job.run.run_id, **fields)[0] == 200
    job.close()
    job.finish()
    found = store.history(job.run.run_id, "m")
    assert [step for step, _ in found] == list(range(7))
    assert [value for _, value in found[:3]] == ["NaN"] * 3
    assert found[3][1] > 1e308 and found[4][1] < -1e308
    assert [value for _, value in found[5:]] == [2.5, 3.0]


def test_log_calls_become_few_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    job = store.job("batching").listen()
    try:
        for step in range(1500):
            job.call("POST", "runs/log-metric", run_id=job.run.run_id, key="m", value=1, timestamp=step, step=step)
    finally:
        job.close()
    sent: list[str] = []
    real = store.backend.call

    def spy(method: str, path: str, *arguments: Any) -> Any:
        sent.append(path)
        return real(method, path, *arguments)

    monkeypatch.setattr(store.backend, "call", spy)
    job.finish()
    assert len(sent) <= 4
    assert len(store.history(job.run.run_id, "m")) == 1500


def test_a_relay_that_is_started_again_knows_what_the_job_made(store: Store) -> None:
    run = store.start("remembered001")
    with store.job("remembered001", run) as job:
        job.call("POST", "runs/create")
        child = job.call("POST", "runs/create")[1]["run"]["info"]["run_id"]
        model = job.call("POST", "logged-models", name="m")[1]["model"]["info"]["model_id"]
        job.call("POST", "registered-models/create", name="remembered")
        source = f"models:/{model}"
        job.call("POST", "model-versions/create", name="remembered", source=source, model_id=model)
    job.relay = MlflowRelay(store.uri, store.home / "artifacts")
    again = RecordedJob(job.relay, job.job_id, job.directory, run)
    with again:
        assert again.call("POST", "runs/set-tag", run_id=child, key="a", value="b") == (200, {})
        tags = [{"key": "a", "value": "b"}]
        assert again.call("PATCH", f"logged-models/{model}/tags", tags=tags)[0] == 200
        assert again.call("PATCH", "registered-models/update", name="remembered", description="x")[0] == 200
        fields = {"name": "remembered", "version": "1", "alias": "best"}
        assert again.call("POST", "registered-models/alias", **fields)[0] == 200
        assert again.call("POST", "runs/create")[1]["run"]["info"]["run_id"] not in (run.run_id, child)


def test_the_first_run_of_a_second_attempt_is_the_jobs_run_again(store: Store) -> None:
    run = store.start("restarted0001")
    with store.job("restarted0001", run) as first:
        assert first.call("POST", "runs/create")[1]["run"]["info"]["run_id"] == run.run_id
        child = first.call("POST", "runs/create")[1]["run"]["info"]["run_id"]
    with store.job("restarted0001", run, attempt=2) as second:
        assert second.call("POST", "runs/create")[1]["run"]["info"]["run_id"] == run.run_id
        # What the first attempt made still is the job's.
        assert second.call("POST", "runs/set-tag", run_id=child, key="again", value="1")[0] == 200
    second.finish()
    assert store.tags(child)["again"] == "1"


def test_when_the_job_ends_so_do_the_runs_that_it_left_open(store: Store) -> None:
    with store.job("abandoning001") as job:
        job.call("POST", "runs/create")
        child = job.call("POST", "runs/create")[1]["run"]["info"]["run_id"]
        done = job.call("POST", "runs/create")[1]["run"]["info"]["run_id"]
        job.call("POST", "runs/update", run_id=done, status="FINISHED", end_time=5)
        job.call("POST", "runs/update", run_id=job.run.run_id, status="FAILED", end_time=5)
    job.finish()
    assert store.run(job.run.run_id)["info"]["status"] == "RUNNING"
    store.tracking.end_run(job.run.run_id, "KILLED", 1234.5, {"studio.status": "Stopped"})
    for run_id in (job.run.run_id, child):
        info = store.run(run_id)["info"]
        assert (info["status"], int(info["end_time"])) == ("KILLED", 1234500)
    assert int(store.run(done)["info"]["end_time"]) == 5
    assert store.tags(job.run.run_id)["studio.notebook_status"] == "FAILED"


def test_log_calls_that_the_store_refuses_do_not_hold_up_others_and_are_told(store: Store) -> None:
    run = store.start("conflicting01", depth="8")
    with store.job("conflicting01", run) as job:
        job.call("POST", "runs/log-parameter", run_id=run.run_id, key="depth", value="9")
        job.call("POST", "runs/log-metric", run_id=run.run_id, key="m", value=1, timestamp=1)
        job.call("POST", "runs/log-parameter", run_id=run.run_id, key="width", value="2")
    job.finish()
    assert store.params(run.run_id) == {"depth": "8", "width": "2"}
    assert store.history(run.run_id, "m") == [(0, 1.0)]
    said = store.tags(run.run_id)["studio.log_errors"]
    assert said.startswith("1 refused.") and "depth" in said


def test_rubbish_in_the_journal_is_passed_over(store: Store) -> None:
    job = store.job("rubbish000001")
    good = {"m": "POST", "p": "/api/2.0/mlflow/runs/log-metric", "ct": "application/json", "wb": True}
    metric = {"run_id": job.run.run_id, "key": "m", "timestamp": 1}
    lines = [
        json.dumps({"i": 1, **good, "b": json.dumps(metric | {"value": 1, "step": 1})}),
        "not json",
        "[]",
        '{"i": "x"}',
        json.dumps({"i": 5, **good, "b": "rubbish"}),
        json.dumps({"i": 6, **good, "b": json.dumps(metric | {"value": 2, "step": 2})}),
        json.dumps({"i": 7, "m": "POST", "p": "/api/2.0/mlflow/runs/delete", "b": "{}", "ct": "", "wb": True}),
        json.dumps({"i": 8, **good, "b": json.dumps(metric | {"value": 3, "step": 3, "run_id": "f" * 32})}),
    ]
    (job.folder / "calls.jsonl").write_text("\n".join(lines) + '\n{"i": 9, "half')
    job.finish()
    assert store.history(job.run.run_id, "m") == [(1, 1.0), (2, 2.0)]


def test_links_among_the_artifacts_are_left_behind(store: Store, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    job = store.job("linking000001")
    folder = job.directory / "artifacts" / job.run.run_id
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "real.txt").write_text("real")
    (folder / "link.txt").symlink_to(secret)
    (folder / "linked").symlink_to(tmp_path)
    job.finish()
    stored = Path(job.run.artifact_uri)
    assert [path.relative_to(stored).as_posix() for path in stored.rglob("*") if path.is_file()] == ["deep/real.txt"]
    assert secret.read_text() == "secret"


def test_artifacts_can_be_listed_over_rest_while_the_job_runs(job: RecordedJob) -> None:
    folder = job.directory / "artifacts" / job.run.run_id / "plots"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"12345")
    _, top = job.call("GET", "artifacts/list", run_id=job.run.run_id)
    assert top["files"] == [{"path": "plots", "is_dir": True}]
    _, below = job.call("GET", "artifacts/list", run_id=job.run.run_id, path="plots")
    assert below["files"] == [{"path": "plots/a.png", "is_dir": False, "file_size": 5}]
    _, outside = job.call("GET", "artifacts/list", run_id=job.run.run_id, path="../..")
    assert outside.get("files", []) == []


def test_a_container_sees_its_own_paths(store: Store) -> None:
    with store.job("contained0001", job_dir="/opt/ml") as job:
        _, answer = job.call("GET", "runs/get", run_id=job.run.run_id)
        assert answer["run"]["info"]["artifact_uri"] == f"/opt/ml/artifacts/{job.run.run_id}"
        job.call("POST", "registered-models/create", name="inside")
        source = f"/opt/ml/artifacts/{job.run.run_id}/model"
        _, made = job.call("POST", "model-versions/create", name="inside", source=source, run_id=job.run.run_id)
        assert made["model_version"]["source"] == source
    stored = get(store.backend, "model-versions/get", name="inside", version="1").json()["model_version"]
    assert stored["source"] == f"{job.run.artifact_uri}/model"


def test_jobs_side_by_side_do_not_mix(store: Store) -> None:
    jobs = [store.job(f"parallel{number:05d}") for number in range(3)]

    def work(job: RecordedJob) -> None:
        with job:
            for step in range(100):
                fields = {"key": "m", "value": step, "timestamp": step, "step": step}
                job.call("POST", "runs/log-metric", run_id=job.run.run_id, **fields)
            job.call("POST", "runs/create")

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for job in jobs:
        job.finish()
        assert [step for step, _ in store.history(job.run.run_id, "m")] == list(range(100))

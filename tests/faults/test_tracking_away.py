"""The tracking store goes away, or the process that writes to it dies: nothing lost, nothing twice, order kept."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters import mlflow_relay_journal, mlflow_stores
from studio_ext.adapters.mlflow_backend import Backend, Reply, StoreFault, get, open_backend, post
from studio_ext.adapters.mlflow_relay import MlflowRelay
from studio_ext.adapters.mlflow_tracking import MlflowTracking
from studio_ext.contract.errors import Unavailable
from studio_ext.ports.tracking import RunHandle, RunStart
from studio_ext.testing.mlflow_server import MlflowServer
from studio_ext.testing.recorded_job import RecordedJob

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def uri(home: Path) -> str:
    return f"sqlite:///{home}/mlflow.db"


@pytest.fixture(scope="module")
def backend(uri: str, home: Path) -> Iterator[Backend]:
    backend = open_backend(uri, home / "artifacts")
    yield backend
    backend.close()


def start_run(uri: str, home: Path, job_id: str) -> RunHandle:
    return MlflowTracking(uri, home / "artifacts").start_run(job_id, RunStart("away", job_id, 1.0, "ada", {}, {}))


def history(backend: Backend, run_id: str, key: str) -> list[int]:
    found = get(backend, "metrics/get-history", run_id=run_id, metric_key=key, max_results="25000").json()
    return sorted(int(metric["step"]) for metric in found.get("metrics", []))


def metric(run_id: str, step: int) -> dict[str, Any]:
    return {"run_id": run_id, "key": "m", "value": step, "timestamp": step + 1, "step": step}


def until(condition: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def children(backend: Backend, run: RunHandle) -> list[str]:
    found = post(
        backend,
        "runs/search",
        experiment_ids=[run.experiment_id],
        filter=f"tags.`mlflow.parentRunId` = '{run.run_id}'",
        order_by=["attributes.start_time ASC"],
    )
    return [each["info"]["run_id"] for each in found.json().get("runs", [])]


def test_a_locked_database_holds_up_nothing_that_the_job_logs(
    uri: str, home: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow_stores, "_BUSY_MILLISECONDS", 100)
    run = start_run(uri, home, "locked")
    with RecordedJob(MlflowRelay(uri, home / "artifacts"), "locked", home / "locked", run) as job:
        job.call("POST", "runs/log-metric", **metric(run.run_id, 0))
        until(lambda: history(backend, run.run_id, "m") == [0])
        lock = sqlite3.connect(home / "mlflow.db", isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        try:
            for step in range(1, 200):
                began = time.monotonic()
                assert job.call("POST", "runs/log-metric", **metric(run.run_id, step)) == (200, {})
                assert time.monotonic() - began < 5
            until(lambda: job.away)
            assert "locked" in job.away[0]
        finally:
            lock.execute("ROLLBACK")
            lock.close()
        # A call that needs an answer comes after everything that was logged before it.
        _, answer = job.call("GET", "metrics/get-history", run_id=run.run_id, metric_key="m", max_results="1000")
        assert [int(each["step"]) for each in answer["metrics"]] == list(range(200))
    job.finish()
    assert job.errors == []
    assert history(backend, run.run_id, "m") == list(range(200))


def test_a_server_that_is_stopped_and_started_again(tmp_path: Path) -> None:
    server = MlflowServer(tmp_path)
    server.start()
    try:
        tracking = MlflowTracking(server.uri, tmp_path / "artifacts")
        run = tracking.start_run("job1", RunStart("away", "job1", 1.0, "ada", {}, {}))
        backend = open_backend(server.uri, tmp_path / "artifacts")
        with RecordedJob(MlflowRelay(server.uri, tmp_path / "artifacts"), "job1", tmp_path / "job1", run) as job:
            job.call("POST", "runs/create")
            for step in range(100):
                job.call("POST", "runs/log-metric", **metric(run.run_id, step))
                if step == 50:
                    server.stop()
            until(lambda: job.away)
            with pytest.raises(Unavailable):
                tracking.trial(run.run_id)
            waiting = subprocess.Popen(
                [sys.executable, "-c", _CREATE_CHILD], env=job.env, stdout=subprocess.PIPE, text=True
            )
            until(lambda: len(job.calls()) == 102)
            server.start()
            out, _ = waiting.communicate(timeout=60)
            child = json.loads(out)["run"]["info"]["run_id"]
        job.finish()
        assert job.errors == []
        assert history(backend, run.run_id, "m") == list(range(100))
        assert children(backend, run) == [child]
    finally:
        server.stop()


_CREATE_CHILD = """
import os, urllib.request
request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/create", b"{}",
    {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]})
print(urllib.request.urlopen(request, timeout=60).read().decode())
"""

_PUMP = """
import json, sys, time
from pathlib import Path
from studio_ext.adapters.mlflow_relay import MlflowRelay
from studio_ext.ports.tracking import RunHandle
uri, home, directory, run_id, experiment_id, artifact_uri = sys.argv[1:]
relay, run = MlflowRelay(uri, Path(home) / "artifacts", lean=True), RunHandle(run_id, experiment_id, artifact_uri)
print("ready", flush=True)
while True:
    if not relay.pump("killed", Path(directory), 1, run):
        time.sleep(0.001)
"""


def test_a_pump_that_is_killed_again_and_again_loses_and_repeats_nothing(
    uri: str, home: Path, backend: Backend
) -> None:
    run = start_run(uri, home, "killed")
    job = RecordedJob(MlflowRelay(uri, home / "artifacts"), "killed", home / "killed", run).listen()
    arguments = [uri, str(home), str(job.directory), run.run_id, run.experiment_id, run.artifact_uri]
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITE, run.run_id], env=job.env, stdout=subprocess.PIPE, text=True
    )
    replies = job.folder / "replies.jsonl"
    kills, chance = 0, random.Random(2)
    try:
        while kills < 4:
            pump = subprocess.Popen([sys.executable, "-W", "ignore", "-c", _PUMP, *arguments], stdout=subprocess.PIPE)
            assert pump.stdout is not None
            pump.stdout.readline()
            before = replies.stat().st_size if replies.exists() else 0
            until(lambda b=before: replies.exists() and replies.stat().st_size > b)
            time.sleep(chance.random() * 0.2)
            pump.kill()
            pump.wait()
            kills += 1
        job.start_pump()
        out, _ = writer.communicate(timeout=90)
    finally:
        writer.kill()
        job.close()
    job.finish()
    made = json.loads(out)
    assert history(backend, run.run_id, "m") == list(range(3000))
    assert sorted(children(backend, run)) == sorted(made["children"])
    assert len(set(made["children"])) == 29
    for child in made["children"]:
        assert history(backend, child, "m") == [0, 1, 2]
    found = post(backend, "logged-models/search", experiment_ids=[run.experiment_id], max_results=50).json()
    assert sorted(each["info"]["model_id"] for each in found["models"]) == sorted(made["models"])
    versions = get(backend, "model-versions/search", filter="name='killed'", max_results="100").json()
    assert len(versions["model_versions"]) == len(made["models"]) == 30


_WRITE = """
import http.client, json, os, sys
run_id, env = sys.argv[1], os.environ
connection = http.client.HTTPConnection(env["MLFLOW_TRACKING_URI"].removeprefix("http://"), timeout=90)
def call(name, /, **fields):
    headers = {"Authorization": "Bearer " + env["MLFLOW_TRACKING_TOKEN"]}
    connection.request("POST", "/api/2.0/mlflow/" + name, json.dumps(fields), headers)
    response = connection.getresponse()
    body = json.loads(response.read())
    assert response.status == 200, body
    return body
def log(run_id, step):
    call("runs/log-metric", run_id=run_id, key="m", value=step, timestamp=step + 1, step=step)
runs, models = [], []
call("registered-models/create", name="killed")
for group in range(30):
    for step in range(group * 100, group * 100 + 100):
        log(run_id, step)
    runs.append(call("runs/create", start_time=group + 1)["run"]["info"]["run_id"])
    for step in range(3):
        if group:
            log(runs[-1], step)
    models.append(call("logged-models", name="m")["model"]["info"]["model_id"])
    call("model-versions/create", name="killed", source="models:/" + models[-1], model_id=models[-1])
assert runs[0] == run_id
print(json.dumps({"children": runs[1:], "models": models}))
"""


class _Dying(Exception):
    """Stands for a death of the process at this very line."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_every_call_survives_a_death_before_and_after_it_was_carried_out(
    uri: str, home: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Dies once at each of the relay's writes to the store, each time with a fresh relay afterwards."""
    run = start_run(uri, home, f"dying {moment}")
    job = RecordedJob(MlflowRelay(uri, home / "artifacts"), f"dying {moment}", home / f"dying-{moment}", run)
    name = f"dying {moment}"
    model = {"name": "x"}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("runs/create", {"run_name": "mine", "tags": [{"key": "a", "value": "b"}]}),
        ("runs/log-metric", metric(run.run_id, 0)),
        ("runs/log-parameter", {"run_id": run.run_id, "key": "p", "value": "1"}),
        ("runs/create", {"start_time": 5}),
        ("runs/set-tag", {"run_id": run.run_id, "key": "t", "value": "1"}),
        ("logged-models", model),
        ("registered-models/create", {"name": name}),
        ("model-versions/create", {"name": name, "source": f"{job.directory}/artifacts/{run.run_id}/m"}),
        ("runs/log-model", {"run_id": run.run_id, "model_json": _MODEL_JSON % run.run_id}),
        ("runs/set-tag", {"run_id": run.run_id, "key": "t", "value": "2"}),
        ("runs/log-metric", metric(run.run_id, 1)),
    ]
    steps[7][1]["run_id"] = run.run_id
    with (job.folder / "calls.jsonl").open("w") as file:
        for number, (path, fields) in enumerate(steps, 1):
            wb = path in ("runs/log-metric", "runs/log-parameter", "runs/set-tag")
            line = {"i": number, "wb": wb, "m": "POST", "p": f"/api/2.0/mlflow/{path}", "b": json.dumps(fields)}
            file.write(json.dumps(line | {"ct": "application/json"}) + "\n")

    real = backend.call
    died_at: set[tuple[str, bytes]] = set()

    def dying(method: str, path: str, body: bytes = b"", *arguments: Any) -> Reply:
        """Every write kills its process the first time."""
        is_write = method != "GET" and not path.endswith("/search")
        dies = is_write and (path, body) not in died_at
        died_at.add((path, body))
        if dies and moment == "before":
            raise _Dying
        reply = real(method, path, body, *arguments)
        if dies:
            raise _Dying
        return reply

    real_batch = backend.log_batch

    def dying_batch(request: Mapping[str, Any]) -> Reply:
        """The same for values, which go to the store by a way of their own."""
        key = ("runs/log-batch", json.dumps(request, sort_keys=True, default=dict).encode())
        dies = key not in died_at
        died_at.add(key)
        if dies and moment == "before":
            raise _Dying
        reply = real_batch(request)
        if dies:
            raise _Dying
        return reply

    monkeypatch.setattr(backend, "call", dying)
    monkeypatch.setattr(backend, "log_batch", dying_batch)
    deaths, is_over = 0, False
    while not is_over:
        relay = MlflowRelay(uri, home / "artifacts")
        try:
            while relay.pump(job.job_id, job.directory, 1, run):
                pass
            is_over = True
        except _Dying:
            deaths += 1
            assert deaths < 50
    monkeypatch.undo()
    assert deaths >= 8
    job.finish()
    replies = [json.loads(line) for line in (job.folder / "replies.jsonl").read_text().splitlines()]
    answered = [each["i"] for each in replies if "s" in each]
    assert answered == [1, 4, 6, 7, 8, 9]
    assert all(each["s"] == 200 for each in replies if "s" in each), replies
    assert history(backend, run.run_id, "m") == [0, 1]
    assert len(children(backend, run)) == 1
    tags = {
        tag["key"]: tag["value"] for tag in get(backend, "runs/get", run_id=run.run_id).json()["run"]["data"]["tags"]
    }
    assert (tags["t"], tags["a"]) == ("2", "b")
    assert len(json.loads(tags["mlflow.log-model.history"])) == 1
    versions = get(backend, "model-versions/search", filter=f"name='{name}'").json()["model_versions"]
    assert len(versions) == 1


_MODEL_JSON = (
    '{"run_id": "%s", "artifact_path": "m", "utc_time_created": "2026-01-01 00:00:00.000000",'
    ' "flavors": {}, "model_uuid": "00000000000000000000000000000001"}'
)


def test_half_an_answer_left_by_a_full_disk_is_given_again(
    uri: str, home: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start_run(uri, home, "full")
    with RecordedJob(MlflowRelay(uri, home / "artifacts"), "full", home / "full", run) as job:
        real = os.write
        failing = iter([True, True, False, True, True])
        monkeypatch.setattr(
            mlflow_relay_journal.os,
            "write",
            lambda file, data: real(file, data[:20] if next(failing, False) else data),
        )
        assert job.call("POST", "runs/create")[1]["run"]["info"]["run_id"] == run.run_id
        status, answer = job.call("POST", "runs/create")
        monkeypatch.undo()
        assert status == 200
        assert any("cannot be written" in sentence for sentence in job.away)
    job.finish()
    assert children(backend, run) == [answer["run"]["info"]["run_id"]]


def test_one_call_that_the_store_cannot_digest_does_not_stop_the_others(
    uri: str, home: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start_run(uri, home, "poison")
    real = backend.call

    def poisoned(method: str, path: str, body: bytes = b"", *arguments: Any) -> Reply:
        if b"poison" in body:
            raise StoreFault("The tracking store is away (it choked).")
        return real(method, path, body, *arguments)

    monkeypatch.setattr(backend, "call", poisoned)
    with RecordedJob(MlflowRelay(uri, home / "artifacts"), "poison", home / "poison", run) as job:
        job.call("POST", "runs/log-metric", **metric(run.run_id, 0))
        job.call("POST", "runs/set-tag", run_id=run.run_id, key="poison", value="x")
        job.call("POST", "runs/log-metric", **metric(run.run_id, 1))
        status, answer = job.call("POST", "runs/create", run_name="poison")
        assert (status, answer["error_code"]) == (500, "INTERNAL_ERROR")
        assert job.call("GET", "runs/get", run_id=run.run_id)[0] == 200
    job.finish()
    assert job.errors == []
    assert history(backend, run.run_id, "m") == [0, 1]


def test_moving_artifacts_goes_on_where_it_was_interrupted(
    uri: str, home: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start_run(uri, home, "moving")
    job = RecordedJob(MlflowRelay(uri, home / "artifacts"), "moving", home / "moving", run)
    folder = job.directory / "artifacts" / run.run_id
    folder.mkdir(parents=True)
    for number in range(5):
        (folder / f"{number}.txt").write_text(str(number))
    real, moved = Path.replace, 0

    def dying(self: Path, target: Path) -> Path:
        nonlocal moved
        if moved == 2:
            raise _Dying
        moved += 1
        return real(self, target)

    monkeypatch.setattr(Path, "replace", dying)
    with pytest.raises(_Dying):
        job.finish()
    monkeypatch.undo()
    RecordedJob(MlflowRelay(uri, home / "artifacts"), "moving", home / "moving", run).finish()
    stored = Path(run.artifact_uri)
    assert {path.name: path.read_text() for path in stored.iterdir()} == {f"{n}.txt": str(n) for n in range(5)}
    assert not folder.exists()


def test_a_dead_relay_in_the_job_is_an_error_and_no_hang(uri: str, home: Path, backend: Backend) -> None:
    run = start_run(uri, home, "relayless")
    job = RecordedJob(MlflowRelay(uri, home / "artifacts"), "relayless", home / "relayless", run).listen()
    env = job.env
    job.close()
    began = time.monotonic()
    code = "import mlflow; mlflow.start_run()"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode != 0
    assert "Connection refused" in done.stderr
    assert time.monotonic() - began < 40

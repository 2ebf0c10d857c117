"""The tracking adapter against real stores: SQLite in this process, and an MLflow server."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio_ext.adapters.mlflow_backend import HttpBackend, get, open_backend, post
from studio_ext.adapters.mlflow_relay import MlflowRelay
from studio_ext.adapters.mlflow_relay_policy import CHILD_TAG
from studio_ext.adapters.mlflow_stores import sqlite_path
from studio_ext.adapters.mlflow_tracking import MlflowTracking
from studio_ext.contract.errors import Conflict, Unavailable
from studio_ext.ports.tracking import RunHandle, Tracking
from studio_ext.testing.mlflow_server import MlflowServer
from studio_ext.testing.recorded_job import RecordedJob
from studio_ext.testing.tracking_suite import ReadInputs, TrackingSuite, start

pytestmark = pytest.mark.timeout(300)


def run_ids(uri: str, root: Path, experiment: str) -> list[str]:
    """Ids of the runs of an experiment that are not deleted."""
    backend = open_backend(uri, root)
    found = get(backend, "experiments/get-by-name", experiment_name=experiment).json()["experiment"]
    runs = post(backend, "runs/search", experiment_ids=[found["experiment_id"]]).json().get("runs", [])
    return [run["info"]["run_id"] for run in runs]


class _Suite(TrackingSuite):
    """The suite on a store that is emptied between tests: making one takes two seconds."""

    @pytest.fixture
    def uri(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def root(self) -> Path:
        raise NotImplementedError

    @pytest.fixture
    def tracking(self, uri: str, root: Path) -> Iterator[Tracking]:
        yield MlflowTracking(uri, root)
        backend = open_backend(uri, root)
        for each in MlflowTracking(uri, root).experiments():
            found = post(backend, "runs/search", experiment_ids=[each.id]).json().get("runs", [])
            for run in found:
                post(backend, "runs/delete", run_id=run["info"]["run_id"])
            if each.id != "0":
                post(backend, "experiments/update", experiment_id=each.id, new_name=f"old {each.id} {time.time()}")
                post(backend, "experiments/delete", experiment_id=each.id)

    @pytest.fixture
    def log_metric(self, uri: str, root: Path) -> Callable[[str, str, float], None]:
        backend = open_backend(uri, root)

        def log(run_id: str, key: str, value: float) -> None:
            text = "NaN" if math.isnan(value) else str(value)
            fields = {"run_id": run_id, "key": key, "value": text, "timestamp": 1, "step": 0}
            assert post(backend, "runs/log-metric", **fields).ok

        return log

    @pytest.fixture
    def listed(self, uri: str, root: Path) -> Callable[[str], list[str]]:
        return lambda experiment: run_ids(uri, root, experiment)

    @pytest.fixture
    def read_inputs(self, uri: str, root: Path) -> ReadInputs:
        backend = open_backend(uri, root)

        def read(run: RunHandle) -> dict[str, tuple[str, str, dict[str, str]]]:
            found = get(backend, "runs/get", run_id=run.run_id).json()["run"].get("inputs", {})
            datasets = [each["dataset"] for each in found.get("dataset_inputs", [])]
            return {
                each["name"]: (each["digest"], each["source_type"], json.loads(each["source"])) for each in datasets
            }

        return read

    @pytest.fixture
    def add_child(self, uri: str, root: Path) -> Callable[[RunHandle, str], str]:
        backend = open_backend(uri, root)

        def add(run: RunHandle, job_id: str) -> str:
            tags = [{"key": "mlflow.parentRunId", "value": run.run_id}, {"key": CHILD_TAG, "value": job_id}]
            reply = post(backend, "runs/create", experiment_id=run.experiment_id, start_time=1, tags=tags)
            return str(reply.json()["run"]["info"]["run_id"])

        return add


@pytest.fixture(scope="module")
def sqlite_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sqlite")


@pytest.fixture(scope="module")
def server_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(server_home: Path) -> Iterator[MlflowServer]:
    with MlflowServer(server_home) as server:
        yield server


class TestSqlite(_Suite):
    @pytest.fixture
    def root(self, sqlite_home: Path) -> Path:
        return sqlite_home / "artifacts"

    @pytest.fixture
    def uri(self, sqlite_home: Path) -> str:
        return f"sqlite:///{sqlite_home}/mlflow.db"

    def test_readers_and_writers_do_not_wait_for_each_other(self, tracking: Tracking, uri: str) -> None:
        run = tracking.start_run("job1", start())
        path = sqlite_path(uri)
        assert path is not None
        assert path.stat().st_mode & 0o077 == 0
        reader = sqlite3.connect(path)
        try:
            assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM runs").fetchone()
            began = time.monotonic()
            tracking.end_run(run.run_id, "FINISHED", 5.0, {})
            assert time.monotonic() - began < 2.5  # a write that waits gives up after 3 s
        finally:
            reader.close()


class TestServer(_Suite):
    @pytest.fixture
    def root(self, server_home: Path) -> Path:
        return server_home / "artifacts"

    @pytest.fixture
    def uri(self, server: MlflowServer) -> str:
        return server.uri

    def test_a_job_is_recorded_on_a_server(self, tracking: Tracking, uri: str, root: Path, tmp_path: Path) -> None:
        run = tracking.start_run("job1", start())
        with RecordedJob(MlflowRelay(uri, root), "job1", tmp_path / "job", run) as job:
            job.python(
                "import mlflow\nwith mlflow.start_run():\n    mlflow.log_text('hello', 'a.txt')\n"
                "    [mlflow.log_metric('m', i, step=i) for i in range(50)]\n    mlflow.log_param('p', 1)"
            )
        job.finish()
        assert job.errors == []
        trial = tracking.trial(run.run_id)
        assert (trial.metrics, trial.parameters) == ({"m": 49.0}, {"p": "1"})
        assert self.artifacts(run) == {"a.txt": "hello"}


_OPEN = """
import sys
from pathlib import Path
from studio_ext.adapters.mlflow_tracking import MlflowTracking
home = Path(sys.argv[1])
tracking = MlflowTracking(f"sqlite:///{home}/mlflow.db", home / "artifacts", lean=len(sys.argv) > 2)
print(len(tracking.experiments()), "pandas" in sys.modules)
import pandas, mlflow.models.signature
"""


def test_two_processes_may_make_the_store_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", _OPEN, str(tmp_path), "lean"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    results = [process.communicate(timeout=90) for process in processes]
    for process, (out, err) in zip(processes, results, strict=True):
        assert out.split() == [b"1", b"False"], err  # the second word: a lean process does without pandas
        assert (process.returncode, err) == (0, b"")  # where it is needed after all, it can be had


def test_nothing_heavy_is_imported_before_the_first_call(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from studio_ext.adapters.mlflow_tracking import MlflowTracking;"
        "from studio_ext.adapters.mlflow_relay import MlflowRelay;"
        "MlflowTracking('sqlite:////nowhere/x.db', Path('/nowhere'));"
        "MlflowRelay('sqlite:////nowhere/x.db', Path('/nowhere'));"
        "print([n for n in ('mlflow', 'pandas', 'numpy', 'sqlalchemy', 'flask', 'httpx') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_deleted_experiment_comes_back_when_a_job_is_submitted_to_it(tmp_path: Path) -> None:
    uri, root = f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "artifacts"
    tracking, backend = MlflowTracking(uri, root), open_backend(uri, root)
    first = tracking.start_run("job1", start())
    assert post(backend, "experiments/delete", experiment_id=first.experiment_id).ok
    with pytest.raises(Conflict):
        tracking.create_experiment("houses")
    # The adapter still remembers the experiment's id, and finds out that it is stale.
    second = tracking.start_run("job2", start())
    assert second.experiment_id == first.experiment_id
    found = get(backend, "experiments/get", experiment_id=first.experiment_id).json()["experiment"]
    assert found["lifecycle_stage"] == "active"


def test_two_stores_in_one_process_do_not_mix(tmp_path: Path) -> None:
    stores = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        stores.append(MlflowTracking(f"sqlite:///{tmp_path}/{name}/mlflow.db", tmp_path / name / "artifacts"))
    errors: list[BaseException] = []

    def fill(tracking: MlflowTracking, name: str) -> None:
        try:
            for number in range(10):
                run = tracking.start_run(f"{name}{number}", start(experiment=name))
                assert f"/{name}/artifacts/" in run.artifact_uri
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=fill, args=pair) for pair in zip(stores, ("one", "two"), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    for tracking, name in zip(stores, ("one", "two"), strict=True):
        assert {each.name for each in tracking.experiments()} == {"Default", name}
        assert len(run_ids(f"sqlite:///{tmp_path}/{name}/mlflow.db", tmp_path / name / "artifacts", name)) == 10


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is not a database " * 100)
    with pytest.raises(Unavailable) as caught:
        MlflowTracking(f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "artifacts").experiments()
    assert "not a database" in caught.value.message
    assert caught.value.hint


def test_a_server_that_is_not_there_is_told_soon(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(Unavailable):
        MlflowTracking("http://127.0.0.1:9/mlflow", tmp_path).experiments()
    assert time.monotonic() - began < 30  # MLflow's own patience is minutes


@pytest.mark.parametrize(
    ("uri", "environ", "expected"),
    [
        ("http://{}", {"MLFLOW_TRACKING_TOKEN": "secret"}, "Bearer secret"),
        ("http://{}", {"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "pw"}, "Basic YWRhOnB3"),
        ("http://ada:p%40w@{}", {}, "Basic YWRhOnBAdw=="),
    ],
)
def test_credentials_come_from_the_uri_or_mlflows_variables(uri: str, environ: dict[str, str], expected: str) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    seen: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, self.headers.get("Authorization")))
            self.send_response(200 if len(seen) == 1 else 401)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        backend = HttpBackend(uri.format(f"127.0.0.1:{server.server_port}/prefix/"), environ)
        assert get(backend, "runs/get", run_id="1").ok
        assert seen == [("/prefix/api/2.0/mlflow/runs/get?run_id=1", expected)]
        with pytest.raises(Unavailable) as caught:
            get(backend, "runs/get", run_id="1")
        assert "credentials" in caught.value.message
        assert "p%40w" not in caught.value.message and "secret" not in caught.value.message
        backend.close()
    finally:
        server.shutdown()
        server.server_close()


def test_other_clients_read_what_is_written(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    tracking = MlflowTracking(uri, tmp_path / "artifacts")
    run = tracking.start_run("job1", start(depth="8"))
    tracking.end_run(run.run_id, "FINISHED", 1010.0, {"note": "done"})
    code = (
        "import json, sys, mlflow; c = mlflow.MlflowClient(sys.argv[1]); r = c.get_run(sys.argv[2]);"
        "print(json.dumps([r.info.status, r.data.params, r.data.tags['note'], r.data.tags['mlflow.user']]))"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run([sys.executable, "-c", code, uri, run.run_id], capture_output=True, text=True, env=env)
    assert json.loads(done.stdout) == ["FINISHED", {"depth": "8"}, "done", "ada"], done.stderr

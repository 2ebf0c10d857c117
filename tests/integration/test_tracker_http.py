"""Recording to a Jupyter server elsewhere: a real server, store and controller, and a network that fails."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

import studio_ext as studio
from studio_ext.adapters.http_client import HttpClient
from studio_ext.adapters.local_client import LocalClient
from studio_ext.adapters.mlflow_records import MlflowRecords
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound
from studio_ext.core.workspace import Workspace
from studio_ext.sdk import connection, entities
from studio_ext.testing.live_server import LiveServer
from studio_ext.testing.workspaces import temporary_workspace
from tests.integration.cable import Cable
from tests.integration.recording import (
    ENDLESS,
    check_killed,
    eventually,
    fail_and_go_well,
    is_over,
    kill_while_logging,
    values,
)

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*What is logged is kept here:RuntimeWarning"),
]

LEASE = 10.0
LARGEST = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = tmp_path_factory.mktemp("recorded")
    (base / "root").mkdir()
    with serving(base) as live:
        live.studio.client().experiments()  # the controller makes the schema, and one of us the tracking store
        yield live


def serving(base: Path) -> LiveServer:
    settings = {"StudioApp": {"recording_lease": LEASE, "max_artifact_bytes": LARGEST}}
    return LiveServer(base / "root", base / "home", settings=settings)


@pytest.fixture(scope="module")
def home(server: LiveServer) -> Workspace:
    return open_workspace(server.home, {})


@pytest.fixture(scope="module")
def cable(server: LiveServer) -> Iterator[Cable]:
    with Cable(server.app.port) as cable:
        yield cable


@pytest.fixture(autouse=True)
def connected(server: LiveServer, cable: Cable, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpClient]:
    monkeypatch.setattr(entities, "_SETTLE_SECONDS", 120)
    before = connection._client
    client = HttpClient(server.url.replace(str(server.app.port), str(cable.port)), server.token)
    connection.use(client)
    yield client
    cable.mend()
    connection._client = before
    client.close()


def test_everything_that_works_here_works_there(home: Workspace, mlflow_client: Any, tmp_path: Path) -> None:
    experiment = studio.Experiment.create("far/away: é", "what it is about", tags={"team": "red"})
    with pytest.raises(Conflict):
        studio.Experiment.create("far/away: é")
    with pytest.raises(NotFound):
        studio.Experiment.load("no such")
    assert studio.Experiment.load("far/away: é").description == "what it is about"
    experiment.description = "something else"
    assert studio.Experiment.load("far/away: é").description == "something else"
    assert "far/away: é" in {each.experiment_name for each in studio.Experiment.list()}
    trial = experiment.create_trial("base'line\"")
    other = experiment.create_trial("other")
    (tmp_path / "weights.bin").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a: ü?#%.txt").write_text("hello")
    with studio.Tracker.create("🙂 fit", trial=trial) as tracker:
        assert tracker.trial_component.status.primary_status == "InProgress"
        tracker.log_parameters({"depth": 8, "name": "x" * 6000})
        for number in (1.0, math.nan, math.inf, 2.0, 1e308):
            tracker.log_metric("m/x:y", number)
        for step in range(3000):
            tracker.log_metric("loss", step / 2, step=step, timestamp=1_700_000_000 + step)
        tracker.log_input("train", "s3://bucket/train.csv", "text/csv")
        tracker.log_artifact(tmp_path / "weights.bin")
        tracker.log_artifacts(tmp_path / "deep", is_output=False)
        tracker.log_table("scores", {"a": [1, 2]})
    other.add_trial_component(tracker)
    component = studio.TrialComponent.load("🙂 fit", "far/away: é")
    assert component.run_id == tracker.run_id
    assert (component.status.primary_status, component.parameters["depth"]) == ("Completed", 8.0)
    (loss,) = (each for each in component.metrics if each.metric_name == "loss")
    assert (loss.count, loss.min, loss.max, loss.last) == (3000, 0.0, 1499.5, 1499.5)
    assert loss.std_dev == pytest.approx(statistics.pstdev(step / 2 for step in range(3000)))
    assert set(component.trials) == {trial.run_id, other.run_id}
    frame = experiment.to_frame()
    assert list(frame["DisplayName"]) == ["🙂 fit"]
    assert frame["loss - Count"][0] == 3000
    assert sorted(frame["Trials"][0]) == ["base'line\"", "other"]
    component.rename("renamed")
    assert studio.TrialComponent.load("renamed").run_id == tracker.run_id

    run = mlflow_client.get_run(tracker.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"depth": "8", "name": "x" * 6000}
    assert values(mlflow_client, tracker.run_id, "loss") == [(step, step / 2) for step in range(3000)]
    assert mlflow_client.get_metric_history(tracker.run_id, "loss")[0].timestamp == 1_700_000_000_000
    assert len(values(mlflow_client, tracker.run_id, "m/x:y")) == 5
    paths = {each.path for each in mlflow_client.list_artifacts(tracker.run_id)}
    assert paths == {"weights.bin", "a: ü?#%.txt", "graphs"}
    kept = Path(mlflow_client.download_artifacts(tracker.run_id, "weights.bin", str(tmp_path / "deep")))
    assert kept.read_bytes() == (tmp_path / "weights.bin").read_bytes()

    with pytest.raises(Conflict):
        experiment.delete()
    other.remove_trial_component(tracker)
    other.delete()
    component.delete()
    trial.delete()
    experiment.delete()
    with pytest.raises(NotFound):
        studio.Experiment.load("far/away: é")
    assert is_over(home, tracker.run_id)


def test_a_network_that_is_cut_loses_nothing_and_holds_nobody_up(cable: Cable, mlflow_client: Any) -> None:
    with studio.Tracker.create("cut", experiment_name="cuts") as tracker:
        step, slowest = 0, 0.0
        for is_cut in (False, True, False, True, False):
            if is_cut:
                cable.cut()
            until = time.monotonic() + 1.5
            while time.monotonic() < until:
                began = time.perf_counter()
                tracker.log_metric("loss", float(step), step=step)
                slowest = max(slowest, time.perf_counter() - began)
                step += 1
                if step % 50 == 0:
                    time.sleep(0.01)
            cable.mend()
        tracker.flush()
    assert slowest < 20.0  # a call that asked the server would wait for it until its patience ends
    assert tracker.flush(applied=True, timeout=120)
    assert values(mlflow_client, tracker.run_id, "loss") == [(number, float(number)) for number in range(step)]
    assert mlflow_client.get_run(tracker.run_id).info.status == "FINISHED"


def test_what_is_sent_again_after_a_lost_answer_is_taken_once(cable: Cable, home: Workspace) -> None:
    with studio.Tracker.create("twice", experiment_name="cuts") as tracker:
        lost = cable.swallowed
        cable.lose_answers(3)
        for step in range(20):
            tracker.log_metric("loss", 1.0, step=step)
            tracker.flush()
        assert cable.swallowed == lost + 3
        (journal,) = (home.trackers / tracker.run_id / "attempts").glob("*/calls.jsonl")
        lines = journal.read_text().splitlines()
        assert [line.count(r"\"step\"") or 1 for line in lines] == [1] * 20  # one call a flush, none of them twice
    assert tracker.trial_component.metrics[0].count == 20


CLIENT = """
import sys, studio_ext as studio
studio.connect(sys.argv[1], sys.argv[2])
tracker = studio.Tracker.create("elsewhere", experiment_name="clients")
"""


def client_process(connected: HttpClient, code: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "ignore", "-c", code, connected.url, connected._headers["Authorization"][6:]]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_client_that_is_killed_is_missed(connected: HttpClient, home: Workspace, mlflow_client: Any) -> None:
    run_id, safe = kill_while_logging(client_process(connected, CLIENT + ENDLESS), 5)
    eventually(lambda: is_over(home, run_id), "it is missed and its journal applied")
    check_killed(mlflow_client, run_id, safe, f"not heard of for {LEASE:g} s")


def test_a_client_that_was_taken_for_gone_goes_on(cable: Cable, home: Workspace, mlflow_client: Any) -> None:
    with studio.Tracker.create("asleep", experiment_name="clients") as tracker:
        tracker.log_metric("a", 0, step=0)
        tracker.flush()
        cable.cut()
        for step in range(1, 500):
            tracker.log_metric("a", step, step=step)
        eventually(lambda: is_over(home, tracker.run_id), "it is taken for gone")
        assert mlflow_client.get_run(tracker.run_id).info.status == "FAILED"
        cable.mend()
        tracker.flush()
        assert mlflow_client.get_run(tracker.run_id).info.status == "RUNNING"
        tracker.log_metric("a", 500, step=500)
    status = tracker.trial_component.status
    assert (status.primary_status, status.message) == ("Completed", "")
    assert values(mlflow_client, tracker.run_id, "a") == [(step, float(step)) for step in range(501)]


def test_what_was_said_of_a_failure_goes_when_it_goes_well() -> None:
    fail_and_go_well()


def test_a_client_that_says_nothing_for_long_is_not_gone(home: Workspace, mlflow_client: Any) -> None:
    with studio.Tracker.create("quiet", experiment_name="clients") as tracker:
        tracker.flush()
        until = time.monotonic() + 3 * LEASE
        while time.monotonic() < until:
            time.sleep(0.5)
            assert mlflow_client.get_run(tracker.run_id).info.status == "RUNNING"
            assert not is_over(home, tracker.run_id)


FORKS = """
import multiprocessing, sys, studio_ext as studio
studio.connect(sys.argv[1], sys.argv[2])
context = multiprocessing.get_context("fork")
tracker = studio.Tracker.create("forks", experiment_name="clients")
tracker.log_metric("parent", 0)
def work(number):
    for step in range(100):
        tracker.log_metric(f"worker {number}", step, step=step)
workers = [context.Process(target=work, args=(number,)) for number in range(6)]
for worker in workers: worker.start()
for worker in workers: worker.join()
assert all(worker.exitcode == 0 for worker in workers)
tracker.log_metric("parent", 1)
print(tracker.run_id)
"""


def test_forked_workers_send_what_is_theirs(connected: HttpClient, home: Workspace, mlflow_client: Any) -> None:
    process = client_process(connected, FORKS)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    run_id = out.strip()
    eventually(lambda: is_over(home, run_id), "everything is applied")
    assert mlflow_client.get_run(run_id).info.status == "FINISHED"
    assert values(mlflow_client, run_id, "parent") == [(0, 0.0), (1, 1.0)]
    for number in range(6):
        assert len(values(mlflow_client, run_id, f"worker {number}")) == 100


def test_a_run_that_is_deleted_while_it_is_recorded_to(mlflow_client: Any, home: Workspace) -> None:
    tracker = studio.Tracker.create("gone", experiment_name="clients")
    mlflow_client.delete_run(tracker.run_id)
    tracker.log_metric("a", 1)
    assert tracker.flush(applied=True, timeout=120)
    assert tracker.refused
    tracker.close()
    eventually(lambda: is_over(home, tracker.run_id), "the journal goes")


TRAVERSALS = [
    "../x", "a/../../x", "..", "%2e%2e/x", "..%2fx", "%2e%2e%2fx", "/etc/x", "%2fetc%2fx", "a%00b", "a%5c..%5cx", "%ff",
    "./..//../x", "a/%2e%2e/%2e%2e/%2e%2e/x",
]  # fmt: skip


def outside_the_artefacts(home: Workspace) -> set[Path]:
    """Everything around the workspace but the artefacts; it changes meanwhile."""
    found = {Path(at, each) for at, folders, files in os.walk(home.home.parent) for each in (*folders, *files)}
    return {each for each in found if "artifacts" not in each.parts}


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out_of_the_artefacts(server: LiveServer, home: Workspace, path: str) -> None:
    with studio.Tracker.create("paths", experiment_name="paths") as tracker:
        pass
    before = outside_the_artefacts(home)
    for verb in ("PUT", "GET"):
        status, body = server.raw(verb, f"records/runs/{tracker.run_id}/artifacts/{path}", b"bad")
        assert status in (204, 400, 404), body
    after = outside_the_artefacts(home)
    assert not {each for each in after - before if each.name in ("x", "b", "ab")}
    run = studio.TrialComponent.load(tracker.run_id)._run
    for local in ("../x", "/etc/x", "a\\b", "a\0b"):
        with pytest.raises(InvalidRequest):
            tracker._recorder.records.log_artifact(run, Path(__file__), local)


def test_a_link_among_the_artefacts_leads_nowhere(server: LiveServer, tmp_path: Path) -> None:
    with studio.Tracker.create("links", experiment_name="paths") as tracker:
        tracker.log_artifact(__file__, "real.py")
    folder = Path(studio.TrialComponent.load(tracker.run_id)._run.artifact_uri)
    (folder / "link").symlink_to("/etc/hostname")
    (folder / "folder").symlink_to("/etc")
    for path in ("link", "folder/hostname"):
        status, _ = server.raw("GET", f"records/runs/{tracker.run_id}/artifacts/{path}")
        assert status == 404
    assert server.raw("GET", f"records/runs/{tracker.run_id}/artifacts/real.py")[1] == Path(__file__).read_bytes()


def test_large_files_and_half_ones(server: LiveServer, home: Workspace, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(LARGEST + 1)
    with studio.Tracker.create("sizes", experiment_name="paths") as tracker:
        records, run = tracker._recorder.records, tracker._run
        with server.session() as session:
            reply = session.put(f"records/runs/{run.run_id}/artifacts/large.bin", content=large.read_bytes())
            assert reply.status_code == 413, reply.text
            pieces = (bytes(1 << 16) for _ in range(17))  # no length is said beforehand
            with pytest.raises(httpx.HTTPError):
                refused = session.put(f"records/runs/{run.run_id}/artifacts/large.bin", content=pieces)
                raise httpx.ReadError(f"{refused.status_code}")
        address = f"{server.app.base_url}studio/api/records/runs/{run.run_id}/artifacts/half.bin"
        half_sent(server, address, 500_000, 100_000)
        large.write_bytes(os.urandom(LARGEST))
        records.log_artifact(run, large, "fits.bin")
        assert [each.path for each in records.artifacts(run)] == ["fits.bin"]
        with records.open_artifact(run, "fits.bin") as download:
            assert b"".join(download.chunks) == large.read_bytes()
        with pytest.raises(NotFound), records.open_artifact(run, "half.bin"):
            pass
    eventually(lambda: not list((home.cache / "uploads").iterdir()), "nothing is left of what did not arrive")


@pytest.mark.parametrize("stays", [True, False], ids=["a client that waits", "a client that goes"])
def test_a_file_may_take_longer_than_an_answer(
    server: LiveServer, home: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stays: bool
) -> None:
    file = tmp_path / "slow.bin"
    file.write_bytes(os.urandom(LARGEST))
    began = threading.Event()
    keep = MlflowRecords.log_artifact

    def slowly(self: MlflowRecords, *given: Any, **options: Any) -> None:
        began.set()
        time.sleep(8.0)  # a store far away; longer than an answer may take
        keep(self, *given, **options)

    with studio.Tracker.create("slow", experiment_name="paths") as tracker:
        records, run = tracker._recorder.records, tracker._run
        monkeypatch.setattr(MlflowRecords, "log_artifact", slowly)
        monkeypatch.setattr(server.studio._calls, "_timeout", 4.0)
        if stays:
            records.log_artifact(run, file, "slow.bin")
        else:
            with server.session() as session, pytest.raises(httpx.ReadTimeout):
                address = f"records/runs/{run.run_id}/artifacts/slow.bin"
                session.put(address, content=file.read_bytes(), timeout=httpx.Timeout(30, read=6.0))
            assert began.is_set()
        monkeypatch.undo()
        eventually(lambda: records.artifacts(run), "it arrives")
        with records.open_artifact(run, "slow.bin") as download:
            assert b"".join(download.chunks) == file.read_bytes()
    eventually(lambda: not list((home.cache / "uploads").iterdir()), "nothing is left")


def half_sent(server: LiveServer, address: str, said: int, sent: int) -> None:
    import socket

    with socket.create_connection(("127.0.0.1", server.app.port)) as connection:
        lines = [f"PUT {address} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: token {server.token}"]
        head = "\r\n".join([*lines, f"Content-Length: {said}", "", ""])
        connection.sendall(head.encode() + bytes(sent))
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_many_at_once(mlflow_client: Any) -> None:
    trackers = [studio.Tracker.create(f"at once {number}", experiment_name="many") for number in range(8)]

    def log(tracker: studio.Tracker) -> None:
        for step in range(2000):
            tracker.log_metric("a", step, step=step)
        tracker.close()

    threads = [threading.Thread(target=log, args=(tracker,)) for tracker in trackers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for tracker in trackers:
        assert tracker.flush(applied=True, timeout=120)
        assert len(values(mlflow_client, tracker.run_id, "a")) == 2000


SERVER = """
import sys
from pathlib import Path
from studio_ext.testing.live_server import LiveServer
from studio_ext.testing.workspaces import temporary_workspace
base = Path(sys.argv[1])
server = LiveServer(base / "root", base / "home")
server.token = "secret"
server.__enter__()
print(server.app.port, flush=True)
sys.stdin.read()
"""


def start_server(base: Path) -> tuple[subprocess.Popen[str], int]:
    command = [sys.executable, "-W", "ignore", "-c", SERVER, str(base)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_a_server_that_is_killed_and_starts_again(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    (tmp_path / "root").mkdir()
    with temporary_workspace(tmp_path / "home") as workspace:
        with closing(LocalClient(workspace)) as local:  # on a busy machine the making takes longer than an answer may
            assert local.store
            local.experiments()
        process, port = start_server(tmp_path)
        try:
            with Cable(port) as cable:
                client = HttpClient(f"http://127.0.0.1:{cable.port}/a%40b/", "secret")
                connection.use(client)
                tracker = studio.Tracker.create("restarts", experiment_name="restarts")
                step = 0
                for _ in range(3):
                    for _ in range(2000):
                        tracker.log_metric("loss", float(step), step=step)
                        step += 1
                    tracker.flush()
                    for _ in range(500):
                        tracker.log_metric("loss", float(step), step=step)
                        step += 1
                    process.kill()
                    process.wait()
                    process, cable.target = start_server(tmp_path)
                tracker.close()
                assert tracker.flush(applied=True, timeout=120)
                client.close()
        finally:
            process.kill()
            process.wait()
        found = values(MlflowClient(workspace.tracking_uri), tracker.run_id, "loss")
        assert found == [(number, float(number)) for number in range(step)]

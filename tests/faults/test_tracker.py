"""Trackers whose process, controller, disk or store fails: what was acknowledged is there, and nothing twice."""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

import studio_ext as studio
from studio_ext.adapters.local_client import LocalClient
from studio_ext.contract.errors import Unavailable
from studio_ext.core.workspace import Workspace
from studio_ext.sdk import connection, entities
from studio_ext.testing.workspaces import temporary_workspace
from tests.faults.conftest import wait_for
from tests.faults.test_disk_full import fill, small_disk

pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:What is logged cannot be written:RuntimeWarning"),
]


@pytest.fixture
def is_long(pytestconfig: pytest.Config) -> bool:
    """Whether everything is to have its full size."""
    return bool(pytestconfig.getoption("--long"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace with its store and a controller, which this process uses."""
    monkeypatch.setattr(entities, "_SETTLE_SECONDS", 300)
    with temporary_workspace(tmp_path / "home") as workspace, closing(connect(workspace)):
        yield workspace


def connect(workspace: Workspace) -> LocalClient:
    client = LocalClient(workspace)
    assert client.store  # the controller makes the schema
    client.experiments()
    connection.use(client)
    return client


def values(home: Workspace, run_id: str, key: str = "loss") -> list[tuple[int, float]]:
    """What MLflow's own client reads."""
    from mlflow import MlflowClient

    history = MlflowClient(home.tracking_uri).get_metric_history(run_id, key)
    return sorted((each.step, each.value) for each in history)


def wait_over(home: Workspace, run_id: str, seconds: float = 300) -> None:
    explain = lambda: home.controller_log.read_text(errors="replace")[-3000:]  # noqa: E731
    wait_for(lambda: not (home.trackers / run_id).exists(), seconds, "everything is applied", explain)


def controller_of(home: Workspace) -> psutil.Process:
    with closing(LocalClient(home)) as client:
        lease = client.store.lease()
    assert lease is not None
    return psutil.Process(lease.pid)


SPEED = """
import sys, time, studio_ext as studio
tracker = studio.Tracker.create("killed", experiment_name="kills")
print(tracker.run_id, flush=True)
step, said, flushed = 0, time.monotonic(), 0
while True:
    for _ in range(200):
        tracker.log_metric("loss", float(step), step=step)
        step += 1
    if step % 5000 == 0:
        tracker.flush()
        flushed = step
    if time.monotonic() - said > 0.05:
        said = time.monotonic()
        print(step, flushed, said, flush=True)
"""


@pytest.mark.timeout(3600)  # fifty kills leave fifteen million values for MLflow
def test_kill_9_while_logging_at_full_speed(home: Workspace, is_long: bool) -> None:
    """All that was acknowledged is there, at most a second is lost, and nothing is there twice."""
    chance = random.Random(3)
    # What is logged in a second takes MLflow many: one is long enough that something could have been lost.
    for seconds in [chance.uniform(0.1, 1.5) for _ in range(50)] if is_long else [1.3, 0.3, 0.2]:
        env = {**os.environ, "STUDIO_HOME": str(home.home)}
        command = [sys.executable, "-W", "ignore", "-c", SPEED]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            run_id = process.stdout.readline().strip()
            said = [process.stdout.readline().split()]
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                said.append(process.stdout.readline().split())
            killed = time.monotonic()
            process.send_signal(signal.SIGKILL)
            said += [line.split() for line in process.stdout.read().splitlines()]
        wait_over(home, run_id)
        found = values(home, run_id)
        assert found == [(step, float(step)) for step in range(len(found))]
        whole = [line for line in said if len(line) == 3]
        assert len(found) >= max(int(flushed) for _, flushed, _ in whole)
        # What this process was slow to write counts as well: on a busy machine its turns come late.
        assert len(found) >= max((int(step) for step, _, at in whole if float(at) < killed - 1.0), default=0)


def test_a_million_points_in_one_metric(home: Workspace, is_long: bool) -> None:
    """A hundred thousand by default. The controller's memory does not grow with what it applies."""
    count = 1_000_000 if is_long else 100_000
    with studio.Tracker.create("many", experiment_name="many") as tracker:
        tracker.log_metric("loss", math.nan, step=-1)
        tracker.flush(applied=True, timeout=300)
        controller = controller_of(home)
        before = largest = controller.memory_info().rss
        for step in range(count):
            tracker.log_metric("loss", float(step % 1000), step=step)
        tracker.flush()
        assert tracker.lag > 0
        assert "behind" in repr(tracker)
        while tracker.lag:
            largest = max(largest, controller.memory_info().rss)
            time.sleep(0.1)
    wait_over(home, tracker.run_id)
    assert tracker.lag == 0
    assert controller.pid == controller_of(home).pid
    assert largest - before < 96 << 20, f"{(largest - before) >> 20} MiB more"
    (loss,) = studio.TrialComponent.load(tracker.run_id).metrics
    assert (loss.count, loss.min, loss.max, loss.last) == (count, 0.0, 999.0, float((count - 1) % 1000))
    assert loss.avg == pytest.approx(499.5)
    assert loss.std_dev == pytest.approx(statistics.pstdev(range(1000)))
    frame = studio.Experiment.load("many").to_frame(metric_names=["loss"])
    assert frame["loss - Count"][0] == count
    history = values(home, tracker.run_id)[1:]
    assert history == [(step, float(step % 1000)) for step in range(count)]


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_disk_that_is_full_says_so_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entities, "_SETTLE_SECONDS", 300)
    with small_disk(tmp_path / "home", 48), temporary_workspace(tmp_path / "home") as home, closing(connect(home)):
        tracker = studio.Tracker.create("full", experiment_name="full")
        for step in range(1000):
            tracker.log_metric("loss", float(step), step=step)
        tracker.flush()
        ballast = fill(home.home)
        for step in range(1000, 3000):
            tracker.log_metric("loss", float(step), step=step)
        with pytest.raises(Unavailable, match="cannot be written") as caught:
            for _ in range(100):  # a page that was there may take a little
                tracker.flush()
                for extra in range(1000):
                    tracker.log_metric("extra", float(extra))
        assert "Make room" in caught.value.hint
        ballast.unlink()
        for step in range(3000, 4000):
            tracker.log_metric("loss", float(step), step=step)
        tracker.flush()
        tracker.close()
        wait_over(home, tracker.run_id)
        assert values(home, tracker.run_id) == [(step, float(step)) for step in range(4000)]
        assert studio.TrialComponent.load(tracker.run_id).status.primary_status == "Completed"


def test_a_store_that_is_away_for_ten_seconds(home: Workspace, is_long: bool) -> None:
    """Somebody holds the database: logging and flush() do not wait for it, and it catches up by itself."""
    with studio.Tracker.create("away", experiment_name="away") as tracker:
        slowest = 0.0
        with closing(sqlite3.connect(home.home / "mlflow.db", isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            until, step = time.monotonic() + (60 if is_long else 10), 0
            while time.monotonic() < until:
                tracker.log_metric("loss", float(step), step=step)
                began = time.monotonic()
                tracker.flush()
                slowest = max(slowest, time.monotonic() - began)
                step += 1
                time.sleep(0.01)
            assert tracker.lag == step
            holder.execute("ROLLBACK")
        assert tracker.flush(applied=True, timeout=120)
    assert slowest < 15.0  # who waits for the store waits 20
    wait_over(home, tracker.run_id)
    assert values(home, tracker.run_id) == [(number, float(number)) for number in range(step)]


def test_a_controller_that_is_killed_again_and_again(home: Workspace, is_long: bool) -> None:
    count = 100_000 if is_long else 20_000
    with studio.Tracker.create("killed", experiment_name="controllers") as tracker:
        for step in range(count):
            tracker.log_metric("loss", float(step), step=step)
        tracker.flush()
        replies = home.trackers / tracker.run_id / "attempts" / "1" / "replies.jsonl"
        for kill in range(5):
            size = replies.stat().st_size if replies.exists() else 0
            wait_for(lambda: replies.exists() and replies.stat().st_size > size, 60, f"it applies before kill {kill}")  # noqa: B023
            controller = controller_of(home)
            controller.kill()
            controller.wait(30)
            if tracker.flush():  # which starts the next one
                break
    wait_over(home, tracker.run_id)
    assert values(home, tracker.run_id) == [(step, float(step)) for step in range(count)]
    assert studio.TrialComponent.load(tracker.run_id).status.primary_status == "Completed"


def _forked(tracker: studio.Tracker, number: int) -> None:
    threads = [threading.Thread(target=_log, args=(tracker, f"fork {number}.{each}")) for each in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _log(tracker: studio.Tracker, name: str) -> None:
    for step in range(100):
        tracker.log_metric(name, float(step), step=step)
        if step % 40 == 0:
            tracker.flush()


def test_fifty_threads_and_twenty_forks_at_once(home: Workspace) -> None:
    """Forked in the middle of what the threads do: locks that are held at that moment hold nobody up."""
    context: Any = multiprocessing.get_context("fork")
    with studio.Tracker.create("storm", experiment_name="storm") as tracker:
        threads = [threading.Thread(target=_log, args=(tracker, f"thread {number}")) for number in range(50)]
        workers = [context.Process(target=_forked, args=(tracker, number)) for number in range(20)]
        for thread, worker in zip(threads, workers, strict=False):
            thread.start()
            worker.start()
        for thread in threads[20:]:
            thread.start()
        for each in [*threads, *workers]:
            each.join(300)
        assert [worker.exitcode for worker in workers] == [0] * 20
    wait_over(home, tracker.run_id)
    expected = [(step, float(step)) for step in range(100)]
    names = [f"thread {number}" for number in range(50)]
    names += [f"fork {number}.{each}" for number in range(20) for each in range(3)]
    for name in names:
        assert values(home, tracker.run_id, name) == expected, name


HTML = "<script>alert('x')</script><img src=x onerror=alert(1)>\x1b[31m\u202e"


def test_hostile_text_everywhere_and_steps_in_any_order(home: Workspace) -> None:
    """It comes back as it went in, and nothing that is shown runs it."""
    experiment = studio.Experiment.create(HTML, HTML, tags={"t": HTML})
    trial = experiment.create_trial(HTML)
    with pytest.raises(ValueError), studio.Tracker.create(HTML, trial=trial, tags={"t": HTML}) as tracker:
        tracker.log_parameter("p", HTML)
        tracker.log_input("i", HTML, HTML)
        tracker.log_output("o", HTML)
        tracker.log_table(HTML, {HTML: [HTML]})
        now = time.time()  # MLflow keeps a value that is logged again a millisecond later
        for step in (7, -3, 7, 2**62, 0, -(2**62)):
            tracker.log_metric("loss", float(step % 5), now, step=step)
        raise ValueError(HTML)
    component = studio.TrialComponent.load(tracker.run_id)
    assert component.display_name == HTML
    assert component.parameters == {"p": HTML}
    assert component.input_artifacts["i"].value == HTML
    assert component.status.message == f"ValueError: {HTML}"
    assert [step for step, _ in values(home, tracker.run_id)] == [-(2**62), -3, 0, 7, 2**62]
    (loss,) = component.metrics
    assert (loss.count, loss.last) == (5, float(2**62 % 5))  # of the highest step
    for shown in (repr(component), repr(tracker), repr(experiment), repr(trial), trial._repr_html_()):
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    assert "<script" not in trial._repr_html_()
    assert experiment.to_frame()["DisplayName"][0] == HTML

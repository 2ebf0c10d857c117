"""A workspace that the SDK records to, and what tests of recording ask of it and of MLflow."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

import studio_ext as studio
from studio_ext.adapters.local_client import LocalClient
from studio_ext.adapters.sql_store import SqlStore
from studio_ext.core.workspace import Workspace
from studio_ext.sdk import connection
from studio_ext.testing.workspaces import temporary_workspace

T = TypeVar("T")

ENDLESS = """
print(tracker.run_id, flush=True)
step = 0
while True:
    for _ in range(997):
        tracker.log_metric("loss", float(step), step=step)
        step += 1
    tracker.flush()
    print(step, flush=True)
"""
"""Code that logs with a ``tracker`` as fast as it can, and says how many values are safe."""


@contextmanager
def recording_workspace(folder: Path) -> Iterator[Workspace]:
    """A new workspace with both of its stores made, which the SDK of this process uses meanwhile."""
    with temporary_workspace(folder) as workspace, closing(LocalClient(workspace)) as client:
        assert client.store  # the controller makes the schema
        client.experiments()  # and one of us the tracking store: MLflow cannot bear two that make it
        before = connection._client
        connection.use(client)
        try:
            yield workspace
        finally:
            connection._client = before


def eventually(condition: Callable[[], T], what: str, seconds: float = 120) -> T:
    """What the condition gives once it holds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def values(client: Any, run_id: str, key: str) -> list[tuple[int, float]]:
    """Steps and values of a metric, as MLflow's client has them, in order."""
    return sorted((each.step, each.value) for each in client.get_metric_history(run_id, key))


def wait_recorded(home: Workspace, job: studio.Job) -> None:
    """Wait until the job is over and its trial is closed, for which no job waits longer than a few seconds."""
    job.wait(progress=False)
    with closing(SqlStore(home.database)) as store:
        eventually(lambda: job.id not in {each.id for each in store.unfinished_recording()}, "the trial is closed")


def is_over(home: Workspace, run_id: str) -> bool:
    """Whether all that was logged to the run was applied, and it was closed."""
    return not (home.trackers / run_id).exists()


def kill_while_logging(process: subprocess.Popen[str], flushes: int) -> tuple[str, int]:
    """Kill a process that runs :data:`ENDLESS` after so many flushes; its run, and how many values it held for safe."""
    assert process.stdout is not None
    run_id = process.stdout.readline().strip()
    safe = [int(process.stdout.readline()) for _ in range(flushes)][-1]
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=30)
    return run_id, int((rest.split() or [str(safe)])[-1])


def check_killed(client: Any, run_id: str, safe: int, said: str) -> None:
    """Check what is recorded of a killed process: all values up to one that was not safe yet, none twice."""
    found = values(client, run_id, "loss")
    assert len(found) >= safe
    assert found == [(step, float(step)) for step in range(len(found))]
    run = client.get_run(run_id)
    assert run.info.status == "FAILED"
    assert said in run.data.tags["tracker.status_message"]


def fail_and_go_well() -> None:
    """Check that a tracker that failed and then goes well keeps nothing that was said of the failure."""
    with pytest.raises(ValueError), studio.Tracker.create("again", experiment_name="again") as tracker:
        raise ValueError("it broke")
    failed = studio.TrialComponent.load(tracker.run_id).status
    assert (failed.primary_status, failed.message) == ("Failed", "ValueError: it broke")
    with studio.Tracker.load(tracker.run_id) as again:
        running = studio.TrialComponent.load(tracker.run_id).status
        assert (running.primary_status, running.message) == ("InProgress", "")
        again.log_metric("a", 1)
    done = studio.TrialComponent.load(tracker.run_id).status
    assert (done.primary_status, done.message) == ("Completed", "")

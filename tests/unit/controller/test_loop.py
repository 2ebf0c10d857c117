"""The controller's loop with a real database and a runner that the test drives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from studio_ext.adapters.sql_store import SqlStore
from studio_ext.contract.errors import Unavailable
from studio_ext.contract.jobs import JobDetail, JobStatus
from studio_ext.controller import loop as loop_module
from studio_ext.controller.loop import Loop
from studio_ext.core.workspace import Workspace
from studio_ext.ports.store import Lease
from studio_ext.services.reconcile import Reconciler
from studio_ext.testing.fake_runner import FakeRunner
from studio_ext.testing.sample_jobs import sample_job


class Recorder:
    """Says at once that everything is recorded."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.recorded: set[str] = set()
        self.closed: list[JobDetail] = []
        self.has_trackers = False

    def update(self, active: list[JobDetail], closing: list[JobDetail]) -> None:
        self.closed += closing
        for job in closing:
            if job.id not in self.recorded:
                self.store.recorded(job.id)
                self.recorded.add(job.id)


class Housekeeping:
    def __init__(self) -> None:
        self.runs = 0
        self.fault: Exception | None = None
        self.may_end = threading.Event()
        self.may_end.set()

    def run(self) -> None:
        self.runs += 1
        self.may_end.wait(30)
        if self.fault is not None:
            raise self.fault


class Bench:
    def __init__(self, workspace: Workspace, store: SqlStore) -> None:
        self.store = store
        self.outside = SqlStore(workspace.database)  # whoever submits has a connection of its own
        self.runner = FakeRunner()
        self.wake = threading.Event()
        self.housekeeping: Any = Housekeeping()
        self.recorder: Any = Recorder(self.outside)
        self.why: list[str] = []
        self.loop = Loop(
            store=store,
            reconciler=Reconciler(store, {"fake": self.runner}, max_running=4),
            recorder=self.recorder,
            housekeeping=lambda: self.housekeeping,
            runners={"fake": self.runner},
            lease=Lease(pid=1, start_time=2, boot_id="b", version="v", heartbeat=0.0),
            idle_seconds=60.0,
            wake=self.wake,
        )
        self.thread = threading.Thread(target=lambda: self.why.append(self.loop.run()))

    def submit(self) -> str:
        job, _ = self.outside.add(sample_job(), None)
        self.outside.set_run(job.id, "run", "1", "file:///a")
        return job.id

    def status(self, job_id: str) -> JobStatus:
        return self.outside.get(job_id).status

    def stop(self) -> None:
        self.loop.stop()
        if self.thread.ident is not None:
            self.thread.join(10)
            assert not self.thread.is_alive()


@pytest.fixture
def bench(workspace: Workspace, store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(loop_module, "RETRY_SECONDS", 0.01)
    bench = Bench(workspace, store)
    with closing(bench.outside):
        yield bench
        bench.stop()


def until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        threading.Event().wait(0.005)


def test_a_submission_by_somebody_else_is_seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "FULL_PASS_SECONDS", 60.0)  # so that only the watch can see it
    bench.thread.start()
    until(lambda: bench.store.lease() is not None)
    job_id = bench.submit()
    until(lambda: bench.status(job_id) is JobStatus.Starting)
    bench.runner.run(job_id)
    until(lambda: bench.status(job_id) is JobStatus.InProgress)
    bench.runner.end(job_id)
    until(lambda: bench.status(job_id) is JobStatus.Completed)
    assert bench.recorder.closed[0].status is JobStatus.Completed
    bench.stop()
    assert bench.why == ["stopped"]


def test_a_signal_may_come_while_the_thread_that_it_interrupts_holds_the_lock_of_the_wake_up(bench: Bench) -> None:
    bench.thread.start()
    until(lambda: bench.store.lease() is not None)
    with bench.wake._cond:  # type: ignore[attr-defined]
        handler = threading.Thread(target=bench.loop.stop, args=(15, None), daemon=True)
        handler.start()
        handler.join(5)
        assert not handler.is_alive(), "the handler waits for whom it interrupts"
    bench.thread.join(5)
    assert bench.why == ["stopped"]


def test_the_lease_is_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "BEAT_SECONDS", 0.01)
    bench.thread.start()
    until(lambda: bench.store.lease() is not None)
    first = bench.store.lease()
    assert first is not None
    until(lambda: (bench.store.lease() or first).heartbeat > first.heartbeat)
    assert abs(time.time() - first.heartbeat) < 60


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_submission_beside_a_heartbeat_is_seen(bench: Bench, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    monkeypatch.setattr(loop_module, "FULL_PASS_SECONDS", 60.0)
    monkeypatch.setattr(loop_module, "BEAT_SECONDS", 0.0)
    bench.loop._tick()
    bench.loop._tick()
    whole, submitted = SqlStore.beat, []

    def beat(store: SqlStore, lease: Lease) -> None:
        submitted.append(bench.submit())
        whole(store, lease)

    if when == "before":
        submitted.append(bench.submit())
    else:
        monkeypatch.setattr(SqlStore, "beat", beat)
    bench.loop._tick()
    assert bench.status(submitted[0]) is JobStatus.Starting


def test_a_heartbeat_alone_is_no_reason_for_a_pass(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "FULL_PASS_SECONDS", 60.0)
    monkeypatch.setattr(loop_module, "BEAT_SECONDS", 0.0)
    bench.loop._tick()
    bench.loop._tick()
    monkeypatch.setattr(bench.loop.store, "active", lambda: pytest.fail("it read the jobs"))
    bench.loop._tick()


def test_it_ends_when_idle_but_not_before_its_jobs(bench: Bench) -> None:
    bench.loop.idle_seconds = 0.0
    job_id = bench.submit()
    bench.thread.start()
    until(lambda: bench.status(job_id) is JobStatus.Starting)
    assert bench.why == []
    bench.runner.end(job_id)
    bench.thread.join(10)
    assert bench.why == ["idle"]
    assert bench.status(job_id) is JobStatus.Completed


def test_it_makes_room_for_a_newer_version_when_no_job_runs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.submit()
    monkeypatch.setattr(loop_module, "UPGRADE_SECONDS", 0.0)
    monkeypatch.setattr(loop_module, "_newer_installed", lambda: True)
    bench.thread.start()
    until(lambda: bench.status(job_id) is JobStatus.Starting)
    assert bench.why == []
    bench.runner.end(job_id)
    bench.thread.join(10)
    assert bench.why == ["upgraded"]


@pytest.mark.parametrize("fault", [Unavailable("The database is locked."), ZeroDivisionError()])
def test_a_fault_in_a_pass_does_not_end_it(bench: Bench, monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    failed = threading.Event()
    whole = SqlStore.active

    def active(store: SqlStore, waiting: int | None = None) -> list[JobDetail]:
        if not failed.is_set():
            failed.set()
            raise fault
        return whole(store, waiting)

    monkeypatch.setattr(SqlStore, "active", active)
    job_id = bench.submit()
    bench.thread.start()
    until(lambda: bench.status(job_id) is JobStatus.Starting)
    assert failed.is_set()


@pytest.mark.parametrize("fault", [FileNotFoundError("jobs"), Unavailable("away")])
def test_a_fault_in_housekeeping_does_not_end_it(bench: Bench, fault: Exception) -> None:
    bench.housekeeping.fault = fault
    bench.thread.start()
    until(lambda: bench.housekeeping.runs)
    job_id = bench.submit()
    until(lambda: bench.status(job_id) is JobStatus.Starting)


def test_housekeeping_that_takes_long_holds_up_nobody(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "HOUSEKEEPING_SECONDS", 0.0)
    bench.housekeeping.may_end.clear()
    bench.thread.start()
    until(lambda: bench.housekeeping.runs)
    job_id = bench.submit()
    until(lambda: bench.status(job_id) is JobStatus.Starting)
    assert bench.housekeeping.runs == 1, "one at a time"
    bench.housekeeping.may_end.set()
    until(lambda: bench.housekeeping.runs > 1)


def test_housekeeping_waits_for_tracking(bench: Bench) -> None:
    bench.housekeeping = None
    bench.thread.start()
    job_id = bench.submit()
    until(lambda: bench.status(job_id) is JobStatus.Starting)


def test_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STUDIO_CONTROLLER_NO_UPGRADE", raising=False)
    monkeypatch.setattr(loop_module, "version", lambda _name: "99.0")
    assert loop_module._newer_installed()
    monkeypatch.setattr(loop_module, "_INSTALLED", "99.0")
    assert not loop_module._newer_installed()
    monkeypatch.setattr(loop_module, "version", lambda _name: "100.0")
    monkeypatch.setenv("STUDIO_CONTROLLER_NO_UPGRADE", "1")
    assert not loop_module._newer_installed()

"""The recording thread: nothing is lost while tracking is away, and nobody waits for somebody else's fault."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from studio_ext.adapters.sql_store import SqlStore
from studio_ext.contract.errors import InvalidRequest, Unavailable
from studio_ext.contract.jobs import JobDetail, JobStatus, SecondaryStatus
from studio_ext.controller import recorder as recorder_module
from studio_ext.controller.recorder import Recorder
from studio_ext.ports.tracking import RunHandle
from studio_ext.services.recording import Recording
from studio_ext.testing.sample_jobs import finish, sample_job


class Outside:
    """Tracking and relay in one: notes the calls in order, and raises what the test asks for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.faults: dict[tuple[str, str], BaseException] = {}
        self.away = False
        self.waiting: dict[str, int] = {}
        self.runs: set[str] = set()
        """Jobs whose run exists."""

    def _call(self, what: str, which: str) -> None:
        if self.away:
            raise Unavailable("tracking is away")
        self.calls.append((what, which))
        if (fault := self.faults.get((what, which))) is not None:
            raise fault

    def start_run(self, job_id: str, start: Any) -> RunHandle:
        self._call("start", job_id)
        self.runs.add(job_id)
        return RunHandle(f"run-{job_id}", "1", "file:///a")

    def find_run(self, job_id: str, experiment: str) -> RunHandle | None:
        self._call("find", job_id)
        return RunHandle(f"run-{job_id}", "1", "file:///a") if job_id in self.runs else None

    def end_run(self, run_id: str, status: str, ended: float, tags: Any) -> None:
        self._call("end", run_id.removeprefix("run-"))

    def log_artifacts(self, run_id: str, source: Any, artifact_path: str = "") -> None:
        self._call("artifacts", run_id.removeprefix("run-"))

    def pump(self, job_id: str, directory: Any, attempt: int, run: RunHandle) -> int:
        self._call("pump", job_id)
        return self.waiting.pop(job_id, 0)

    def finish(self, job_id: str, directory: Any, attempt: int, run: RunHandle) -> None:
        self._call("drain", job_id)

    def displayed(self, path: Any) -> list[tuple[str, bytes]]:
        return []

    def of(self, job_id: str) -> list[str]:
        return [what for what, which in self.calls if which == job_id]


class Bench:
    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.outside: Any = Outside()
        self.woken = 0
        self.recorder = Recorder(self.make, self.wake)

    def make(self) -> Recording:
        return Recording(self.store, self.outside, self.outside, self.outside)

    def wake(self) -> None:
        self.woken += 1

    def pending(self) -> JobDetail:
        return self.store.add(sample_job(), None)[0]

    def running(self) -> JobDetail:
        job = self.pending()
        self.store.set_run(job.id, f"run-{job.id}", "1", "file:///a")
        self.store.step(
            job.id, expect=[JobStatus.Pending], status=JobStatus.Starting, secondary_status=SecondaryStatus.Starting
        )
        return self.store.get(job.id)

    def over(self) -> JobDetail:
        job = self.pending()
        self.store.set_run(job.id, f"run-{job.id}", "1", "file:///a")
        finish(self.store, job.id)
        return self.store.get(job.id)

    def update(self) -> None:
        """What the controller's loop says each time."""
        self.recorder.update(self.store.active(), self.store.unfinished_recording())


@pytest.fixture
def bench(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(recorder_module, "AWAY_SECONDS", 0.01)
    bench = Bench(store)
    bench.recorder.start()
    yield bench
    bench.recorder.stop()
    bench.recorder.join(10)
    assert not bench.recorder.is_alive()


def until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        threading.Event().wait(0.005)


def test_a_run_is_made_and_the_controller_woken(bench: Bench) -> None:
    job = bench.pending()
    bench.update()
    until(lambda: bench.store.get(job.id).trial.run_id == f"run-{job.id}")
    until(lambda: bench.woken == 1)
    assert bench.outside.of(job.id) == ["start"], "once"


def test_journals_are_pumped_while_jobs_run(bench: Bench) -> None:
    job = bench.running()
    bench.update()
    until(lambda: bench.outside.of(job.id).count("pump") > 3)


def test_a_job_in_its_end_is_drained_then_closed(bench: Bench) -> None:
    job = bench.over()
    bench.update()
    until(lambda: job.id in bench.recorder.recorded)
    assert bench.outside.of(job.id) == ["drain", "end"]
    assert bench.store.unfinished_recording() == []
    bench.update()
    assert bench.recorder.recorded == set(), "what is over is forgotten"


def test_a_job_that_is_closing_is_not_pumped(bench: Bench) -> None:
    job = bench.running()
    ended = job.model_copy(update={"status": JobStatus.Completed, "ended": 1.0})
    bench.recorder.update([job], [ended])
    until(lambda: job.id in bench.recorder.recorded)
    bench.recorder.update([job], [ended])
    until(lambda: bench.woken)
    assert bench.outside.of(job.id) == ["drain", "end"]


def test_while_tracking_is_away_nothing_is_lost(bench: Bench) -> None:
    bench.outside.away = True
    waits, runs, over = bench.pending(), bench.running(), bench.over()
    bench.update()
    until(lambda: bench.recorder.away == "tracking is away")
    assert bench.store.get(waits.id).trial.run_id is None
    assert bench.outside.calls == []
    bench.outside.away = False
    until(lambda: over.id in bench.recorder.recorded)
    until(lambda: bench.store.get(waits.id).trial.run_id)
    until(lambda: "pump" in bench.outside.of(runs.id))
    assert bench.recorder.away == ""
    assert bench.outside.of(over.id) == ["drain", "end"]


def test_recording_that_cannot_be_made_yet(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "AWAY_SECONDS", 0.01)
    bench = Bench(store)
    tries = []

    def make() -> Recording:
        tries.append(1)
        if len(tries) < 3:
            raise Unavailable("away") if len(tries) == 1 else ImportError("half installed")
        return bench.make()

    bench.recorder = Recorder(make, bench.wake)
    bench.recorder.start()
    try:
        job = bench.pending()
        bench.update()
        until(lambda: bench.store.get(job.id).trial.run_id)
        assert len(tries) == 3
    finally:
        bench.recorder.stop()
        bench.recorder.join(10)


@pytest.mark.parametrize("fault", [ValueError("bad line"), KeyError("x"), InvalidRequest("no")])
def test_one_broken_journal_does_not_stop_the_others(bench: Bench, fault: Exception) -> None:
    broken, other, waits = bench.running(), bench.running(), bench.pending()
    bench.outside.faults["pump", broken.id] = fault
    bench.update()
    until(lambda: bench.outside.of(other.id).count("pump") > 2)
    until(lambda: bench.store.get(waits.id).trial.run_id)


def test_a_broken_journal_is_told_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    broken = bench.running()
    bench.outside.faults["pump", broken.id] = ValueError("bad line")
    bench.update()
    until(lambda: bench.outside.of(broken.id).count("pump") > 3)
    assert caplog.text.count("cannot be applied") == 1


@pytest.mark.parametrize("what", ["start", "pump", "drain", "end"])
def test_one_job_that_the_store_cannot_take_does_not_hold_up_the_others(bench: Bench, what: str) -> None:
    make = {"start": bench.pending, "pump": bench.running}.get(what, bench.over)
    stuck, waits, runs, over = make(), bench.pending(), bench.running(), bench.over()
    bench.outside.faults[what, stuck.id] = Unavailable("no permission for this one")
    bench.update()
    until(lambda: bench.recorder.away)
    until(lambda: over.id in bench.recorder.recorded)
    until(lambda: bench.store.get(waits.id).trial.run_id)
    until(lambda: "pump" in bench.outside.of(runs.id))
    until(lambda: bench.outside.of(stuck.id).count(what) > 2)
    assert bench.recorder.away == "no permission for this one"
    assert stuck.id not in bench.recorder.recorded
    del bench.outside.faults[what, stuck.id]
    until(lambda: not bench.recorder.away)


@pytest.mark.parametrize(
    "fault", [ValueError("bad name"), InvalidRequest("The experiment was deleted.", hint="Other.")]
)
def test_one_job_that_cannot_be_recorded_fails_and_the_others_go_on(bench: Bench, fault: Exception) -> None:
    broken, other = bench.pending(), bench.pending()
    bench.outside.faults["start", broken.id] = fault
    bench.update()
    until(lambda: bench.store.get(other.id).trial.run_id)
    job = bench.store.get(broken.id)
    assert job.status is JobStatus.Failed
    assert str(fault) in job.message
    assert bench.outside.of(broken.id) == ["start"]


@pytest.mark.parametrize("where", ["drain", "artifacts"])
def test_the_run_is_closed_whatever_fails_before(bench: Bench, where: str, tmp_path: Any) -> None:
    job = bench.over()
    (tmp_path / "output" / "environment").mkdir(parents=True)
    (tmp_path / "output" / "environment" / "packages.txt").touch()
    bench.outside.faults[where, job.id] = RuntimeError("no")
    bench.recorder.update([], [job.model_copy(update={"directory": str(tmp_path)})])
    until(lambda: job.id in bench.recorder.recorded)
    assert bench.outside.of(job.id) == ["drain", "artifacts", "end"]
    assert bench.store.unfinished_recording() == []


def test_a_run_that_cannot_be_closed_is_not_tried_for_ever(bench: Bench) -> None:
    job, other = bench.over(), bench.over()
    bench.outside.faults["end", job.id] = RuntimeError("somebody deleted it")
    bench.update()
    until(lambda: {job.id, other.id} <= bench.recorder.recorded)
    assert bench.outside.of(job.id).count("end") == 1
    assert bench.store.unfinished_recording() == []


@pytest.mark.parametrize("is_made", [True, False])
def test_a_run_that_a_crash_left_unnoted_is_closed(bench: Bench, is_made: bool) -> None:
    job = bench.pending()
    if is_made:
        bench.outside.runs.add(job.id)  # and then the controller was killed
    assert bench.store.step(
        job.id, expect=[JobStatus.Pending], status=JobStatus.Stopped, secondary_status=SecondaryStatus.Stopped
    )
    bench.outside.away = True
    bench.update()
    until(lambda: bench.recorder.away)
    assert [each.id for each in bench.store.unfinished_recording()] == [job.id]
    bench.outside.away = False
    until(lambda: job.id in bench.recorder.recorded)
    assert bench.store.unfinished_recording() == []
    assert bench.store.get(job.id).trial.run_id == (f"run-{job.id}" if is_made else None)
    assert bench.outside.of(job.id) == (["find", "drain", "end"] if is_made else ["find"])


@pytest.mark.parametrize("fault", [None, InvalidRequest("no such thing"), ValueError("bug")])
def test_a_job_that_was_refused_is_looked_up_once(bench: Bench, fault: Exception | None) -> None:
    job = bench.pending()
    bench.outside.faults["start", job.id] = InvalidRequest("The experiment was deleted.")
    if fault is not None:
        bench.outside.faults["find", job.id] = fault
    bench.update()
    until(lambda: bench.store.get(job.id).status is JobStatus.Failed)
    bench.update()
    until(lambda: job.id in bench.recorder.recorded)
    assert bench.store.unfinished_recording() == []
    assert bench.outside.of(job.id) == ["start", "find"]


def test_it_ends_when_idle(bench: Bench) -> None:
    bench.recorder.stop()
    bench.recorder.join(5)
    assert not bench.recorder.is_alive()

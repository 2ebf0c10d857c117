"""Rows against facts while runners, disks and clocks do what they should not."""

from __future__ import annotations

import errno
import logging
import os
import time
from pathlib import Path

import pytest

from studio_ext.adapters.sql_store import SqlStore
from studio_ext.contract.errors import Unavailable
from studio_ext.contract.jobs import ExitReason
from studio_ext.ports.runner import Launch
from studio_ext.services import reconcile
from studio_ext.services.reconcile import Reconciler
from studio_ext.worker.clock import Clock
from tests.unit.services.reconcile.bench import Bench, S


def test_a_runner_that_is_not_installed_any_more(bench: Bench) -> None:
    gone, other = bench.add(runner="gone"), bench.add()
    bench.turn()
    job = bench.job(gone)
    assert (job.status, bench.status(other)) == (S.Failed, S.Starting)
    assert "'gone'" in job.message


def test_a_runner_that_is_gone_while_the_job_runs(bench: Bench) -> None:
    job_id = bench.running()
    bench.reconciler = Reconciler(bench.store, {}, max_running=2)
    bench.turn()
    assert bench.status(job_id) is S.Failed


def test_a_fault_in_a_launch_fails_the_job_only(bench: Bench) -> None:
    def fault(launch: Launch) -> None:
        if launch.job_id == broken:
            raise OSError("no more processes")

    broken, other = bench.add(), bench.add()
    bench.runner.on_launch = fault
    bench.turn()
    assert (bench.status(broken), bench.status(other)) == (S.Failed, S.Starting)
    assert "no more processes" in bench.job(broken).message


def test_a_fault_while_looking_is_passed_over(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def fault(launch: Launch) -> None:
        if launch.job_id == broken:
            raise ZeroDivisionError

    broken, other = bench.running(), bench.running()
    bench.runner.on_observe = fault
    bench.runner.end(other)
    bench.recorded.add(other)
    with caplog.at_level(logging.ERROR):
        bench.turn(3)
    assert (bench.status(broken), bench.status(other)) == (S.InProgress, S.Completed)
    assert caplog.text.count(broken) == 1, "told once, not twenty times a second"


def test_a_database_that_is_away_is_no_fault_of_the_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.add()

    def away(*_args: object, **_more: object) -> bool:
        raise Unavailable("locked")

    with monkeypatch.context() as patch:
        patch.setattr(SqlStore, "step", away)
        with pytest.raises(Unavailable):
            bench.turn()
    bench.turn()
    assert bench.status(job_id) is S.Starting


def test_a_job_directory_that_is_gone(bench: Bench) -> None:
    job_id = bench.running()
    directory = Path(bench.job(job_id).directory)
    (directory / "environment.json").unlink()
    directory.rmdir()
    bench.runner.end(job_id)
    bench.recorded.add(job_id)
    bench.turn()
    assert bench.status(job_id) is S.Completed


def test_a_runner_that_is_away_is_asked_again_and_holds_up_nobody(bench: Bench) -> None:
    def away(launch: Launch) -> None:
        if launch.job_id == unlucky:
            raise Unavailable("The engine does not answer.", hint="Start it.")

    bench.runner.on_launch = away
    unlucky, other = bench.add(), bench.add()
    bench.turn()
    assert [bench.status(job_id) for job_id in (unlucky, other)] == [S.Starting, S.Starting]
    bench.runner.on_launch = lambda _: None
    bench.runner.forget(unlucky)
    bench.turn()
    assert [launch.job_id for launch in bench.runner.launches] == [unlucky, other, unlucky]
    bench.runner.end(unlucky)
    bench.recorded.add(unlucky)
    bench.turn()
    assert bench.status(unlucky) is S.Completed


def test_a_runner_that_stays_away_is_the_reason(bench: Bench) -> None:
    def away(launch: Launch) -> None:
        raise Unavailable("The engine does not answer.", hint="Start it.")

    bench.runner.on_launch = away
    job_id = bench.add()
    bench.turn(reconcile.MAX_LAUNCHES + 2)
    job = bench.job(job_id)
    assert (job.status, job.message) == (S.Failed, "The engine does not answer. Start it.")
    assert len(bench.runner.launches) == reconcile.MAX_LAUNCHES + 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_launch_on_a_full_disk(bench: Bench, number: int) -> None:
    def full(launch: Launch) -> None:
        raise OSError(number, os.strerror(number))

    bench.runner.on_launch = full
    job_id = bench.add()
    bench.turn()
    job = bench.job(job_id)
    assert job.exit is not None
    assert (job.status, job.exit.reason) == (S.Failed, ExitReason.disk_full)
    assert job.message == "The disk is full: the job could not be started. Free some space and run it again."


def test_the_times_of_a_job_survive_the_clock_being_set(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock of its own, an hour forth or back is in none of its steps."""
    bench.reconciler.new_clock = lambda: Clock().now
    real = time.time()
    for change in (3600.0, -3600.0):
        monkeypatch.undo()
        job_id = bench.add(created=real)
        bench.turn()
        bench.runner.run(job_id, started=real)
        monkeypatch.setattr(time, "time", lambda change=change: real + change)
        bench.turn()
        bench.store.request_stop(job_id)
        bench.turn()
        bench.runner.end(job_id, ExitReason.stopped, started=real, ended=real)
        bench.recorded.add(job_id)
        bench.turn()
        job = bench.job(job_id)
        assert job.status is S.Stopped
        for step in job.transitions:
            assert abs(step.started - real) < 60, step
            assert step.ended is not None and 0 <= step.ended - step.started < 60, step

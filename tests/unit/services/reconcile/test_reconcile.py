"""Rows against facts: each crash point, with a real database and a runner that the test drives."""

from __future__ import annotations

import pytest

from studio_ext.adapters.sql_store import SqlStore
from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.contract.jobs import ExitReason
from studio_ext.ports.runner import Launch
from studio_ext.services import reconcile
from studio_ext.testing.fake_runner import Stop
from tests.unit.services.reconcile.bench import Bench, S, T

# -- the ordinary way -----------------------------------------------------------------------------------------


def test_from_submission_to_its_end(bench: Bench) -> None:
    job_id = bench.add()
    bench.turn()
    assert bench.status(job_id) is S.Starting
    assert bench.runner.launches == [
        Launch(job_id, 1, bench.workspace.job(job_id), f"run-{job_id}", "1", "houses"),
    ]
    bench.runner.run(job_id, done=1)
    bench.turn()
    job = bench.job(job_id)
    assert (job.status, job.secondary_status, job.started, job.pid) == (S.InProgress, T.Running, 1_000.0, 42)
    bench.turn()
    assert bench.job(job_id).progress.done == 1
    bench.runner.run(job_id, done=3)
    bench.runner.end(job_id)
    bench.turn()
    job = bench.job(job_id)
    assert (job.status, job.secondary_status) == (S.InProgress, T.Uploading), "its trial is not complete yet"
    (closing,) = bench.reconciler.closing()
    assert (closing.status, closing.ended, closing.trial.run_id) == (S.Completed, 1_010.0, f"run-{job_id}")
    bench.turn(3)
    assert bench.status(job_id) is S.InProgress
    bench.recorded.add(job_id)
    bench.turn()
    job = bench.job(job_id)
    assert (job.status, job.ended, job.pid, job.progress.done) == (S.Completed, 1_010.0, None, 3)
    assert job.exit is not None
    assert job.attempts[0].exit == job.exit
    assert [each.secondary_status for each in job.transitions] == [
        T.Pending, T.Starting, T.Running, T.Uploading, T.Completed,
    ]  # fmt: skip
    assert all(each.ended is not None for each in job.transitions)
    assert len(bench.runner.launches) == 1
    bench.turn()
    assert bench.reconciler.closing() == []


def test_values_of_variables_go_with_the_end(bench: Bench) -> None:
    job_id = bench.running()
    values = bench.workspace.job(job_id) / "environment.json"
    assert values.exists()
    bench.runner.end(job_id)
    bench.recorded.add(job_id)
    bench.turn()
    assert not values.exists()


def test_no_job_starts_before_its_trial_exists_and_others_go_on(bench: Bench) -> None:
    waits, goes = bench.add(run=False), bench.add()
    bench.turn(3)
    assert (bench.status(waits), bench.status(goes)) == (S.Pending, S.Starting)
    bench.store.set_run(waits, "late", "1", "file:///a")
    bench.turn()
    assert bench.status(waits) is S.Starting


def test_tracking_that_stays_away_does_not_hold_up_the_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.running()
    bench.runner.end(job_id)
    bench.turn()
    assert bench.status(job_id) is S.InProgress
    monkeypatch.setattr(reconcile, "RECORDING_SECONDS", 0.0)
    bench.turn()
    assert bench.status(job_id) is S.Completed
    assert [job.id for job in bench.store.unfinished_recording()] == [job_id], "it is recorded later"


@pytest.mark.parametrize("reason", ExitReason)
def test_every_way_to_end(bench: Bench, reason: ExitReason) -> None:
    job_id = bench.running()
    bench.runner.end(job_id, reason, message="why")
    bench.recorded.add(job_id)
    bench.turn(2)
    job = bench.job(job_id)
    assert (job.status, job.secondary_status) == reconcile.outcome(reason)
    assert job.message == "why"


def test_the_time_limit(bench: Bench) -> None:
    job_id = bench.running()
    bench.runner.end(job_id, ExitReason.max_runtime)
    bench.recorded.add(job_id)
    bench.turn()
    job = bench.job(job_id)
    assert (job.status, job.secondary_status) == (S.Stopped, T.MaxRuntimeExceeded)


# -- room -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [1, 2, 3])
def test_no_more_jobs_than_there_is_room_for(bench: Bench, room: int) -> None:
    bench.max_running = room
    bench.restart()
    ids = [bench.add() for _ in range(4)]
    bench.turn(2)
    started = [job_id for job_id in ids if bench.status(job_id) is not S.Pending]
    assert started == ids[:room], "first come, first served"
    bench.runner.end(ids[0])
    bench.recorded.add(ids[0])
    bench.turn(2)
    assert bench.status(ids[0]) is S.Completed
    assert sum(bench.status(job_id) is S.Starting for job_id in ids) == room


def test_a_job_that_is_only_being_recorded_leaves_its_room(bench: Bench) -> None:
    bench.max_running = 1
    bench.restart()
    first, second = bench.add(), bench.add()
    bench.turn(2)
    bench.runner.end(first)
    bench.turn(2)
    assert bench.status(first) in (S.Starting, S.InProgress)
    assert bench.status(second) is S.Starting


def test_a_job_that_could_not_start_leaves_its_room(bench: Bench) -> None:
    bench.max_running = 1
    bench.restart()

    def refuse(launch: Launch) -> None:
        if launch.job_id == first:
            raise StudioError("No such interpreter.", hint="Install it.")

    first, second = bench.add(), bench.add()
    bench.runner.on_launch = refuse
    bench.turn()
    job = bench.job(first)
    assert (job.status, job.message) == (S.Failed, "No such interpreter. Install it.")
    assert job.exit is not None
    assert job.exit.reason is ExitReason.start_failed
    bench.turn()
    assert bench.status(second) is S.Starting


# -- crashes --------------------------------------------------------------------------------------------------


def test_a_crash_between_the_row_and_the_launch(bench: Bench) -> None:
    job_id = bench.add()
    bench.store.step(job_id, expect=[S.Pending], status=S.Starting, secondary_status=T.Starting)
    bench.restart()
    bench.turn()
    assert len(bench.runner.launches) == 1
    bench.turn()
    assert len(bench.runner.launches) == 1, "it is on its way now"


def test_a_crash_after_the_launch(bench: Bench) -> None:
    job_id = bench.add()
    bench.turn()
    bench.restart()
    bench.turn(3)
    assert len(bench.runner.launches) == 1
    assert bench.status(job_id) is S.Starting


def test_a_launch_that_left_no_trace_is_repeated_but_not_for_ever(bench: Bench) -> None:
    job_id = bench.add()
    bench.runner.on_launch = lambda launch: None
    bench.turn()
    for _ in range(reconcile.MAX_LAUNCHES):
        bench.runner.forget(job_id)
        bench.turn()
    assert len(bench.runner.launches) == 1 + reconcile.MAX_LAUNCHES
    bench.runner.forget(job_id)
    bench.turn()
    job = bench.job(job_id)
    assert job.status is S.Failed
    assert "before it could begin" in job.message


def test_a_job_that_ended_while_nobody_looked(bench: Bench) -> None:
    job_id = bench.add()
    bench.turn()
    bench.runner.end(job_id, started=5.0, ended=6.0)
    bench.restart()
    bench.recorded.add(job_id)
    bench.turn()
    job = bench.job(job_id)
    assert (job.status, job.started, job.ended) == (S.Completed, 5.0, 6.0)
    assert [each.secondary_status for each in job.transitions] == [
        T.Pending, T.Starting, T.Running, T.Uploading, T.Completed,
    ]  # fmt: skip


def test_a_job_that_failed_before_any_code(bench: Bench) -> None:
    job_id = bench.add()
    bench.turn()
    bench.runner.end(job_id, ExitReason.start_failed, message="The kernel did not answer.", started=None)
    bench.recorded.add(job_id)
    bench.turn(2)
    assert (bench.status(job_id), bench.job(job_id).message) == (S.Failed, "The kernel did not answer.")


@pytest.mark.parametrize("after", range(8))
def test_a_restart_after_any_turn_comes_to_the_same_end(bench: Bench, after: int) -> None:
    job_id = bench.add()
    for number in range(8):
        if number == 2:
            bench.runner.run(job_id)
        if number == 4:
            bench.runner.end(job_id)
        if number == 6:
            bench.recorded.add(job_id)
        if number == after:
            bench.restart()
        bench.turn()
    job = bench.job(job_id)
    assert (job.status, len(bench.runner.launches)) == (S.Completed, 1)
    assert [each.secondary_status for each in job.transitions] == [
        T.Pending, T.Starting, T.Running, T.Uploading, T.Completed,
    ]  # fmt: skip


def test_a_crash_between_the_attempt_and_the_row(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = bench.running()
    bench.runner.end(job_id)
    bench.turn()
    bench.recorded.add(job_id)
    whole = SqlStore.step

    def away(*_args: object, **_more: object) -> bool:
        raise Unavailable("The database is locked.")

    monkeypatch.setattr(SqlStore, "step", away)
    with pytest.raises(Unavailable):
        bench.turn()
    monkeypatch.setattr(SqlStore, "step", whole)
    bench.restart()
    bench.turn(2)
    assert bench.status(job_id) is S.Completed


# -- stopping -------------------------------------------------------------------------------------------------


def test_stop_while_pending(bench: Bench) -> None:
    for run in (True, False):
        job_id = bench.add(run=run)
        bench.store.request_stop(job_id)
        bench.turn()
        job = bench.job(job_id)
        assert (job.status, job.message) == (S.Stopped, "Stopped before it started")
        assert job.exit is not None
        assert job.exit.reason is ExitReason.stopped
        assert job.ended is not None
        assert not (bench.workspace.job(job_id) / "environment.json").exists()
    assert bench.runner.launches == []
    assert len(bench.store.unfinished_recording()) == 2, "a run that was made is closed, one not noted is looked for"


def test_stop_while_there_is_no_room(bench: Bench) -> None:
    bench.max_running = 1
    bench.restart()
    bench.running()
    waits = bench.add()
    bench.store.request_stop(waits)
    bench.turn()
    assert bench.status(waits) is S.Stopped


def test_stop_while_starting(bench: Bench) -> None:
    job_id = bench.add()
    bench.turn()
    bench.store.request_stop(job_id)
    bench.turn(3)
    assert bench.status(job_id) is S.Stopping
    assert bench.runner.stops == [Stop(job_id, False, "Stopped")]
    bench.runner.end(job_id, ExitReason.stopped, started=None)
    bench.recorded.add(job_id)
    bench.turn()
    assert bench.status(job_id) is S.Stopped


def test_stop_while_absent(bench: Bench) -> None:
    job_id = bench.add()
    bench.turn()
    bench.runner.forget(job_id)
    bench.store.request_stop(job_id)
    bench.turn()
    assert bench.status(job_id) is S.Stopped
    assert len(bench.runner.launches) == 1
    # One that was forked and has not claimed yet is told, too.
    assert [(stop.job_id, stop.kill) for stop in bench.runner.stops] == [(job_id, True)]


def test_stop_while_running_and_a_second_stop_kills(bench: Bench) -> None:
    job_id = bench.running()
    bench.store.request_stop(job_id)
    bench.turn(3)
    assert bench.runner.stops == [Stop(job_id, False, "Stopped")]
    bench.store.request_stop(job_id)
    bench.turn(3)
    assert bench.runner.stops[1:] == [Stop(job_id, True, "Stopped")]
    bench.runner.end(job_id, ExitReason.stopped)
    bench.recorded.add(job_id)
    bench.turn()
    assert bench.status(job_id) is S.Stopped


def test_two_stops_at_once_kill(bench: Bench) -> None:
    job_id = bench.running()
    bench.store.request_stop(job_id)
    bench.store.request_stop(job_id)
    bench.turn()
    assert bench.runner.stops == [Stop(job_id, True, "Stopped")]


def test_a_stop_is_said_again_after_a_restart(bench: Bench) -> None:
    job_id = bench.running()
    bench.store.request_stop(job_id)
    bench.turn()
    bench.restart()
    bench.turn()
    assert [stop.kill for stop in bench.runner.stops] == [False, False]


def test_a_job_that_completes_before_the_stop_arrives_has_completed(bench: Bench) -> None:
    job_id = bench.running()
    bench.runner.end(job_id)
    bench.store.request_stop(job_id)
    bench.recorded.add(job_id)
    bench.turn()
    assert (bench.status(job_id), bench.runner.stops) == (S.Completed, [])

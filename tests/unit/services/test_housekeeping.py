"""What is taken away, and above all what is not."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.sql_store import SqlStore
from studio_ext.contract.errors import NotFound, Unavailable
from studio_ext.core.ids import new_id
from studio_ext.core.workspace import Workspace
from studio_ext.services import housekeeping
from studio_ext.services.housekeeping import CautiousClock, Housekeeping
from studio_ext.testing.sample_jobs import finish, sample_job


class Tracking:
    """Notes which runs were deleted."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.fault: Exception | None = None

    def delete_run(self, run_id: str) -> None:
        if self.fault is not None:
            raise self.fault
        self.deleted.append(run_id)


@pytest.fixture
def tracking() -> Tracking:
    return Tracking()


@pytest.fixture
def house(workspace: Workspace, store: SqlStore, tracking: Any) -> Housekeeping:
    return Housekeeping(workspace, store, tracking)


@pytest.fixture
def job_id(workspace: Workspace, store: SqlStore) -> str:
    """A job that has ended, with a directory and a run."""
    job = sample_job()
    job.directory = str(workspace.job(job.id))
    Path(job.directory, "code").mkdir(parents=True)
    store.add(job, None)
    store.set_run(job.id, "run", "1", "file:///a")
    finish(store, job.id)
    store.recorded(job.id)
    return job.id


def age(path: Path, seconds: float) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def exists(store: SqlStore, job_id: str) -> bool:
    try:
        store.get(job_id, deleted=True)
    except NotFound:
        return False
    return True


def test_a_deleted_job_stays_as_long_as_it_can_be_restored(
    house: Housekeeping, store: SqlStore, workspace: Workspace, tracking: Tracking, job_id: str
) -> None:
    store.delete(job_id, trial=True)
    house.run()
    assert workspace.job(job_id).is_dir()
    store.restore(job_id)
    house.run()
    assert store.get(job_id).id == job_id
    assert tracking.deleted == []


@pytest.mark.parametrize("trial", [True, False])
def test_then_it_goes(
    house: Housekeeping, store: SqlStore, workspace: Workspace, tracking: Tracking, job_id: str, trial: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(housekeeping, "UNDO_SECONDS", -1.0)
    store.delete(job_id, trial=trial)
    house.run()
    assert not workspace.job(job_id).exists()
    assert not exists(store, job_id)
    assert tracking.deleted == (["run"] if trial else [])
    house.run()


def test_a_job_whose_run_is_still_open_stays(
    house: Housekeeping, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "UNDO_SECONDS", -1.0)
    job, _ = store.add(sample_job(), None)
    store.set_run(job.id, "run", "1", "file:///a")
    finish(store, job.id)
    store.delete(job.id, trial=False)
    house.run()
    assert [each.id for each in store.unfinished_recording()] == [job.id]
    store.recorded(job.id)
    house.run()
    assert not exists(store, job.id)


@pytest.mark.parametrize(
    ("fault", "again"), [(Unavailable("away"), True), (NotFound("gone"), False), (OSError(), False)]
)
def test_a_trial_that_cannot_be_deleted(
    house: Housekeeping, store: SqlStore, workspace: Workspace, tracking: Tracking, job_id: str, fault: Exception,
    again: bool, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(housekeeping, "UNDO_SECONDS", -1.0)
    monkeypatch.setattr(housekeeping, "PURGED_SECONDS", -1.0)
    store.delete(job_id, trial=True)
    tracking.fault = fault
    house.run()
    assert not exists(store, job_id)
    assert not workspace.job(job_id).exists()
    tracking.fault = None
    house.run()
    assert tracking.deleted == (["run"] if again else [])
    house.run()
    assert tracking.deleted == (["run"] if again else []), "once"
    assert store.changed(0, 10).removed == []


def test_a_crash_between_the_job_and_its_trial(
    house: Housekeeping, store: SqlStore, workspace: Workspace, tracking: Tracking, job_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(housekeeping, "UNDO_SECONDS", -1.0)
    store.delete(job_id, trial=True)
    assert store.purge(job_id)  # and then the controller was killed
    age(workspace.job(job_id), housekeeping.ORPHAN_SECONDS + 60)
    house.run()
    assert tracking.deleted == ["run"]
    assert not workspace.job(job_id).exists()


def test_those_who_were_away_hear_of_it_for_a_month(
    house: Housekeeping, store: SqlStore, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "UNDO_SECONDS", -1.0)
    since = store.revision()
    store.delete(job_id, trial=False)
    house.run()
    assert store.changed(since, 10).removed == [job_id]
    now = time.time()
    monkeypatch.setattr(housekeeping.time, "time", lambda: now + 29 * 86_400)
    house.run()
    assert store.changed(since, 10).removed == [job_id]
    monkeypatch.setattr(housekeeping.time, "time", lambda: now + 31 * 86_400)
    house.run()
    assert store.changed(since, 10).removed == []


def test_a_job_that_is_restored_at_the_last_moment(
    house: Housekeeping, store: SqlStore, workspace: Workspace, tracking: Tracking, job_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(housekeeping, "UNDO_SECONDS", -1.0)
    store.delete(job_id, trial=True)
    whole = store.purge

    def purge(which: str, **more: float) -> bool:
        store.restore(job_id)
        return whole(which, **more)

    monkeypatch.setattr(store, "purge", purge)
    house.run()
    assert workspace.job(job_id).is_dir()
    assert store.get(job_id).id == job_id
    assert tracking.deleted == []


def test_a_job_that_is_deleted_anew_at_the_last_moment_can_be_restored_again(
    house: Housekeeping, store: SqlStore, workspace: Workspace, tracking: Tracking, job_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    store.delete(job_id, trial=True)
    before = time.time()
    whole = store.deleted_before

    def deleted_before(when: float) -> Any:
        found = whole(when)
        store.restore(job_id)
        store.delete(job_id, trial=True)
        return found

    monkeypatch.setattr(housekeeping, "UNDO_SECONDS", 0.0)
    monkeypatch.setattr(housekeeping.time, "time", lambda: before)
    monkeypatch.setattr(store, "deleted_before", deleted_before)
    house.run()
    assert store.restore(job_id).id == job_id
    assert workspace.job(job_id).is_dir()
    assert tracking.deleted == []


def test_orphans(house: Housekeeping, workspace: Workspace, job_id: str, tmp_path: Path) -> None:
    old = housekeeping.ORPHAN_SECONDS + 60
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    orphan = workspace.jobs / new_id(time.time() - old)
    young = workspace.jobs / new_id(time.time())
    strange = [workspace.jobs / name for name in ("notes", "AAAAAAAAAAAA", "a" * 13)]
    for folder in (orphan, young, *strange):
        folder.mkdir()
    link = workspace.jobs / ("z" * 12)
    link.symlink_to(outside)
    file = workspace.jobs / ("y" * 12)
    file.touch()
    for path in (orphan, workspace.job(job_id), *strange, outside, file):
        age(path, old)
    house.run()
    assert not orphan.exists()
    for path in (young, workspace.job(job_id), *strange, outside / "file", file):
        assert path.exists(), path


def test_the_directory_of_a_deleted_job_is_no_orphan(
    house: Housekeeping, store: SqlStore, workspace: Workspace, job_id: str
) -> None:
    store.delete(job_id, trial=False)
    age(workspace.job(job_id), 1e6)
    house.run()
    assert workspace.job(job_id).exists()


def test_values_of_variables_that_a_crash_left(
    house: Housekeeping, store: SqlStore, job_id: str, workspace: Workspace
) -> None:
    running = sample_job()
    running.directory = str(workspace.job(running.id))
    Path(running.directory).mkdir(parents=True)
    store.add(running, None)
    new = workspace.job(new_id(time.time()))
    new.mkdir()
    folder = workspace.job(job_id) / "environment.json"
    folder.mkdir()
    house.run()
    assert folder.exists(), "a folder that the job made is none of ours, and nothing to stumble over"
    folder.rmdir()
    left = [workspace.job(each) / "environment.json" for each in (job_id, running.id, new.name)]
    for values in left:
        values.write_text("{}")
    house.run()
    assert [values.exists() for values in left] == [False, True, True]


class Times:
    """Both clocks of a machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.steady = time.time(), time.monotonic()
        monkeypatch.setattr(housekeeping.time, "time", lambda: self.wall)
        monkeypatch.setattr(housekeeping.time, "monotonic", lambda: self.steady)

    def go_on(self, seconds: float, set_by: float = 0.0) -> None:
        """Time passes, and somebody sets the clock."""
        self.wall += seconds + set_by
        self.steady += seconds


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    return Times(monkeypatch)


@pytest.mark.parametrize("change", [3600.0, -3600.0])
def test_setting_the_clock_takes_nothing_away(
    house: Housekeeping, store: SqlStore, workspace: Workspace, times: Times, job_id: str, change: float
) -> None:
    """A job in its time for undo, and a submission that is under way."""
    house.run()
    store.delete(job_id, trial=False)
    begun = workspace.job(new_id(times.wall))
    begun.mkdir()
    times.go_on(10, set_by=change)
    house.run()
    times.go_on(280)
    house.run()
    times.go_on(5, set_by=-change)
    house.run()
    assert begun.is_dir()
    assert store.restore(job_id).id == job_id


def test_a_clock_that_was_set_ahead_counts_an_hour_later(
    house: Housekeeping, store: SqlStore, times: Times, job_id: str
) -> None:
    house.run()
    store.delete(job_id, trial=False)
    times.go_on(10, set_by=3600)
    house.run()
    times.go_on(housekeeping.UNDO_SECONDS)
    house.run()
    assert not exists(store, job_id), "deleted before: it had its five minutes"
    other = sample_job()
    store.add(other, None)
    finish(store, other.id)
    store.recorded(other.id)
    store.delete(other.id, trial=False)
    rounds = 0
    while exists(store, other.id):
        assert rounds < 70, "it stays for an hour more, at most"
        times.go_on(60)
        house.run()
        rounds += 1
    assert rounds * 60 >= housekeeping.UNDO_SECONDS


def test_a_machine_that_slept_is_no_reason_to_hurry(times: Times) -> None:
    clock = CautiousClock()
    start = clock.now()
    for _ in range(10):
        times.go_on(60)
        assert clock.now() == times.wall, "small steps of the clock are followed"
        times.go_on(0, set_by=1.0)
        assert clock.now() == times.wall
    times.go_on(1, set_by=8 * 3600)
    assert clock.now() < start + 700
    times.go_on(3599)
    assert clock.now() < times.wall
    times.go_on(2)
    assert clock.now() == times.wall

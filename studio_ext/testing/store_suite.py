"""What every store promises, as tests: subclass :class:`StoreSuite` and give it a ``store`` fixture.

The fixture yields an empty store with its schema made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound
from studio_ext.contract.jobs import (
    Exit,
    ExitReason,
    JobDetail,
    JobStatus,
    Progress,
    SecondaryStatus,
    TrialRef,
)
from studio_ext.ports.store import Lease, Store
from studio_ext.testing.sample_jobs import finish, sample_job

S, T = JobStatus, SecondaryStatus


class StoreSuite:
    """The promises of :class:`studio_ext.ports.store.Store`."""

    # -- submissions ------------------------------------------------------------------------------------------

    def test_what_was_added_is_read_back(self, store: Store) -> None:
        job = sample_job()
        added, is_new = store.add(job, None)
        assert is_new
        assert added == store.get(job.id)
        again = added.model_copy(update={"revision": 0, "transitions": []})
        assert again == job
        first = [(each.status, each.started, each.ended) for each in added.transitions]
        assert first == [(S.Pending, job.created, None)]

    def test_a_key_makes_one_job(self, store: Store) -> None:
        first, _ = store.add(sample_job(), "key")
        second, is_new = store.add(sample_job(), "key")
        assert (second.id, is_new) == (first.id, False)
        known = store.by_key("key")
        assert known is not None
        assert known.id == first.id
        assert store.by_key("other") is None
        assert store.jobs(limit=10).total == 1

    def test_jobs_without_a_key_are_different_jobs(self, store: Store) -> None:
        for _ in range(3):
            assert store.add(sample_job(), None)[1]
        assert store.jobs(limit=10).total == 3

    def test_the_same_key_at_once_from_many_threads(self, store: Store) -> None:
        results: list[tuple[str, bool]] = []
        errors: list[BaseException] = []

        def submit() -> None:
            try:
                for _ in range(7):
                    job, is_new = store.add(sample_job(), "one")
                    results.append((job.id, is_new))
            except BaseException as error:
                errors.append(error)

        _at_once(16, submit)
        assert errors == []
        assert len(results) == 112
        assert len({job_id for job_id, _ in results}) == 1
        assert sum(is_new for _, is_new in results) == 1

    # -- reading ----------------------------------------------------------------------------------------------

    def test_the_beginning_of_an_id_will_do(self, store: Store) -> None:
        store.add(sample_job(id="aaaaaaaaaaaa"), None)
        store.add(sample_job(id="aaaaaabbbbbb"), None)
        assert store.get("aaaaaab").id == "aaaaaabbbbbb"
        with pytest.raises(InvalidRequest, match="several"):
            store.get("aaaa")

    @pytest.mark.parametrize("wrong", ["", "zzzz", "%", "_", "a%", "aaaaaaaaaaaaa"])
    def test_an_unknown_id(self, store: Store, wrong: str) -> None:
        store.add(sample_job(id="aaaaaaaaaaaa"), None)
        with pytest.raises(NotFound):
            store.get(wrong)

    def test_pages_are_complete_and_newest_first(self, store: Store) -> None:
        ids = [store.add(sample_job(), None)[0].id for _ in range(7)]
        page = store.jobs(limit=3)
        assert page.total == 7
        seen = [job.id for job in page.items]
        store.add(sample_job(), None)  # what comes in between does not shift the pages
        while page.next_cursor is not None:
            page = store.jobs(limit=3, cursor=page.next_cursor)
            seen += [job.id for job in page.items]
        assert seen == ids[::-1]

    def test_a_full_last_page_has_no_next(self, store: Store) -> None:
        for _ in range(4):
            store.add(sample_job(), None)
        assert store.jobs(limit=4).next_cursor is None

    def test_filters(self, store: Store) -> None:
        done, _ = store.add(sample_job(trial=TrialRef(experiment="other")), None)
        finish(store, done.id)
        waits, _ = store.add(sample_job(), None)
        assert [job.id for job in store.jobs(limit=9, statuses=[S.Completed]).items] == [done.id]
        assert store.jobs(limit=9, statuses=[S.Completed, S.Pending]).total == 2
        assert [job.id for job in store.jobs(limit=9, experiment="houses").items] == [waits.id]
        assert store.jobs(limit=9, experiment="houses", statuses=[S.Completed]).items == []

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("100%", ["is 100% sure"]),
            ("%", ["is 100% sure"]),
            ("_", ["snake_case"]),
            ("\\", ["back\\slash"]),
            ("SNAKE", ["snake_case"]),
            ("it's", ["it's"]),
            ("nothing like it", []),
        ],
    )
    def test_text_is_searched_literally(self, store: Store, text: str, names: list[str]) -> None:
        for name in ("is 100% sure", "snake_case", "back\\slash", "it's", "plain"):
            store.add(sample_job(name=name, notebook="n.ipynb"), None)
        assert [job.name for job in store.jobs(limit=9, text=text).items] == names

    def test_text_finds_notebooks_and_ids_too(self, store: Store) -> None:
        job, _ = store.add(sample_job(notebook="deep/forest.ipynb"), None)
        store.add(sample_job(), None)
        assert [each.id for each in store.jobs(limit=9, text="forest").items] == [job.id]
        assert [each.id for each in store.jobs(limit=9, text=job.id).items] == [job.id]

    def test_active_jobs_come_oldest_first(self, store: Store) -> None:
        first, _ = store.add(sample_job(), None)
        second, _ = store.add(sample_job(), None)
        over, _ = store.add(sample_job(), None)
        finish(store, over.id)
        assert [job.id for job in store.active()] == [first.id, second.id]

    def test_there_is_work_until_the_trial_is_complete(self, store: Store) -> None:
        assert not store.has_work()
        job, _ = store.add(sample_job(), None)
        assert store.has_work()
        finish(store, job.id)
        assert store.has_work()
        store.recorded(job.id)
        assert not store.has_work()

    def test_of_jobs_that_wait_only_the_oldest_can_be_asked_for(self, store: Store) -> None:
        started, oldest, _, stopped = (store.add(sample_job(), None)[0].id for _ in range(4))
        store.step(started, expect=[S.Pending], status=S.Starting, secondary_status=T.Starting)
        store.request_stop(stopped)
        assert [job.id for job in store.active(1)] == [started, oldest, stopped]
        assert [job.id for job in store.active(0)] == [started, stopped]

    # -- changes ----------------------------------------------------------------------------------------------

    def test_changes_since_a_revision(self, store: Store) -> None:
        start = store.revision()
        first, _ = store.add(sample_job(), None)
        second, _ = store.add(sample_job(), None)
        delta = store.changed(start, 10)
        assert [job.id for job in delta.items] == [first.id, second.id]
        assert delta.revision == store.revision()
        assert store.changed(delta.revision, 10).items == []
        store.set_progress(first.id, Progress(done=1, total=3))
        later = store.changed(delta.revision, 10)
        assert [(job.id, job.progress.done) for job in later.items] == [(first.id, 1)]
        assert later.revision > delta.revision

    def test_changes_come_in_portions(self, store: Store) -> None:
        ids = [store.add(sample_job(), None)[0].id for _ in range(5)]
        seen, since, more = [], 0, True
        while more:
            delta = store.changed(since, 2)
            assert len(delta.items) <= 2
            seen += [job.id for job in delta.items]
            since, more = delta.revision, delta.more
        assert seen == ids

    def test_deleted_jobs_are_reported_as_removed(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        finish(store, job.id)
        since = store.revision()
        store.delete(job.id, trial=False)
        delta = store.changed(since, 10)
        assert (delta.items, delta.removed) == ([], [job.id])
        store.restore(job.id)
        assert [each.id for each in store.changed(delta.revision, 10).items] == [job.id]

    def test_purged_jobs_are_reported_as_removed(self, store: Store) -> None:
        """Also to those who were away since before the deletion."""
        gone, stays, last = (store.add(sample_job(), None)[0] for _ in range(3))
        since = store.revision()
        for job in (gone, last):
            finish(store, job.id)
            store.delete(job.id, trial=False)
        between = store.revision()
        assert store.purge(gone.id)
        store.set_progress(stays.id, Progress(done=1, total=3))
        assert store.purge(last.id)
        for seen in (since, between):
            delta = store.changed(seen, 10)
            assert [job.id for job in delta.items] == [stays.id]
            assert (delta.removed, delta.more) == ([gone.id, last.id], False)
        changes, more = [], True
        while more:  # in portions, in their order
            delta = store.changed(since, 1)
            changes += [*(job.id for job in delta.items), *delta.removed]
            since, more = delta.revision, delta.more
        assert changes == [gone.id, stays.id, last.id]
        assert since == store.revision()

    def test_purged_jobs_are_forgotten_in_the_end(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        finish(store, job.id)
        store.delete(job.id, trial=False)
        store.purge(job.id)
        store.forget_purged(0.0)
        assert store.changed(0, 10).removed == [job.id]
        store.forget_purged(1e12)
        assert store.changed(0, 10).removed == []

    def test_purging_never_takes_the_revision_back(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        finish(store, job.id)
        store.delete(job.id, trial=False)
        before = store.revision()
        store.purge(job.id)
        assert store.revision() >= before
        other, _ = store.add(sample_job(), None)
        assert other.revision > before

    @pytest.mark.parametrize(
        "change",
        [
            lambda store, job: store.set_run(job.id, "r", "e", "u"),
            lambda store, job: store.set_progress(job.id, Progress(done=2, total=3)),
            lambda store, job: store.request_stop(job.id),
            lambda store, job: store.recorded(job.id),
            lambda store, job: store.step(job.id, expect=[S.Pending], status=S.Starting, secondary_status=T.Starting),
        ],
        ids=["run", "progress", "stop", "recorded", "step"],
    )
    def test_every_change_has_a_revision(self, store: Store, change: Callable[[Store, JobDetail], Any]) -> None:
        job, _ = store.add(sample_job(), None)
        before = store.revision()
        change(store, job)
        assert store.revision() == store.get(job.id).revision == before + 1

    def test_a_watcher_sees_that_something_was_written(self, store: Store) -> None:
        before = store.data_version()
        assert store.data_version() == before
        store.add(sample_job(), None)
        assert store.data_version() != before

    # -- moving -----------------------------------------------------------------------------------------------

    def test_transitions_are_timed_and_closed(self, store: Store) -> None:
        job, _ = store.add(sample_job(created=100.0), None)
        steps = [
            (S.Pending, S.Starting, T.Starting, 101.0),
            (S.Starting, S.InProgress, T.Running, 103.0),
            (S.InProgress, S.InProgress, T.Uploading, 107.0),
            (S.InProgress, S.Completed, T.Completed, 108.0),
        ]
        for before, status, secondary, at in steps:
            assert store.step(job.id, expect=[before], status=status, secondary_status=secondary, at=at)
        seen = [(each.secondary_status, each.started, each.ended) for each in store.get(job.id).transitions]
        assert seen == [
            (T.Pending, 100.0, 101.0),
            (T.Starting, 101.0, 103.0),
            (T.Running, 103.0, 107.0),
            (T.Uploading, 107.0, 108.0),
            (T.Completed, 108.0, 108.0),
        ]

    def test_a_repeated_step_is_no_second_transition(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        for _ in range(3):
            store.step(job.id, expect=[S.Pending, S.Starting], status=S.Starting, secondary_status=T.Starting)
        assert len(store.get(job.id).transitions) == 2
        assert [each.number for each in store.attempts(job.id)] == [1]

    def test_a_step_from_an_unexpected_state_is_not_taken(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        before = store.get(job.id)
        assert not store.step(job.id, expect=[S.Starting], status=S.InProgress, secondary_status=T.Running)
        assert not store.step(job.id, expect=[S.Pending], status=S.Completed, secondary_status=T.Completed)
        assert not store.step(job.id, expect=[S.Pending], status=S.Starting, secondary_status=T.Running)
        assert not store.step("unknown", expect=[S.Pending], status=S.Starting, secondary_status=T.Starting)
        assert store.get(job.id) == before

    def test_nothing_leaves_a_final_state(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        finish(store, job.id)
        for status in S:
            for secondary in T:
                assert not store.step(job.id, expect=list(S), status=status, secondary_status=secondary)

    def test_one_of_many_takes_a_step(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        taken: list[bool] = []

        def move() -> None:
            moved = store.step(job.id, expect=[S.Pending], status=S.Starting, secondary_status=T.Starting)
            taken.append(moved)

        _at_once(8, move)
        assert sorted(taken) == [False] * 7 + [True]

    def test_fields_come_with_the_step(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        exit = Exit(reason=ExitReason.cell_failed, message="Cell 2 failed", cell=2, traceback="\x1b[31mno\x1b[0m")
        store.step(job.id, expect=[S.Pending], status=S.Starting, secondary_status=T.Starting, pid=7)
        assert store.get(job.id).pid == 7
        store.step(
            job.id, expect=[S.Starting], status=S.Failed, secondary_status=T.Failed, message="Cell 2 failed",
            exit=exit, started=3.0, ended=4.0, pid=None,
        )  # fmt: skip
        seen = store.get(job.id)
        assert (seen.exit, seen.started, seen.ended, seen.pid, seen.message) == (exit, 3.0, 4.0, None, "Cell 2 failed")

    def test_attempts(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        assert store.attempts(job.id) == []
        store.step(job.id, expect=[S.Pending], status=S.Starting, secondary_status=T.Starting, at=1.0)
        lost = Exit(reason=ExitReason.worker_lost, message="gone")
        store.end_attempt(job.id, 1, lost, 2.0)
        store.step(
            job.id, expect=[S.Starting], status=S.Starting, secondary_status=T.Restarting, at=3.0, attempt=2
        )  # fmt: skip
        seen = [(each.number, each.started, each.ended, each.exit) for each in store.attempts(job.id)]
        assert seen == [(1, 1.0, 2.0, lost), (2, 3.0, None, None)]
        assert store.get(job.id).attempt == 2

    def test_a_second_stop_asks_for_a_kill(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        assert (store.stop_level(job.id), job.stop_requested) == (0, False)
        levels = []
        for _ in range(3):
            assert store.request_stop(job.id).stop_requested
            levels.append(store.stop_level(job.id))
        assert levels == [1, 2, 2]

    def test_a_finished_job_is_not_stopped(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        finish(store, job.id)
        assert not store.request_stop(job.id).stop_requested
        with pytest.raises(NotFound):
            store.request_stop("unknown")

    def test_recording(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        without, _ = store.add(sample_job(), None)
        store.set_run(job.id, "run", "7", "file:///x")
        trial = store.get(job.id).trial
        assert trial == TrialRef(experiment="houses", run_id="run", experiment_id="7", artifact_uri="file:///x")
        assert store.unfinished_recording() == []
        finish(store, job.id)
        finish(store, without.id)
        found = store.unfinished_recording()
        assert [(each.id, each.trial.run_id) for each in found] == [(job.id, "run"), (without.id, None)]
        store.recorded(job.id)
        store.recorded(without.id)
        assert store.unfinished_recording() == []

    # -- deleting ---------------------------------------------------------------------------------------------

    def test_a_running_job_is_not_deleted(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        with pytest.raises(Conflict, match="still running"):
            store.delete(job.id, trial=True)
        with pytest.raises(NotFound):
            store.delete("unknown", trial=False)
        assert store.get(job.id).id == job.id

    def test_delete_restore_purge(self, store: Store) -> None:
        job, _ = store.add(sample_job(), None)
        finish(store, job.id)
        store.delete(job.id, trial=True)
        with pytest.raises(NotFound):
            store.get(job.id)
        with pytest.raises(NotFound):
            store.delete(job.id, trial=True)
        assert store.get(job.id, deleted=True).id == job.id
        assert store.jobs(limit=9).total == 0
        assert store.deleted_before(0.0) == []
        assert [(each.id, trial) for each, trial in store.deleted_before(1e12)] == [(job.id, True)]
        assert store.restore(job.id).id == job.id
        assert store.deleted_before(1e12) == []
        assert not store.purge(job.id), "a restored job is not purged"
        assert store.get(job.id).id == job.id
        store.delete(job.id, trial=False)
        assert [trial for _, trial in store.deleted_before(1e12)] == [False]
        assert store.purge(job.id)
        assert not store.purge(job.id)
        with pytest.raises(NotFound):
            store.get(job.id, deleted=True)
        with pytest.raises(NotFound, match="gone"):
            store.restore(job.id)

    @pytest.mark.parametrize(("run", "trial"), [(True, True), (True, False), (False, True)])
    def test_a_trial_that_goes_with_its_job_is_remembered(self, store: Store, run: bool, trial: bool) -> None:
        job, _ = store.add(sample_job(), None)
        if run:
            store.set_run(job.id, "run", "7", "file:///x")
        finish(store, job.id)
        store.delete(job.id, trial=trial)
        assert store.trials_to_delete() == [], "it can be restored"
        assert store.purge(job.id)
        store.forget_purged(1e12)
        assert store.trials_to_delete() == ([(job.id, "run")] if run and trial else [])
        store.trial_deleted(job.id)
        assert store.trials_to_delete() == []
        store.forget_purged(1e12)
        assert store.changed(0, 10).removed == []

    def test_only_what_was_deleted_long_ago_is_purged(self, store: Store) -> None:
        """Restored and deleted again, a job can be restored again."""
        job, _ = store.add(sample_job(), None)
        finish(store, job.id)
        store.delete(job.id, trial=False)
        assert not store.purge(job.id, deleted_before=1.0)
        assert store.restore(job.id).id == job.id

    # -- the controller ---------------------------------------------------------------------------------------

    def test_the_lease(self, store: Store) -> None:
        assert store.lease() is None
        for heartbeat in (1.0, 2.0):
            lease = Lease(pid=1, start_time=2, boot_id="b", version="1", heartbeat=heartbeat)
            store.beat(lease)
            assert store.lease() == lease

    def test_a_heartbeat_is_no_change_of_the_list(self, store: Store) -> None:
        before = store.revision()
        store.beat(Lease(pid=1, start_time=2, boot_id="b", version="1", heartbeat=1.0))
        assert store.revision() == before


def _at_once(count: int, work: Callable[[], None]) -> None:
    barrier = threading.Barrier(count)

    def start() -> None:
        barrier.wait()
        work()

    threads = [threading.Thread(target=start) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()

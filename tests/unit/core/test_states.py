"""Every move of a job, legal or not."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.contract.jobs import ExitReason, JobKind, JobStatus, SecondaryStatus
from studio_ext.core import states
from studio_ext.core.states import is_legal, outcome

S, T = JobStatus, SecondaryStatus

# Written out a second time, so that a change of the machine is a change in two places.
LEGAL = """
Pending    -> Pending Starting Stopping Stopped Failed
Starting   -> Starting InProgress Stopping Completed Failed Stopped
InProgress -> InProgress Starting Stopping Completed Failed Stopped
Stopping   -> Stopping Completed Failed Stopped
Completed  ->
Failed     ->
Stopped    ->
"""
WORDS = {
    S.Pending: {T.Pending},
    S.Starting: {T.Starting, T.Downloading, T.Restarting},
    S.InProgress: {T.Training, T.Running, T.Uploading},
    S.Stopping: {T.Stopping, T.MaxRuntimeExceeded},
    S.Completed: {T.Completed},
    S.Failed: {T.Failed, T.Interrupted},
    S.Stopped: {T.Stopped, T.MaxRuntimeExceeded},
}
TABLE = {
    (S(line.split()[0]), S(after)) for line in LEGAL.strip().splitlines() for after in line.partition("->")[2].split()
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(S, S)))
def test_every_move(before: JobStatus, after: JobStatus) -> None:
    for secondary in T:
        expected = (before, after) in TABLE and secondary in WORDS[after]
        assert is_legal(before, after, secondary) is expected, (before, after, secondary)


@given(st.lists(st.tuples(st.sampled_from(S), st.sampled_from(T)), max_size=60))
def test_no_path_leaves_a_final_state(wishes: list[tuple[JobStatus, SecondaryStatus]]) -> None:
    state = S.Pending
    ended: JobStatus | None = None
    for status, secondary in wishes:
        if is_legal(state, status, secondary):
            assert ended is None, f"{ended} -> {status}"
            state = status
            ended = state if state in states.FINAL else None


def test_every_state_can_reach_an_end() -> None:
    for state in states.ACTIVE:
        assert states.MOVES[state] & states.FINAL
        assert S.Stopped in states.MOVES[state], "a person can always stop a job"
        assert S.Failed in states.MOVES[state]


@pytest.mark.parametrize("reason", ExitReason)
def test_an_end_can_be_reached_from_wherever_the_job_was_seen_last(reason: ExitReason) -> None:
    status, secondary = outcome(reason)
    assert status in states.FINAL
    for before in (S.Starting, S.InProgress, S.Stopping):
        assert is_legal(before, status, secondary)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (ExitReason.completed, (S.Completed, T.Completed)),
        (ExitReason.cell_failed, (S.Failed, T.Failed)),
        (ExitReason.kernel_died, (S.Failed, T.Failed)),
        (ExitReason.out_of_memory, (S.Failed, T.Failed)),
        (ExitReason.max_runtime, (S.Stopped, T.MaxRuntimeExceeded)),
        (ExitReason.stopped, (S.Stopped, T.Stopped)),
        (ExitReason.start_failed, (S.Failed, T.Failed)),
        (ExitReason.worker_lost, (S.Failed, T.Interrupted)),
        (ExitReason.host_restarted, (S.Failed, T.Interrupted)),
        (ExitReason.disk_full, (S.Failed, T.Failed)),
        (ExitReason.internal, (S.Failed, T.Failed)),
    ],
)
def test_outcomes(reason: ExitReason, expected: tuple[JobStatus, SecondaryStatus]) -> None:
    assert outcome(reason) == expected


@pytest.mark.parametrize("kind", JobKind)
def test_kinds(kind: JobKind) -> None:
    assert states.grace_seconds(kind) == (10.0 if kind is JobKind.notebook else 120.0)
    assert is_legal(S.Starting, S.InProgress, states.running(kind))
    assert states.running(JobKind.training) is T.Training


def test_words_of_mlflow() -> None:
    assert {states.run_status(status) for status in states.FINAL} == {"FINISHED", "FAILED", "KILLED"}
    with pytest.raises(KeyError):
        states.run_status(S.Pending)

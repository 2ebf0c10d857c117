"""The state machine of a job: every legal move, and nothing else.

A crash between any two steps is repaired by comparing the row with what the runner reports and taking the
next legal step, so the machine allows a job to be seen only after it has ended (``Starting`` to a final state).
"""

from __future__ import annotations

from studio_ext.contract.jobs import ExitReason, JobKind, JobStatus, SecondaryStatus

S = JobStatus
T = SecondaryStatus

FINAL = frozenset({S.Completed, S.Failed, S.Stopped})
ACTIVE = frozenset(S) - FINAL

MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    S.Pending: frozenset({S.Pending, S.Starting, S.Stopping, S.Stopped, S.Failed}),
    S.Starting: frozenset({S.Starting, S.InProgress, S.Stopping, S.Completed, S.Failed, S.Stopped}),
    S.InProgress: frozenset({S.InProgress, S.Starting, S.Stopping, S.Completed, S.Failed, S.Stopped}),
    S.Stopping: frozenset({S.Stopping, S.Completed, S.Failed, S.Stopped}),
    S.Completed: frozenset(),
    S.Failed: frozenset(),
    S.Stopped: frozenset(),
}

SECONDARY: dict[JobStatus, frozenset[SecondaryStatus]] = {
    S.Pending: frozenset({T.Pending}),
    S.Starting: frozenset({T.Starting, T.Downloading, T.Restarting}),
    S.InProgress: frozenset({T.Training, T.Running, T.Uploading}),
    S.Stopping: frozenset({T.Stopping, T.MaxRuntimeExceeded}),
    S.Completed: frozenset({T.Completed}),
    S.Failed: frozenset({T.Failed, T.Interrupted}),
    S.Stopped: frozenset({T.Stopped, T.MaxRuntimeExceeded}),
}

_GRACE_SECONDS = {JobKind.notebook: 10.0, JobKind.training: 120.0, JobKind.processing: 120.0}

_OUTCOME: dict[ExitReason, tuple[JobStatus, SecondaryStatus]] = {
    ExitReason.completed: (S.Completed, T.Completed),
    ExitReason.stopped: (S.Stopped, T.Stopped),
    ExitReason.max_runtime: (S.Stopped, T.MaxRuntimeExceeded),
    ExitReason.worker_lost: (S.Failed, T.Interrupted),
    ExitReason.host_restarted: (S.Failed, T.Interrupted),
    ExitReason.engine_lost: (S.Failed, T.Interrupted),
}

_MLFLOW = {S.Completed: "FINISHED", S.Failed: "FAILED", S.Stopped: "KILLED"}


def is_legal(before: JobStatus, after: JobStatus, secondary: SecondaryStatus) -> bool:
    """Whether a job may move from ``before`` to ``after`` with this secondary status."""
    return after in MOVES[before] and secondary in SECONDARY[after]


def outcome(reason: ExitReason) -> tuple[JobStatus, SecondaryStatus]:
    """The final state of a job whose last attempt ended for ``reason``."""
    return _OUTCOME.get(reason, (S.Failed, T.Failed))


def running(kind: JobKind) -> SecondaryStatus:
    """The secondary status of a job of this kind while its own code runs."""
    return T.Training if kind is JobKind.training else T.Running


def grace_seconds(kind: JobKind) -> float:
    """Seconds between SIGTERM and SIGKILL."""
    return _GRACE_SECONDS[kind]


def run_status(status: JobStatus) -> str:
    """MLflow's word for a final state."""
    return _MLFLOW[status]

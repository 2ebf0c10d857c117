"""The store port: jobs, attempts and transitions of one workspace."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from studio_ext.contract.jobs import Attempt, Exit, Job, JobDetail, JobsDelta, JobStatus, Progress, SecondaryStatus
from studio_ext.contract.page import Page


@dataclass(frozen=True)
class Lease:
    """Who is the controller."""

    pid: int
    start_time: int
    boot_id: str
    version: str
    heartbeat: float


class Store(Protocol):
    """Durable state of jobs. Every method is one transaction; a method that returned survives a power cut.

    Thread-safe. Raises ``Unavailable`` when the database is locked for longer than the busy timeout, and
    ``Conflict`` when its schema is not the one this version knows.
    """

    def add(self, job: JobDetail, idempotency_key: str | None) -> tuple[JobDetail, bool]:
        """Commit a submission. With a known key: the job it made, and False."""

    def by_key(self, idempotency_key: str) -> JobDetail | None:
        """The job that a key made."""

    def get(self, job_id: str, *, deleted: bool = False) -> JobDetail:
        """One job with attempts and transitions. Raises ``NotFound``."""

    def jobs(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        statuses: Sequence[JobStatus] = (),
        experiment: str | None = None,
        text: str = "",
    ) -> Page[Job]:
        """Jobs, newest first."""

    def changed(self, since: int, limit: int) -> JobsDelta:
        """What changed after revision ``since``; purged jobs are ``removed`` until :meth:`forget_purged`."""

    def active(self, waiting: int | None = None) -> list[JobDetail]:
        """Jobs that are not in a final state, oldest first.

        ``waiting``: of those that are pending only so many, the oldest, beside those that are to be stopped.
        """

    def has_work(self) -> bool:
        """Whether there is anything for a controller to do."""

    def unfinished_recording(self) -> list[JobDetail]:
        """Jobs in a final state of which :meth:`recorded` was not told yet, oldest first.

        Also those without a run: whoever died between making a run and :meth:`set_run` left one that is open.
        """

    def step(
        self,
        job_id: str,
        *,
        expect: Sequence[JobStatus],
        status: JobStatus,
        secondary_status: SecondaryStatus,
        message: str = "",
        at: float | None = None,
        **fields: Any,
    ) -> bool:
        """Move a job if it is in one of ``expect`` and the move is legal; records the transition. False: it was not.

        ``fields``: ``attempt``, ``started``, ``ended``, ``exit``, ``run_id``, ``experiment_id``, ``artifact_uri``,
        ``pid``, ``output_notebook``.
        """

    def set_run(self, job_id: str, run_id: str, experiment_id: str, artifact_uri: str) -> None:
        """Note the MLflow run of a job."""

    def set_progress(self, job_id: str, progress: Progress, message: str | None = None) -> None:
        """Note progress (not synced: the journal in the job directory is the truth)."""

    def request_stop(self, job_id: str) -> JobDetail:
        """Note that a person wants the job to stop; a second request asks for a kill."""

    def stop_level(self, job_id: str) -> int:
        """0: go on, 1: stop, 2: kill."""

    def recorded(self, job_id: str) -> None:
        """Note that the job's MLflow run is closed, or that it has none."""

    def delete(self, job_id: str, *, trial: bool) -> None:
        """Mark a finished job as deleted. Raises ``Conflict`` while it runs."""

    def restore(self, job_id: str) -> JobDetail:
        """Undo :meth:`delete`, as long as it was not purged."""

    def deleted_before(self, when: float) -> list[tuple[JobDetail, bool]]:
        """Jobs deleted before a time, with whether their trial goes too."""

    def purge(self, job_id: str, *, deleted_before: float = math.inf) -> bool:
        """Forget a job deleted before a time. False: it was restored meanwhile, or is gone already.

        Its id stays, with a new revision, and the run that has to go with it if that was asked.
        """

    def trials_to_delete(self) -> list[tuple[str, str]]:
        """Purged jobs whose trial has to go too, as ``(job id, run id)``."""

    def trial_deleted(self, job_id: str) -> None:
        """Note that the trial of a purged job is gone."""

    def forget_purged(self, when: float) -> None:
        """Drop the ids of jobs purged before a time, unless their trial has still to go."""

    def attempts(self, job_id: str) -> list[Attempt]:
        """Attempts of a job, first one first."""

    def end_attempt(self, job_id: str, number: int, exit: Exit, ended: float) -> None:
        """Note how an attempt ended."""

    def revision(self) -> int:
        """Grows with every change of any job."""

    def data_version(self) -> int:
        """Changes when another connection wrote. Costs microseconds."""

    def lease(self) -> Lease | None:
        """The controller's lease, expired or not."""

    def beat(self, lease: Lease) -> None:
        """Write the controller's lease."""

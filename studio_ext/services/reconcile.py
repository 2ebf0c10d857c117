"""Moves jobs through their states: compare a row with what its runner reports, take one step, repeat.

Nothing here remembers anything that matters: after any crash the next pass, in a new process, finds the same
rows and the same facts and takes the same steps.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.contract.jobs import Exit, ExitReason, JobDetail, JobStatus, Progress, SecondaryStatus
from studio_ext.core.states import ACTIVE, outcome, running
from studio_ext.ports.runner import AttemptState, Launch, Observation, Runner
from studio_ext.ports.store import Store
from studio_ext.services.job_files import forget_variables

S, T = JobStatus, SecondaryStatus
log = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.25
"""Smallest time between two notes of a job's progress."""
RECORDING_SECONDS = 3.0
"""How long a job waits for its trial to be complete before it shows its final state; recording goes on after."""

MAX_LAUNCHES = 5
LAUNCH_SECONDS = 0.25
"""Wait before a launch that left no trace is repeated; doubled each time."""


@dataclass
class Memory:
    """What a pass wants to know of the one before. Losing it costs nothing but a repetition."""

    now: Callable[[], float]
    """The time of this job: whatever happens to the machine's clock, one step comes after the other."""
    progress: Progress | None = None
    progress_at: float = 0.0
    stop_sent: int = 0
    launches: int = 0
    launch_not_before: float = 0.0
    ended_seen: float | None = None
    fault: str = ""
    """What went wrong last, so that a fault that stays is logged once."""
    closing: JobDetail | None = None
    """The job as it will be once its trial is complete."""
    cannot_launch: StudioError | None = None
    """Why the last launch came to nothing."""


@dataclass
class Reconciler:
    """Takes one step for each job that is not over."""

    store: Store
    runners: Mapping[str, Runner]
    max_running: int
    new_clock: Callable[[], Callable[[], float]] = lambda: time.time
    """Makes the clock of a job."""
    _memory: dict[str, Memory] = field(default_factory=dict)

    def run_pass(self, jobs: list[JobDetail], recorded: set[str]) -> None:
        """One step for each job. ``recorded``: jobs whose trial is complete, so that they may end."""
        # One that is only being recorded uses nothing that another would have to wait for.
        closing = {job.id for job in self.closing()}
        occupied = sum(job.status is not S.Pending and job.id not in closing for job in jobs)
        for job in jobs:
            memory = self._memory.get(job.id) or self._memory.setdefault(job.id, Memory(self.new_clock()))
            try:
                if job.status is S.Pending:
                    occupied += self._admit(job, memory, free=occupied < self.max_running)
                else:
                    self._follow(job, memory, is_recorded=job.id in recorded)
            except Unavailable:
                raise
            except StudioError as error:
                self._fail(job, memory, error)
            except Exception as error:  # in one runner, or one job: the others go on, and this one is tried again
                if memory.fault != repr(error):
                    log.exception("job %s cannot be moved; it is tried again", job.id)
                memory.fault = repr(error)
        alive = {job.id for job in jobs}
        self._memory = {job_id: memory for job_id, memory in self._memory.items() if job_id in alive}

    def closing(self) -> list[JobDetail]:
        """Jobs of which nothing runs any more and whose trial has to be completed, as they will be then."""
        return [memory.closing for memory in self._memory.values() if memory.closing is not None]

    def _admit(self, job: JobDetail, memory: Memory, *, free: bool) -> bool:
        if job.stop_requested:
            now = memory.now()
            exit = Exit(reason=ExitReason.stopped, message="Stopped before it started")
            self.store.step(
                job.id, expect=[S.Pending], status=S.Stopped, secondary_status=T.Stopped, message=exit.message,
                at=now, ended=now, exit=exit,
            )  # fmt: skip
            forget_variables(job)
            return False
        if job.trial.run_id is None or not free:
            return False
        what = "kernel" if job.environment.container is None else "container"
        moved = self.store.step(
            job.id, expect=[S.Pending], status=S.Starting, secondary_status=T.Starting, at=memory.now(),
            message=f"Starting the {what}",
        )  # fmt: skip
        if moved:
            _launch(self._runner(job), launch_of(job), memory)
        return moved

    def _follow(self, job: JobDetail, memory: Memory, *, is_recorded: bool) -> None:
        runner, launch = self._runner(job), launch_of(job)
        seen = runner.observe(launch)
        self._note_progress(job, memory, seen)
        if seen.state is AttemptState.ended:
            self._end(job, memory, seen, is_recorded=is_recorded)
            return
        if job.stop_requested:
            self._stop(job, memory, runner, launch, seen)
            return
        if seen.state is AttemptState.starting and job.status is S.Starting:
            self._note_waiting(job, memory, seen)
        if seen.state is AttemptState.absent and job.status is S.InProgress:
            # Its code has run. Whatever took its records away: it is not run a second time.
            runner.stop(launch, kill=True)
            gone = "The records of the job were removed while it ran."
            self._finish(job, memory, Exit(reason=ExitReason.worker_lost, message=gone), time.time())
        elif seen.state is AttemptState.absent:
            self._launch_again(memory, runner, launch)
        elif seen.state is AttemptState.running and job.status is S.Starting:
            self.store.step(
                job.id, expect=[S.Starting], status=S.InProgress, secondary_status=running(job.kind),
                at=seen.started, started=seen.started or memory.now(), pid=seen.pid,
            )  # fmt: skip

    def _note_waiting(self, job: JobDetail, memory: Memory, seen: Observation) -> None:
        """Say what a starting job waits for; an image that is fetched is a phase of its own."""
        secondary = T.Downloading if seen.downloading else T.Starting
        message = seen.message or job.message
        now = time.monotonic()
        if (secondary, message) == (job.secondary_status, job.message) or now - memory.progress_at < PROGRESS_SECONDS:
            return
        memory.progress_at = now
        if secondary is not job.secondary_status:
            self.store.step(
                job.id, expect=[S.Starting], status=S.Starting, secondary_status=secondary, message=message,
                at=memory.now(),
            )  # fmt: skip
        else:
            self.store.set_progress(job.id, job.progress, message)

    def _launch_again(self, memory: Memory, runner: Runner, launch: Launch) -> None:
        """A launch that left no trace: whoever made it died, or the worker dies before it claims anything."""
        now = time.monotonic()
        if now < memory.launch_not_before:
            return
        if memory.launches >= MAX_LAUNCHES:
            if away := memory.cannot_launch:
                raise StudioError(away.message, hint=away.hint) from away.__cause__
            raise StudioError(
                f"The job's worker died {MAX_LAUNCHES} times before it could begin.",
                hint="The log of the controller says more; studio doctor looks for the cause.",
            )
        memory.launch_not_before = now + LAUNCH_SECONDS * 2**memory.launches
        memory.launches += 1
        _launch(runner, launch, memory)

    def _stop(self, job: JobDetail, memory: Memory, runner: Runner, launch: Launch, seen: Observation) -> None:
        level = self.store.stop_level(job.id)
        if job.status is not S.Stopping:
            self.store.step(
                job.id, expect=[S.Starting, S.InProgress], status=S.Stopping, secondary_status=T.Stopping,
                message="Stopping", at=memory.now(),
            )  # fmt: skip
        if seen.state is AttemptState.absent:
            runner.stop(launch, kill=True)  # one that was forked and has not claimed yet must not begin any more
            exit = Exit(reason=ExitReason.stopped, message="Stopped before it started")
            self._finish(job, memory, exit, memory.now())
        elif level > memory.stop_sent:
            runner.stop(launch, kill=level > 1)
            memory.stop_sent = level

    def _note_progress(self, job: JobDetail, memory: Memory, seen: Observation) -> None:
        now = time.monotonic()
        is_news = seen.progress != (memory.progress or job.progress) and seen.progress.total > 0
        if is_news and (now - memory.progress_at >= PROGRESS_SECONDS or seen.state is AttemptState.ended):
            self.store.set_progress(job.id, seen.progress)
            memory.progress, memory.progress_at = seen.progress, now

    def _end(self, job: JobDetail, memory: Memory, seen: Observation, *, is_recorded: bool) -> None:
        exit = seen.exit or Exit(reason=ExitReason.internal, message="The job ended without saying how.")
        if memory.ended_seen is None:
            memory.ended_seen = time.monotonic()
            status, secondary = outcome(exit.reason)
            ended = {"status": status, "secondary_status": secondary, "exit": exit, "ended": _end_of(seen, memory)}
            memory.closing = job.model_copy(update=ended)
            if job.status is S.Starting:  # it was over before we saw it run
                self.store.step(
                    job.id, expect=[S.Starting], status=S.InProgress, secondary_status=running(job.kind),
                    at=seen.started, started=seen.started, pid=seen.pid,
                )  # fmt: skip
            if job.status in (S.Starting, S.InProgress):
                self.store.step(
                    job.id, expect=[S.InProgress], status=S.InProgress, secondary_status=T.Uploading,
                    message="Saving the trial", at=seen.ended,
                )  # fmt: skip
        if is_recorded or time.monotonic() - memory.ended_seen > RECORDING_SECONDS:
            self._finish(job, memory, exit, _end_of(seen, memory))

    def _finish(self, job: JobDetail, memory: Memory, exit: Exit, ended: float) -> None:
        status, secondary = outcome(exit.reason)
        self.store.end_attempt(job.id, job.attempt, exit, ended)
        self.store.step(
            job.id, expect=list(ACTIVE), status=status, secondary_status=secondary, message=exit.message,
            at=max(ended, memory.now()), ended=ended, exit=exit, pid=None,
        )  # fmt: skip
        forget_variables(job)
        log.info("job %s %s (%s)", job.id, status, exit.reason)

    def _fail(self, job: JobDetail, memory: Memory, error: StudioError) -> None:
        message = f"{error.message} {error.hint}".strip()
        reason = ExitReason.disk_full if is_full(error.__cause__) else ExitReason.start_failed
        self._finish(job, memory, Exit(reason=reason, message=message), memory.now())

    def _runner(self, job: JobDetail) -> Runner:
        runner = self.runners.get(job.runner)
        if runner is None:
            raise StudioError(
                f"The runner {job.runner!r} is not installed any more.", hint="Install it, or run the job elsewhere."
            )
        return runner


def _launch(runner: Runner, launch: Launch, memory: Memory) -> None:
    """What is away may come back: the launch is repeated, a few times. Raises ``StudioError`` for the rest."""
    try:
        runner.launch(launch)
    except Unavailable as error:
        log.warning("job %s cannot be started now: %s", launch.job_id, error.message)
        memory.cannot_launch = error
    except StudioError:
        raise
    except Exception as error:
        if is_full(error):
            raise StudioError(
                "The disk is full: the job could not be started.", hint="Free some space and run it again."
            ) from error
        log.exception("job %s cannot be started", launch.job_id)
        raise StudioError(f"The runner {runner.name!r} could not start the job: {error}.") from error
    else:
        memory.cannot_launch = None


def is_full(error: BaseException | None) -> bool:
    """Whether it is for want of space that something went wrong."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _end_of(seen: Observation, memory: Memory) -> float:
    """When an attempt ended: not before it began, whatever its records say."""
    return max(seen.ended or memory.now(), seen.started or 0.0)


def launch_of(job: JobDetail) -> Launch:
    """What a runner needs to know of a job."""
    return Launch(
        job_id=job.id,
        attempt=job.attempt,
        directory=Path(job.directory),
        run_id=job.trial.run_id or "",
        experiment_id=job.trial.experiment_id or "",
        experiment=job.trial.experiment,
    )

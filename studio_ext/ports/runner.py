"""The runner port: where attempts run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from studio_ext.contract.jobs import Exit, Progress, RunnerInfo


class AttemptState(StrEnum):
    """What a runner can say of an attempt."""

    absent = "absent"
    """Nothing claimed it and nothing runs: it may be launched (again)."""
    starting = "starting"
    """Launched or claimed; no user code yet."""
    running = "running"
    """User code may have run."""
    ended = "ended"
    """Over, and nothing of it is left running."""


@dataclass(frozen=True)
class Launch:
    """What a runner needs to start one attempt. The rest is in the job directory."""

    job_id: str
    attempt: int
    directory: Path
    """The job directory."""
    run_id: str
    experiment_id: str
    experiment: str


@dataclass(frozen=True)
class Observation:
    """What a runner sees of an attempt."""

    state: AttemptState
    progress: Progress
    pid: int | None = None
    started: float | None = None
    """When user code could first run, seconds since the epoch."""
    ended: float | None = None
    exit: Exit | None = None
    """Set if and only if ``state`` is ``ended``."""
    message: str = ""
    """What a starting attempt waits for, in a sentence; empty where nothing is to be said."""
    downloading: bool = False
    """Whether it is an image that a starting attempt waits for."""


class Runner(Protocol):
    """Starts, observes and stops attempts.

    All methods may be called again after any crash, by a new process that knows only the database and the
    job directory. None blocks longer than a second, whatever the engine behind it does. None raises for a job that
    is gone.
    """

    name: str

    def info(self) -> RunnerInfo:
        """Whether attempts can run here, and if not, why."""

    def launch(self, launch: Launch) -> None:
        """Start an attempt. Returns when it is on its way, not when it runs.

        Calling it again for the same attempt never runs user code twice: the claim file decides.
        Raises :class:`studio_ext.contract.errors.StudioError` when it cannot be started at all.
        """

    def observe(self, launch: Launch) -> Observation:
        """What is true of the attempt now.

        ``ended`` is said only when no process of the attempt is left; a supervisor that died leaves
        processes, which this call ends first. Cheap enough for ten calls a second and job.
        """

    def stop(self, launch: Launch, *, kill: bool = False, reason: str = "Stopped") -> None:
        """Ask the attempt to end: SIGTERM, the grace of its kind, SIGKILL; with ``kill`` at once.

        Idempotent, returns at once; :meth:`observe` says when it is over.
        """

    def warm(self, prefix: str) -> None:
        """Make ready what speeds up the next launch in the environment at ``prefix``. May do nothing."""

    def close(self) -> None:
        """Let go of what this process holds. Attempts go on."""

"""A runner that runs nothing: the test says what it sees, and reads what it was told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studio_ext.contract.jobs import Exit, ExitReason, Progress, RunnerInfo
from studio_ext.core.workspace import Workspace
from studio_ext.ports.runner import AttemptState, Launch, Observation


@dataclass(frozen=True)
class Stop:
    """One call of :meth:`FakeRunner.stop`."""

    job_id: str
    kill: bool
    reason: str


class FakeRunner:
    """Keeps the promises of :class:`studio_ext.ports.runner.Runner` for attempts that exist in memory only.

    What is launched is ``starting`` until the test calls :meth:`run` and :meth:`end`, or for ever. Set
    ``on_launch`` or ``on_observe`` to raise, or to look at the store at that moment.
    """

    def __init__(self, workspace: Workspace | None = None, *, name: str = "fake") -> None:
        self.name = name
        self.workspace = workspace
        self.launches: list[Launch] = []
        self.stops: list[Stop] = []
        self.closed = False
        self.on_launch: Callable[[Launch], None] = lambda launch: None
        self.on_observe: Callable[[Launch], None] = lambda launch: None
        self._seen: dict[str, Observation] = {}

    # -- what the test says -----------------------------------------------------------------------------------

    def run(self, job_id: str, *, done: int = 0, total: int = 3, started: float = 1_000.0, pid: int = 42) -> None:
        """User code of the job runs from now on."""
        progress = Progress(done=done, total=total)
        self._seen[job_id] = Observation(AttemptState.running, progress, pid=pid, started=started)

    def end(
        self,
        job_id: str,
        reason: ExitReason = ExitReason.completed,
        *,
        message: str = "",
        started: float | None = 1_000.0,
        ended: float | None = 1_010.0,
    ) -> None:
        """The job is over."""
        exit = Exit(reason=reason, message=message, code=0 if reason is ExitReason.completed else 1)
        before = self._seen.get(job_id)
        progress = before.progress if before else Progress()
        self._seen[job_id] = Observation(AttemptState.ended, progress, started=started, ended=ended, exit=exit)

    def forget(self, job_id: str) -> None:
        """Nothing is known of the job, as when the machine went down before the launch took effect."""
        self._seen.pop(job_id, None)

    # -- the port ---------------------------------------------------------------------------------------------

    def info(self) -> RunnerInfo:
        """Always available."""
        return RunnerInfo(name=self.name, display_name="Nothing runs", available=True)

    def launch(self, launch: Launch) -> None:
        """Note the launch."""
        self.launches.append(launch)
        self.on_launch(launch)
        self._seen.setdefault(launch.job_id, Observation(AttemptState.starting, Progress()))

    def observe(self, launch: Launch) -> Observation:
        """What the test said last."""
        self.on_observe(launch)
        return self._seen.get(launch.job_id, Observation(AttemptState.absent, Progress()))

    def stop(self, launch: Launch, *, kill: bool = False, reason: str = "Stopped") -> None:
        """Note the stop; the job ends when the test says so."""
        self.stops.append(Stop(launch.job_id, kill, reason))

    def warm(self, prefix: str) -> None:
        """Nothing to make ready."""

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

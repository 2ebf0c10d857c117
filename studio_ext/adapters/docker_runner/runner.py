"""The ``docker`` runner: attempts as containers. See :class:`studio_ext.ports.runner.Runner`.

What the port asks for is answered from the job directory and from what a thread last heard of the engine
(:mod:`.watcher`). Everything that needs the engine is done by other threads: one that hangs holds up no other job.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from studio_ext.adapters import host
from studio_ext.adapters.attempts.notes import note_launch, note_stop
from studio_ext.adapters.docker_runner import spec
from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.docker_runner.followed import Followed
from studio_ext.adapters.docker_runner.settings import read_settings
from studio_ext.adapters.docker_runner.watcher import Watcher
from studio_ext.contract.errors import InvalidRequest, StudioError, Unavailable
from studio_ext.contract.jobs import RunnerInfo
from studio_ext.core.workspace import Workspace
from studio_ext.ports.runner import AttemptState, Launch, Observation
from studio_ext.worker import records

_GONE_SECONDS = 15.0
"""How long an attempt that has said how it ended is waited for while the engine is away."""


class DockerRunner:
    """Attempts as containers of a Docker or Podman engine. Thread-safe."""

    name = "docker"

    def __init__(self, workspace: Workspace | Path, engine: Engine | None = None) -> None:
        home = (workspace.home if isinstance(workspace, Workspace) else Path(workspace)).absolute()
        self._problem: StudioError | None = None
        if engine is None:
            try:
                engine = Engine(read_settings(home / "studio.toml"))
            except StudioError as error:  # the other runners go on
                self._problem = error
                engine = Engine(read_settings(Path(os.devnull)))
        self.engine = engine
        self._watcher = Watcher(engine, home)

    def info(self) -> RunnerInfo:
        """Whether an engine answers."""
        reason, away = "", False
        try:
            if self._problem:
                raise self._problem
            title = self.engine.describe().title
        except StudioError as error:
            title, reason = "Docker", f"{error.message} {error.hint}".strip()
            away = isinstance(error, Unavailable)
        display_name = "Podman" if title.startswith("Podman") else "Docker"
        return RunnerInfo(
            name=self.name,
            display_name=display_name,
            available=not reason,
            reason=reason,
            away=away,
            has_images=True,
        )

    def warm(self, prefix: str) -> None:
        """Look for containers that an earlier controller left, without waiting for it."""
        self._watcher.look_for_leftovers()

    def launch(self, launch: Launch) -> None:
        """See the port. Raises ``InvalidRequest`` for a job directory without a usable ``job.json``."""
        if self._problem:
            raise self._problem
        files = records.AttemptFiles(launch.directory, launch.attempt)
        job = records.read(files.job)
        if job is None or not isinstance(job.get("environment"), dict) or not job["environment"].get("container"):
            raise InvalidRequest(f"{files.job} cannot be read.", hint="Submit the notebook again.")
        if files.claim.exists():
            return
        note_launch(launch, job_dir=spec.JOB_DIR, boot_id=host.boot_id(), engine=self.engine.address)
        self._watcher.start(launch, job)

    def observe(self, launch: Launch) -> Observation:
        """See the port."""
        known = self._watcher.follow(launch)
        reader = known.reader
        reader.read(known.files.progress)
        progress = reader.progress()
        if ended := known.end():
            waited = time.monotonic() - (known.end_seen_at or 0.0)
            if known.is_over or waited > _GONE_SECONDS:
                return Observation(
                    AttemptState.ended, progress, started=reader.started, ended=ended.at, exit=ended.exit
                )
            self._watcher.clear_soon(launch)
        state = self._state(known, has_ended=ended is not None)
        if state is AttemptState.starting:
            return Observation(state, progress, message=known.message, downloading=known.downloading)
        return Observation(state, progress, started=reader.started)

    @staticmethod
    def _state(known: Followed, *, has_ended: bool) -> AttemptState:
        if known.reader.started is not None or has_ended:
            return AttemptState.running
        if known.has_claim() or known.is_starting or not known.is_seen:
            return AttemptState.starting
        # One that was made and never started is launched again; of one that ended the watcher tells how.
        return AttemptState.absent if known.container in ("", "created") else AttemptState.starting

    def stop(self, launch: Launch, *, kill: bool = False, reason: str = "Stopped") -> None:
        """See the port. The wish is a file, which the supervisor reads also while the engine is away."""
        if note_stop(launch, kill=kill, reason=reason):
            self._watcher.stop_soon(launch)

    def close(self) -> None:
        """End our threads. Attempts go on."""
        self._watcher.close()

"""Keeps in mind what the engine last said of each attempt, and does with the engine what has to be done.

One thread lists the workspace's containers twice a second while an attempt is under way, and never otherwise. Starting,
stopping and clearing away happen in threads of their own. What is remembered here may be lost at any time: containers
carry labels, and the next list brings it back.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio_ext.adapters.attempts import evidence
from studio_ext.adapters.attempts.progress import ProgressReader
from studio_ext.adapters.docker_runner import spec
from studio_ext.adapters.docker_runner.clearing import Clearer
from studio_ext.adapters.docker_runner.engine import Engine, engine_errors
from studio_ext.adapters.docker_runner.launching import Cancelled, Launcher
from studio_ext.adapters.docker_runner.places import Places
from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.contract.jobs import Exit, ExitReason
from studio_ext.ports.runner import Launch
from studio_ext.worker import records

log = logging.getLogger(__name__)

LIST_SECONDS = 0.5
AWAY_SECONDS = 1.0
"""Pause after a list that the engine did not answer, while an attempt is under way."""
_LONG_AWAY_SECONDS = 60.0
"""The same where there is nothing but what an earlier controller may have left."""
START_PATIENCE_SECONDS = 30.0
"""How long an attempt that cannot be started waits for an engine that is away."""
_FORGET_SECONDS = 60.0
_STALE_SECONDS = 600.0
"""Age from which a container that was made and never started is nobody's."""
_KILL_MARGIN_SECONDS = 8.0
"""How long after a kill was asked for a supervisor may still be at work."""
_AT_ONCE = 8

Key = tuple[str, int]


@dataclass
class Followed:
    """An attempt, and what is known of its container."""

    launch: Launch
    reader: ProgressReader = field(default_factory=ProgressReader)
    message: str = ""
    downloading: bool = False
    container: str = ""
    """The engine's word for its state (``created``, ``running``, ``exited``, ...); empty: there is none."""
    identity: str | None = None
    is_seen: bool = False
    """Whether a list that could know of the container has come."""
    is_cleared: bool = False
    asked_at: float = 0.0
    started_at: float = 0.0
    starting: Future[None] | None = None
    clearing: Future[None] | None = None
    stopping: Future[None] | None = None

    @property
    def is_starting(self) -> bool:
        """Whether a thread of ours is at it."""
        return self.starting is not None and not self.starting.done()

    @property
    def files(self) -> records.AttemptFiles:
        """Its records."""
        return records.AttemptFiles(self.launch.directory, self.launch.attempt)


class Watcher:
    """The engine's side of all attempts of one workspace. Thread-safe; no public method waits for the engine."""

    def __init__(self, engine: Engine, home: Path) -> None:
        self._engine = engine
        self._home = home
        self._places = Places(engine, home)
        self._launcher = Launcher(engine, self._places, home)
        self._clearer = Clearer(engine, self._places)
        self._followed: dict[Key, Followed] = {}
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._starts = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="docker-start")
        self._ends = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="docker-end")
        self._look_wanted = False
        self._away = ""
        self._used = home / "cache" / "containers-used"
        """There once a container was started: without it nothing can be left of one, and no engine is asked."""

    # -- asked by the runner -------------------------------------------------------------------------------------

    def follow(self, launch: Launch) -> Followed:
        """What is known of an attempt; from now on more."""
        with self._lock:
            known = self._followed.get((launch.job_id, launch.attempt))
            if known is None:
                known = self._followed[launch.job_id, launch.attempt] = Followed(launch)
                if known.files.launch.exists():
                    self._look_again()
                else:  # it was never launched: nothing to ask the engine for
                    known.is_seen = known.is_cleared = True
            known.asked_at = time.monotonic()
            return known

    def start(self, launch: Launch, job: Mapping[str, Any]) -> None:
        """Start an attempt's container, in a thread."""
        with self._lock:
            with contextlib.suppress(OSError):
                self._used.touch()
            known = self.follow(launch)
            known.launch = launch
            if not known.is_starting and not self._closed:
                known.is_seen = known.is_cleared = False
                known.starting = self._starts.submit(self._start, known, job)

    def stop_soon(self, launch: Launch) -> None:
        """Signal an attempt's container that there is a wish to stop."""
        with self._lock:
            known = self.follow(launch)
            if known.files.launch.exists():
                known.is_cleared = False
            if not self._closed and (known.stopping is None or known.stopping.done()):
                known.stopping = self._ends.submit(self._signal, known, "SIGTERM")

    def clear_soon(self, launch: Launch) -> None:
        """Clear away what is left of an attempt that is over."""
        with self._lock:
            self._clear(self.follow(launch))

    def look_for_leftovers(self) -> None:
        """List the containers once, in the thread, if this workspace ever had one."""
        if self._used.exists():
            self._look_again()

    def close(self) -> None:
        """End the threads; containers go on."""
        self._closed = True
        self._wake.set()
        self._starts.shutdown(wait=False, cancel_futures=True)
        self._ends.shutdown(wait=False, cancel_futures=True)

    # -- in threads ----------------------------------------------------------------------------------------------

    def _start(self, known: Followed, job: Mapping[str, Any]) -> None:
        def say(text: str, downloading: bool) -> None:
            known.message, known.downloading = text, downloading

        say("Starting the container", False)
        until = time.monotonic() + START_PATIENCE_SECONDS
        while not self._closed:
            try:
                identity = self._launcher.start(known.launch, job, say)
            except Cancelled:
                wish = str((records.read(known.files.stop) or {}).get("reason") or "Stopped").rstrip(".")
                before = " before it started" if wish == "Stopped" else ""
                self._end(known, ExitReason.stopped, f"{wish}{before}.")
            except Unavailable as error:
                say("Waiting for the container engine", False)
                if time.monotonic() < until:
                    time.sleep(AWAY_SECONDS)
                    continue
                self._end(known, ExitReason.start_failed, f"{error.message} {error.hint}".strip())
            except StudioError as error:
                self._end(known, ExitReason.start_failed, f"{error.message} {error.hint}".strip())
            except Exception as error:
                log.exception("the container of job %s cannot be started", known.launch.job_id)
                message = f"The container could not be started: {type(error).__name__}: {error}"
                self._end(known, ExitReason.start_failed, message)
            else:
                known.identity, known.container = identity, "running"
            break
        known.started_at = time.monotonic()
        self._look_again()

    def _end(self, known: Followed, reason: ExitReason, message: str) -> None:
        """Write down that an attempt never began."""
        if not known.files.claim.exists():
            known.files.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            evidence.write_end(known.files, evidence.Ended(Exit(reason=reason, message=message[:2000]), time.time()))

    def _signal(self, known: Followed, number: str) -> None:
        from docker.errors import APIError, DockerException

        name = spec.container_name(known.launch.job_id, known.launch.attempt)
        try:
            with engine_errors(self._engine.address):
                api = self._engine.api()
                if known.container == "paused" and number == "SIGKILL":
                    api.unpause(name)
                api.kill(name, number)
        except (StudioError, APIError, DockerException) as error:  # none yet, over, or away: the wish is a file
            log.debug("%s to %s: %s", number, name, error)

    def _clear(self, known: Followed) -> None:
        if known.is_cleared or self._closed or known.is_starting:
            return
        if known.clearing is None or known.clearing.done():
            known.clearing = self._ends.submit(self._clear_away, known)

    def _clear_away(self, known: Followed) -> None:
        try:
            identity = known.identity or self._find(known)
            self._clearer.clear(known.launch, identity)
            known.is_cleared = True  # nothing of it runs: whoever waits need not wait for the removal
            if identity is not None:
                self._clearer.remove(identity)
        except Unavailable:
            time.sleep(AWAY_SECONDS)
        except Exception:
            log.exception("the container of job %s cannot be cleared away; it is tried again", known.launch.job_id)
            time.sleep(AWAY_SECONDS)

    def _find(self, known: Followed) -> str | None:
        from docker.errors import NotFound

        name = spec.container_name(known.launch.job_id, known.launch.attempt)
        with engine_errors(self._engine.address):
            try:
                return str(self._engine.api().inspect_container(name)["Id"])
            except NotFound:
                return None

    # -- the thread ----------------------------------------------------------------------------------------------

    def _look_again(self) -> None:
        with self._lock:
            self._look_wanted = True
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._watch, name="docker-watch", daemon=True)
                self._thread.start()
        self._wake.set()

    def _watch(self) -> None:
        while not self._closed:
            self._wake.clear()
            if self._look_wanted or self._open():
                self._look_wanted = not self._look()
                if self._open():
                    time.sleep(AWAY_SECONDS if self._look_wanted else LIST_SECONDS)
                    continue
            self._wake.wait(_LONG_AWAY_SECONDS if self._look_wanted else None)

    def _open(self) -> list[Followed]:
        """Attempts that are not over for us; those that nobody asks for any more are forgotten."""
        now = time.monotonic()
        with self._lock:
            for key, known in list(self._followed.items()):
                if known.is_cleared and now - known.asked_at > _FORGET_SECONDS:
                    del self._followed[key]
            return [known for known in self._followed.values() if not known.is_cleared]

    def _look(self) -> bool:
        """List the containers and act on what is seen. False: the engine is away."""
        began = time.monotonic()
        try:
            label = f"{spec.WORKSPACE_LABEL}={self._places.workspace()}"
            with engine_errors(self._engine.address):
                rows = self._engine.api().containers(all=True, filters={"label": [label]})
        except Exception as error:
            if str(error) != self._away:
                log.warning("the container engine cannot be asked: %s", error)
            self._away = str(error)
            return False
        self._away = ""
        try:
            self._take_in(rows, began)
        except Exception:
            log.exception("containers could not be looked after; it is tried again")
        return True

    def _take_in(self, rows: list[Mapping[str, Any]], began: float) -> None:
        by_key = {key: row for row in rows if (key := _key(row)) is not None}
        for known in self._open():
            if known.is_starting or known.started_at > began:
                continue
            row = by_key.get((known.launch.job_id, known.launch.attempt))
            known.container = str(row["State"]) if row else ""
            known.identity = str(row["Id"]) if row else None
            known.is_seen = True
            files = known.files
            is_over = known.container in ("exited", "dead") or (not row and files.claim.exists())
            if is_over or files.exit.exists():
                self._clear(known)
            elif row and _kill_overdue(files):
                self._signal(known, "SIGKILL")
            elif not row:
                known.is_cleared = True  # nothing was made: it may be launched again
        for key, row in by_key.items():
            if key not in self._followed:
                self._look_after_stray(row)

    def _look_after_stray(self, row: Mapping[str, Any]) -> None:
        """A container of an attempt that nobody follows: it is removed if the attempt is over."""
        labels = row["Labels"]
        directory = Path(labels.get(spec.DIRECTORY_LABEL) or "/")
        job_id, attempt = labels[spec.JOB_LABEL], int(labels[spec.ATTEMPT_LABEL])
        files = records.AttemptFiles(directory, attempt)
        is_stale = row["State"] == "created" and time.time() - float(row.get("Created") or 0) > _STALE_SECONDS
        if not directory.is_dir() or is_stale:
            if not self._closed:
                self._ends.submit(self._remove_stray, str(row["Id"]))
        elif files.exit.exists():
            known = self.follow(Launch(job_id, attempt, directory, "", "", ""))
            known.is_cleared = False
            self._clear(known)

    def _remove_stray(self, identity: str) -> None:
        try:
            self._clearer.remove(identity)
        except Exception as error:  # nobody follows it: the next list brings it back
            log.warning("the container %s cannot be removed yet: %s", identity[:12], error)
            time.sleep(AWAY_SECONDS)
            self._look_again()


def _key(row: Mapping[str, Any]) -> Key | None:
    labels = row.get("Labels") or {}
    attempt = str(labels.get(spec.ATTEMPT_LABEL) or "")
    return (str(labels.get(spec.JOB_LABEL)), int(attempt)) if attempt.isdigit() else None


def _kill_overdue(files: records.AttemptFiles) -> bool:
    stop = records.read(files.stop)
    return bool(stop and stop.get("kill")) and evidence.age(files.stop) > _KILL_MARGIN_SECONDS

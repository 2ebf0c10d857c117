"""Keeps in mind what the engine last said of each attempt, and does with the engine what has to be done.

One thread lists the workspace's containers twice a second while an attempt is under way, and never otherwise. Starting,
signalling and clearing away happen in threads of their own.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from studio_ext.adapters.attempts import evidence
from studio_ext.adapters.docker_runner import spec
from studio_ext.adapters.docker_runner.clearing import Clearer
from studio_ext.adapters.docker_runner.engine import Engine, engine_errors
from studio_ext.adapters.docker_runner.epitaph import epitaph, was_restarted
from studio_ext.adapters.docker_runner.followed import Followed, Key, key_of
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
KILL_PATIENCE_SECONDS = 30.0
"""How long after a kill was asked for an engine that is away is waited for."""
_FORGET_SECONDS = 60.0
_STALE_SECONDS = 600.0
"""Age from which a container that was made and never started is nobody's."""
_STARTS_AT_ONCE, _ENDS_AT_ONCE = 32, 8
"""Starts may wait long, for images."""
_MOST_HAND_BACKS = 3
"""Tries to hand files back before the container is removed all the same."""


class Watcher:
    """The engine's side of all attempts of one workspace. Thread-safe; no public method waits for the engine."""

    def __init__(self, engine: Engine, home: Path) -> None:
        self._engine = engine
        self._home = home
        self._places = Places(engine, home)
        self._launcher = Launcher(engine, self._places, home)
        self._clearer = Clearer(engine, self._places)
        self._followed: dict[Key, Followed] = {}
        self._strays: set[str] = set()
        """Containers that nobody follows and that are being removed."""
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._starts = ThreadPoolExecutor(_STARTS_AT_ONCE, thread_name_prefix="docker-start")
        self._ends = ThreadPoolExecutor(_ENDS_AT_ONCE, thread_name_prefix="docker-end")
        self._look_wanted = False
        self._away = ""
        """Why the engine could not be asked last; empty when it could."""
        self._used = home / "cache" / "containers-used"
        """There once a container was started: without it nothing can be left of one, and no engine is asked."""

    # -- asked by the runner -------------------------------------------------------------------------------------

    def follow(self, launch: Launch) -> Followed:
        """What is known of an attempt; from now on more."""
        with self._lock:
            known = self._followed.get((launch.job_id, launch.attempt))
            if known is None:
                known = self._followed[launch.job_id, launch.attempt] = Followed(launch)
                if not known.files.launch.exists():  # it was never launched: nothing to ask the engine for
                    known.is_seen = known.is_over = known.is_removed = True
                else:
                    self._note_restart(known)
                    self._look_again()
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
                known.is_seen = known.is_over = known.is_removed = False
                known.starting = self._starts.submit(self._start, known, job)

    def stop_soon(self, launch: Launch) -> None:
        """Signal an attempt's container that there is a wish to stop."""
        with self._lock:
            known = self.follow(launch)
            self._signal(known, "SIGTERM")
            self._look_again()

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

    # -- starting ------------------------------------------------------------------------------------------------

    def _start(self, known: Followed, job: Mapping[str, Any]) -> None:
        def say(text: str, downloading: bool) -> None:
            known.message, known.downloading = text, downloading

        say("Starting the container", False)
        until = time.monotonic() + START_PATIENCE_SECONDS
        while not self._closed:
            try:
                identity = self._launcher.start(
                    known.launch, job, say, lambda: self._closed or known.files.stop.exists()
                )
            except Cancelled:
                if not self._closed:
                    wish = str((records.read(known.files.stop) or {}).get("reason") or "Stopped").rstrip(".")
                    before = " before it started" if wish == "Stopped" else ""
                    self._refuse(known, ExitReason.stopped, f"{wish}{before}.")
            except Unavailable as error:
                say("Waiting for the container engine", False)
                if time.monotonic() < until:
                    time.sleep(AWAY_SECONDS)
                    continue
                self._refuse(known, ExitReason.start_failed, f"{error.message} {error.hint}".strip())
            except StudioError as error:
                self._refuse(known, ExitReason.start_failed, f"{error.message} {error.hint}".strip())
            except Exception as error:
                log.exception("the container of job %s cannot be started", known.launch.job_id)
                message = f"The container could not be started: {type(error).__name__}: {error}"
                self._refuse(known, ExitReason.start_failed, message)
            else:
                known.identity, known.container = identity, "running"
            break
        known.started_at = time.monotonic()
        self._look_again()

    def _refuse(self, known: Followed, reason: ExitReason, message: str) -> None:
        """Write down that an attempt never began; from now on it cannot: what was asked of the engine may come late."""
        files = known.files
        if not known.launch.directory.is_dir():
            return
        with contextlib.suppress(OSError):
            files.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not records.create_exclusively(files.claim, {"attempt": files.attempt, "refused": time.time()}):
                return
        known.ended = evidence.Ended(Exit(reason=reason, message=message[:2000]), time.time())
        evidence.write_end(files, known.ended)

    # -- signalling and clearing ---------------------------------------------------------------------------------

    def _signal(self, known: Followed, number: str) -> None:
        """Send a signal, in a thread; one that is under way is enough."""
        if not self._closed and (known.signalling is None or known.signalling.done()):
            known.signalling = self._ends.submit(self._send, known, number)

    def _send(self, known: Followed, number: str) -> None:
        from docker.errors import APIError, DockerException

        try:
            with engine_errors(self._engine.address):
                api = self._engine.api()
                if known.container == "paused" and number == "SIGKILL":
                    api.unpause(known.name)
                api.kill(known.name, number)
        except (StudioError, APIError, DockerException) as error:  # none yet, over, or away: the wish is a file
            log.debug("%s to %s: %s", number, known.name, error)

    def _clear(self, known: Followed) -> None:
        if not known.is_open or self._closed or known.is_starting or time.monotonic() < known.not_before:
            return
        if known.clearing is None or known.clearing.done():
            known.clearing = self._ends.submit(self._clear_away, known)

    def _clear_away(self, known: Followed) -> None:
        try:
            identity = known.identity or self._find(known)
            if not known.is_over:
                known.ended = self._clearer.clear(known.launch, identity)
                self._hand_back(known, identity)
                known.is_over = True  # nothing of it runs: whoever waits need not wait for the removal
            if identity is not None:
                self._clearer.remove(identity)
            known.is_removed = True
        except Unavailable:
            known.fail()
        except Exception:
            if not known.failures:
                log.exception("the container of job %s cannot be cleared away; it is tried again", known.launch.job_id)
            known.fail()

    def _hand_back(self, known: Followed, identity: str | None) -> None:
        try:
            self._clearer.hand_back(known.launch, identity)
        except Unavailable:
            raise
        except Exception:
            if known.failures < _MOST_HAND_BACKS:
                raise
            log.exception("files of job %s cannot be handed back", known.launch.job_id)

    def _find(self, known: Followed) -> str | None:
        from docker.errors import NotFound

        with engine_errors(self._engine.address):
            try:
                return str(self._engine.api().inspect_container(known.name)["Id"])
            except NotFound:
                return None

    def _note_restart(self, known: Followed) -> None:
        """After a restart of this machine no engine is needed to know that nothing of the attempt runs."""
        is_local = self._engine.address.startswith("unix:")
        if is_local and known.end() is None and known.has_claim() and was_restarted(known.files):
            known.ended = epitaph(known.files, None, time.time())
            evidence.write_end(known.files, known.ended)
            known.is_over = True

    def _give_up(self, known: Followed) -> None:
        """A job that is to be killed ends for whoever waits, also where its engine never comes back."""
        if (known.kill_wished_for() or 0.0) > KILL_PATIENCE_SECONDS and known.end() is None:
            message = f"Stopped, but the container engine does not answer: {self._away}"
            known.ended = evidence.Ended(Exit(reason=ExitReason.engine_lost, message=message[:2000]), time.time())
            known.is_over = True

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
                self._look_wanted = False
                if not self._look():
                    self._look_wanted = True
                if self._open():
                    time.sleep(AWAY_SECONDS if self._away else LIST_SECONDS)
                    continue
            self._wake.wait(_LONG_AWAY_SECONDS if self._look_wanted else None)

    def _open(self) -> list[Followed]:
        """Attempts that there is something to do for; those that nobody asks for any more are forgotten."""
        now = time.monotonic()
        with self._lock:
            for key, known in list(self._followed.items()):
                if not known.is_open and now - known.asked_at > _FORGET_SECONDS:
                    del self._followed[key]
            return [known for known in self._followed.values() if known.is_open]

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
            for known in self._open():
                self._give_up(known)
            return False
        self._away = ""
        try:
            self._take_in(rows, began)
        except Exception:
            log.exception("containers could not be looked after; it is tried again")
        return True

    def _take_in(self, rows: list[Mapping[str, Any]], began: float) -> None:
        by_key = {key: row for row in rows if (key := key_of(row)) is not None}
        with self._lock:
            followed = dict(self._followed)
        for key, known in followed.items():
            row = by_key.pop(key, None)
            if known.is_starting or known.started_at > began:
                continue
            if row is not None and not known.is_over:
                known.is_removed = False
            if known.is_open:
                self._note(known, row)
                self._act(known, row)
        for row in by_key.values():
            self._look_after_stray(row)
        for row in rows:
            if (row.get("Labels") or {}).get(spec.HELPER_LABEL) and _age(row) > _STALE_SECONDS:
                self._remove_stray(row)

    def _note(self, known: Followed, row: Mapping[str, Any] | None) -> None:
        known.container = str(row["State"]) if row else ""
        known.identity = str(row["Id"]) if row else None
        known.is_seen = True

    def _act(self, known: Followed, row: Mapping[str, Any] | None) -> None:
        """Take the one step that what was seen asks for."""
        is_wished_away = known.container == "created" and known.files.stop.exists()
        if known.container in ("exited", "dead") or known.is_over or known.end() is not None or is_wished_away:
            self._clear(known)
        elif row is not None:
            if known.is_kill_overdue():
                self._signal(known, "SIGKILL")
        elif not known.has_claim():
            known.is_over = known.is_removed = True  # nothing was made: it may be launched again
        elif self._is_ours_to_miss(known):
            self._clear(known)

    def _is_ours_to_miss(self, known: Followed) -> bool:
        """Whether a container that is not in the list is gone: only if it was made by this engine."""
        made_by = (records.read(known.files.launch) or {}).get("engine")
        return not isinstance(made_by, str) or made_by == self._engine.address

    def _look_after_stray(self, row: Mapping[str, Any]) -> None:
        """A container of an attempt that nobody follows: it is removed if the attempt is over, or its job is gone."""
        key = key_of(row)
        assert key is not None
        labelled = Path((row.get("Labels") or {}).get(spec.DIRECTORY_LABEL) or "/nowhere")
        directory = next((each for each in (labelled, self._home / "jobs" / key[0]) if each.is_dir()), None)
        if directory is None or (row["State"] == "created" and _age(row) > _STALE_SECONDS):
            self._remove_stray(row)
        elif evidence.read_end(records.AttemptFiles(directory, key[1]).exit) is not None:
            known = self.follow(Launch(key[0], key[1], directory, "", "", ""))
            if known.is_open:
                self._clear(known)
            else:
                self._remove_stray(row)

    def _remove_stray(self, row: Mapping[str, Any]) -> None:
        identity = str(row["Id"])
        if self._closed or identity in self._strays:
            return
        self._strays.add(identity)

        def remove() -> None:
            try:
                self._clearer.remove(identity)
            except Exception as error:  # nobody follows it: the next list brings it back
                log.warning("the container %s cannot be removed yet: %s", identity[:12], error)
                time.sleep(AWAY_SECONDS)
                self._look_again()
            finally:
                self._strays.discard(identity)

        self._ends.submit(remove)


def _age(row: Mapping[str, Any]) -> float:
    return time.time() - float(row.get("Created") or time.time())

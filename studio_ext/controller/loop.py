"""The controller's loop: wake when something changed, take one pass, sleep."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from studio_ext._version import __version__
from studio_ext.contract.errors import Unavailable
from studio_ext.contract.jobs import JobDetail
from studio_ext.controller.recorder import Recorder
from studio_ext.ports.runner import Runner
from studio_ext.ports.store import Lease, Store
from studio_ext.services.housekeeping import Housekeeping
from studio_ext.services.reconcile import Reconciler

log = logging.getLogger(__name__)

WATCH_SECONDS = 0.02
OBSERVE_SECONDS = 0.05
FULL_PASS_SECONDS = 1.0
BEAT_SECONDS = 5.0
HOUSEKEEPING_SECONDS = 60.0
UPGRADE_SECONDS = 30.0
RETRY_SECONDS = 1.0
WAITING = 64
"""Jobs that wait and are looked at: a thousand of them must not make every pass long."""


@dataclass
class Loop:
    """Runs until it is told to stop, has been idle for long, or finds a newer version of us installed."""

    store: Store
    reconciler: Reconciler
    recorder: Recorder
    housekeeping: Callable[[], Housekeeping | None]
    runners: dict[str, Runner]
    lease: Lease
    idle_seconds: float
    wake: threading.Event
    stopped: bool = False
    _jobs: list[JobDetail] = field(default_factory=list)
    _unfinished: list[JobDetail] = field(default_factory=list)
    _trackers: bool = False
    _seen_version: int = -1
    _due: dict[str, float] = field(default_factory=dict)
    _house: threading.Thread | None = None

    def run(self) -> str:
        """Returns why it ended: ``stopped``, ``idle`` or ``upgraded``."""
        busy_until = time.monotonic()
        while not self.stopped:
            try:
                self._tick()
            except Unavailable as error:
                log.warning("%s", error.message)
                self._pause(RETRY_SECONDS)
            except Exception:  # jobs that nobody watches are worse than a fault that repeats
                log.exception("a pass failed; it is tried again")
                self._pause(RETRY_SECONDS)
            if self._jobs or self._unfinished or self._has_trackers():
                busy_until = time.monotonic()
            elif time.monotonic() - busy_until > self.idle_seconds:
                return "idle"
            if not self._jobs and self._is_due("upgrade", UPGRADE_SECONDS) and _newer_installed():
                return "upgraded"
            self._pause(WATCH_SECONDS)
        return "stopped"

    def stop(self, *_: object) -> None:
        """End at the next look, a second from now at most. For a signal's handler: it runs in the middle of
        anything, so it must not set ``wake``, whose lock the thread that it interrupts may hold."""
        self.stopped = True

    def _tick(self) -> None:
        if self._is_due("beat", BEAT_SECONDS):
            self._beat()
        data_version = self.store.data_version()
        changed = data_version != self._seen_version or self._is_due("full", FULL_PASS_SECONDS)
        if changed:
            self._seen_version = data_version
            self._jobs = self.store.active(WAITING)
        if changed or (self._jobs and self._is_due("observe", OBSERVE_SECONDS)):
            self.reconciler.run_pass(self._jobs, self.recorder.recorded)
        if changed:
            self._unfinished = self.store.unfinished_recording()
        if changed or self._jobs:
            self.recorder.update(self._jobs, [*self.reconciler.closing(), *self._unfinished])
        if self._is_due("housekeeping", HOUSEKEEPING_SECONDS):
            self._keep_house()

    def _has_trackers(self) -> bool:
        """Looked at once in a while only: it is asked 50 times a second."""
        if self._is_due("trackers", FULL_PASS_SECONDS):
            self._trackers = self.recorder.has_trackers
        return self._trackers

    def _beat(self) -> None:
        """Our own heartbeat is no reason for a pass; what others committed before or during it is."""
        revision, before = self.store.revision(), self.store.data_version()
        self.store.beat(_now(self.lease))
        after = self.store.data_version()
        if before == self._seen_version and self.store.revision() == revision:
            self._seen_version = after

    def _keep_house(self) -> None:
        """In a thread of its own: a store far away and a large directory must not hold up the jobs."""
        housekeeping = self.housekeeping()
        if housekeeping and not (self._house and self._house.is_alive()):
            self._house = threading.Thread(target=_keep_house, args=(housekeeping,), name="housekeeping", daemon=True)
            self._house.start()

    def _is_due(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + seconds
        return True

    def _pause(self, seconds: float) -> None:
        if self.wake.wait(seconds):
            self.wake.clear()
            self._seen_version = -1


def _keep_house(housekeeping: Housekeeping) -> None:
    try:
        housekeeping.run()
    except Unavailable as error:
        log.warning("housekeeping: %s", error.message)
    except Exception:
        log.exception("housekeeping failed; it is tried again")


def _now(lease: Lease) -> Lease:
    return Lease(lease.pid, lease.start_time, lease.boot_id, lease.version, time.time())


def _installed() -> str:
    try:
        return version("studio_ext")
    except PackageNotFoundError:
        return __version__


_INSTALLED = _installed()


def _newer_installed() -> bool:
    """Whether another version of us was installed since we started.

    Not compared with the version that runs: in a source tree the two may differ for good, and a controller that
    replaced itself for that would do nothing else.
    """
    return not os.environ.get("STUDIO_CONTROLLER_NO_UPGRADE") and _installed() != _INSTALLED

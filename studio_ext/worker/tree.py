"""The processes of a job's user code, and how they are ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from . import processes
from .limits import Limits

_GENTLE_SECONDS = 0.5
_KILL_SECONDS = 5.0
_PAUSE = 0.01


class JobTree:
    """Everything below this process, in the job's control group, or with the job's mark; not this process itself."""

    def __init__(self, job_id: str, limits: Limits, reap: Callable[[], None]) -> None:
        self.spared: int | None = None
        """The executor: it runs none of the user's code."""
        self._job_id = job_id
        self._limits = limits
        self._reap = reap

    def members(self) -> set[int]:
        """Processes that are there now."""
        below = processes.descendants(os.getpid())
        found = {*below, *self._limits.members(), *processes.marked(self._job_id)}
        return found - {os.getpid(), self.spared}

    def kill(self) -> None:
        """Send SIGKILL to all, once."""
        processes.send(self.members(), signal.SIGKILL)

    def end(self, *, gently: bool) -> None:
        """End all of them: with SIGTERM first if ``gently``, then with SIGKILL until none is left."""
        self._limits.release()
        if gently:
            processes.send(self.members(), signal.SIGTERM)
            self._wait(_GENTLE_SECONDS, lambda left: None)
        self._wait(_KILL_SECONDS, lambda left: processes.send(left, signal.SIGKILL))
        self._reap()

    def _wait(self, seconds: float, urge: Callable[[set[int]], None]) -> None:
        patience = time.monotonic() + seconds
        while (left := self.members()) and time.monotonic() < patience:
            urge(left)
            time.sleep(_PAUSE)
            self._reap()

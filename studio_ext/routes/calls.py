"""Runs blocking calls off the event loop, in a bounded number of threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import TypeVar

from studio_ext.contract.errors import Unavailable

T = TypeVar("T")


class Lane(StrEnum):
    """Calls of one lane never wait for those of another: a tracking store that is away must not stop the job list."""

    workspace = "workspace"
    """Answers from this machine's disk."""
    changes = "changes"
    """Writes to this machine's disk: submissions that come in hundreds, and a database that is locked, must not stop
    the job list either."""
    tracking = "tracking"
    """May talk to a tracking store far away."""
    trials = "trials"
    """Answers from the index of trials, which takes a while to be made."""


class Calls:
    """Threads for blocking calls. Used from one event loop."""

    def __init__(self, *, threads: int = 8, waiting: int = 1024, timeout: float = 120.0) -> None:
        """``threads`` and ``waiting`` (calls queued or running) count for each lane; ``timeout`` is in seconds."""
        self._pools = {lane: ThreadPoolExecutor(threads, thread_name_prefix=f"studio-{lane}") for lane in Lane}
        self._pending = dict.fromkeys(Lane, 0)
        self._waiting = waiting
        self._timeout = timeout

    async def run(self, function: Callable[[], T], lane: Lane = Lane.workspace, *, patient: bool = False) -> T:
        """The result of ``function()``. Raises ``Unavailable`` when too much waits already or it takes too long.

        ``patient``: it may take as long as it takes, as large files do.
        """
        if self._pending[lane] >= self._waiting:
            raise Unavailable("The server has too much to do.", hint="Try again in a moment.")
        loop = asyncio.get_running_loop()
        future = self._pools[lane].submit(function)
        self._pending[lane] += 1
        future.add_done_callback(lambda _: self._done(loop, lane))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), None if patient else self._timeout)
        except TimeoutError:
            if future.done() and not future.cancelled():
                raise  # The call itself raised it.
            raise Unavailable(
                f"There was no answer within {self._timeout:g} s.", hint="Try again, or look into the server's log."
            ) from None

    def close(self) -> None:
        """Forget what waits; calls that run end by themselves."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def _done(self, loop: asyncio.AbstractEventLoop, lane: Lane) -> None:
        # Called in the worker thread; the loop may be gone when the server stops.
        try:
            loop.call_soon_threadsafe(self._release, lane)
        except RuntimeError:
            self._release(lane)

    def _release(self, lane: Lane) -> None:
        self._pending[lane] -= 1

"""Time that does not jump: an attempt's clock is read once, and what is set afterwards does not matter to it."""

from __future__ import annotations

import time


def steady() -> float:
    """Seconds that grow evenly, also while the machine sleeps where the system can tell."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class Clock:
    """Seconds since the epoch, from one look at the machine's clock on.

    Durations are right however often the machine's clock is set meanwhile. Processes of one attempt share
    :attr:`offset`, so that their times can be compared.
    """

    def __init__(self, offset: float | None = None) -> None:
        self.offset = time.time() - steady() if offset is None else offset

    def now(self) -> float:
        """The time by this clock."""
        return self.offset + steady()

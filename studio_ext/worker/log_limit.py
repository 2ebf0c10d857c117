"""How long the log of an attempt may get.

The executor leaves out what goes beyond the limit. What processes write to the log by themselves (kernels of other
languages, crash reports) nobody can hold back: the supervisor cuts the file whenever it has grown well beyond.
"""

from __future__ import annotations

import contextlib
import os

from .records import append
from .verdict import size

LOG_BYTES = 1 << 30
"""Bytes of output that the executor writes, unless the attempt's options say otherwise."""


def left_out(limit: int) -> str:
    """The last line that the executor writes."""
    return f"--- The log has reached {size(limit)}: the rest of the output is left out here ---\n"


class LogGuard:
    """Keeps a log within its limit and a sixteenth more.

    ``fd`` must append, as all who write to the log do: after a cut they go on at the new end.
    """

    def __init__(self, fd: int, limit: int) -> None:
        self._fd = fd
        self._longest = limit + limit // 16
        self._end: int | None = None

    def look(self) -> None:
        """Cut what is too much; the first cut leaves a line that says so."""
        with contextlib.suppress(OSError):  # a disk that fails: at the next look again
            if os.fstat(self._fd).st_size <= (self._end or self._longest):
                return
            os.ftruncate(self._fd, self._end or self._longest)
            if self._end is None:
                note = f"\n--- The log has reached {size(self._longest)}: the rest is left out ---\n".encode()
                append(self._fd, note)
                self._end = self._longest + len(note)

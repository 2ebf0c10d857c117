"""What a job uses while it runs: ``resources.jsonl`` of an attempt.

A line a second at first and fewer later, so that the file of a job of any length stays small. The figures are those
that the limits are held against (see :mod:`studio_ext.worker.limits`). Looking costs a few system calls.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from . import records
from .clock import Clock
from .gpus import Gpus
from .limits import Limits

FIRST_SECONDS = 0.2
_INTERVALS = ((600.0, 1.0), (7200.0, 5.0), (86400.0, 30.0))
"""Up to which age of the attempt a line is written how often; then every :data:`_LAST_INTERVAL`. In seconds."""
_LAST_INTERVAL = 300.0


def interval(age: float) -> float:
    """Seconds between two lines of an attempt of this age: some 5,000 lines in the first day, 300 in each after it."""
    return next((pause for until, pause in _INTERVALS if age < until), _LAST_INTERVAL)


class Sampler:
    """Writes what one attempt uses. Whoever calls it has had the limits look just before."""

    def __init__(self, path: Path, limits: Limits, clock: Clock, now: float, gpus: Gpus | None = None) -> None:
        """``now``: monotonic seconds, as everywhere here. ``gpus``: those of the job.

        Raises ``OSError`` when the file cannot be written."""
        self._limits = limits
        self._clock = clock
        self._gpus = gpus
        self._started = self._before = now
        self._seconds = limits.usage.cpu_seconds
        self._file = records.open_append(path)
        self.due = now + FIRST_SECONDS
        """When to look next."""
        machine = {"cpus": _cpus(), "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")}
        self._write({"machine": machine, "measured": limits.measured_by})

    def look(self, now: float) -> None:
        """Write a line if one is due."""
        if now < self.due:
            return
        self._write(self._line(now))
        self.due = now + interval(now - self._started)

    def close(self, now: float) -> None:
        """Write the last line, with the most memory that was used at any moment. Idempotent."""
        if self._file < 0:
            return
        self._write({**self._line(now), "peak_memory": self._limits.peak_bytes, "last": True})
        os.close(self._file)
        self._file = -1
        if self._gpus:
            self._gpus.stop()

    def _line(self, now: float) -> dict[str, Any]:
        usage = self._limits.usage
        seconds = max(self._seconds, usage.cpu_seconds)
        passed = now - self._before
        line: dict[str, Any] = {
            "t": round(self._clock.now(), 3),
            "cpus": round((seconds - self._seconds) / passed, 3) if passed > 0 else 0.0,
            "cpu_seconds": round(seconds, 3),
            "memory": usage.memory_bytes,
            "processes": usage.processes,
        }
        self._seconds, self._before = seconds, now
        moved = self._limits.disk_bytes()
        if moved is not None:
            line["read"], line["written"] = moved
        if self._gpus and (gpus := self._gpus.latest()):
            line["gpus"] = gpus
        return line

    def _write(self, line: dict[str, Any]) -> None:
        records.append(self._file, records.encode(line))


def _cpus() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

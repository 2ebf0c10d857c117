"""Measuring what a job uses while it runs. Whatever goes wrong here is no reason to end the job."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from . import records
from .clock import Clock
from .gpus import Gpus
from .limits import Limits
from .resources import Sampler


class Measuring:
    """Writes ``resources.jsonl`` of an attempt, until that fails."""

    def __init__(self, path: Path, limits: Limits, clock: Clock) -> None:
        self.visible_gpus: str | None = None
        """GPUs that the kernel was given, as in ``CUDA_VISIBLE_DEVICES``."""
        self._path = path
        self._limits = limits
        self._clock = clock
        self._sampler: Sampler | None = None

    @property
    def due(self) -> float | None:
        """Monotonic time of the next sample; None: there comes none."""
        return self._sampler.due if self._sampler else None

    def begin(self) -> None:
        """Take the first sample."""
        with contextlib.suppress(OSError):
            self._limits.measure()
            gpus = Gpus.find(os.environ.get("PATH"), self.visible_gpus, self._limits.ours)
            self._sampler = Sampler(self._path, self._limits, self._clock, time.monotonic(), gpus)

    def look(self, now: float, *, looked: bool, last: bool = False) -> None:
        """Take a sample when it is time for it.

        ``looked``: the limits have looked at the processes just now. ``last``: it is time, and there comes none after.
        """
        sampler = self._sampler
        if sampler is None or not (last or now >= sampler.due):
            return
        try:
            if not looked:
                self._limits.measure()
            if last:
                sampler.close(now)
            else:
                sampler.look(now)
        except Exception as error:
            self._sampler = None
            said = f"--- What the job uses is not measured any more: {error} ---\n"
            records.append(1, said.encode("utf-8", "replace"))

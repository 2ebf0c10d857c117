"""An attempt as the runner remembers it. All of it may be lost at any time: the next list brings it back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from studio_ext.adapters.attempts import evidence
from studio_ext.adapters.attempts.progress import ProgressReader
from studio_ext.adapters.docker_runner import spec
from studio_ext.ports.runner import Launch
from studio_ext.worker import records

Key = tuple[str, int]

_KILL_MARGIN_SECONDS = 8.0
"""How long after a kill was asked for a supervisor may still be at work."""


@dataclass
class Followed:
    """An attempt, and what is known of its container."""

    launch: Launch
    reader: ProgressReader = field(default_factory=ProgressReader)
    sightings: evidence.Sightings = field(default_factory=evidence.Sightings)
    message: str = ""
    downloading: bool = False
    container: str = ""
    """The engine's word for its state (``created``, ``running``, ``exited``, ...); empty: there is none."""
    identity: str | None = None
    is_seen: bool = False
    """Whether a list that could know of the container has come."""
    is_over: bool = False
    """Whether nothing of it runs, and everything that is to be known of its end is."""
    is_removed: bool = False
    """Whether there is no container to look after."""
    ended: evidence.Ended | None = None
    """How it ended, where the record may not say so."""
    end_seen_at: float | None = None
    """When its record was first seen here."""
    asked_at: float = 0.0
    started_at: float = 0.0
    not_before: float = 0.0
    """When what failed may be tried again."""
    failures: int = 0
    starting: Future[None] | None = None
    clearing: Future[None] | None = None
    signalling: Future[None] | None = None

    @property
    def is_starting(self) -> bool:
        """Whether a thread of ours is at it."""
        return self.starting is not None and not self.starting.done()

    @property
    def is_open(self) -> bool:
        """Whether there is still something to do for it."""
        return not (self.is_over and self.is_removed)

    @property
    def files(self) -> records.AttemptFiles:
        """Its records."""
        return records.AttemptFiles(self.launch.directory, self.launch.attempt)

    @property
    def name(self) -> str:
        """The name of its container."""
        return spec.container_name(self.launch.job_id, self.launch.attempt)

    def end(self) -> evidence.Ended | None:
        """How it ended: what the record says, else what we know."""
        found = evidence.read_end(self.files.exit) or self.ended
        if found is not None and self.end_seen_at is None:
            self.end_seen_at = time.monotonic()
        return found

    def has_claim(self) -> bool:
        """Whether a supervisor has begun."""
        with contextlib.suppress(OSError):
            return self.files.claim.exists()
        return False

    def kill_wished_for(self) -> float | None:
        """Seconds since it was first seen that a kill is asked for; None if none is."""
        stop = records.read(self.files.stop)
        return self.sightings.seconds("kill") if stop and stop.get("kill") else None

    def is_kill_overdue(self) -> bool:
        """Whether the supervisor had its time to obey."""
        return (self.kill_wished_for() or 0.0) > _KILL_MARGIN_SECONDS

    def fail(self) -> None:
        """Put the next try off, longer each time."""
        self.failures += 1
        self.not_before = time.monotonic() + min(60.0, 2.0 ** min(self.failures, 6))


def key_of(row: Mapping[str, Any]) -> Key | None:
    """Which attempt a container of the engine's list belongs to.

    Labels alone are no proof: an image that was made of a container of ours hands them on. The name is ours alone.
    """
    labels = row.get("Labels") or {}
    job_id, attempt = str(labels.get(spec.JOB_LABEL) or ""), str(labels.get(spec.ATTEMPT_LABEL) or "")
    if not job_id or not attempt.isdigit():
        return None
    names = {str(name).lstrip("/") for name in row.get("Names") or []}
    return (job_id, int(attempt)) if spec.container_name(job_id, int(attempt)) in names else None

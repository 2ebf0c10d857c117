"""Tells browsers that jobs changed, and the server that it is not idle while jobs run."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from studio_ext.contract.errors import StudioError
from studio_ext.contract.live import LiveChanged
from studio_ext.contract.workspace import JobsChanged
from studio_ext.core.states import ACTIVE
from studio_ext.ports.client import HostClient

SCHEMA_ID = "https://schema.jupyter.org/studio_ext/jobs/v1"
"""Event of Jupyter's event bus whose body is a ``JobsChanged``."""
SCHEMA_FILE = Path(__file__).parent / "events" / "jobs.yaml"
LIVE_SCHEMA_ID = "https://schema.jupyter.org/studio_ext/live/v1"
"""Event whose body is a ``LiveChanged``."""
LIVE_SCHEMA_FILE = SCHEMA_FILE.with_name("live.yaml")
LIVE_SECONDS = 1.0
"""Between two looks at what grows; at most one event in it."""

MAX_IDS = 50
"""Most job ids in one event; more are told by an empty list."""
RETRY_SECONDS = 2.0


@dataclass
class JobsWatch:
    """Looks at the workspace ``interval`` seconds apart: a cheap look, and a query only when something changed."""

    client: Callable[[], HostClient]
    emit: Callable[[JobsChanged], None]
    """Called on the event loop, at most once in ``interval``."""
    active: Callable[[int], None]
    """Called on the event loop with the number of jobs that are not over, after every look."""
    interval: float
    log: logging.Logger
    emit_live: Callable[[LiveChanged], None] = lambda changed: None
    """As ``emit``, for figures of jobs that somebody looks at."""

    def __post_init__(self) -> None:
        # A thread of its own: looks keep their pace when requests queue up.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="studio-watch")
        self._task: asyncio.Task[None] | None = None
        self._version: int | None = None
        self._revision: int | None = None
        self._active = 0
        self._live_due = 0.0

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; a look that is under way ends by itself."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        well = True
        while True:
            try:
                changed, live = await loop.run_in_executor(self._thread, self._looks)
                self.active(self._active)
                if changed is not None:
                    self.emit(changed)
                if live is not None:
                    self.emit_live(live)
                well = True
            except asyncio.CancelledError:
                raise
            except Exception as error:
                # Whatever it was, the watch must go on; one line a bout of trouble is enough.
                if well:
                    unknown = None if isinstance(error, StudioError) else error
                    self.log.warning("Studio cannot watch its workspace: %s", error, exc_info=unknown)
                well = False
            await asyncio.sleep(self.interval if well else max(self.interval, RETRY_SECONDS))

    def _looks(self) -> tuple[JobsChanged | None, LiveChanged | None]:
        return self._look(), self._look_live()

    def _look_live(self) -> LiveChanged | None:
        """Which figures grew since the last look, if it is long enough ago; None when none did."""
        now = time.monotonic()
        if now < self._live_due:
            return None
        self._live_due = now + LIVE_SECONDS
        grown = self.client().grown()
        return grown if grown.metrics or grown.resources else None

    def _look(self) -> JobsChanged | None:
        """What changed since the last look; None when nothing did."""
        client = self.client()
        version = client.data_version()
        if self._revision is None:
            self._revision = client.info().jobs_revision
            self._version = version
            self._active = _count_active(client)
            return None
        if version == self._version:
            return None
        revision, ids = self._revision, dict[str, None]()
        while True:
            delta = client.changes(revision)
            advanced = delta.revision > revision
            revision = delta.revision
            ids.update(dict.fromkeys([job.id for job in delta.items] + delta.removed))
            if not delta.more or not advanced:
                break
            if len(ids) > MAX_IDS:
                revision = client.info().jobs_revision
                break
        changed = revision != self._revision
        if changed:
            self._active = _count_active(client)
        # Only now: after a fault the next look starts where this one did.
        self._version, self._revision = version, revision
        return JobsChanged(revision=revision, job_ids=list(ids) if len(ids) <= MAX_IDS else []) if changed else None


def _count_active(client: HostClient) -> int:
    return client.jobs(limit=1, statuses=sorted(ACTIVE)).total

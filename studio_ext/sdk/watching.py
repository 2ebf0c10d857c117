"""Waiting for jobs and following their logs, over any client."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from studio_ext.contract.experiments import Trial
from studio_ext.contract.jobs import JobDetail
from studio_ext.core.states import FINAL
from studio_ext.ports.client import Client

SHORTEST_PAUSE = 0.05
LONGEST_PAUSE = 0.4
"""Seconds between two looks: short after a change, longer the longer nothing changes."""


class Pace:
    """Pauses between looks: shortest after something happened, then longer by and by."""

    def __init__(self) -> None:
        self._pause = SHORTEST_PAUSE

    def rest(self, happened: bool, deadline: float | None = None) -> None:
        """Wait for the next look, not beyond ``deadline`` (monotonic seconds)."""
        self._pause = SHORTEST_PAUSE if happened else min(self._pause * 1.3, LONGEST_PAUSE)
        pause = self._pause if deadline is None else min(self._pause, max(deadline - time.monotonic(), 0))
        # Not time.sleep(): on every platform a wait like this one ends at once on Ctrl+C.
        threading.Event().wait(pause)


def watch(
    client: Client, job_ids: Sequence[str], seen: Callable[[JobDetail], None], timeout: float | None = None
) -> bool:
    """Look at jobs until all are over; ``seen`` hears of each once and after each change.

    Returns False when ``timeout`` seconds passed first.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    open_ids = list(job_ids)
    revisions: dict[str, int] = {}
    pace = Pace()
    while True:
        happened = False
        for job_id in tuple(open_ids):
            detail = client.job(job_id)
            if revisions.get(job_id) != detail.revision:
                revisions[job_id] = detail.revision
                happened = True
                seen(detail)
            if detail.status in FINAL:
                open_ids.remove(job_id)
        if not open_ids:
            return True
        if deadline is not None and time.monotonic() >= deadline:
            return False
        pace.rest(happened, deadline)


def log_pieces(client: Client, job_id: str, *, follow: bool = False, offset: int = 0) -> Iterator[str]:
    """The log of a job's last attempt in pieces; with ``follow`` until the job is over."""
    pace = Pace()
    while True:
        chunk = client.log(job_id, offset=offset)
        if chunk.text:
            yield chunk.text
        moved = chunk.next_offset > offset
        offset = chunk.next_offset
        if chunk.complete or (not follow and (offset >= chunk.size or not moved)):
            return
        if offset >= chunk.size:
            pace.rest(moved)


def settled_trial(client: Client, run_id: str, *, job_over: bool, patience: float = 10.0) -> Trial:
    """A trial. Recording follows the job by a moment: when the job is over, wait until its run is closed too.

    After ``patience`` seconds (the tracking store is away) the trial is returned as it is.
    """
    deadline = time.monotonic() + patience
    pace = Pace()
    while True:
        trial = client.trial(run_id)
        if not job_over or trial.status not in ("RUNNING", "SCHEDULED") or time.monotonic() >= deadline:
            return trial
        pace.rest(False, deadline)

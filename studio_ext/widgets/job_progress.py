"""How far jobs are, live."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from studio_ext.contract.errors import InvalidRequest, NotFound, StudioError
from studio_ext.contract.jobs import Job as JobRow
from studio_ext.core.states import FINAL
from studio_ext.sdk.handles import Job
from studio_ext.widgets import pictures
from studio_ext.widgets.job_state import LOG, job_state
from studio_ext.widgets.live import LiveWidget
from studio_ext.widgets.series import last_values

if TYPE_CHECKING:
    from studio_ext.ports.client import Client

MOST = 100
METRIC_SECONDS = 1.0
"""Between two looks at the metrics of a job that runs."""
SETTLE_SECONDS = 10.0
"""How long after its end a job's last metrics may come."""


class JobProgress(LiveWidget):
    """Jobs with what they do now: cell, time, metrics, log, a button to stop them, and why they ended."""

    kind = "job-progress"

    def __init__(self, jobs: Job | str | Iterable[Job | str]) -> None:
        """``jobs``: a job, its id, or several (at most 100)."""
        given = [jobs] if isinstance(jobs, (Job, str)) else list(jobs)
        self._jobs = {each.id: _Watched(each) for each in map(_job, given)}
        if not 0 < len(self._jobs) <= MOST:
            raise InvalidRequest.field("jobs", f"name 1 to {MOST} jobs, not {len(self._jobs)}")
        super().__init__()

    @property
    def done(self) -> bool:
        """Whether all of them are over."""
        return bool(self._state["over"])

    def _first(self) -> dict[str, Any]:
        return self._document()

    def _look(self) -> tuple[dict[str, Any], bool]:
        for each in self._jobs.values():
            each.look()
        return self._document(), all(each.settled for each in self._jobs.values())

    def _document(self) -> dict[str, Any]:
        watched = self._jobs.values()
        return {
            "jobs": [each.state() for each in watched],
            "over": all(each.over for each in watched),
            "error": "",
        }

    def _said(self, message: dict[str, Any]) -> None:
        each = self._jobs.get(str(message.get("job")))
        if each is None:
            return
        if message.get("kind") == "stop":
            each.stop()
        elif message.get("kind") == "log":
            each.show_log(bool(message.get("on")))

    def _picture(self, state: dict[str, Any]) -> str:
        return pictures.jobs_picture(state)

    def _milestone(self, state: dict[str, Any]) -> object:
        return [(job["status"], job["gone"]) for job in state["jobs"]]

    def _words(self, state: dict[str, Any]) -> str:
        return pictures.jobs_words(state)


class _Watched:
    """One job of a widget. The widget's thread alone changes it."""

    def __init__(self, job: Job) -> None:
        self.id = job.id
        self._client: Client = job._client
        self._row: JobRow = job._row
        self._gone = False
        self._metrics: Mapping[str, float] = {}
        self._metrics_at = 0.0
        self._log: str | None = None
        self._log_end = -1
        self._fault = ""

    @property
    def over(self) -> bool:
        """Whether the job is over."""
        return self._gone or self._row.status in FINAL

    @property
    def settled(self) -> bool:
        """Whether nothing of it will change any more."""
        if not self.over or (self._log is not None and not self._log_complete):
            return False
        ended = self._row.ended or 0.0
        return self._gone or self._metrics_at > ended + 1 or time.time() > ended + SETTLE_SECONDS

    _log_complete = False

    def state(self) -> dict[str, Any]:
        """The job for the front end."""
        state = job_state(self._row, metrics=self._metrics, log=self._log, gone=self._gone)
        return {**state, "fault": self._fault}

    def look(self) -> None:
        """Look again at what may have changed."""
        if self._gone:
            return
        try:
            if not self.over:
                self._row = self._client.job(self.id)
            self._look_at_metrics()
            self._look_at_log()
        except NotFound:
            self._gone = True

    def _look_at_metrics(self) -> None:
        now = time.time()
        if self._row.started is None or self.settled or now - self._metrics_at < METRIC_SECONDS:
            return
        self._metrics_at = now
        try:
            self._metrics = last_values(self._client, self._row)
        except NotFound:
            return  # nothing is recorded yet, or the trial was deleted

    def _look_at_log(self) -> None:
        if self._log is None or self._log_complete:
            return
        chunk = self._client.log(self.id, offset=-LOG)
        if chunk.size != self._log_end:
            self._log, self._log_end = pictures.log_lines(chunk.text, whole=chunk.size <= LOG), chunk.size
        self._log_complete = chunk.complete

    def show_log(self, on: bool) -> None:
        """Whether the end of the log is wanted."""
        self._log, self._log_end, self._log_complete = ("" if on else None), -1, False

    def stop(self) -> None:
        """Ask the job to stop; asked again, kill it."""
        try:
            self._row = self._client.stop(self.id)
            self._fault = ""
        except StudioError as error:
            self._fault = f"{error.message} {error.hint}".strip()


def _job(job: Job | str) -> Job:
    if isinstance(job, Job):
        return job
    if isinstance(job, str):
        from studio_ext.sdk.api import job as find

        return find(job)
    raise InvalidRequest.field("jobs", "takes jobs or their ids")

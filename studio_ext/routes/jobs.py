"""Jobs: list, changes, submit, look, stop, delete, restore, log, files."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from jupyter_server.auth.decorator import authorized
from pydantic import BeforeValidator, Field
from tornado import web

from studio_ext.contract.errors import NotFound
from studio_ext.contract.jobs import FileEntry, Job, JobDetail, JobsDelta, JobStatus, LogChunk, SubmitRequest
from studio_ext.contract.live import MAX_POINTS, MetricHistory
from studio_ext.contract.page import Page
from studio_ext.core import ids
from studio_ext.routes.base import Query, StudioHandler
from studio_ext.routes.notebooks import notebook_inside
from studio_ext.routes.operation import operation

MAX_LOG_BYTES = 262_144
"""Most bytes of a log in one reply."""

JobId = Annotated[
    str,
    Field(
        description="Id of a job, or the beginning of one that names one job only.",
        json_schema_extra={"pattern": f"^[0-9a-z]{{1,{ids.LENGTH}}}$"},
    ),
]


def _separated(value: Any) -> Any:
    return [item for item in value.split(",") if item] if isinstance(value, str) else value


class JobsQuery(Query):
    """Query of the job list."""

    limit: int = Field(default=50, ge=1)
    """Most jobs in the answer; the server's largest page when that is smaller."""
    cursor: str = ""
    """``next_cursor`` of the page before; empty for the first page."""
    status: Annotated[list[JobStatus], BeforeValidator(_separated)] = []
    """Only jobs in one of these states; empty for all."""
    experiment: str = ""
    """Only jobs of this experiment; empty for all."""
    text: str = Field(default="", max_length=1000)
    """Only jobs whose name, notebook or id holds this text."""


class ChangesQuery(Query):
    """Query of the changes of the job list."""

    since: int = Field(ge=0, le=2**63 - 1)
    """Revision that the caller knows; 0 for everything."""
    limit: int = Field(default=200, ge=1)
    """Most jobs in the answer; the server's largest page when that is smaller."""


class LogQuery(Query):
    """Query of a log."""

    offset: int = Field(default=0, ge=-(2**62), le=2**62)
    """First byte; negative: so many bytes before the end."""
    limit: int = Field(default=MAX_LOG_BYTES, ge=1)
    """Most bytes in the answer, never more than 262,144."""
    attempt: int | None = Field(default=None, ge=1)
    """Number of the attempt; without it, the last one."""


class LiveQuery(Query):
    """Query of what grows while a job runs."""

    max_points: int = Field(default=500, ge=4)
    """Most points of each series in the answer, never more than 5,000."""
    cursor: str = Field(default="", max_length=100)
    """``cursor`` of an earlier answer, for what came after it; empty for everything."""


class DeleteQuery(Query):
    """Query of a deletion."""

    trial: bool = False
    """Whether the job's trial goes too."""


class FilesQuery(Query):
    """Query of a folder of a job directory."""

    path: str = ""
    """Folder relative to the job directory; empty for the job directory itself."""


class JobsHandler(StudioHandler):
    """The job list."""

    @web.authenticated
    @authorized
    @operation()
    def get(self, query: JobsQuery) -> Page[Job]:
        """A page of jobs, newest first."""
        return self.parts.client().jobs(
            limit=min(query.limit, self.parts.max_page),
            cursor=query.cursor or None,
            statuses=query.status,
            experiment=query.experiment or None,
            text=query.text,
        )

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.CREATED, errors=[NotFound])
    def post(self, body: SubmitRequest) -> JobDetail:
        """Submit a job. A request with an ``idempotency_key`` may be sent again: it makes one job."""
        notebook = notebook_inside(self.parts.root(), body.notebook)
        return self.parts.client().submit(body.model_copy(update={"notebook": notebook}))


class ChangesHandler(StudioHandler):
    """What changed in the job list."""

    @web.authenticated
    @authorized
    @operation()
    def get(self, query: ChangesQuery) -> JobsDelta:
        """What changed since a revision."""
        return self.parts.client().changes(query.since, limit=min(query.limit, self.parts.max_page))


class JobHandler(StudioHandler):
    """One job."""

    @web.authenticated
    @authorized
    @operation()
    def get(self, job_id: JobId) -> JobDetail:
        """Everything about the job."""
        return self.parts.client().job(checked(job_id))

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.NO_CONTENT)
    def delete(self, job_id: JobId, query: DeleteQuery) -> None:
        """Delete the job, and its trial if asked to."""
        self.parts.client().delete(checked(job_id), trial=query.trial)


class StopHandler(StudioHandler):
    """Stopping a job."""

    @web.authenticated
    @authorized
    @operation()
    def post(self, job_id: JobId) -> JobDetail:
        """Ask the job to stop; asked again, kill it."""
        return self.parts.client().stop(checked(job_id))


class RestoreHandler(StudioHandler):
    """Undoing a deletion."""

    @web.authenticated
    @authorized
    @operation()
    def post(self, job_id: JobId) -> JobDetail:
        """Bring the deleted job back."""
        return self.parts.client().restore(checked(job_id))


class LogHandler(StudioHandler):
    """The log of a job."""

    @web.authenticated
    @authorized
    @operation()
    def get(self, job_id: JobId, query: LogQuery) -> LogChunk:
        """A range of the log."""
        limit = min(query.limit, MAX_LOG_BYTES)
        return self.parts.client().log(checked(job_id), offset=query.offset, limit=limit, attempt=query.attempt)


class FilesHandler(StudioHandler):
    """The files of a job."""

    @web.authenticated
    @authorized
    @operation()
    def get(self, job_id: JobId, query: FilesQuery) -> list[FileEntry]:
        """What lies in a folder of the job directory."""
        return self.parts.client().files(checked(job_id), query.path)


class MetricsHandler(StudioHandler):
    """The metrics of a job."""

    @web.authenticated
    @authorized
    @operation()
    def get(self, job_id: JobId, query: LiveQuery) -> MetricHistory:
        """The metrics of the job's runs, also while it runs."""
        most = min(query.max_points, MAX_POINTS)
        return self.parts.client().metrics(checked(job_id), max_points=most, cursor=query.cursor or None)


def checked(job_id: str) -> str:
    """``job_id``; raises ``NotFound`` when no job can have it."""
    if not ids.is_id(job_id):
        raise NotFound("There is no such job.")
    return job_id


HANDLERS = [
    ("jobs", JobsHandler),
    ("jobs/changes", ChangesHandler),
    ("jobs/{job_id}", JobHandler),
    ("jobs/{job_id}/stop", StopHandler),
    ("jobs/{job_id}/restore", RestoreHandler),
    ("jobs/{job_id}/log", LogHandler),
    ("jobs/{job_id}/files", FilesHandler),
    ("jobs/{job_id}/metrics", MetricsHandler),
]

"""Jobs: list, changes, submit, look, stop, delete, restore, log, files."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from jupyter_server.auth.decorator import authorized
from pydantic import BaseModel, BeforeValidator, Field
from tornado import web

from studio_ext.contract.errors import NotFound
from studio_ext.contract.jobs import Job, JobStatus, SubmitRequest
from studio_ext.contract.page import Page
from studio_ext.core import ids
from studio_ext.routes.base import StudioHandler
from studio_ext.routes.notebooks import notebook_inside

MAX_LOG_BYTES = 262_144
"""Most bytes of a log in one reply."""


def _separated(value: Any) -> Any:
    return [item for item in value.split(",") if item] if isinstance(value, str) else value


class JobsQuery(BaseModel):
    """Query of the job list."""

    limit: int = Field(default=50, ge=1)
    cursor: str | None = None
    status: Annotated[list[JobStatus], BeforeValidator(_separated)] = []
    experiment: str | None = None
    text: str = Field(default="", max_length=1000)


class ChangesQuery(BaseModel):
    """Query of the changes of the job list."""

    since: int = Field(ge=0)
    limit: int = Field(default=200, ge=1)


class LogQuery(BaseModel):
    """Query of a log."""

    offset: int = Field(default=0, ge=-(2**62), le=2**62)
    limit: int = Field(default=MAX_LOG_BYTES, ge=1)
    attempt: int | None = Field(default=None, ge=1)


class DeleteQuery(BaseModel):
    """Query of a deletion."""

    trial: bool = False


class FilesQuery(BaseModel):
    """Query of a folder of a job directory."""

    path: str = ""


class JobsHandler(StudioHandler):
    """The job list."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """A page of jobs, newest first."""
        query = self.query(JobsQuery)

        def call() -> Page[Job]:
            return self.parts.client().jobs(
                limit=min(query.limit, self.parts.max_page),
                cursor=query.cursor or None,
                statuses=query.status,
                experiment=query.experiment or None,
                text=query.text,
            )

        await self.reply(call)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Submit a job."""
        request = self.json(SubmitRequest)

        def call() -> Any:
            notebook = notebook_inside(self.parts.root(), request.notebook)
            return self.parts.client().submit(request.model_copy(update={"notebook": notebook}))

        await self.reply(call, HTTPStatus.CREATED)


class ChangesHandler(StudioHandler):
    """What changed in the job list."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """What changed since a revision."""
        query = self.query(ChangesQuery)
        limit = min(query.limit, self.parts.max_page)
        await self.reply(lambda: self.parts.client().changes(query.since, limit=limit))


class JobHandler(StudioHandler):
    """One job."""

    @web.authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        """Everything about the job."""
        await self.reply(lambda: self.parts.client().job(checked(job_id)))

    @web.authenticated
    @authorized
    async def delete(self, job_id: str) -> None:
        """Delete the job, and its trial if asked to."""
        query = self.query(DeleteQuery)
        await self.reply(lambda: self.parts.client().delete(checked(job_id), trial=query.trial), HTTPStatus.NO_CONTENT)


class StopHandler(StudioHandler):
    """Stopping a job."""

    @web.authenticated
    @authorized
    async def post(self, job_id: str) -> None:
        """Ask the job to stop; asked again, kill it."""
        await self.reply(lambda: self.parts.client().stop(checked(job_id)))


class RestoreHandler(StudioHandler):
    """Undoing a deletion."""

    @web.authenticated
    @authorized
    async def post(self, job_id: str) -> None:
        """Bring the deleted job back."""
        await self.reply(lambda: self.parts.client().restore(checked(job_id)))


class LogHandler(StudioHandler):
    """The log of a job."""

    @web.authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        """A range of the log."""
        query = self.query(LogQuery)
        limit = min(query.limit, MAX_LOG_BYTES)
        await self.reply(
            lambda: self.parts.client().log(checked(job_id), offset=query.offset, limit=limit, attempt=query.attempt)
        )


class FilesHandler(StudioHandler):
    """The files of a job."""

    @web.authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        """What lies in a folder of the job directory."""
        query = self.query(FilesQuery)
        await self.reply(lambda: self.parts.client().files(checked(job_id), query.path))


def checked(job_id: str) -> str:
    """``job_id``; raises ``NotFound`` when no job can have it."""
    if not ids.is_id(job_id):
        raise NotFound("There is no such job.")
    return job_id


HANDLERS = [
    (r"jobs", JobsHandler),
    (r"jobs/changes", ChangesHandler),
    (r"jobs/([^/]+)", JobHandler),
    (r"jobs/([^/]+)/stop", StopHandler),
    (r"jobs/([^/]+)/restore", RestoreHandler),
    (r"jobs/([^/]+)/log", LogHandler),
    (r"jobs/([^/]+)/files", FilesHandler),
]

"""Trials."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from pydantic import BaseModel, Field
from tornado import web

from studio_ext.contract.experiments import Trial
from studio_ext.contract.page import Page
from studio_ext.routes.base import StudioHandler
from studio_ext.routes.calls import Lane


class TrialsQuery(BaseModel):
    """Query of the trials table."""

    experiment: str = Field(min_length=1)
    limit: int = Field(default=50, ge=1)
    cursor: str | None = None
    sort: str = Field(default="started", max_length=600)
    desc: bool = True


class TrialsHandler(StudioHandler):
    """The trials of an experiment."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """A page of trials."""
        query = self.query(TrialsQuery)

        def call() -> Page[Trial]:
            return self.parts.client().trials(
                query.experiment,
                limit=min(query.limit, self.parts.max_page),
                cursor=query.cursor or None,
                sort=query.sort,
                descending=query.desc,
            )

        await self.reply(call)


class TrialHandler(StudioHandler):
    """One trial."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Everything about the trial."""
        await self.reply(lambda: self.parts.client().trial(run_id))


HANDLERS = [(r"trials", TrialsHandler), (r"trials/([^/]+)", TrialHandler)]

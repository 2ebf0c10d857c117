"""Experiments."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado import web

from studio_ext.contract.experiments import CreateExperiment
from studio_ext.routes.base import StudioHandler
from studio_ext.routes.calls import Lane


class ExperimentsHandler(StudioHandler):
    """The experiments of the tracking store."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """All experiments, last updated first."""
        await self.reply(lambda: self.parts.client().experiments())

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Make an experiment."""
        request = self.json(CreateExperiment)
        await self.reply(lambda: self.parts.client().create_experiment(request.name), HTTPStatus.CREATED)


HANDLERS = [(r"experiments", ExperimentsHandler)]

"""Experiments."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado import web

from studio_ext.contract.experiments import CreateExperiment, Experiment
from studio_ext.routes.base import StudioHandler
from studio_ext.routes.calls import Lane
from studio_ext.routes.operation import operation


class ExperimentsHandler(StudioHandler):
    """The experiments of the tracking store."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self) -> list[Experiment]:
        """All experiments, last updated first."""
        return self.parts.client().experiments()

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.CREATED)
    def post(self, body: CreateExperiment) -> Experiment:
        """Make an experiment."""
        return self.parts.client().create_experiment(body.name)


HANDLERS = [("experiments", ExperimentsHandler)]

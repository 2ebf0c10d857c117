"""Trials."""

from __future__ import annotations

from typing import Annotated

from jupyter_server.auth.decorator import authorized
from pydantic import Field
from tornado import web

from studio_ext.contract.errors import NotFound
from studio_ext.contract.experiments import Trial
from studio_ext.contract.live import MAX_POINTS, MetricHistory
from studio_ext.contract.page import Page
from studio_ext.contract.trial_diff import DiffPart, TrialDiff
from studio_ext.contract.trial_table import MAX_FILTER
from studio_ext.routes.base import Query, StudioHandler
from studio_ext.routes.calls import Lane
from studio_ext.routes.jobs import LiveQuery
from studio_ext.routes.operation import operation

RunId = Annotated[str, Field(description="MLflow's id of the run.")]


class TrialsQuery(Query):
    """Query of the trials table."""

    experiment: str = Field(min_length=1)
    """Name of the experiment."""
    limit: int = Field(default=50, ge=1)
    """Most trials in the answer; the server's largest page when that is smaller."""
    cursor: str = ""
    """``next_cursor`` of the page before; empty for the first page."""
    sort: str = Field(default="started", max_length=600)
    """Column: ``started``, ``name``, ``duration``, ..., ``metrics.<key>``, ``params.<key>`` or ``tags.<key>``."""
    desc: bool = True
    """Whether the largest come first."""
    filter: str = Field(default="", max_length=MAX_FILTER)
    """Which trials, in the filter language; empty: all."""


class TrialsHandler(StudioHandler):
    """The trials of an experiment."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation(errors=[NotFound])
    def get(self, query: TrialsQuery) -> Page[Trial]:
        """A page of trials."""
        return self.parts.client().trials(
            query.experiment,
            limit=min(query.limit, self.parts.max_page),
            cursor=query.cursor or None,
            sort=query.sort,
            descending=query.desc,
            filter=query.filter,
        )


class TrialMetricsHandler(StudioHandler):
    """The metrics of a trial."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, run_id: RunId, query: LiveQuery) -> MetricHistory:
        """The metrics of the trial, also while it runs."""
        most = min(query.max_points, MAX_POINTS)
        return self.parts.client().trial_metrics(run_id, max_points=most, cursor=query.cursor or None)


class DiffQuery(Query):
    """Query of what differs between two trials."""

    part: DiffPart
    """Which part of it."""
    path: str = Field(default="", max_length=4096)
    """Of the artefacts only this one, with the differences of its text; empty: all, without."""


class TrialDiffHandler(StudioHandler):
    """What differs between two trials."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation(errors=[NotFound])
    def get(self, run_id: RunId, other_id: RunId, query: DiffQuery) -> TrialDiff:
        """One part of what differs between the trials beyond parameters and metrics."""
        return self.parts.client().trial_diff(run_id, other_id, query.part, path=query.path)


HANDLERS = [
    ("trials", TrialsHandler),
    ("trials/{run_id}/metrics", TrialMetricsHandler),
    ("trials/{run_id}/diff/{other_id}", TrialDiffHandler),
]

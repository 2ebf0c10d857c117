"""Records: experiments and runs for those who record themselves over HTTP, and the journals of what they log."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Annotated

from jupyter_server.auth.decorator import authorized
from pydantic import Field
from tornado import web

from studio_ext.contract.errors import NotFound
from studio_ext.contract.records import (
    MAX_RUNS,
    CreateExperimentRecord,
    CreateRunRecord,
    Cursor,
    ExperimentRecord,
    HistoryPage,
    Identity,
    JournalState,
    LogCalls,
    OpenJournal,
    RunMoments,
    RunPage,
    RunRecord,
    RunStatus,
    UpdateExperimentRecord,
    UpdateRunRecord,
)
from studio_ext.core.record_names import refuse_reserved
from studio_ext.routes.base import Query, Separated, StudioHandler
from studio_ext.routes.calls import Lane
from studio_ext.routes.operation import operation

ExperimentId = Annotated[str, Field(description="MLflow's id of the experiment.")]
RunId = Annotated[str, Field(description="MLflow's id of the run.")]
ClientId = Annotated[str, Field(description="32 hexadecimal digits that the client drew for this journal.")]

_EXPERIMENT_ID = re.compile(r"[0-9]{1,18}")
_RUN_ID = re.compile(r"[0-9a-f]{32}")


class ExperimentRecordsQuery(Query):
    """Query of the experiments."""

    name: str = Field(default="", max_length=500)
    """Only the one of this name; empty: all of them."""


class ExperimentRecordsHandler(StudioHandler):
    """Experiments with their tags."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation(errors=[NotFound])
    def get(self, query: ExperimentRecordsQuery) -> list[ExperimentRecord]:
        """All experiments, last updated first, or the one of a name."""
        records = self.parts.recorder().records
        return [records.experiment(query.name)] if query.name else records.experiments()

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.CREATED)
    def post(self, body: CreateExperimentRecord) -> ExperimentRecord:
        """Make an experiment with tags."""
        refuse_reserved(body.tags)
        return self.parts.recorder().records.create_experiment(body.name, body.tags)


class ExperimentRecordHandler(StudioHandler):
    """One experiment."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, experiment_id: ExperimentId) -> ExperimentRecord:
        """An experiment with its tags."""
        return self.parts.recorder().records.experiment_by_id(_checked(experiment_id))

    @web.authenticated
    @authorized
    @operation()
    def patch(self, experiment_id: ExperimentId, body: UpdateExperimentRecord) -> ExperimentRecord:
        """Set tags of an experiment."""
        refuse_reserved(body.tags)
        records, experiment_id = self.parts.recorder().records, _checked(experiment_id)
        records.tag_experiment(experiment_id, body.tags)
        return records.experiment_by_id(experiment_id)

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.NO_CONTENT)
    def delete(self, experiment_id: ExperimentId) -> None:
        """Delete an experiment the way MLflow does: it can be restored there."""
        self.parts.recorder().records.delete_experiment(_checked(experiment_id))


class RunRecordsQuery(Query):
    """Query of the runs."""

    experiments: Annotated[list[Identity], Separated] = Field(default=[], max_length=1000)
    """Ids of experiments, separated by commas."""
    filter: str = Field(default="", max_length=5000)
    """Condition in MLflow's language, for example ``tags.team = 'red'``."""
    order_by: Annotated[list[Annotated[str, Field(max_length=600)]], Separated] = Field(default=[], max_length=5)
    """MLflow's words for the order, for example ``metrics.loss ASC``; newest first without any."""
    limit: int = Field(default=50, ge=1)
    """Most runs in the answer; the server's largest page when that is smaller."""
    cursor: Cursor = ""
    """``next_cursor`` of the page before; empty for the first page."""


class RunRecordsHandler(StudioHandler):
    """Runs with all that was recorded of them."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation(errors=[NotFound])
    def get(self, query: RunRecordsQuery) -> RunPage:
        """A page of runs."""
        return self.parts.recorder().records.run_page(
            query.experiments,
            query.filter,
            order_by=query.order_by,
            limit=min(query.limit, self.parts.max_page),
            cursor=query.cursor,
        )

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.CREATED, errors=[NotFound])
    def post(self, body: CreateRunRecord) -> RunRecord:
        """Make a run."""
        refuse_reserved(body.tags)
        records = self.parts.recorder().records
        return records.create_run(body.experiment_id, body.name, body.tags, body.started)


class RunRecordHandler(StudioHandler):
    """One run."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, run_id: RunId) -> RunRecord:
        """A run with all that was recorded of it."""
        return self.parts.recorder().records.run(checked_run(run_id))

    @web.authenticated
    @authorized
    @operation()
    def patch(self, run_id: RunId, body: UpdateRunRecord) -> RunRecord:
        """Change name, status or tags of a run."""
        refuse_reserved([*body.tags, *body.removed_tags])
        records, run_id = self.parts.recorder().records, checked_run(run_id)
        if body.name is not None or body.status is not None or body.ended is not None:
            records.update_run(run_id, status=body.status or "", ended=body.ended, name=body.name or "")
        records.set_tags(run_id, body.tags)
        for key in body.removed_tags:
            records.delete_tag(run_id, key)
        return records.run(run_id)

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.NO_CONTENT)
    def delete(self, run_id: RunId) -> None:
        """Delete a run the way MLflow does: it can be restored there."""
        self.parts.recorder().records.delete_run(checked_run(run_id))


class HistoryQuery(Query):
    """Query of the values of a metric."""

    metric: str = Field(min_length=1, max_length=250)
    """Name of the metric."""
    cursor: Cursor = ""
    """``next_cursor`` of the page before; empty for the first page."""


class HistoryHandler(StudioHandler):
    """Values of a metric."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, run_id: RunId, query: HistoryQuery) -> HistoryPage:
        """A page of the values of a metric, at most 25,000."""
        return self.parts.recorder().records.history_page(checked_run(run_id), query.metric, query.cursor)


class MomentsQuery(Query):
    """Query of summaries."""

    runs: Annotated[list[Annotated[str, Field(pattern="^[0-9a-f]{32}$")]], Separated] = Field(
        min_length=1, max_length=MAX_RUNS
    )
    """Ids of runs, separated by commas."""


class MomentsHandler(StudioHandler):
    """Summaries of metrics."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation(errors=[NotFound])
    def get(self, query: MomentsQuery) -> RunMoments:
        """What the values of each metric of some runs amount to."""
        return RunMoments(runs=self.parts.recorder().records.moments(query.runs))


class CloseQuery(Query):
    """How a journal is closed."""

    status: RunStatus | None = None
    """MLflow's word to end the run with; without one the run does not end."""
    message: str = Field(default="", max_length=4000)
    """What to say of the end."""
    ended: float = Field(default=0.0, ge=0, le=1e11)
    """When the run ended, in seconds since the epoch."""


class JournalHandler(StudioHandler):
    """The journal of one client for one run.

    A client draws an id, opens a journal (PUT), sends calls that it numbers from 1 (POST) and closes it (DELETE). What
    was answered is synced. After a lost connection it sends again what has no answer: what is there already is left
    out. A client that is not heard of for ``lease_seconds`` is taken for gone.
    """

    @web.authenticated
    @authorized
    @operation()
    def get(self, run_id: RunId, client_id: ClientId) -> JournalState:
        """How far the journal is. Not found: it was closed, and all of it was applied."""
        return self.parts.recorder().journals.state(run_id, client_id)

    @web.authenticated
    @authorized
    @operation(lane=Lane.tracking)  # which the others do not wait for
    def put(self, run_id: RunId, client_id: ClientId, body: OpenJournal) -> JournalState:
        """Open the journal; one that is open stays as it is."""
        recorder = self.parts.recorder()
        return recorder.journals.open(recorder.records.run(checked_run(run_id)), client_id, ends=body.ends)

    @web.authenticated
    @authorized
    @operation()
    def post(self, run_id: RunId, client_id: ClientId, body: LogCalls) -> JournalState:
        """Take log calls, synced when this answers; without any it is a sign of life."""
        return self.parts.recorder().journals.append(run_id, client_id, body.first, body.calls)

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.NO_CONTENT)
    def delete(self, run_id: RunId, client_id: ClientId, query: CloseQuery) -> None:
        """Close the journal, and say how the run ended."""
        journals = self.parts.recorder().journals
        journals.close(run_id, client_id, query.status or "", query.message, query.ended)


def _checked(experiment_id: str) -> str:
    if not _EXPERIMENT_ID.fullmatch(experiment_id):
        raise NotFound(f"There is no experiment {experiment_id[:80]!r}.")
    return experiment_id


def checked_run(run_id: str) -> str:
    """An id that can be one. Raises ``NotFound``: MLflow would say that it is malformed."""
    if not _RUN_ID.fullmatch(run_id):
        raise NotFound(f"There is no run {run_id[:80]!r}.")
    return run_id


HANDLERS: list[tuple[str, type[StudioHandler]]] = [
    ("records/experiments", ExperimentRecordsHandler),
    ("records/experiments/{experiment_id}", ExperimentRecordHandler),
    ("records/runs", RunRecordsHandler),
    ("records/runs/{run_id}", RunRecordHandler),
    ("records/runs/{run_id}/history", HistoryHandler),
    ("records/runs/{run_id}/journals/{client_id}", JournalHandler),
    ("records/moments", MomentsHandler),
]

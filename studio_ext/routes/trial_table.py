"""The table of trials: its rows, columns and filters, its export, and what is done to the trials chosen in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, TypeVar

from jupyter_server.auth.decorator import authorized
from pydantic import Field
from tornado import web
from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError

from studio_ext.contract.comparison import CompareQuery, Comparison, Importance, ImportanceQuery
from studio_ext.contract.errors import NotFound, StudioError
from studio_ext.contract.series import PACKED, SeriesPage, SeriesQuery
from studio_ext.contract.trial_table import (
    ColumnPage,
    ExportFormat,
    FilterCheck,
    FilterQuery,
    RunIds,
    TrialQuery,
    TrialTablePage,
)
from studio_ext.contract.views import LineChartSpec
from studio_ext.routes.base import BYTES, Query, Separated, StudioHandler
from studio_ext.routes.calls import Lane
from studio_ext.routes.operation import Encoded, operation

T = TypeVar("T")
_FIRST_CHARTS = 4
"""Charts that a page makes first, ``FIRST`` in ``chartCard.tsx``; of those that suit, lines are the first."""


class ReadingHandler(StudioHandler):
    """A POST that changes nothing: the query is too long for an address."""

    def update_api_activity(self) -> None:
        """It is none: the table asks by itself while trials run."""


class TableHandler(ReadingHandler):
    """The rows."""

    @web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]
    @operation(errors=[NotFound], lane=Lane.trials)
    def post(self, body: TrialQuery) -> TrialTablePage:
        """Some rows of the table of trials."""
        return self.parts.client().trial_table(body)


class CompareHandler(ReadingHandler):
    """Trials side by side."""

    _expected: tuple[list[str], list[str]] | None = None
    """Runs and metrics whose histories are asked for next."""

    @web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]
    @operation(errors=[NotFound], lane=Lane.trials)
    def post(self, body: CompareQuery) -> Comparison:
        """Some trials side by side: what they have in common, and what differs."""
        found = self.parts.client().compare(body)
        self._expected = _histories(found)
        return found

    def on_finish(self) -> None:
        """Whoever was told which charts suit asks for their histories next: they are read while the page makes them."""
        super().on_finish()
        if self._expected:
            IOLoop.current().spawn_callback(self._begin, *self._expected)

    async def _begin(self, run_ids: list[str], metrics: list[str]) -> None:
        client = self.parts.client
        with contextlib.suppress(StudioError, RuntimeError):  # told to those who ask; and the server may be stopping
            await self.parts.calls.run(lambda: client().expect_series(run_ids, metrics), Lane.tracking)


class ImportanceHandler(ReadingHandler):
    """What mattered."""

    @web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]
    @operation(errors=[NotFound], lane=Lane.trials)
    def post(self, body: ImportanceQuery) -> Importance:
        """How much each parameter matters for a metric."""
        return self.parts.client().importance(body)


class SeriesHandler(ReadingHandler):
    """Histories."""

    @web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]
    @operation(lane=Lane.tracking, also=PACKED)
    def post(self, body: SeriesQuery) -> SeriesPage | Encoded:
        """Histories of metrics of many trials, sampled for charts."""
        client = self.parts.client()
        if self.accepts(PACKED):
            return Encoded(client.trial_series_packed(body), PACKED)
        return client.trial_series(body)


class ColumnsQuery(Query):
    """Query of the columns."""

    experiment: str = Field(min_length=1)
    """Name of the experiment."""
    text: str = Field(default="", max_length=600)
    """What the name holds, in upper or lower case."""
    kind: Annotated[list[str], Separated] = Field(default=[], max_length=10)
    """``parameter``, ``metric`` or ``tag``, separated by commas; empty: all."""
    offset: int = Field(default=0, ge=0, le=2**53)
    """Columns to leave out."""
    limit: int = Field(default=100, ge=1)
    """Most columns in the answer; 500 when that is smaller."""


class ColumnsHandler(StudioHandler):
    """The columns."""

    @web.authenticated
    @authorized
    @operation(errors=[NotFound], lane=Lane.trials)
    def get(self, query: ColumnsQuery) -> ColumnPage:
        """Parameters, metrics and tags of an experiment."""
        return self.parts.client().trial_columns(
            query.experiment, text=query.text, kinds=query.kind, offset=query.offset, limit=query.limit
        )


class FilterHandler(ReadingHandler):
    """Filters as they are typed."""

    @web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]
    @operation(errors=[NotFound], lane=Lane.trials)
    def post(self, body: FilterQuery) -> FilterCheck:
        """What is wrong with a filter, what it says, and what can stand at the caret."""
        return self.parts.client().check_filter(body)


class ExportQuery(Query):
    """Query of an export."""

    format: ExportFormat = ExportFormat.csv
    """Kind of the file."""


class ExportHandler(ReadingHandler):
    """The file."""

    @web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]
    @operation(errors=[NotFound], media_type=BYTES)
    async def post(self, query: ExportQuery, body: TrialQuery) -> None:
        """All trials that a query matches, as a file that is sent in pieces."""
        client = self.parts.client
        pieces = await self._run(lambda: client().export_trials(body, query.format))
        piece = await self._run(lambda: next(pieces, b""))  # what fails, fails before the reply begins
        self.set_header("Content-Type", BYTES)
        self.set_header("Content-Disposition", f'attachment; filename="trials.{query.format}"')
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        with contextlib.suppress(StreamClosedError):  # whoever asked has gone: nobody to tell
            while piece:
                self.write(piece)
                await self.flush()
                piece = await self._run(lambda: next(pieces, b""))
            await self.finish(set_content_type=BYTES)

    async def _run(self, function: Callable[[], T]) -> T:
        return await self.parts.calls.run(function, Lane.trials, patient=True)


class DeleteHandler(StudioHandler):
    """Deletion."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.NO_CONTENT)
    def post(self, body: RunIds) -> None:
        """Delete trials and the runs that their jobs made beside them; MLflow, and ``restore``, can restore them."""
        self.parts.client().delete_trials(body.run_ids)


class RestoreHandler(StudioHandler):
    """The way back."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.NO_CONTENT, errors=[NotFound])
    def post(self, body: RunIds) -> None:
        """Restore trials that were deleted."""
        self.parts.client().restore_trials(body.run_ids)


def _histories(found: Comparison) -> tuple[list[str], list[str]] | None:
    """Runs and metrics of the charts that a page shows first, where it was told which charts suit; None: of none."""
    lines = [chart for chart in found.charts if isinstance(chart, LineChartSpec)]
    metrics = [metric for chart in lines[:_FIRST_CHARTS] for metric in chart.metrics]
    return ([each.run_id for each in found.trials], metrics) if metrics else None


HANDLERS: list[tuple[str, type[StudioHandler]]] = [
    ("trials/table", TableHandler),
    ("trials/compare", CompareHandler),
    ("trials/importance", ImportanceHandler),
    ("trials/series", SeriesHandler),
    ("trials/columns", ColumnsHandler),
    ("trials/filter", FilterHandler),
    ("trials/export", ExportHandler),
    ("trials/delete", DeleteHandler),
    ("trials/restore", RestoreHandler),
]

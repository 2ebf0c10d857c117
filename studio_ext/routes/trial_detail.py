"""Everything about one trial, and changing it."""

from __future__ import annotations

from typing import Annotated

from jupyter_server.auth.decorator import authorized
from pydantic import Field
from tornado import web

from studio_ext.contract.errors import Conflict
from studio_ext.contract.experiments import Trial
from studio_ext.contract.page import MAX_PAGE
from studio_ext.contract.records import Cursor
from studio_ext.contract.trial_detail import ArtifactPreview, TrialChildren, TrialDetail, UpdateTrial
from studio_ext.routes.artifacts import ArtifactPath
from studio_ext.routes.base import Query, StudioHandler
from studio_ext.routes.calls import Lane
from studio_ext.routes.operation import operation
from studio_ext.routes.records import RunId, checked_run


class TrialHandler(StudioHandler):
    """One trial."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, run_id: RunId) -> Trial:
        """The trial as a row of the table has it."""
        return self.parts.client().trial(run_id)

    @web.authenticated
    @authorized
    @operation(errors=[Conflict])
    def patch(self, run_id: RunId, body: UpdateTrial) -> TrialDetail:
        """Change name, note or tags.

        A conflict: the trial was deleted, or the note is not ``if_note``; the error's field ``note`` then is the one
        that is there.
        """
        return self.parts.client().update_trial(run_id, body)


class TrialDetailHandler(StudioHandler):
    """Everything about a trial."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, run_id: RunId) -> TrialDetail:
        """Everything about the trial, also of one that was deleted and can be restored."""
        return self.parts.client().trial_detail(run_id)


class ChildrenQuery(Query):
    """Query of the trials below one."""

    limit: Annotated[int, Field(ge=1)] = 50
    """Most trials in the answer, up to 200."""
    cursor: Cursor = ""
    """``next_cursor`` of the page before; empty for the first page."""


class TrialChildrenHandler(StudioHandler):
    """The trials below one."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, run_id: RunId, query: ChildrenQuery) -> TrialChildren:
        """A page of the trials below the trial, newest first."""
        limit = min(query.limit, MAX_PAGE)
        return self.parts.client().trial_children(run_id, cursor=query.cursor, limit=limit)


class PreviewHandler(StudioHandler):
    """A look at an artefact."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, run_id: RunId, path: ArtifactPath) -> ArtifactPreview:
        """The beginning of an artefact, as text or as a table. Nothing in it is executed."""
        records = self.parts.recorder().records
        return records.preview(records.run(checked_run(run_id)), path)


HANDLERS: list[tuple[str, type[StudioHandler]]] = [
    ("trials/{run_id}", TrialHandler),
    ("trials/{run_id}/detail", TrialDetailHandler),
    ("trials/{run_id}/children", TrialChildrenHandler),
    ("trials/{run_id}/preview/{path}", PreviewHandler),
]

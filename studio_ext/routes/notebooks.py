"""Notebooks before they are submitted, and what can be chosen for them."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from studio_ext.contract.errors import FieldError, InvalidRequest, NotFound, StudioError
from studio_ext.contract.jobs import InspectRequest, NotebookInspection, SubmitOptions
from studio_ext.core.paths import clean, resolve_inside
from studio_ext.routes.base import StudioHandler
from studio_ext.routes.calls import Lane
from studio_ext.routes.operation import operation


class InspectHandler(StudioHandler):
    """Looking into a notebook."""

    @web.authenticated
    @authorized
    @operation(errors=[NotFound])
    def post(self, body: InspectRequest) -> NotebookInspection:
        """Parameters, kernel and cells of a notebook. Changes nothing; POST because paths may be long and private."""
        return self.parts.client().inspect(notebook_inside(self.parts.root(), body.notebook))


class OptionsHandler(StudioHandler):
    """Choices of the Run as job form."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self) -> SubmitOptions:
        """Runners, kernels, experiments and the size of this machine."""
        return self.parts.client().options()


def notebook_inside(root: Path, path: str) -> str:
    """The path, relative to ``root``, of a regular file in it. Raises ``StudioError`` that names ``notebook``."""
    try:
        relative = clean(path)
        if not relative.parts:
            raise InvalidRequest("The path is empty.")
        # A named pipe or a device would make whoever reads it wait for ever.
        if not resolve_inside(root, path).is_file():
            raise InvalidRequest(f"{str(relative)!r} is not a file.")
    except StudioError as error:
        error.fields = [FieldError(field="notebook", message=error.message)]
        raise
    return str(relative)


HANDLERS = [("notebooks/inspect", InspectHandler), ("options", OptionsHandler)]

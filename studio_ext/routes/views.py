"""Views: which trials are compared, and how they are drawn."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from studio_ext.contract.views import View, ViewText
from studio_ext.core.views import read_view
from studio_ext.routes.base import StudioHandler
from studio_ext.routes.operation import operation
from studio_ext.routes.trial_table import ReadingHandler


class ReadHandler(ReadingHandler):
    """What a file says."""

    @web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]
    @operation()
    def post(self, body: ViewText) -> View:
        """The view that the text of a ``.studio-view`` file stands for; 400 names each place that is wrong."""
        return read_view(body.text)


HANDLERS: list[tuple[str, type[StudioHandler]]] = [("views/read", ReadHandler)]

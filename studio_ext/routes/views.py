"""Views: which trials are compared, and how they are drawn."""

from __future__ import annotations

import contextlib

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from studio_ext.contract.errors import NotFound
from studio_ext.contract.report import ViewExport
from studio_ext.contract.views import View, ViewText
from studio_ext.core.views import read_view
from studio_ext.routes.base import BYTES, StudioHandler
from studio_ext.routes.calls import Lane
from studio_ext.routes.operation import operation
from studio_ext.routes.trial_table import ReadingHandler

_PIECE = 2**18
"""Bytes that are sent at once."""


class ReadHandler(ReadingHandler):
    """What a file says."""

    @web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]
    @operation()
    def post(self, body: ViewText) -> View:
        """The view that the text of a ``.studio-view`` file stands for; 400 names each place that is wrong."""
        return read_view(body.text)


class ExportHandler(ReadingHandler):
    """A view to take away."""

    @web.authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]
    @operation(errors=[NotFound], media_type=BYTES)
    async def post(self, body: ViewExport) -> None:
        """A view with everything that it shows, as one HTML file that needs no server."""
        client = self.parts.client
        page = await self.parts.calls.run(
            lambda: client().export_view(body.view, body.colours), Lane.tracking, patient=True
        )
        self.set_header("Content-Type", BYTES)
        self.set_header("Content-Disposition", 'attachment; filename="view.html"')
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        with contextlib.suppress(StreamClosedError):  # whoever asked has gone: nobody to tell
            for first in range(0, len(page), _PIECE):
                self.write(page[first : first + _PIECE])
                await self.flush()
            await self.finish(set_content_type=BYTES)


HANDLERS: list[tuple[str, type[StudioHandler]]] = [("views/read", ReadHandler), ("views/export", ExportHandler)]

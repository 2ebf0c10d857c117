"""The workspace itself, and every address below ``studio/api`` that nothing else answers."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado import web

from studio_ext.routes.base import StudioHandler
from studio_ext.routes.calls import Lane


class InfoHandler(StudioHandler):
    """What the front end asks first."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Versions and places."""
        await self.reply(lambda: self.parts.client().info())


class DoctorHandler(StudioHandler):
    """What works here."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """What works here, what does not, and what to do about it."""
        await self.reply(lambda: self.parts.client().doctor())


class UnknownHandler(StudioHandler):
    """Addresses that do not exist."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Refused."""
        raise web.HTTPError(HTTPStatus.NOT_FOUND)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Refused."""
        raise web.HTTPError(HTTPStatus.NOT_FOUND)

    @web.authenticated
    @authorized
    async def put(self) -> None:
        """Refused."""
        raise web.HTTPError(HTTPStatus.NOT_FOUND)

    @web.authenticated
    @authorized
    async def patch(self) -> None:
        """Refused."""
        raise web.HTTPError(HTTPStatus.NOT_FOUND)

    @web.authenticated
    @authorized
    async def delete(self) -> None:
        """Refused."""
        raise web.HTTPError(HTTPStatus.NOT_FOUND)


HANDLERS = [(r"info", InfoHandler), (r"doctor", DoctorHandler)]
UNKNOWN = [(r".*", UnknownHandler)]

"""The workspace itself, and every address below ``studio/api`` that nothing else answers."""

from __future__ import annotations

from http import HTTPStatus

from jupyter_server.auth.decorator import authorized
from tornado import web

from studio_ext.contract.workspace import Diagnosis, ServerInfo
from studio_ext.routes.base import StudioHandler
from studio_ext.routes.calls import Lane
from studio_ext.routes.operation import operation, refused


class InfoHandler(StudioHandler):
    """What the front end asks first."""

    @web.authenticated
    @authorized
    @operation()
    def get(self) -> ServerInfo:
        """Versions and places."""
        return self.parts.client().info()


class DoctorHandler(StudioHandler):
    """What works here."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self) -> Diagnosis:
        """What works here, what does not, and what to do about it."""
        return self.parts.client().doctor()


class UnknownHandler(StudioHandler):
    """Addresses that do not exist."""

    @web.authenticated
    @authorized
    @refused
    async def get(self, path: str) -> None:
        """Refused."""
        raise web.HTTPError(HTTPStatus.NOT_FOUND)

    @web.authenticated
    @authorized
    @refused
    async def post(self, path: str) -> None:
        """Refused."""
        raise web.HTTPError(HTTPStatus.NOT_FOUND)

    @web.authenticated
    @authorized
    @refused
    async def put(self, path: str) -> None:
        """Refused."""
        raise web.HTTPError(HTTPStatus.NOT_FOUND)

    @web.authenticated
    @authorized
    @refused
    async def patch(self, path: str) -> None:
        """Refused."""
        raise web.HTTPError(HTTPStatus.NOT_FOUND)

    @web.authenticated
    @authorized
    @refused
    async def delete(self, path: str) -> None:
        """Refused."""
        raise web.HTTPError(HTTPStatus.NOT_FOUND)


HANDLERS = [("info", InfoHandler), ("doctor", DoctorHandler)]
UNKNOWN = [("{path}", UnknownHandler)]

"""The read-only drive ``Studio:`` over the job directories, and downloads from it."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from pydantic import BaseModel
from tornado import web
from tornado.iostream import StreamClosedError

from studio_ext.contract.errors import StudioError
from studio_ext.routes.base import StudioHandler

_CHECKPOINTS = "/checkpoints"


class ReadOnly(StudioError):
    """Somebody tried to write into a job directory (405)."""

    code = "read_only"
    status = 405


class ContentsQuery(BaseModel):
    """Query of Jupyter's contents API."""

    content: Literal["0", "1"] = "1"
    type: Literal["directory", "file", "notebook"] | None = None
    format: Literal["text", "base64"] | None = None
    hash: Literal["0", "1"] = "0"


class ContentsHandler(StudioHandler):
    """Files and folders of job directories."""

    @web.authenticated
    @authorized
    async def get(self, path: str | None) -> None:
        """The model of a file or folder; no checkpoints for any file."""
        query = self.query(ContentsQuery)
        wanted = path or ""

        def call() -> Any:
            contents = self.parts.contents()
            # A job directory has a folder named checkpoints of its own, so the address alone does not tell.
            if wanted.endswith(_CHECKPOINTS) and contents.is_file(wanted.removesuffix(_CHECKPOINTS)):
                return []
            return contents.get(
                wanted, content=query.content == "1", type=query.type, format=query.format, hash=query.hash == "1"
            )

        await self.reply(call)

    @web.authenticated
    @authorized
    async def post(self, path: str | None) -> None:
        """Refused."""
        raise _read_only()

    @web.authenticated
    @authorized
    async def put(self, path: str | None) -> None:
        """Refused."""
        raise _read_only()

    @web.authenticated
    @authorized
    async def patch(self, path: str | None) -> None:
        """Refused."""
        raise _read_only()

    @web.authenticated
    @authorized
    async def delete(self, path: str | None) -> None:
        """Refused."""
        raise _read_only()


class DownloadHandler(StudioHandler):
    """Downloads. What a job wrote may be anything, so no browser gets to show or run it under our address."""

    @property
    def content_security_policy(self) -> str:
        """Nothing may run even if the reply is shown."""
        return "sandbox; default-src 'none'; frame-ancestors 'none'"

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        """The bytes of a file, sent in pieces."""
        run = self.parts.calls.run
        opened = await run(lambda: self.parts.contents().open(path))
        download = await run(opened.__enter__)
        try:
            self.set_header("Content-Type", "application/octet-stream")
            self.set_header("Content-Length", str(download.size_bytes))
            self.set_header("Content-Disposition", f"attachment; filename*=utf-8''{quote(download.name, safe='')}")
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Cache-Control", "no-store")
            while chunk := await run(lambda: next(download.chunks, b"")):
                self.write(chunk)
                await self.flush()
            await self.finish(set_content_type="application/octet-stream")
        except StreamClosedError:
            pass  # The browser has gone: nobody to tell.
        finally:
            opened.__exit__(None, None, None)


def _read_only() -> ReadOnly:
    return ReadOnly("The files of a job cannot be changed.", hint="Use Save a copy to put one beside your notebooks.")


HANDLERS = [(r"contents(?:/(.*))?", ContentsHandler), (r"files/(.*)", DownloadHandler)]

"""The read-only drive ``Studio:`` over the job directories, and downloads from it."""

from __future__ import annotations

from typing import Annotated, Literal

from jupyter_server.auth.decorator import authorized
from pydantic import Field
from tornado import web

from studio_ext.contract.contents import ContentsFormat, ContentsModel, ContentsType
from studio_ext.contract.errors import StudioError
from studio_ext.routes.base import BYTES, Query, StudioHandler
from studio_ext.routes.operation import operation, refused

_CHECKPOINTS = "/checkpoints"

FilePath = Annotated[
    str, Field(description="Path below the folder of all job directories (`<job id>/output/...`), with its slashes.")
]
NoCheckpoints = Annotated[list[str], Field(max_length=0)]
"""The checkpoints of a file: there are none."""


class ReadOnly(StudioError):
    """Somebody tried to write into a job directory (405)."""

    code = "read_only"
    status = 405


class ContentsQuery(Query):
    """Query of Jupyter's contents API."""

    content: Literal["0", "1"] = "1"
    """Whether the content comes too."""
    type: ContentsType | None = None
    """What it is to be read as; without it, the name tells."""
    format: ContentsFormat | None = None
    """Form that the content comes in; without it, text where it is text."""
    hash: Literal["0", "1"] = "0"
    """Whether the hash of a file comes too."""


class ContentsHandler(StudioHandler):
    """Files and folders of job directories."""

    @web.authenticated
    @authorized
    @operation()
    def get(self, query: ContentsQuery, path: FilePath = "") -> ContentsModel | NoCheckpoints:
        """A file or folder, as Jupyter's contents API has it. A file's ``checkpoints`` are an empty list."""
        contents = self.parts.contents()
        # A job directory has a folder named checkpoints of its own, so the address alone does not tell.
        if path.endswith(_CHECKPOINTS) and contents.is_file(path.removesuffix(_CHECKPOINTS)):
            return []
        return contents.get(
            path, content=query.content == "1", type=query.type, format=query.format, hash=query.hash == "1"
        )

    @web.authenticated
    @authorized
    @refused
    async def post(self, path: str = "") -> None:
        """Refused."""
        raise _read_only()

    @web.authenticated
    @authorized
    @refused
    async def put(self, path: str = "") -> None:
        """Refused."""
        raise _read_only()

    @web.authenticated
    @authorized
    @refused
    async def patch(self, path: str = "") -> None:
        """Refused."""
        raise _read_only()

    @web.authenticated
    @authorized
    @refused
    async def delete(self, path: str = "") -> None:
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
    @operation(media_type=BYTES)
    async def get(self, path: FilePath) -> None:
        """The bytes of a file, sent in pieces."""
        run = self.parts.calls.run
        opened = await run(lambda: self.parts.contents().open(path))
        download = await run(opened.__enter__)
        try:
            await self.send_file(download)
        finally:
            opened.__exit__(None, None, None)


def _read_only() -> ReadOnly:
    return ReadOnly("The files of a job cannot be changed.", hint="Use Save a copy to put one beside your notebooks.")


HANDLERS = [
    ("contents", ContentsHandler),
    ("contents/{path}", ContentsHandler),
    ("files/{path}", DownloadHandler),
]

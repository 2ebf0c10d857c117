"""Artefacts of runs: what lies there, and files in both directions, in pieces."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import ensure_async
from pydantic import Field
from tornado import web

from studio_ext.contract.errors import InvalidRequest, StudioError, TooLarge
from studio_ext.contract.records import Artifacts, RunRecord
from studio_ext.core.paths import relative
from studio_ext.routes.base import BYTES, Query, StudioHandler
from studio_ext.routes.calls import Lane
from studio_ext.routes.operation import operation
from studio_ext.routes.records import RunId, checked_run

_PIECE = 1 << 20
_STALE_SECONDS = 86400.0

ArtifactPath = Annotated[str, Field(description="Path below the run's artefacts, with its slashes.")]


class ArtifactsQuery(Query):
    """Query of the artefacts of a run."""

    folder: str = Field(default="", max_length=4096)
    """Folder below the artefacts; empty: all of them."""


class ArtifactsHandler(StudioHandler):
    """The artefacts of a run."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, run_id: RunId, query: ArtifactsQuery) -> Artifacts:
        """What lies in one folder of the artefacts."""
        records = self.parts.recorder().records
        found = records.artifacts(records.run(checked_run(run_id)), query.folder)
        return Artifacts(items=found, max_bytes=self.parts.max_artifact_bytes)


@web.stream_request_body
class ArtifactHandler(StudioHandler):
    """One file. What a run logged may be anything, so no browser gets to show or run it under our address."""

    _run: RunRecord
    _upload: Path | None = None
    _file: BinaryIO | None = None
    _buffer: bytearray
    _is_ending = False
    """Whether a thread has the file: it keeps it though the client goes."""

    @property
    def content_security_policy(self) -> str:
        """Nothing may run even if the reply is shown."""
        return "sandbox; default-src 'none'; frame-ancestors 'none'"

    async def prepare(self) -> None:  # type: ignore[override]  # Jupyter's own base does the same
        """Before the first byte of a file comes: may it come, and does it fit?"""
        try:
            await super().prepare()
            if self.request.method == "PUT":
                await self._admit()
        except (StudioError, web.HTTPError) as error:
            # To close a connection on which something still comes is to lose the answer: little is read to its end.
            if self._announced() > self.parts.max_body_bytes:
                raise
            self._connection.set_max_body_size(self.parts.max_body_bytes)
            self._answer_with(error)

    def _answer_with(self, error: Exception) -> None:
        async def answer(*_: Any, **__: Any) -> None:
            raise error

        setattr(self, str(self.request.method).lower(), answer)

    async def _admit(self) -> None:
        allowed = self.authorizer.is_authorized(self, self.current_user, "write", self.auth_resource)
        if not await ensure_async(allowed):
            raise web.HTTPError(HTTPStatus.FORBIDDEN)
        most = self.parts.max_artifact_bytes
        if self._announced() > most:
            raise TooLarge(
                f"The file is larger than {most} bytes.", hint="StudioApp.max_artifact_bytes sets the limit."
            )
        self._connection.set_max_body_size(most)
        run_id, path = self.path_kwargs["run_id"], self.path_kwargs["path"]
        await self.parts.calls.run(lambda: self._begin(run_id, path), Lane.tracking)

    def _announced(self) -> int:
        return int(self.request.headers.get("Content-Length") or 0)

    @property
    def _connection(self) -> Any:
        return self.request.connection

    def _begin(self, run_id: str, path: str) -> None:
        if relative(path).as_posix() == ".":
            raise InvalidRequest.field("path", "an artefact needs a name")
        recorder = self.parts.recorder()
        self._run = recorder.records.run(checked_run(run_id))
        folder = recorder.uploads
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clear_stale(folder)
        self._buffer = bytearray()
        self._upload = folder / f"{secrets.token_hex(16)}.part"
        self._file = self._upload.open("xb", buffering=0)

    async def data_received(self, chunk: bytes) -> None:
        """A piece of the file; the next is read when it is on the disk."""
        if self._file is None:
            return
        self._buffer += chunk
        if len(self._buffer) >= _PIECE:
            await self.parts.calls.run(self._write, Lane.changes)

    def _write(self) -> None:
        assert self._file is not None
        while self._buffer:
            del self._buffer[: self._file.write(self._buffer)]

    @web.authenticated
    @authorized
    @operation(media_type=BYTES)
    async def get(self, run_id: RunId, path: ArtifactPath) -> None:
        """The bytes of a file, sent in pieces."""

        def opened() -> Any:
            records = self.parts.recorder().records
            return records.open_artifact(records.run(checked_run(run_id)), path)

        run = self.parts.calls.run
        context = await run(opened, Lane.tracking)
        download = await run(context.__enter__, Lane.tracking, patient=True)
        try:
            await self.send_file(download)
        finally:
            await run(lambda: context.__exit__(None, None, None))

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.NO_CONTENT, errors=[TooLarge], takes=BYTES)
    async def put(self, run_id: RunId, path: ArtifactPath) -> None:
        """Put a file there. The body is the file as it is; it appears whole or not at all."""

        def end() -> None:
            self._write()
            assert self._upload is not None
            self.parts.recorder().records.log_artifact(self._run, self._upload, path, move=True)

        self._is_ending = True
        try:
            await self.parts.calls.run(end, Lane.tracking, patient=True)
        finally:
            self._is_ending = False
            self._clear()
        self.set_status(HTTPStatus.NO_CONTENT)
        await self.finish()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """As everywhere. Of a request that was not read to its end the connection is closed: the client is told."""
        self.set_header("Connection", "close")
        super().write_error(status_code, **kwargs)

    def on_finish(self) -> None:
        """Nothing is left of a file that did not arrive."""
        self._clear()
        super().on_finish()

    def on_connection_close(self) -> None:
        """As above: the client has gone in between."""
        self._clear()
        super().on_connection_close()

    def _clear(self) -> None:
        if self._is_ending:
            return
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._upload is not None:
            self._upload.unlink(missing_ok=True)
            self._upload = None


def _clear_stale(folder: Path) -> None:
    """What a server left that was killed in between. Other uploads come to their end meanwhile."""
    for each in os.scandir(folder):
        with contextlib.suppress(FileNotFoundError):
            if each.name.endswith(".part") and time.time() - each.stat().st_mtime > _STALE_SECONDS:
                Path(each.path).unlink()


HANDLERS: list[tuple[str, type[StudioHandler]]] = [
    ("records/runs/{run_id}/artifacts", ArtifactsHandler),
    ("records/runs/{run_id}/artifacts/{path}", ArtifactHandler),
]

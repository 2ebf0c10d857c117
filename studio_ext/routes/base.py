"""What all handlers share: parse, call in a thread, reply; every fault leaves as an ErrorBody."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_origin
from urllib.parse import quote

from jupyter_server.base.handlers import APIHandler
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from tornado import web
from tornado.iostream import StreamClosedError

from studio_ext.contract.errors import ErrorBody, FieldError, InvalidRequest, StudioError, TooLarge
from studio_ext.ports.client import HostClient
from studio_ext.ports.contents import Contents, Download
from studio_ext.ports.records import HostRecorder
from studio_ext.routes.calls import Calls, Lane
from studio_ext.routes.operation import JSON, Encoded, Operation, verbs

M = TypeVar("M", bound=BaseModel)

BYTES = "application/octet-stream"

AUTH_RESOURCE = "studio"
"""What an Authorizer is asked about, with the actions ``read`` and ``write``."""

_CODES = {400: "invalid_request", 401: "forbidden", 403: "forbidden", 404: "not_found", 503: "unavailable"}
_SENTENCES = {
    403: ("You may not do this here.", "Log in, or pass the server's token."),
    404: ("There is nothing at this address.", "The address may belong to another version of Studio."),
    405: ("This address does not know this method.", ""),
}
_PLAIN = {"missing": "is required", "extra_forbidden": "is not known here"}


class Query(BaseModel):
    """A query: what stands behind the question mark. Names that are not known are left alone."""

    model_config = ConfigDict(use_attribute_docstrings=True)


def _separated(value: Any) -> Any:
    return [item for item in value.split(",") if item] if isinstance(value, str) else value


Separated = BeforeValidator(_separated)
"""Lists in a query are separated by commas."""


@dataclass(frozen=True)
class Parts:
    """What handlers work with; made once by the composition root."""

    calls: Calls
    client: Callable[[], HostClient]
    """Opens the workspace when first called. Blocks; raises ``StudioError`` when it cannot be opened."""
    contents: Callable[[], Contents]
    """As ``client``, for the job directories."""
    recorder: Callable[[], HostRecorder]
    """As ``client``, for what is recorded without a job."""
    root: Callable[[], Path]
    """The folder whose notebooks may be submitted: the server's root."""
    max_page: int
    max_body_bytes: int
    max_artifact_bytes: int


class StudioHandler(APIHandler):
    """Base of all handlers. Each verb is written out in its class, authenticated and authorized there:
    ``@authorized`` remembers what it was first asked for, so a verb must not be shared between resources.
    What it takes and answers is declared with ``@operation``, see ``operation.py``.
    """

    auth_resource = AUTH_RESOURCE
    lane: ClassVar[Lane] = Lane.workspace

    def initialize(self, parts: Parts) -> None:
        """Take what the route table passes."""
        self.parts = parts

    async def prepare(self) -> None:  # type: ignore[override]  # Jupyter's own base does the same
        """Refuse callers without a user, whatever the verb and the server's settings."""
        await super().prepare()
        if self.request.method != "OPTIONS" and not self.current_user:
            raise web.HTTPError(HTTPStatus.FORBIDDEN)

    async def perform(self, operation: Operation, parts: Mapping[str, str]) -> None:
        """Read the request as ``operation`` says, do it, and send the answer. ``parts``: of the address."""
        if operation.replies_itself:
            await operation.function(self, **self._arguments(operation, parts))
            return
        is_change = self.lane is Lane.workspace and self.request.method not in ("GET", "HEAD")
        # All of it in the thread: reading a large body and writing a large answer would hold up the event loop.
        reply = await self.parts.calls.run(
            lambda: encoded(operation.function(self, **self._arguments(operation, parts))),
            operation.lane or (Lane.changes if is_change else self.lane),
        )
        self.set_status(operation.status)
        if operation.also:
            self.set_header("Vary", "Accept")
        await self.finish(reply.body or None, set_content_type=reply.media_type)

    def accepts(self, media_type: str) -> bool:
        """Whether the caller named it among what it takes."""
        return media_type in self.request.headers.get("Accept", "")

    def _arguments(self, operation: Operation, parts: Mapping[str, str]) -> dict[str, Any]:
        arguments: dict[str, Any] = dict(parts)
        if operation.query is not None:
            arguments["query"] = self._query(operation.query)
        if operation.body is not None:
            arguments["body"] = self._body(operation.body)
        return arguments

    def _body(self, model: type[M]) -> M:
        body = self.request.body
        if len(body) > self.parts.max_body_bytes:
            raise TooLarge(f"The request is larger than {self.parts.max_body_bytes} bytes.")
        if not body and not any(field.is_required() for field in model.model_fields.values()):
            raise InvalidRequest("The request has no body.")
        return parse(lambda: model.model_validate_json(body or b"{}"))

    def _query(self, model: type[M]) -> M:
        # The last value counts, unknown names are left alone (tokens, time stamps). Lists are separated by commas;
        # clients that repeat the name instead mean the same.
        lists = {name for name, field in model.model_fields.items() if get_origin(field.annotation) is list}
        try:
            sent = self.request.query_arguments.items()
            values = {name: (b",".join(raw) if name in lists else raw[-1]).decode() for name, raw in sent if raw}
        except UnicodeDecodeError:
            raise InvalidRequest("The query is not valid UTF-8.") from None
        return parse(lambda: model.model_validate(values))

    def update_api_activity(self) -> None:
        """Count writes as activity only: reads may be polls, which must not keep an idle server alive."""
        if self.request.method not in ("GET", "HEAD"):
            super().update_api_activity()

    async def send_file(self, download: Download) -> None:
        """Reply with the bytes of a file, read in threads, for a browser to save and never to show."""
        self.set_header("Content-Type", BYTES)
        self.set_header("Content-Length", str(download.size_bytes))
        self.set_header("Content-Disposition", f"attachment; filename*=utf-8''{quote(download.name, safe='')}")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        with contextlib.suppress(StreamClosedError):  # whoever asked has gone: nobody to tell
            while chunk := await self.parts.calls.run(lambda: next(download.chunks, b"")):
                self.write(chunk)
                await self.flush()
            await self.finish(set_content_type=BYTES)

    def compute_etag(self) -> str | None:
        """None: hashing large replies would hold up the event loop."""
        return None

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send any fault as an ErrorBody."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        status, body = describe(error, status_code)
        self.set_status(status)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join([verb.upper() for verb in verbs(type(self))] + ["OPTIONS"]))
        self.finish(body.model_dump_json())

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is ours to mend, with its traceback; what the caller did wrong is told to the caller."""
        if isinstance(value, StreamClosedError):  # whoever asked has gone
            self.log.debug("%s %s: nobody waits for the answer", self.request.method, self.request.path)
        elif isinstance(value, StudioError) and value.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.debug("%s %s: %s", self.request.method, self.request.path, value.message)
        elif isinstance(value, web.HTTPError):
            super().log_exception(typ, value, tb)
        elif isinstance(value, StudioError):
            self.log.warning("%s %s: %s", self.request.method, self.request.path, value.message)
        else:
            self.log.error("%s %s failed", self.request.method, self.request.path, exc_info=(typ, value, tb))


def describe(error: BaseException | None, status_code: int) -> tuple[int, ErrorBody]:
    """Status and body for an exception. Nothing of an unknown exception is shown."""
    if isinstance(error, StudioError):
        return error.status, error.body()
    if isinstance(error, web.HTTPError) or error is None:
        phrase = http.client.responses.get(status_code, "Error")
        code = _CODES.get(status_code, phrase.lower().replace(" ", "_"))
        message, hint = _SENTENCES.get(status_code, (f"{phrase}.", ""))
        return status_code, ErrorBody(code=code, message=message, hint=hint)
    return HTTPStatus.INTERNAL_SERVER_ERROR, ErrorBody(
        code="internal", message="Something went wrong in the server.", hint="The log of the server says what."
    )


def parse(validate: Callable[[], M]) -> M:
    """What ``validate`` returns; raises ``InvalidRequest`` that names each wrong field."""
    try:
        return validate()
    except ValidationError as error:
        fields = [
            FieldError(field=".".join(map(str, each["loc"])), message=_PLAIN.get(each["type"], each["msg"]))
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        ]
    named = [f"{each.field}: {each.message}" if each.field else each.message for each in fields]
    raise InvalidRequest("; ".join(named[:3]), fields=[each for each in fields if each.field])


def encoded(value: Any) -> Encoded:
    """A reply, as JSON where it is not written already."""
    return value if isinstance(value, Encoded) else Encoded(encode(value), JSON)


def encode(value: Any) -> bytes:
    """A reply as JSON that every parser takes: never NaN or infinities."""
    if value is None:
        return b""
    if isinstance(value, BaseModel):
        return value.model_dump_json().encode()
    if isinstance(value, Sequence):
        return b"[" + b",".join(encode(item) for item in value) + b"]"
    return json.dumps(value, allow_nan=False).encode()

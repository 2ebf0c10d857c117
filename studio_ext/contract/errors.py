"""Errors as data: one exception family, one JSON body.

Every error that can reach a person carries a stable code, an HTTP status, a sentence that says what
happened and a hint that says what to do next. A mistake of the user is never a 500.
"""

from __future__ import annotations

from studio_ext.contract.base import Wire


class FieldError(Wire):
    """What is wrong with one field of a request."""

    field: str
    """Dotted path of the field, for example ``parameters.max_depth``."""
    message: str


class ErrorBody(Wire):
    """Body of every reply whose HTTP status is 400 or above."""

    code: str
    message: str
    hint: str = ""
    fields: list[FieldError] = []


class StudioError(Exception):
    """Base of all errors that are meant to be shown to a person."""

    code = "internal"
    status = 500

    def __init__(self, message: str, *, hint: str = "", fields: list[FieldError] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fields = fields or []

    def body(self) -> ErrorBody:
        """The error as its JSON document."""
        return ErrorBody(code=self.code, message=self.message, hint=self.hint, fields=self.fields)


class InvalidRequest(StudioError):
    """A field is missing, malformed or out of range (400)."""

    code = "invalid_request"
    status = 400

    @classmethod
    def field(cls, field: str, message: str, *, hint: str = "") -> InvalidRequest:
        """The error for one wrong field."""
        return cls(f"{field}: {message}", hint=hint, fields=[FieldError(field=field, message=message)])


class Forbidden(StudioError):
    """The caller may not have this (403)."""

    code = "forbidden"
    status = 403


class NotFound(StudioError):
    """The thing named does not exist (404)."""

    code = "not_found"
    status = 404


class Conflict(StudioError):
    """The request contradicts the present state (409)."""

    code = "conflict"
    status = 409


class TooLarge(StudioError):
    """The body of the request is larger than the server takes (413)."""

    code = "too_large"
    status = 413


class Unavailable(StudioError):
    """Something outside is away; the same request may work later (503)."""

    code = "unavailable"
    status = 503


_BY_CODE = {cls.code: cls for cls in (InvalidRequest, Forbidden, NotFound, Conflict, TooLarge, Unavailable)}


def from_body(body: ErrorBody) -> StudioError:
    """The exception that an error document stands for (used by clients)."""
    return _BY_CODE.get(body.code, StudioError)(body.message, hint=body.hint, fields=body.fields)

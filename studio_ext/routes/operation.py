"""What a verb of an address takes and answers, said once: in the annotations of the function that answers it.

.. code-block:: python

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.CREATED)
    def post(self, body: CreateExperiment) -> Experiment:
        '''Make an experiment.'''
        return self.parts.client().create_experiment(body.name)

The server reads requests and sends replies by these annotations, and ``openapi.py`` describes them by the same.

- ``query`` and ``body`` are what the query and the body are parsed into; a request that does not fit is a 400
  that names the wrong fields, and the function is not called.
- Every other argument is a part of the address with that name (``jobs/{job_id}``).
- What the function returns is sent as JSON; None as an empty reply; :class:`Encoded` as it is.
- The function is called in a thread, so it may block. An ``async`` function runs on the event loop and sends its
  reply itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from http import HTTPStatus
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from tornado.web import RequestHandler

from studio_ext.contract.errors import StudioError
from studio_ext.routes.calls import Lane

if TYPE_CHECKING:
    from studio_ext.routes.base import StudioHandler

F = TypeVar("F", bound=Callable[..., Any])
Verb = Callable[..., Awaitable[None]]

JSON = "application/json"
_DECLARED = "studio_operation"
_REFUSED = "refused"


@dataclass(frozen=True)
class Encoded:
    """A reply that is written already, in a form that the caller said to accept."""

    body: bytes
    media_type: str


class Operation:
    """One verb of one address. Annotations are looked up when they are first needed, not while extensions load."""

    def __init__(
        self,
        function: Callable[..., Any],
        status: HTTPStatus,
        errors: Sequence[type[StudioError]],
        media_type: str,
        takes: str,
        lane: Lane | None,
        also: str,
    ) -> None:
        self.function = function
        self.status = status
        """Status of a reply that is no error."""
        self.errors = tuple(errors)
        """Errors that are possible here on top of those that always are."""
        self.media_type = media_type
        self.also = also
        """Another media type of the same reply, for those that accept it; empty when there is none."""
        self.takes = takes
        """Media type of a body that is not parsed; empty when there is none."""
        self.lane = lane
        """Threads that it runs in; None: those of its handler."""
        self.replies_itself = inspect.iscoroutinefunction(function)

    @cached_property
    def hints(self) -> Mapping[str, Any]:
        """Annotations by name of the argument, and ``return``."""
        return get_type_hints(self.function, include_extras=True)

    @property
    def query(self) -> Any:
        """Type of the query; None when there is nothing to ask for."""
        return self.hints.get("query")

    @property
    def body(self) -> Any:
        """Type of the body; None when there is none."""
        return self.hints.get("body")

    @property
    def answer(self) -> Any:
        """Type of the reply; ``NoneType`` for an empty one."""
        found = self.hints["return"]
        if get_origin(found) in (UnionType, Union):
            return Union[tuple(each for each in get_args(found) if each is not Encoded)]  # noqa: UP007 - of a list
        return found

    @property
    def parts(self) -> dict[str, Any]:
        """Types of the parts of the address, by name."""
        return {name: hint for name, hint in self.hints.items() if name not in ("query", "body", "return")}


def operation(
    *,
    status: HTTPStatus = HTTPStatus.OK,
    errors: Sequence[type[StudioError]] = (),
    media_type: str = JSON,
    takes: str = "",
    lane: Lane | None = None,
    also: str = "",
) -> Callable[[Callable[..., Any]], Verb]:
    """Make a verb of tornado's out of a function as described above. The others: see :class:`Operation`."""

    def decorate(function: Callable[..., Any]) -> Verb:
        declared = Operation(function, status, errors, media_type, takes, lane, also)

        @wraps(function)
        async def verb(self: StudioHandler, **parts: str) -> None:
            await self.perform(declared, parts)

        setattr(verb, _DECLARED, declared)
        return verb

    return decorate


def refused(function: F) -> F:
    """Mark a verb that never does anything: it exists for a better sentence than "method not allowed" alone."""
    setattr(function, _DECLARED, _REFUSED)
    return function


def declared(verb: Callable[..., Any]) -> Operation | None:
    """What a verb declares; None for one that is :func:`refused`. Raises ``TypeError`` when it declares nothing."""
    found = getattr(verb, _DECLARED, None)
    if isinstance(found, Operation):
        return found
    if found is None:
        name = getattr(verb, "__qualname__", repr(verb))
        raise TypeError(
            f"{name} does not say what it takes and answers. Put @operation() (or @refused) below @authorized: "
            "see studio_ext/routes/operation.py."
        )
    return None


def verbs(handler: type[RequestHandler]) -> dict[str, Operation]:
    """The operations of a handler by verb, in lower case. Raises ``TypeError`` when a verb declares nothing."""
    known = [name.lower() for name in handler.SUPPORTED_METHODS if name != "OPTIONS"]
    written = {name: getattr(handler, name) for name in known}
    unwritten = RequestHandler._unimplemented_method
    found = {name: declared(verb) for name, verb in written.items() if verb is not unwritten}
    return {name: each for name, each in found.items() if each is not None}

"""MLflow's REST interface: what is called, what is answered, and how a store that is away is told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode

from studio_ext.contract.errors import Forbidden, InvalidRequest, NotFound, StudioError, Unavailable
from studio_ext.core.plain_text import masked

API = "/api/2.0/mlflow/"

_AWAY = frozenset({429, 502, 503, 504})


class StoreFault(Unavailable):
    """The store answered with an error of its own. It may be away, or this call may be one it can never carry out."""


class Reply(NamedTuple):
    """Answer to one call."""

    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the call was carried out."""
        return self.status < 300

    def json(self) -> dict[str, Any]:
        """The body as an object; empty when it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def error_code(self) -> str:
        """MLflow's word for what went wrong."""
        return str(self.json().get("error_code", ""))

    @property
    def message(self) -> str:
        """MLflow's sentence for what went wrong."""
        return str(self.json().get("message") or self.body[:300].decode("utf-8", "replace"))


class Backend(Protocol):
    """MLflow's REST interface. Thread-safe."""

    uri: str

    def call(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Reply:
        """Make one call; ``path`` starts with ``/api`` and holds the query. Raises ``Unavailable``.

        A call that ended in ``Unavailable`` may have been carried out or not.
        """

    def log_batch(self, request: Mapping[str, Any]) -> Reply:
        """``runs/log-batch`` with metrics, parameters and tags in MLflow's spelling. Raises as :meth:`call`."""

    def activity(self) -> dict[str, tuple[int, float | None]] | None:
        """Active runs of each experiment that has any: how many, and when one last started or ended (epoch seconds).

        None where counting would mean listing them.
        """

    def tagged_runs(self, key: str, value: str) -> list[str] | None:
        """Ids of all runs with a tag, deleted ones too; None where the store has to be searched over REST."""

    def metric_sums(self, run_ids: Sequence[str]) -> list[tuple[str, str, int, float, float, float, float]] | None:
        """Run id, metric, count, minimum, maximum, mean, sum of squared distances from it; of values that are numbers.

        None where the histories have to be read over REST.
        """

    def close(self) -> None:
        """Let go of connections."""


def post(backend: Backend, method: str, /, **fields: Any) -> Reply:
    """Call a method that takes JSON, for example ``runs/create``."""
    return backend.call("POST", API + method, json.dumps(fields).encode())


def get(backend: Backend, method: str, /, **fields: str) -> Reply:
    """Call a method that takes a query, for example ``runs/get``."""
    return backend.call("GET", f"{API}{method}?{urlencode(fields)}")


def encoded(request: Mapping[str, Any]) -> bytes:
    """A request's body."""
    return json.dumps(request, ensure_ascii=False).encode()


def checked(reply: Reply) -> dict[str, Any]:
    """What was answered. Raises what was refused, as the error that people get to see."""
    if reply.ok:
        return reply.json()
    raise _refusal(reply)


def _refusal(reply: Reply) -> StudioError:
    if reply.error_code == "RESOURCE_DOES_NOT_EXIST":
        return NotFound(reply.message)
    if reply.status == 403:
        return Forbidden(reply.message)
    if reply.status in (400, 404):
        return InvalidRequest(f"MLflow refuses this: {reply.message}")
    return Unavailable(f"MLflow answers HTTP {reply.status}: {reply.message[:300]}")


def seconds(milliseconds: Any) -> float | None:
    """A time of MLflow's in epoch seconds; None where it has none."""
    return int(milliseconds) / 1000 if milliseconds else None


def raise_if_away(reply: Reply, where: str) -> None:
    """Raise ``Unavailable`` for an answer of a store that is away; ``where`` comes before what it said."""
    if reply.status in _AWAY:
        raise away(where + reply.message)
    # MLflow answers 400 BAD_REQUEST, which it uses for nothing else, when a database driver raised.
    if reply.status == 500 or (reply.status == 400 and reply.error_code == "BAD_REQUEST"):
        raise away(where + reply.message, StoreFault)


def away(why: str, kind: type[Unavailable] = Unavailable) -> Unavailable:
    """The error of a store that is away; ``why`` may hold what nobody should see."""
    why = masked(" ".join(why.split()))
    return kind(
        f"The tracking store is away ({why[:300]}).",
        hint="Jobs go on, and what they log is kept in their directories until the store is back.",
    )

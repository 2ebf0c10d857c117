"""MLflow's REST interface at a job's relay, from inside the job."""

from __future__ import annotations

from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from studio_ext.adapters.mlflow_calls import Reply, away, raise_if_away
from studio_ext.adapters.mlflow_http_backend import HttpBackend

_PATIENCE = 7 * 86400.0  # seconds; the relay answers when the store is back


class RelayBackend(HttpBackend):
    """Spoken to with the standard library only: the job's image need not have the HTTP client that we use elsewhere."""

    def __init__(self, uri: str, token: str) -> None:
        super().__init__(uri, {}, patience=_PATIENCE)
        self._token = token
        self._opener = build_opener(ProxyHandler({}))  # a proxy does not know this loopback

    def call(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Reply:
        """See :class:`~studio_ext.adapters.mlflow_calls.Backend`."""
        headers = {"Authorization": f"Bearer {self._token}"}
        if body:
            headers["Content-Type"] = content_type
        request = Request(self._base + path, body or None, headers, method=method)  # noqa: S310  (the relay's address)
        try:
            try:
                answer: Any = self._opener.open(request, timeout=self._patience)
            except HTTPError as error:  # an answer, too
                answer = error
            with answer:
                reply = Reply(answer.status, answer.read())
        except (OSError, HTTPException) as error:
            raise away(f"{self._base}: {error}") from error
        raise_if_away(reply, f"{self._base}: HTTP {reply.status} ")
        return reply

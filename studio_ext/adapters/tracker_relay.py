"""The way of a tracker's values inside a job: to the relay on the job's loopback, over one connection of its own."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

from studio_ext.adapters.mlflow_backend import API
from studio_ext.contract.errors import Unavailable
from studio_ext.worker.relay import SYNC_HEADER

_SECONDS = 60.0


class RelaySink:
    """Posts log calls, which the relay acknowledges when they are in the job's journal."""

    def __init__(self, uri: str, token: str, run_id: str) -> None:
        self._address = urlsplit(uri)
        self._run_id = run_id
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._connection: http.client.HTTPConnection | None = None
        self._refused: list[str] = []

    def write(self, body: bytes) -> None:
        """See :class:`~studio_ext.ports.records.LogSink`. What the relay refuses is refused for good."""
        self._post(body, {})

    def sync(self) -> None:
        """See :class:`~studio_ext.ports.records.LogSink`."""
        self._post(json.dumps({"run_id": self._run_id}).encode(), {SYNC_HEADER: "1"})

    def applied(self) -> bool:
        """The relay answers questions after it has applied all that was logged before them."""
        return True

    def behind(self) -> int:
        """See :class:`~studio_ext.ports.records.LogSink`. What the relay has is the job's: its row says how much."""
        return 0

    def refused(self) -> list[str]:
        """See :class:`~studio_ext.ports.records.LogSink`."""
        return list(self._refused)

    def close(self, status: str, message: str) -> None:
        """See :class:`~studio_ext.ports.records.LogSink`. A run inside a job ends by other means."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, body: bytes, headers: dict[str, str]) -> None:
        status, answer = self._send(body, headers)
        if status >= 500 or status in (401, 429):
            raise Unavailable(f"The job's record does not take what is logged (HTTP {status}): {_message(answer)}")
        if status >= 300:
            self._refused = [*self._refused, _message(answer)][:20]

    def _send(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """A call that was sent twice changes nothing: equal values are one."""
        for again in (True, False):
            if self._connection is None:
                host, port = self._address.hostname or "127.0.0.1", self._address.port or 80
                self._connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
            try:
                self._connection.request("POST", API + "runs/log-batch", body, self._headers | headers)
                response = self._connection.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                self._connection = None
                if not again:
                    raise Unavailable(f"The job's record does not answer: {error}.") from error
        raise AssertionError("unreachable")


def _message(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return answer[:300].decode("utf-8", "replace")

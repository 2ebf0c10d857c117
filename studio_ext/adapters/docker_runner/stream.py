"""Long answers of the engine, document by document, that can be given up at any moment."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from studio_ext.adapters.docker_runner.engine import Engine, engine_errors

_LOOK_SECONDS = 0.1
"""How often it is asked whether to give up while the engine says nothing."""
_END_SECONDS = 2.0
"""Longest wait for the connection to end after it was given up."""


def documents(
    engine: Engine,
    path: str,
    *,
    params: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[dict[str, Any]]:
    """What the engine answers to a POST, until its end or until ``cancelled()`` is true.

    The connection is ended when the caller stops reading, for whatever reason: the engine then drops what it was
    doing. Raises as ``engine_errors`` does.
    """
    answers: queue.Queue[dict[str, Any] | BaseException | None] = queue.Queue()
    call = _Call(engine, path, params, headers or {}, body, answers.put)
    call.thread.start()
    try:
        while not cancelled():
            with contextlib.suppress(queue.Empty):
                answer = answers.get(timeout=_LOOK_SECONDS)
                if answer is None:
                    return
                if isinstance(answer, BaseException):
                    raise answer
                yield answer
    finally:
        call.end()


class _Call:
    """One request, read in a thread of its own: nothing else can end a read that waits."""

    def __init__(
        self,
        engine: Engine,
        path: str,
        params: Mapping[str, Any],
        headers: Mapping[str, str],
        body: bytes | None,
        tell: Callable[[dict[str, Any] | BaseException | None], None],
    ) -> None:
        self._engine = engine
        self._request = {"params": params, "headers": headers, "data": body}
        self._path = path
        self._tell = tell
        self._lock = threading.Lock()
        self._ended = False
        self._response: Any = None
        self.thread = threading.Thread(target=self._run, name="engine-stream", daemon=True)

    def _run(self) -> None:
        try:
            with engine_errors(self._engine.address):
                self._read()
        except BaseException as error:
            self._tell(error)
        else:
            self._tell(None)

    def _read(self) -> None:
        import requests
        from docker.errors import create_api_error_from_http_exception

        api = self._engine.api()
        address = f"{api.base_url}/v{api.api_version}{self._path}"
        # No limit on the silence between two documents: a package that is compiled says nothing for minutes.
        with api.post(address, **self._request, stream=True, timeout=(api.timeout, None)) as response:
            with self._lock:
                self._response = response
                if self._ended:
                    return
            try:
                response.raise_for_status()
            except requests.HTTPError as error:
                create_api_error_from_http_exception(error)
            for line in response.iter_lines(chunk_size=None):
                with contextlib.suppress(ValueError):
                    document = json.loads(line) if line.strip() else None
                    if isinstance(document, dict):
                        self._tell(document)

    def end(self) -> None:
        """End the connection if it still stands."""
        with self._lock:
            self._ended = True
            response = self._response
        if response is not None:
            # A response that is being read cannot be closed: closing waits for the reader.
            with contextlib.suppress(Exception):
                response.raw.shutdown()
        self.thread.join(_END_SECONDS if response is not None else 0)

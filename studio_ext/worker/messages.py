"""JSON lines over a local stream, without blocking: the executor's end."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any


class Messages:
    """Reads and writes messages on a socket that an event loop watches."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = b""
        sock.setblocking(False)

    def receive(self) -> Iterator[dict[str, Any] | None]:
        """Messages that have arrived; None when the other end is gone."""
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            yield None
            return
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if line:
                yield json.loads(line)

    def send(self, message: Mapping[str, Any]) -> None:
        """Say something; lost when the other end is gone."""
        with contextlib.suppress(OSError):
            self._socket.sendall(json.dumps(dict(message)).encode() + b"\n")

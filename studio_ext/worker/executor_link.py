"""The supervisor's end of its conversation with the executor: JSON lines over a local stream.

The end of the stream means that the other one is gone, on both sides.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from . import processes

_ANSWER_SECONDS = 2.0


class ExecutorLink:
    """A running executor as the supervisor sees it."""

    def __init__(self, sock: socket.socket, child: subprocess.Popen[bytes] | None) -> None:
        self.socket = sock
        self.is_child = child is not None
        self.pid: int | None = child.pid if child else None
        self._start_time = processes.start_time(child.pid) if child else None
        self._buffer = b""

    @classmethod
    def open(cls, request: Mapping[str, Any], address: str | None, command: Sequence[str]) -> ExecutorLink:
        """Have the worker server fork an executor, or start one by command where no server answers."""
        link = cls._from_server(address) if address else None
        link = link or cls._from_command(command)
        link.send(request)
        return link

    @classmethod
    def _from_server(cls, address: str) -> ExecutorLink | None:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(_ANSWER_SECONDS)
        try:
            sock.connect(address)
            link = cls(sock, None)
            greeting = link._greeting()
        except OSError:
            sock.close()
            return None
        if greeting is None:
            sock.close()
            return None
        link.pid, link._start_time = greeting["pid"], greeting["start_time"]
        sock.setblocking(False)
        return link

    @classmethod
    def _from_command(cls, command: Sequence[str]) -> ExecutorLink:
        if not command:
            raise RuntimeError("no worker server answers, and no command that starts an executor is known")
        ours, theirs = socket.socketpair()
        with theirs:
            child = subprocess.Popen(list(command), stdin=theirs.fileno(), env=dict(os.environ))
        link = cls(ours, child)
        child.returncode = 0  # the supervisor reaps every child itself
        ours.setblocking(False)
        return link

    def _greeting(self) -> dict[str, Any] | None:
        while b"\n" not in self._buffer:
            data = self.socket.recv(4096)
            if not data:
                return None
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        record = json.loads(line)
        return record if isinstance(record, dict) else None

    def send(self, message: Mapping[str, Any]) -> None:
        """Say something; an executor that is gone does not hear it."""
        with contextlib.suppress(OSError):
            self.socket.setblocking(True)
            self.socket.settimeout(_ANSWER_SECONDS)
            self.socket.sendall(json.dumps(dict(message)).encode() + b"\n")
        self.socket.setblocking(False)

    def receive(self) -> list[dict[str, Any]] | None:
        """What was said since the last call; None at the end of the stream."""
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not data:
            return None
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [json.loads(line) for line in lines if line]

    def wait(self, seconds: float) -> bool:
        """Wait until there is something to receive."""
        return bool(select.select([self.socket], [], [], seconds)[0])

    def end(self) -> None:
        """Kill the executor if it still runs, and let go of it."""
        if self.pid and processes.is_running(self.pid, self._start_time):
            processes.send([self.pid], signal.SIGKILL)
        self.socket.close()

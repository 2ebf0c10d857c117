"""What both fork servers have in common: requests from the controller, and children that are reaped.

A server reads JSON lines on its standard input, which is a socket, and answers there. It ends when the controller
does; what it forked does not.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import processes

Task = Callable[[], Callable[[], None] | None]
"""What a forked process is to do; it may return what it is to do at the top of the stack."""


class ForkServer:
    """A loop that turns requests into forked processes."""

    def __init__(self, listener: socket.socket | None = None) -> None:
        self.control = socket.socket(fileno=os.dup(0))
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        self.listener = listener
        self._wake, self._wake_write = socket.socketpair()
        self._buffer = b""

    def serve(
        self,
        on_request: Callable[[Mapping[str, Any]], Task],
        on_connection: Callable[[socket.socket], Task] | None = None,
    ) -> Task | None:
        """Serve until the controller is gone; in a forked process, return the task that it is to run."""
        for sock in (self._wake, self._wake_write):
            sock.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        shrink()
        self._answer({"ready": True, "pid": os.getpid(), "path": package_directories()})
        watched = [self.control, self._wake, *([self.listener] if self.listener else [])]
        while True:
            readable, _, _ = select.select(watched, [], [])
            if self._wake in readable:
                with contextlib.suppress(BlockingIOError):
                    self._wake.recv(4096)
                _reap()
            if self.listener and self.listener in readable and on_connection:
                connection, _ = self.listener.accept()
                if self._fork(keep=connection.fileno()) == 0:
                    return on_connection(connection)
                connection.close()
            if self.control in readable:
                try:
                    data = self.control.recv(65536)
                except OSError:
                    data = b""
                if not data:
                    return None
                *lines, self._buffer = (self._buffer + data).split(b"\n")
                for line in lines:
                    request = json.loads(line)
                    pid = self._fork()
                    if pid == 0:
                        return on_request(request)
                    self._answer({"id": request["id"], "pid": pid, "start_time": processes.start_time(pid)})

    def _fork(self, keep: int = -1) -> int:
        pid = os.fork()
        if pid == 0:
            processes.default_signals()
            processes.close_descriptors(keep)
        return pid

    def _answer(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self.control.sendall(json.dumps(dict(message)).encode() + b"\n")


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def package_directories() -> list[str]:
    """Where packages are installed, and where what was imported came from: a change there makes a server stale.

    Not all of the import path: a folder of sources changes all the time, and nothing was imported from it.
    """
    files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
    used = {str(Path(file).parent.parent) for file in files if Path(file).name == "__init__.py"}
    return [entry for entry in sys.path if entry in used or Path(entry).name in ("site-packages", "dist-packages")]


def shrink() -> None:
    """Give back what the imports left unused, and keep the collector off what forked processes share."""
    gc.collect()
    gc.freeze()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)

"""Fork servers of the controller: one worker server, and a kernel server for each environment in use.

A server is a child process that holds a socket to this one and ends with it. It is used only while it fits: same
interpreter, same packages, and the same variables where they act before an interpreter starts.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio_ext.worker import processes
from studio_ext.worker.environment import acts_early

_ANSWER_SECONDS = 1.0
_START_SECONDS = 20.0
_RETRY_SECONDS = 60.0
"""How long after a server did not start the next one is tried."""
_MOST_KERNEL_SERVERS = 3
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")

SUPPORTED = sys.platform == "linux"
"""Whether processes are forked here; elsewhere everything is started by command."""


@dataclass(frozen=True)
class ServerKey:
    """What a kernel server is good for."""

    python: str
    """Path of the interpreter: its directory names the environment; its own link is not followed."""
    early: tuple[tuple[str, str], ...]
    """Variables that act before the interpreter starts."""

    @classmethod
    def of(cls, python: str, variables: Mapping[str, str]) -> ServerKey:
        """The key for an interpreter and the environment that a job wants."""
        path = Path(python)
        usual = path.with_name("python")
        if usual.exists() and usual.resolve() == path.resolve():
            path = usual
        return cls(str(path.parent.resolve() / path.name), tuple(sorted(acts_early(variables).items())))


@dataclass
class ForkServer:
    """One server process and the socket to it."""

    process: subprocess.Popen[bytes]
    socket: socket.socket
    address: str | None = None
    """Where a worker server listens."""
    used: float = 0.0
    fingerprint: tuple[tuple[str, int], ...] = ()
    ready: bool = False
    _buffer: bytes = b""
    _requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def start(cls, command: list[str], variables: Mapping[str, str], address: str | None = None) -> ForkServer:
        """Start a server; it becomes :attr:`ready` later. Raises ``OSError`` when the program cannot be started."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                env={**variables, processes.MARK: processes.PLACEHOLDER},
                start_new_session=True,
                cwd="/",
            )
        return cls(process, ours, address)

    def is_ready(self, wait: float = 0.0) -> bool:
        """Whether the server takes requests; waits for it up to ``wait`` seconds."""
        if self.process.poll() is not None:
            return False
        if not self.ready:
            with self._lock:
                greeting = self._receive(wait)
            if greeting is not None:
                self.fingerprint = fingerprint(greeting["path"])
                self.ready = True
        return self.ready

    def is_current(self) -> bool:
        """Whether the packages are still those that the server imported."""
        return self.fingerprint == fingerprint([path for path, _ in self.fingerprint])

    def launch(self, job_dir: Path, attempt: int, options: str) -> int | None:
        """Fork a supervisor; its pid, or None when the server does not answer."""
        with self._lock:
            self._requests += 1
            request = {"id": self._requests, "job_dir": str(job_dir), "attempt": attempt, "options": options}
            try:
                self.socket.sendall(json.dumps(request).encode() + b"\n")
            except OSError:
                return None
            deadline = time.monotonic() + _ANSWER_SECONDS
            while (left := deadline - time.monotonic()) > 0:
                answer = self._receive(left)
                if answer is None:
                    return None
                if answer.get("id") == self._requests:
                    return int(answer["pid"])
        return None

    def _receive(self, wait: float) -> dict[str, Any] | None:
        deadline = time.monotonic() + wait
        while b"\n" not in self._buffer:
            if not select.select([self.socket], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return None
            try:
                data = self.socket.recv(65536)
            except OSError:
                return None
            if not data:
                return None
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        """End the server; what it forked goes on."""
        self.socket.close()
        try:
            self.process.wait(_ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class ForkServers:
    """All servers of one controller. Thread-safe; no method but :meth:`wait_ready` and :meth:`close` waits."""

    def __init__(self, archive: Path, worker_python: str = sys.executable) -> None:
        self._archive = str(archive)
        self._worker_python = worker_python
        self._kernels: dict[ServerKey, ForkServer] = {}
        self._worker: ForkServer | None = None
        self._runtime: str | None = None
        self._lock = threading.RLock()
        self._failed: dict[ServerKey, float] = {}

    def worker_address(self) -> str | None:
        """Where the worker server listens; None while it is not ready (it is started then)."""
        if not SUPPORTED:
            return None
        with self._lock:
            if self._worker and self._worker.process.poll() is not None:
                self._discard(self._worker)
                self._worker = None
            if self._worker and self._worker.is_ready():
                if self._worker.is_current():
                    return self._worker.address
                self._discard(self._worker)
                self._worker = None
            if self._worker is None:
                self._start_worker()
            return None

    def _start_worker(self) -> None:
        self._runtime = self._runtime or tempfile.mkdtemp(prefix="studio-")
        address = f"{self._runtime}/worker-{time.monotonic_ns()}"
        with contextlib.suppress(OSError):
            self._worker = ForkServer.start(
                [self._worker_python, self._archive, "worker-server", address], base_variables(), address
            )

    def kernel_server(self, key: ServerKey) -> ForkServer | None:
        """The server for ``key`` if it is ready and fits."""
        with self._lock:
            server = self._kernels.get(key)
            if server is None:
                return None
            is_dead = server.process.poll() is not None
            if is_dead or (server.is_ready() and not server.is_current()):
                if is_dead and not server.ready:
                    self._failed[key] = time.monotonic()  # no ipykernel there, most likely
                del self._kernels[key]
                self._discard(server)
                return None
            server.used = time.monotonic()
            return server if server.ready else None

    def any_server(self) -> ForkServer | None:
        """Some kernel server that is ready: good enough to fork a supervisor whose kernel is another program."""
        with self._lock:
            return next((server for key in list(self._kernels) if (server := self.kernel_server(key))), None)

    def ensure(self, key: ServerKey) -> None:
        """Start a server for ``key`` if there is none; the one that was not used for longest makes room."""
        if not SUPPORTED:
            return
        with self._lock:
            if key in self._kernels or time.monotonic() - self._failed.get(key, -math.inf) < _RETRY_SECONDS:
                return
            while len(self._kernels) >= _MOST_KERNEL_SERVERS:
                oldest = min(self._kernels, key=lambda other: self._kernels[other].used)
                self._discard(self._kernels.pop(oldest))
            early = dict(key.early)
            if early.pop("encoding", None) != acts_early(base_variables())["encoding"]:
                return  # another locale: such jobs start by command
            try:
                server = ForkServer.start([key.python, self._archive, "kernel-server"], base_variables() | early)
            except OSError:
                self._failed[key] = time.monotonic()
                return
            server.used = time.monotonic()
            self._kernels[key] = server

    def wait_ready(self, seconds: float = _START_SECONDS) -> bool:
        """Wait until all servers that were started are ready; those that died do not count. False: too long."""
        deadline = time.monotonic() + seconds
        with self._lock:
            servers = [server for server in (self._worker, *self._kernels.values()) if server]
        return all(
            server.is_ready(max(0.0, deadline - time.monotonic())) or server.process.poll() is not None
            for server in servers
        )

    def pids(self) -> list[int]:
        """Processes of the servers."""
        with self._lock:
            servers = [server for server in (self._worker, *self._kernels.values()) if server]
        return [server.process.pid for server in servers]

    def close(self) -> None:
        """End all servers."""
        with self._lock:
            for server in (self._worker, *self._kernels.values()):
                if server:
                    self._discard(server)
            self._worker = None
            self._kernels.clear()
            if self._runtime:
                shutil.rmtree(self._runtime, ignore_errors=True)
                self._runtime = None

    @staticmethod
    def _discard(server: ForkServer) -> None:
        server.close()


def base_variables() -> dict[str, str]:
    """What a server is started with: nothing that a job would not see anyway."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def fingerprint(path: list[str]) -> tuple[tuple[str, int], ...]:
    """Changes when packages come or go in any directory of an import path."""
    found = []
    for entry in path:
        try:
            found.append((entry, Path(entry).stat().st_mtime_ns))
        except OSError:
            found.append((entry, 0))
    return tuple(found)

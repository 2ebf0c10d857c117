"""A Jupyter server in a process of its own: it can be killed, and its memory is not that of the tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import quantiles
from types import TracebackType

import httpx

TOKEN = "t"


class JupyterServer:
    """Context manager: a server on a workspace, stopped at the end by SIGTERM if it still runs."""

    def __init__(
        self, home: Path, root: Path, variables: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
    ) -> None:
        """``variables``: more of them. ``prefix``: what the command begins with."""
        self.home, self.root = home, root
        self._variables = variables or {}
        self._prefix = prefix
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home.parent / f"server-{self.port}.log"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.process is not None
        return self.process.pid

    def http(self, timeout: float = 60) -> httpx.Client:
        """A client of ``studio/api/``."""
        headers = {"Authorization": f"token {TOKEN}"}
        limits = httpx.Limits(max_connections=None)
        return httpx.Client(base_url=f"{self.url}studio/api/", headers=headers, timeout=timeout, limits=limits)

    def __enter__(self) -> JupyterServer:
        command = [
            sys.executable,
            "-m",
            "jupyter_server",
            "--allow-root",
            "--no-browser",
            f"--port={self.port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={self.root}",
            "--ServerApp.jpserver_extensions=studio_ext=True",
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._prefix, *command],
                env={**os.environ, "STUDIO_HOME": str(self.home), "JUPYTER_NO_CONFIG": "1", **self._variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.05)
        return self

    def _answers(self) -> bool:
        try:
            with self.http() as http:
                return http.get("info").status_code == 200
        except httpx.TransportError:
            return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Visitor:
    """Context manager: somebody who looks at one page after another, in a thread, and notes how long that takes."""

    def __init__(self, server: JupyterServer, paths: Callable[[], list[str]], pause: float = 0.05) -> None:
        """``paths``: addresses below ``studio/api/`` to get in every round."""
        self._server = server
        self._paths = paths
        self._pause = pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.refused: list[str] = []
        """What was answered with an error, or not at all."""

    def _look(self) -> None:
        with self._server.http() as http:
            while not self._stop.wait(self._pause):
                for path in self._paths():
                    began = time.monotonic()
                    try:
                        status = http.get(path).status_code
                    except httpx.HTTPError as error:
                        status = 0
                        self.refused.append(f"{path}: {error!r}")
                    self.seconds[path.partition("?")[0]].append(time.monotonic() - began)
                    if status >= 400:
                        self.refused.append(f"{path}: {status}")

    def __enter__(self) -> Visitor:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(60)

    @property
    def all(self) -> list[float]:
        """Seconds of all answers."""
        return [each for times in list(self.seconds.values()) for each in times]

    @property
    def p95(self) -> float:
        """Seconds within which 19 of 20 answers came."""
        return quantiles(self.all, n=20)[-1]

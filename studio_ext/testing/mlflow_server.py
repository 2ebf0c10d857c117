"""A real MLflow server for tests: MLflow's own application in a process that can be stopped and started again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType

_SERVE = """
import sys
from werkzeug.serving import make_server
from mlflow.server import app
make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True).serve_forever()
"""


class MlflowServer:
    """Serves a SQLite store in ``folder``; artefacts lie in ``folder/artifacts``. A context manager.

    ``hands_out``: artefacts are sent through the server, and clients do not see where they lie, as with
    ``mlflow server`` unless it is told otherwise.
    """

    def __init__(self, folder: Path, *, hands_out: bool = False) -> None:
        self._folder = folder
        self._hands_out = hands_out
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """The tracking URI; the same after a restart."""
        return f"http://127.0.0.1:{self._port}"

    def start(self, seconds: float = 60) -> None:
        """Start the server and wait until it answers."""
        store = f"sqlite:///{self._folder}/server.db"
        artifacts = str(self._folder / "artifacts")
        env = {
            **os.environ,
            "_MLFLOW_SERVER_FILE_STORE": store,
            "_MLFLOW_SERVER_REGISTRY_STORE": store,
            "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/" if self._hands_out else artifacts,
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        if self._hands_out:
            env |= {"_MLFLOW_SERVER_SERVE_ARTIFACTS": "true", "_MLFLOW_SERVER_ARTIFACT_DESTINATION": artifacts}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", _SERVE, str(self._port)],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + seconds
        while True:
            try:
                opener.open(f"{self.uri}/health", timeout=5).read()
                return
            except OSError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """Kill the server."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> MlflowServer:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()

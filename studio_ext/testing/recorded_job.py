"""A job without a runner: the real relay at both ends, and whatever code a test lets the job run."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from studio_ext.contract.errors import Unavailable
from studio_ext.ports.tracking import Relay, RunHandle
from studio_ext.worker.relay import merged

_RELAY = "import sys; from studio_ext.worker.relay import main; sys.exit(main(sys.argv[1:]))"


class RecordedJob:
    """One attempt of a job that has a run. As a context manager it listens and is pumped until the block ends."""

    def __init__(
        self, relay: Relay, job_id: str, directory: Path, run: RunHandle, *, attempt: int = 1, **launch: str
    ) -> None:
        """``launch``: more keys for ``launch.json``."""
        self.relay = relay
        self.job_id = job_id
        self.directory = directory
        self.run = run
        self.attempt = attempt
        self.folder = directory / "attempts" / str(attempt)
        self.folder.mkdir(parents=True, exist_ok=True)
        launch |= {"run_id": run.run_id, "experiment_id": run.experiment_id}
        (self.folder / "launch.json").write_text(json.dumps(launch))
        self.away: list[str] = []
        """What the pump said while the store was away."""
        self.errors: list[BaseException] = []
        self._server: subprocess.Popen[str] | None = None
        self._env: dict[str, str] = {}
        self._stop = threading.Event()
        self._pump = threading.Thread(target=self._pump_on, daemon=True)

    @property
    def env(self) -> dict[str, str]:
        """Environment for a process of the job."""
        base = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        return merged(base, self._env)

    def listen(self) -> RecordedJob:
        """Start the inner end only; nobody pumps."""
        self._server = subprocess.Popen(
            [sys.executable, "-c", _RELAY, str(self.directory), str(self.attempt)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout is not None
        self._env = json.loads(self._server.stdout.readline())["env"]
        return self

    def start_pump(self) -> None:
        """Pump in a thread until the end."""
        self._pump.start()

    def __enter__(self) -> RecordedJob:
        self.listen()
        self.start_pump()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the relay's inner end and the pump."""
        if self._server is not None:
            self._server.communicate(timeout=30)
        self._stop.set()
        if self._pump.ident is not None:
            self._pump.join(30)

    def pump(self) -> int:
        """Apply what is new."""
        return self.relay.pump(self.job_id, self.directory, self.attempt, self.run)

    def finish(self) -> None:
        """Apply the rest and move artefacts."""
        self.relay.finish(self.job_id, self.directory, self.attempt, self.run)

    def python(self, code: str, *arguments: str, timeout: float = 200) -> str:
        """Run code as the job would, with an unmodified MLflow client; what it printed."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, *arguments],
            env=self.env,
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def call(self, method: str, name: str, /, **fields: Any) -> tuple[int, dict[str, Any]]:
        """One MLflow call as the job would make it, for example ``POST``, ``runs/create``."""
        return self.request(method, f"/api/2.0/mlflow/{name}", fields)

    def request(self, method: str, path: str, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """One HTTP request of the job; fields go into the query of a ``GET``, else into the body."""
        from urllib.parse import urlencode

        body = None
        if method == "GET":
            path += f"?{urlencode(fields, doseq=True)}" if fields else ""
        else:
            body = json.dumps(fields)
        connection = http.client.HTTPConnection(self._env["MLFLOW_TRACKING_URI"].removeprefix("http://"), timeout=60)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {self._env['MLFLOW_TRACKING_TOKEN']}"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def calls(self) -> list[dict[str, Any]]:
        """The journal so far."""
        return [json.loads(line) for line in (self.folder / "calls.jsonl").read_text("utf-8").splitlines()]

    def _pump_on(self) -> None:
        while not self._stop.is_set():
            try:
                if not self.pump():
                    time.sleep(0.003)
            except Unavailable as error:
                self.away.append(error.message)
                time.sleep(0.05)
            except BaseException as error:
                self.errors.append(error)
                return

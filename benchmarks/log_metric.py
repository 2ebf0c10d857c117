"""The cost of ``mlflow.log_metric`` in a job, beside MLflow on SQLite and MLflow's server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import studio_ext as studio
from benchmarks.measure import Options, Row, Samples, end, say, wait_for
from benchmarks.sandbox import folder, free_port, place, write_notebook
from studio_ext.sdk.connection import use

CALLS = 500


def probe(target: Path) -> str:
    """Code that logs metrics one by one and writes the seconds that each call took."""
    return f"""
import json, time, mlflow
with mlflow.start_run():
    mlflow.log_metric("warm", 0.0)
    seconds = []
    for step in range({CALLS}):
        began = time.perf_counter()
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
        seconds.append(time.perf_counter() - began)
with open({str(target)!r}, "w") as file:
    json.dump(seconds, file)
"""


def run(options: Options) -> list[Row]:
    """Each round: a job, a process on SQLite, a process on a server; the value of a round is its median call."""
    ours = Samples("ms")
    theirs = {"mlflow on SQLite": Samples("ms"), "mlflow server": Samples("ms")}
    with place() as here, folder() as files, mlflow_server(files) as address:
        stores = {"mlflow on SQLite": f"sqlite:///{files}/direct.db", "mlflow server": address}
        use(here.client)
        for number in range(-1, options.repeat):
            say(f"round {number + 1} of {options.repeat}" if number >= 0 else "first calls, not counted")
            target = files / f"ours-{number}.json"
            notebook = write_notebook(here.notebooks / "log.ipynb", [probe(target)])
            here.finished(studio.submit(notebook).id)
            if number >= 0:
                ours.add(_median_ms(target))
            for name, uri in stores.items():
                target = files / f"{name.replace(' ', '-')}-{number}.json"
                environ = {**os.environ, "MLFLOW_TRACKING_URI": uri, "PYTHONWARNINGS": "ignore"}
                subprocess.run(
                    [sys.executable, "-c", probe(target)], env=environ, check=True, cwd=files,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
                if number >= 0:
                    theirs[name].add(_median_ms(target))
    return [Row("log_metric, one call", ours, 2.0, theirs, f"median of {CALLS} calls a round")]


def _median_ms(target: Path) -> float:
    seconds = sorted(json.loads(target.read_text()))
    return float(seconds[len(seconds) // 2]) * 1000


@contextmanager
def mlflow_server(files: Path) -> Iterator[str]:
    """MLflow's own server on SQLite with one worker."""
    import httpx

    port = free_port()
    command = [
        sys.executable, "-m", "mlflow", "server", f"--backend-store-uri=sqlite:///{files}/server.db",
        f"--default-artifact-root={files}/artifacts", "--host=127.0.0.1", f"--port={port}", "--workers=1",
    ]  # fmt: skip
    with (files / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=files)
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        if process.poll() is not None:
            raise RuntimeError((files / "server.log").read_text()[-2000:])
        try:
            return httpx.get(f"{address}/health").is_success
        except httpx.HTTPError:
            return False

    try:
        wait_for(answers, "MLflow's server", pause=0.2)
        yield address
    finally:
        end(process.pid)

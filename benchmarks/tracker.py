"""What our tracker costs outside a job, beside plain MLflow on SQLite, MLflow's server and trackio in the same run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.log_metric import mlflow_server
from benchmarks.measure import Options, Row, Samples, say
from benchmarks.sandbox import environment, folder, place

CALLS = 20_000
"""Calls that are timed one by one."""
SUSTAINED = 200_000
THEIRS = 500
VALUES = 20_000
"""How many of them MLflow is waited for."""

OURS = f"""
import json, sys, time
import studio_ext as studio
tracker = studio.Tracker.create("benchmark", experiment_name="benchmark")
tracker.log_metric("warm", 0.0)
tracker.flush(applied=True, timeout=300)
clock = time.perf_counter
second = studio.Tracker.create("catching up", experiment_name="benchmark")
began = clock()
for step in range({VALUES}):
    second.log_metric("few", 1.0 / (step + 1), step=step)
if not second.flush(applied=True, timeout=600):
    sys.exit("MLflow did not catch up")
caught_up = clock() - began
second.close()
seconds, log = [], tracker.log_metric
for step in range({CALLS}):
    began = clock()
    log("loss", 1.0 / (step + 1), step=step)
    seconds.append(clock() - began)
tracker.flush()
began = clock()
for step in range({SUSTAINED}):
    log("many", 1.0 / (step + 1), step=step)
logged = clock() - began
tracker.flush()
durable = clock() - began
tracker.close()
seconds.sort()
answer = {{"call": seconds[len(seconds) // 2], "slow": seconds[int(len(seconds) * 0.99)],
           "caller": logged / {SUSTAINED}, "durable": durable / {SUSTAINED}, "applied": caught_up / {VALUES}}}
open(sys.argv[1], "w").write(json.dumps(answer))
"""

TRACKIO = f"""
import json, sys, time, trackio
trackio.init(project="benchmark", name=str(time.time_ns()))
trackio.log({{"warm": 0.0}})
clock, log = time.perf_counter, trackio.log
seconds, start = [], clock()
for step in range({THEIRS}):
    began = clock()
    log({{"loss": 1.0 / (step + 1)}}, step=step)
    seconds.append(clock() - began)
trackio.finish()
done = clock() - start
seconds.sort()
answer = {{"call": seconds[len(seconds) // 2], "slow": seconds[int(len(seconds) * 0.99)], "all": done / {THEIRS}}}
open(sys.argv[1], "w").write(json.dumps(answer))
"""

PLAIN = f"""
import json, sys, time, mlflow
with mlflow.start_run():
    mlflow.log_metric("warm", 0.0)
    seconds = []
    for step in range({THEIRS}):
        began = time.perf_counter()
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
        seconds.append(time.perf_counter() - began)
seconds.sort()
answer = {{"call": seconds[len(seconds) // 2], "slow": seconds[int(len(seconds) * 0.99)],
          "all": sum(seconds) / {THEIRS}}}
open(sys.argv[1], "w").write(json.dumps(answer))
"""


def run(options: Options) -> list[Row]:
    """Each round: our tracker with a controller that applies, then MLflow on SQLite, MLflow's server, and trackio."""
    ours = {name: Samples("µs") for name in ("call", "slow", "caller", "durable", "applied")}
    peers = ("mlflow on SQLite", "mlflow server", "trackio")
    theirs = {peer: {name: Samples("µs") for name in ("call", "slow", "all")} for peer in peers}
    trackio = str(environment("trackio", "trackio"))
    with folder() as files, mlflow_server(files) as address:
        ways = {
            "mlflow on SQLite": (sys.executable, PLAIN, {"MLFLOW_TRACKING_URI": f"sqlite:///{files}/direct.db"}),
            "mlflow server": (sys.executable, PLAIN, {"MLFLOW_TRACKING_URI": address}),
            "trackio": (trackio, TRACKIO, {"TRACKIO_DIR": f"{files}/trackio"}),
        }
        for python, code, variables in ways.values():  # makes the tables
            _measure(code, files, variables, python)
        for number in range(options.repeat):
            say(f"round {number + 1} of {options.repeat}")
            with place() as here:  # its own: the controller still applies what the last round logged
                for name, value in _measure(OURS, files, {"STUDIO_HOME": str(here.home)}).items():
                    ours[name].add(value * 1e6)
            for peer, (python, code, variables) in ways.items():
                for name, value in _measure(code, files, variables, python).items():
                    theirs[peer][name].add(value * 1e6)
    of = {name: {peer: theirs[peer][name] for peer in peers} for name in ("call", "slow", "all")}
    return [
        Row("tracker, one call", ours["call"], 20.0, of["call"], f"median of {CALLS:,} calls"),
        Row("tracker, one call, 99th percentile", ours["slow"], None, of["slow"], ""),
        Row("tracker, a value for the caller", ours["caller"], 20.0, of["all"], f"of {SUSTAINED:,} in a row"),
        Row("tracker, a value until flushed", ours["durable"], 20.0, of["all"], "20 µs are 50,000 a second"),
        Row(
            "tracker, a value until in MLflow",
            ours["applied"],
            100.0,
            of["all"],
            f"of {VALUES:,}; 100 µs are 10,000 a second",
        ),
    ]


def _measure(code: str, files: Path, variables: dict[str, str], python: str = sys.executable) -> dict[str, Any]:
    target = files / "answer.json"
    environ = {**os.environ, "PYTHONWARNINGS": "ignore", **variables}
    command = [python, "-c", code, str(target)]
    subprocess.run(command, env=environ, check=True, cwd=files, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return dict(json.loads(target.read_text()))

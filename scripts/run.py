"""What ``make run`` does: the example three times as jobs, their trials as a table, and a JupyterLab to look at it all.

Where a container engine answers, one of the jobs runs in a container; its image is made if it is not there.
Options: ``--no-lab`` ends instead of serving JupyterLab; ``--port N`` and ``--ip ADDRESS`` are JupyterLab's.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from pathlib import Path
from secrets import token_hex

from container_image import ready_image, say_why_not

import studio_ext as studio
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.cli.tables import console, print_trials
from studio_ext.contract.experiments import Trial
from studio_ext.core.plain_text import one_line
from studio_ext.sdk.connection import current
from studio_ext.sdk.progress import shown_on
from studio_ext.sdk.watching import watch

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NOTEBOOK = "house-prices/train.ipynb"
EXPERIMENT = "house-prices"
DEPTHS = (3, 6, 12)

START_SECONDS = 60.0
"""Longest wait for JupyterLab."""


def main() -> int:
    """Run it; 0 if all went well, 1 if something failed (and it said what)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-lab", action="store_true", help="end instead of serving JupyterLab")
    parser.add_argument("--port", type=int, default=0, help="port of JupyterLab (default: a free one)")
    parser.add_argument("--ip", default="127.0.0.1", help="address that JupyterLab listens on")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends JupyterLab, as Ctrl+C does
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    try:
        well = run_jobs()
        if not well or options.no_lab:
            return 0 if well else 1
        return serve(options.ip, options.port or free_port(options.ip))
    except studio.StudioError as error:
        print(f"Error: {one_line(error.message)}", file=sys.stderr)
        if error.hint:
            print(f"Hint: {one_line(error.hint)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Jobs go on: studio jobs", file=sys.stderr)
        return 1


def run_jobs() -> bool:
    """Submit the example three times, show how far the jobs are, and print their trials."""
    out = console()
    image = ready_image(open_workspace())
    out.print(f"Submitting {NOTEBOOK} three times, with max_depth {', '.join(map(str, DEPTHS))}.")
    jobs = [submit(depth, image if depth == DEPTHS[0] else None) for depth in DEPTHS]
    with shown_on(sys.stdout, names=True) as show:
        watch(current(), [job.id for job in jobs], show)
    failed = [job for job in jobs if job.status != "Completed"]
    for job in failed:
        why = job.exit.message if job.exit else job.message
        print(f"Error: job {job.id} ended {job.status}: {one_line(why)}", file=sys.stderr)
        print(f"Hint: .venv/bin/studio logs {job.id}", file=sys.stderr)
    trials = [job.trial.data for job in jobs if job not in failed]
    if trials:
        out.print(f"\nTrials of experiment {EXPERIMENT}:\n")
        print_trials(_chosen(trials), parameters=("max_depth", "learning_rate", "max_iter"))
        out.print("\nSee more: .venv/bin/studio trials -e house-prices, .venv/bin/studio jobs, .venv/bin/studio --help")
    return not failed


def submit(depth: int, image: str | None) -> studio.Job:
    """Submit the example once: in a container of ``image``, or on the machine itself if None or if that cannot be."""

    def as_job(**where: str) -> studio.Job:
        parameters = {"max_depth": depth}
        return studio.submit(
            EXAMPLES / NOTEBOOK, parameters=parameters, name=f"max_depth={depth}", experiment=EXPERIMENT, **where
        )

    if image is not None:
        try:
            return as_job(runner="docker", image=image)
        except studio.StudioError as error:
            say_why_not(error)
    return as_job()


def _chosen(trials: list[Trial]) -> list[Trial]:
    """The trials with their three main metrics: the table fits a terminal."""
    names = ("rmse", "mae", "r2")
    return [
        trial.model_copy(update={"metrics": {key: trial.metrics[key] for key in names if key in trial.metrics}})
        for trial in trials
    ]


def free_port(ip: str) -> int:
    """8888 if it is free, else any free port."""
    for port in (8888, 0):
        with socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ip, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise studio.StudioError(f"No port is free at {ip}.", hint="Give one: make run ARGS='--port 9999'")


def serve(ip: str, port: int) -> int:
    """Serve JupyterLab on the examples until Ctrl+C; prints its address when it answers."""
    token = os.environ.get("JUPYTER_TOKEN") or token_hex(24)
    log_path = studio_home() / "jupyterlab.log"
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser"),
        f"--ServerApp.ip={ip}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={EXAMPLES}",
        f"--LabApp.default_url=/lab/tree/{NOTEBOOK}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    # The token goes by the environment: arguments can be read by everyone on the machine.
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "JUPYTER_TOKEN": token},
            start_new_session=True,  # Ctrl+C is for us: Jupyter would ask whether it is meant
        )
    host = "127.0.0.1" if ip in ("0.0.0.0", "::", "") else f"[{ip}]" if ":" in ip else ip
    try:
        if not _answers(server, f"http://{host}:{port}/api/status?token={token}"):
            print(f"Error: JupyterLab did not start. Its log: {log_path}", file=sys.stderr)
            print("\n".join(log_path.read_text("utf-8", "replace").splitlines()[-10:]), file=sys.stderr)
            return 1
        print("\nJupyterLab is ready; Ctrl+C ends it (jobs go on):\n")
        print(f"    http://{host}:{port}/lab/tree/{NOTEBOOK}?token={token}\n", flush=True)
        return 0 if server.wait() == 0 else 1
    except KeyboardInterrupt:
        print()
        return 0
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def studio_home() -> Path:
    """The workspace in use."""
    from studio_ext.core.workspace import default_home

    return default_home()


def _answers(server: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as reply:
                json.load(reply)
            return True
        except (OSError, ValueError):
            time.sleep(0.1)
    return False


if __name__ == "__main__":
    raise SystemExit(main())

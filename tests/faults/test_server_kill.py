"""kill -9 of the Jupyter server: the jobs that were submitted through it neither notice nor run twice."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import httpx
import pytest

from studio_ext.contract.jobs import JobStatus
from tests.faults.conftest import Drill, wait_for
from tests.faults.test_kills import APPEND, LOG, SLOW, metric, run_status

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]


def test_jobs_queued_and_running_outlive_the_server(drill: Drill) -> None:
    drill.start_controller()
    notebook = drill.notebook(APPEND, SLOW, LOG)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", f"--port={port}",
         "--ServerApp.port_retries=0", "--IdentityProvider.token=t", f"--ServerApp.root_dir={drill.folder}",
         "--ServerApp.jpserver_extensions=studio_ext=True"],
        env={**os.environ, "STUDIO_HOME": str(drill.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    base, headers = f"http://127.0.0.1:{port}/studio/api/", {"Authorization": "token t"}

    def answers() -> bool:
        try:
            return httpx.get(base + "info", headers=headers).status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_for(answers, 60, "the server answers")
        request = {"notebook": notebook.name, "experiment": "drills"}
        ids = [httpx.post(base + "jobs", json=request, headers=headers).json()["id"] for _ in range(4)]
        wait_for(lambda: bool(drill.lines()), 30, "the first cell runs", drill.explain)
    finally:
        server.kill()
        server.wait()
    for job_id in ids:
        ended = drill.wait_recorded(drill.client.job(job_id))
        assert ended.status is JobStatus.Completed
        assert run_status(drill, ended) == "FINISHED"
        assert metric(drill, ended) == [42.0]
    assert sorted(drill.lines()) == sorted(ids)

"""Places to measure in: workspaces, notebooks, Jupyter servers and environments, all temporary, all ended by pid."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import descendants, end, say, wait_for
from studio_ext.adapters.local_client import LocalClient
from studio_ext.contract.jobs import JobDetail
from studio_ext.core.states import FINAL
from studio_ext.core.workspace import Workspace, default_tracking_uri

OTHER_KERNEL = "studio-bench-other"
"""Kernel spec of the second environment."""


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder that is gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="studio-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@dataclass
class Place:
    """A workspace with a controller of its own, and a folder for notebooks."""

    client: LocalClient
    notebooks: Path

    @property
    def home(self) -> Path:
        """Directory of the workspace."""
        return self.client.workspace.home

    def controller_pid(self) -> int:
        """The controller, once it has written its lease."""
        lease = wait_for(self.client.store.lease, "a controller")
        return int(lease.pid)

    def family(self) -> list[int]:
        """The controller and all that it keeps ready."""
        return descendants(self.controller_pid())

    def finished(self, job_id: str, *, timeout: float = 300.0) -> JobDetail:
        """The job once it is over. Raises when it did not complete."""
        seen = -1

        def look() -> JobDetail | None:
            nonlocal seen
            version = self.client.data_version()
            if version == seen:
                return None
            seen = version
            job = self.client.job(job_id)
            return job if job.status in FINAL else None

        job: JobDetail = wait_for(look, f"job {job_id}", timeout=timeout, pause=0.002)
        if job.status != "Completed":
            raise RuntimeError(f"job {job_id} is {job.status}: {job.exit.message if job.exit else job.message}")
        return job


@contextmanager
def place() -> Iterator[Place]:
    """A fresh workspace; its controller is ended and its files removed afterwards."""
    with folder() as root:
        home, notebooks = root / "home", root / "notebooks"
        (home / "jobs").mkdir(parents=True, mode=0o700)
        notebooks.mkdir()
        found = Place(LocalClient(Workspace(home=home, tracking_uri=default_tracking_uri(home))), notebooks)
        try:
            yield found
        finally:
            family: list[int] = []
            if found.client.workspace.database.exists() and (lease := found.client.store.lease()):
                family = descendants(lease.pid)
            for pid in family:
                end(pid)
            found.client.close()


def write_notebook(path: Path, cells: Sequence[str], *, kernel: str = "python3") -> Path:
    """A notebook of code cells."""
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate(cells)
        ],
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def clock_cell(target: Path) -> str:
    """A cell that reads the clock first of all and writes it to ``target``."""
    return (
        "import time; _now = time.time()\n"
        "import os\n"
        f"with open({str(target) + '.part'!r}, 'w') as _file: _file.write(repr(_now))\n"
        f"os.rename({str(target) + '.part'!r}, {str(target)!r})"
    )


def read_clock(target: Path, *, timeout: float = 120.0) -> float:
    """What a clock cell wrote, as soon as it has."""
    wait_for(target.exists, f"the first cell ({target.name})", timeout=timeout, pause=0.002)
    return float(target.read_text())


@dataclass
class Server:
    """A Jupyter server of our own."""

    url: str
    token: str
    root: Path
    pid: int

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and return the parsed reply."""
        import httpx

        headers = {"Authorization": f"token {self.token}"}
        reply = httpx.request(method, self.url + path, json=body, headers=headers, timeout=120)
        reply.raise_for_status()
        return reply.json() if reply.content else None


@contextmanager
def jupyter_server(
    python: str, extension: str, *, environ: dict[str, str] | None = None, arguments: Sequence[str] = ()
) -> Iterator[Server]:
    """A Jupyter server with one extension on a free port; ended by pid afterwards."""
    with folder() as base, ExitStack() as stack:
        root = base / "root"
        for each in (root, base / "config", base / "data", base / "runtime"):
            each.mkdir()
        settings = {"ServerApp": {"jpserver_extensions": {extension: True}}}
        (base / "config" / "jupyter_server_config.json").write_text(json.dumps(settings))
        port, token = free_port(), secrets.token_hex(16)
        log = stack.enter_context((base / "log.txt").open("wb"))
        command = [
            python, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--port={port}",
            "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}",
            *arguments,
        ]  # fmt: skip
        places = {
            "JUPYTER_CONFIG_DIR": str(base / "config"),
            "JUPYTER_DATA_DIR": str(base / "data"),
            "JUPYTER_RUNTIME_DIR": str(base / "runtime"),
        }
        process = subprocess.Popen(
            command, env={**os.environ, **places, **(environ or {})}, cwd=root, stdout=log, stderr=log,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        server = Server(f"http://127.0.0.1:{port}/", token, root, process.pid)

        def answers() -> bool:
            import httpx

            if process.poll() is not None:
                raise RuntimeError((base / "log.txt").read_text()[-2000:])
            try:
                server.request("GET", "api/status")
            except httpx.HTTPError:
                return False
            return True

        try:
            wait_for(answers, f"the Jupyter server with {extension}", pause=0.1)
            yield server
        finally:
            end(process.pid)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(name: str, *packages: str) -> Path:
    """The interpreter of a virtual environment with these packages; made once and kept in the cache folder."""
    import platformdirs

    root = platformdirs.user_cache_path("studio-benchmarks") / f"{name}-{sys.version_info[0]}.{sys.version_info[1]}"
    python = root / "bin" / "python"
    if not (root / "ready").exists():
        say(f"making the environment {root} ({', '.join(packages)})")
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        subprocess.run(install, check=True, stderr=subprocess.PIPE)
        subprocess.run([str(python), "-m", "compileall", "-q", str(root / "lib")], stdout=subprocess.DEVNULL)
        (root / "ready").touch()
    return python


@contextmanager
def other_kernel() -> Iterator[str]:
    """A kernel spec of an environment that is not ours, in ``JUPYTER_PATH`` for as long as this lasts."""
    python = environment("other-kernel", "ipykernel")
    before = os.environ.get("JUPYTER_PATH")
    with folder() as data:
        spec = data / "kernels" / OTHER_KERNEL
        spec.mkdir(parents=True)
        argv = [str(python), "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        document = {"argv": argv, "display_name": "Other environment", "language": "python"}
        (spec / "kernel.json").write_text(json.dumps(document))
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(data), before]))
        try:
            yield OTHER_KERNEL
        finally:
            if before is None:
                del os.environ["JUPYTER_PATH"]
            else:
                os.environ["JUPYTER_PATH"] = before

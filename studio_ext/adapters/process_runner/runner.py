"""The runner: launches supervisors, observes and stops attempts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio_ext.adapters.attempts import evidence
from studio_ext.adapters.attempts.archive import sdk_archive, worker_archive
from studio_ext.adapters.attempts.notes import note_launch, note_stop
from studio_ext.adapters.attempts.options import supervisor_options
from studio_ext.adapters.attempts.progress import ProgressReader
from studio_ext.adapters.fork_servers import ForkServer, ForkServers, ServerKey, base_variables
from studio_ext.adapters.process_runner import observation
from studio_ext.contract.errors import InvalidRequest, Unavailable
from studio_ext.contract.jobs import RunnerInfo
from studio_ext.core.workspace import Workspace
from studio_ext.ports.runner import Launch, Observation
from studio_ext.worker import limits, processes, records

_MOST_MEMORIES = 1000
"""Attempts whose place in ``progress.jsonl`` is remembered; the others are read, and waited for, anew."""
_FORKABLE = (
    ("-m", "ipykernel_launcher", "-f", "{connection_file}"),
    ("-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"),
)


def limits_mechanism() -> tuple[str, str]:
    """How CPU and memory limits hold on this machine: a word and a sentence."""
    return limits.mechanism(os.environ.get(limits.SETTING))


class ProcessRunner:
    """See :class:`studio_ext.ports.runner.Runner`. Thread-safe."""

    name = "process"

    def __init__(self, workspace: Workspace | Path) -> None:
        home = workspace.home if isinstance(workspace, Workspace) else Path(workspace)
        self._cache = home.absolute() / "cache"
        self._servers: ForkServers | None = None
        self._memories: dict[tuple[str, int], tuple[ProgressReader, evidence.Sightings]] = {}
        self._pending: dict[tuple[str, int], tuple[int, int | None]] = {}
        self._children: list[subprocess.Popen[bytes]] = []
        self._lock = threading.RLock()

    def info(self) -> RunnerInfo:
        """Attempts can run here on Linux."""
        reason = "" if sys.platform == "linux" else "The process runner needs Linux."
        return RunnerInfo(name=self.name, display_name="Process", available=not reason, reason=reason)

    @property
    def servers(self) -> ForkServers:
        """The fork servers; made on first use, so that a runner that only observes starts nothing."""
        with self._lock:
            if self._servers is None:
                self._servers = ForkServers(self._archive())
            return self._servers

    def _archive(self, pack: Callable[[Path], Path] = worker_archive) -> Path:
        try:
            return pack(self._cache)
        except OSError as error:
            raise Unavailable(
                f"What runs jobs cannot be written to {self._cache}: {error.strerror}.",
                hint="Free some space, or set STUDIO_HOME to a directory that you may write to.",
            ) from error

    def warm(self, prefix: str) -> None:
        """Start the worker server and the kernel server of the environment at ``prefix``."""
        servers = self.servers
        servers.worker_address()
        python = _python_of(prefix)
        if python:
            servers.ensure(ServerKey.of(python, base_variables()))

    def launch(self, launch: Launch) -> None:
        """See the port. Raises ``InvalidRequest`` for a job directory without a usable ``job.json``."""
        files = records.AttemptFiles(launch.directory, launch.attempt)
        job = records.read(files.job)
        if job is None or not isinstance(job.get("environment"), dict):
            raise InvalidRequest(f"{files.job} cannot be read.", hint="Submit the notebook again.")
        if files.claim.exists():
            return
        note_launch(launch)
        self._start(launch, job)

    def _start(self, launch: Launch, job: Mapping[str, Any]) -> None:
        environment = job["environment"]
        variables = _variables(launch.directory, job)
        python = _interpreter(environment["argv"], variables)
        key = ServerKey.of(python, variables) if python else None
        servers = self.servers
        address = servers.worker_address()
        exact = servers.kernel_server(key) if key else None
        for server, in_process in ((exact, True), (servers.any_server(), False)):
            if server and self._fork(server, launch, self._options(address, in_process)):
                break
        else:
            self._spawn(launch, self._options(address, False))
        if key:
            servers.ensure(key)

    def _fork(self, server: ForkServer, launch: Launch, options: str) -> bool:
        pid = server.launch(launch.directory, launch.attempt, options)
        if pid is None:  # dead or stuck: the claim sees to it that a late supervisor does nothing
            with contextlib.suppress(ProcessLookupError):
                server.process.kill()
            return False
        self._note(launch, pid)
        return True

    def _spawn(self, launch: Launch, options: str) -> None:
        command = [
            sys.executable,
            str(self._archive()),
            "supervise",
            str(launch.directory),
            str(launch.attempt),
            options,
        ]
        files = records.AttemptFiles(launch.directory, launch.attempt)
        try:
            log = records.open_append(files.log)
            try:
                child = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    env=base_variables() | {processes.MARK: launch.job_id},
                    cwd="/",
                )
            finally:
                os.close(log)
        except OSError as error:
            raise Unavailable(
                f"The job's supervisor cannot be started: {error.strerror}.",
                hint="See whether the machine is out of memory, processes or disk space.",
            ) from error
        with self._lock:
            self._children.append(child)
        self._note(launch, child.pid)

    def _note(self, launch: Launch, pid: int) -> None:
        with self._lock:
            self._pending[launch.job_id, launch.attempt] = (pid, processes.start_time(pid))

    def _options(self, address: str | None, in_process: bool) -> str:
        return json.dumps(
            {
                "worker_socket": address,
                "executor": [sys.executable, str(self._archive()), "execute"],
                "in_process": in_process,
                "limits": os.environ.get(limits.SETTING),
                "sdk": str(self._archive(sdk_archive)),
                **supervisor_options(),
            }
        )

    def observe(self, launch: Launch) -> Observation:
        """See the port."""
        key = (launch.job_id, launch.attempt)
        with self._lock:
            self._children = [child for child in self._children if child.poll() is None]
            memory = self._memories.setdefault(key, (ProgressReader(), evidence.Sightings()))
            waiting = self._pending.get(key)
            pending = waiting is not None and processes.is_running(*waiting)
            seen = observation.observe(launch, *memory, pending)
            if seen.exit is not None:
                self._pending.pop(key, None)
                self._memories.pop(key, None)
            while len(self._memories) > _MOST_MEMORIES:
                self._memories.pop(next(iter(self._memories)))
        return seen

    def stop(self, launch: Launch, *, kill: bool = False, reason: str = "Stopped") -> None:
        """See the port."""
        if not note_stop(launch, kill=kill, reason=reason):
            return
        claim = evidence.read_claim(records.AttemptFiles(launch.directory, launch.attempt).claim)
        if claim and observation.supervisor_runs(claim):
            processes.send([claim.pid], signal.SIGTERM)

    def close(self) -> None:
        """End the fork servers. Attempts go on."""
        with self._lock:
            if self._servers:
                self._servers.close()
                self._servers = None


def _variables(job_dir: Path, job: Mapping[str, Any]) -> dict[str, str]:
    """The part of the job's environment that can matter before the interpreter starts."""
    wanted = job["environment"]
    named = records.read(job_dir / "environment.json") or {}
    return {**(job.get("base_env") or {}), **(wanted.get("spec_env") or {}), **named}


def _interpreter(argv: list[str], variables: Mapping[str, str]) -> str | None:
    """Path of the Python whose kernel server can stand for the command ``argv``; None where none can."""
    if tuple(argv[1:]) not in _FORKABLE:
        return None
    return shutil.which(argv[0], path=variables.get("PATH"))


def _python_of(prefix: str) -> str | None:
    if prefix == sys.prefix:
        return sys.executable
    for name in ("python3", "python"):
        path = Path(prefix) / "bin" / name
        if path.exists():
            return str(path)
    return None

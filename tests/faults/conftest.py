"""A workspace with a controller that tests may kill."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest

from studio_ext.adapters.local_client import LocalClient
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.jobs import JobDetail, Resources, SubmitRequest
from studio_ext.core.states import FINAL

FAULT_VARIABLE = "STUDIO_FAULT_POINT"


class Drill:
    """One workspace, one controller at a time."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder
        self.workspace = open_workspace(home, {})
        self.controllers: list[subprocess.Popen[bytes]] = []
        self._client: LocalClient | None = None

    def start_controller(
        self, fault: str = "", variables: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a controller with more ``variables``, by the command ``prefix``; returns when it serves."""
        process = self.begin_controller(fault, variables, prefix)
        wait_for(lambda: process.poll() is not None or self.serves(process), 30, "a controller serves", self.explain)
        return process

    def begin_controller(
        self, fault: str = "", variables: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """As :meth:`start_controller`, without waiting for it."""
        environment = {**os.environ, "STUDIO_HOME": str(self.home), "STUDIO_CONTROLLER_NO_UPGRADE": "1"}
        environment.pop(FAULT_VARIABLE, None)
        environment |= variables or {}
        if fault:
            environment[FAULT_VARIABLE] = fault
        with self.workspace.controller_log.open("ab") as log:
            process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "studio_ext.controller.main"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.controllers.append(process)
        return process

    def serves(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether a controller has the lease."""
        lease = self.client.store.lease()
        return lease is not None and lease.pid == process.pid

    def kill_controller(self) -> None:
        """kill -9 of the controller alone."""
        self.controllers[-1].kill()
        self.controllers[-1].wait()

    @property
    def client(self) -> LocalClient:
        """A client that never starts a controller by itself."""
        if self._client is None:
            self._client = LocalClient(self.workspace)
            self._client._launcher.ensure = lambda: None  # type: ignore[method-assign]
            self._client._launcher.starting = lambda: True  # type: ignore[method-assign]
        return self._client

    def notebook(self, *cells: str, name: str = "drill.ipynb") -> Path:
        """Write a notebook. ``SIDE`` in a cell stands for the file that lines are appended to."""
        document = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell.replace("SIDE", repr(str(self.side)))) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        path = self.folder / name
        nbformat.write(document, path)
        return path

    @property
    def side(self) -> Path:
        """User code appends a line here; it lies outside the workspace."""
        return self.folder.parent / "side.txt"

    def gate(self, name: str) -> str:
        """A cell that waits until the test opens the gate."""
        return f"import os, time\nwhile not os.path.exists({str(self._gate(name))!r}):\n    time.sleep(0.02)"

    def open_gate(self, name: str) -> None:
        """Let the cell go on."""
        self._gate(name).touch()

    def _gate(self, name: str) -> Path:
        return self.folder.parent / f"gate-{name}"

    def wait_cell(self, job: JobDetail, number: int, seconds: float = 40) -> None:
        """Wait until a cell runs."""
        is_there = lambda: self.client.job(job.id).progress.current == number or self.client.job(job.id).ended  # noqa: E731
        wait_for(lambda: bool(is_there()), seconds, f"cell {number} of {job.name} runs", self.explain)
        row = self.client.job(job.id)
        assert row.progress.current == number, f"{row.name} {row.status} {row.message}\n{self.explain()}"

    def lines(self) -> list[str]:
        """What user code wrote, one line a run."""
        return self.side.read_text().splitlines() if self.side.exists() else []

    def submit(self, notebook: Path, **more: Any) -> JobDetail:
        """Commit a job."""
        resources = Resources(**more.pop("resources", {}))
        return self.client.submit(
            SubmitRequest(notebook=str(notebook), experiment="drills", resources=resources, **more)
        )

    def wait(self, job: JobDetail, seconds: float = 40) -> JobDetail:
        """The job in its final state."""
        wait_for(lambda: self.client.job(job.id).status in FINAL, seconds, f"{job.name} ends", self.explain)
        return self.client.job(job.id)

    def wait_recorded(self, job: JobDetail, seconds: float = 40) -> JobDetail:
        """The job once its trial is closed too."""
        self.wait(job, seconds)
        recorded = lambda: job.id not in {each.id for each in self.client.store.unfinished_recording()}  # noqa: E731
        wait_for(recorded, seconds, "the trial is closed", self.explain)
        return self.client.job(job.id)

    def attempt(self, job: JobDetail) -> Path:
        """Directory of the attempt."""
        return Path(job.directory) / "attempts" / str(job.attempt)

    def processes(self, job: JobDetail) -> list[int]:
        """Processes that carry the job's id."""
        return self.with_variable("STUDIO_JOB_ID", job.id)

    def with_variable(self, name: str, value: str) -> list[int]:
        """Processes with this in their environment."""
        wanted = f"{name}={value}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if wanted in (entry / "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
                except OSError:
                    continue
        return found

    def executor(self, job: JobDetail) -> int:
        """The process that drives the notebook of a job that runs."""
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in self.processes(job)}
        (pid,) = (pid for pid, command in commands.items() if b"worker-server" in command or b"\0execute" in command)
        return pid

    def explain(self) -> str:
        """What the controller said, for the message of a failed wait."""
        return self.workspace.controller_log.read_text(errors="replace")[-3000:]

    def close(self) -> None:
        """End everything that was started."""
        for process in self.controllers:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        if self._client is not None:
            for job in self._client.store.active():
                kill_all(self.processes(job))
            self._client.close()


def kill_all(pids: Iterable[int]) -> None:
    """Kill processes at once; some end with the one that started them, before it is their turn."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_for(condition: Callable[[], bool], seconds: float, what: str, explain: Callable[[], str] = lambda: "") -> None:
    """Wait until something holds; fail saying what did not."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}\n{explain()}")
        time.sleep(0.02)


@pytest.fixture
def runner_name() -> str:
    """The runner of the jobs of a drill."""
    return "process"


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    """A workspace whose controller the test starts and kills."""
    (tmp_path / "notebooks").mkdir()
    drill = Drill(tmp_path / "home", tmp_path / "notebooks")
    yield drill
    drill.close()

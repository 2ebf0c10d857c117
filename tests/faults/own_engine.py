"""A Docker engine of the tests' own, which they may stop, kill and hold."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.docker_runner.settings import DockerSettings
from tests.faults.conftest import kill_all
from tests.removal import remove_meanwhile

_START_SECONDS = 60.0


class OwnEngine:
    """Context manager. Root only; the engine shares nothing with any other but the kernel."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="engine-", dir="/var/tmp"))
        self.address = f"unix://{self.directory}/s"
        self._containerd: subprocess.Popen[bytes] | None = None
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self, *, live_restore: bool = False) -> None:
        """Start the engine and wait until it answers."""
        if self._containerd is None:  # beside the engine, as the system has it, so that it outlives a killed engine
            places = [
                "--root",
                f"{self.directory}/c",
                "--state",
                f"{self.directory}/cs",
                "--address",
                f"{self.directory}/cd",
            ]
            with (self.directory / "log").open("ab") as log:
                self._containerd = subprocess.Popen(["containerd", *places], stdout=log, stderr=log)
        # In a network of its own: an engine without a bridge takes away the one of the machine's own engine.
        command = [
            "unshare",
            "--net",
            "dockerd",
            "--data-root",
            f"{self.directory}/data",
            "--exec-root",
            f"{self.directory}/exec",
        ]
        command += ["--pidfile", f"{self.directory}/pid", "--host", self.address, "--bridge=none", "--iptables=false"]
        command += ["--containerd", f"{self.directory}/cd"]
        command += ["--live-restore"] if live_restore else []
        with (self.directory / "log").open("ab") as log:
            self._daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.engine().describe(5.0)
                return
            except Exception:
                if time.monotonic() > deadline or self._daemon.poll() is not None:
                    text = (self.directory / "log").read_text("utf-8", "replace")
                    raise AssertionError(f"the engine does not start: {text[-2000:]}") from None
                time.sleep(0.1)

    def engine(self) -> Engine:
        """A new connection."""
        return Engine(DockerSettings(host=self.address))

    def _pid(self) -> int:
        assert self._daemon is not None
        return self._daemon.pid

    def terminate(self) -> None:
        """Stop the engine as the system does: SIGTERM, and the containers are stopped."""
        os.kill(self._pid(), signal.SIGTERM)
        assert self._daemon is not None
        self._daemon.wait(60)

    def kill(self) -> None:
        """kill -9 of the engine; containers go on until it is back."""
        os.kill(self._pid(), signal.SIGKILL)
        assert self._daemon is not None
        self._daemon.wait(60)

    def hold(self) -> None:
        """Let the engine hang."""
        os.kill(self._pid(), signal.SIGSTOP)

    def release(self) -> None:
        """Let it go on."""
        os.kill(self._pid(), signal.SIGCONT)

    def __enter__(self) -> OwnEngine:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._daemon is not None and self._daemon.poll() is None:
            self.release()
            self.terminate()
        if self._containerd is not None:
            self._containerd.terminate()
            self._containerd.wait(60)
        kill_all(_processes_in(self.directory))  # shims of containers that a killed engine left
        for line in reversed(Path("/proc/mounts").read_text().splitlines()):
            place = line.split()[1]
            if place.startswith(str(self.directory)):
                subprocess.run(["umount", "-l", place], check=False)
        remove_meanwhile(self.directory)


def _processes_in(directory: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(directory).encode() in command:
                found.append(int(entry.name))
    return found

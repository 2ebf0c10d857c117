"""A Podman of the tests' own behind its Docker-compatible socket; it shares nothing with another one but the kernel."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.docker_runner.settings import DockerSettings
from tests.removal import remove_meanwhile

NOBODY = 65534
_START_SECONDS = 60.0
_END_SECONDS = 5.0


class OwnPodman:
    """Context manager, for root only."""

    def __init__(self, user: int = 0) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="podman-", dir="/var/tmp"))
        self.address = f"unix://{self.directory}/s"
        self._service: subprocess.Popen[bytes] | None = None
        (self.directory / "containers.conf").write_text(_configuration(self.directory))
        (self.directory / "storage.conf").write_text(_storage(self.directory, is_alone=user != 0))
        os.chown(self.directory, user, user)
        places = {"CONTAINERS_CONF": "containers.conf", "CONTAINERS_STORAGE_CONF": "storage.conf"}
        places |= {"HOME": "", "XDG_RUNTIME_DIR": ""} if user else {}
        environ = {**os.environ, **{name: str(self.directory / place) for name, place in places.items()}}
        self._as: dict[str, Any] = {"env": environ, "cwd": self.directory}
        if user:
            self._as |= {"user": user, "group": user, "extra_groups": []}

    def __enter__(self) -> OwnPodman:
        self.start()
        return self

    def start(self) -> None:
        """Start the service and wait until it answers. Raises ``AssertionError`` with its log when it does not."""
        command = ["podman", "system", "service", "--time=0", self.address]
        with (self.directory / "log").open("ab") as log:
            self._service = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **self._as)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.engine().describe(5.0)
                return
            except Exception:
                if time.monotonic() > deadline or self._service.poll() is not None:
                    said = (self.directory / "log").read_text("utf-8", "replace")
                    self.__exit__(None, None, None)
                    raise AssertionError(f"podman does not start: {said[-2000:]}") from None
                time.sleep(0.1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        remove = ["podman", "rm", "--all", "--force", "--time=0"]
        subprocess.run(remove, check=False, capture_output=True, timeout=120, **self._as)
        self.end()
        for note in self.directory.rglob("pause.pid"):  # what keeps the name space of a user
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.kill(int(note.read_text()), signal.SIGKILL)
        for mount in _mounts_below(self.directory):
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
        remove_meanwhile(self.directory)

    def end(self) -> None:
        """End the service; containers go on."""
        if self._service is not None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._service.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._service.wait(_END_SECONDS)

    def engine(self) -> Engine:
        """A new connection."""
        return Engine(DockerSettings(host=self.address))


def _configuration(directory: Path) -> str:
    # Podman gives containers more open files and processes than a root without CAP_SYS_RESOURCE may hand on.
    most = int(Path("/proc/sys/kernel/pid_max").read_text())
    limits = []
    for name, number, cap in (("nofile", resource.RLIMIT_NOFILE, 1 << 20), ("nproc", resource.RLIMIT_NPROC, most)):
        hard = resource.getrlimit(number)[1]
        limit = cap if hard == resource.RLIM_INFINITY else min(hard, cap)
        limits.append(f'"{name}={limit}:{limit}"')
    # Docker's runtime where it is there: crun refuses machines with control groups of both versions.
    runtime = 'runtime = "runc"' if shutil.which("runc") else ""
    return f"""
[containers]
default_ulimits = [{", ".join(limits)}]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
{runtime}
tmp_dir = "{directory}/tmp"
[network]
network_config_dir = "{directory}/networks"
"""


def _storage(directory: Path, *, is_alone: bool) -> str:
    text = f'[storage]\ndriver = "overlay"\ngraphroot = "{directory}/data"\nrunroot = "{directory}/run"\n'
    # In containers of a user without subordinate ids there is nobody else: all files become that user's.
    return text + ('[storage.options.overlay]\nignore_chown_errors = "true"\n' if is_alone else "")


def _mounts_below(directory: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    return sorted((place for line in lines if (place := line.split()[4]).startswith(f"{directory}/")), reverse=True)

"""A PostgreSQL of our own for tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.integration.registry import free_port
from tests.needs import cannot_be_tried

_SECONDS = 60.0


class OwnPostgres:
    """A server in a folder of its own, reached over TCP. A context manager."""

    def __init__(self) -> None:
        program = shutil.which("postgres") or next(
            (str(each) for each in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))), None
        )
        if program is None:
            cannot_be_tried("There is no PostgreSQL: apt-get install postgresql")
        self._programs = Path(program).resolve().parent
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="studio-postgres-"))
        # It does not run as root.
        self._user: dict[str, Any] = {"user": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """The tracking URI."""
        return f"postgresql+psycopg://studio@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = [
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            f"unix_socket_directories={self._folder}",
            "-c",
            "fsync=off",
        ]
        command = [self._programs / "postgres", "-D", self._folder / "data", "-p", str(self.port), *options]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self._user)
        deadline = time.monotonic() + _SECONDS
        ready = [self._programs / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, stdout=subprocess.DEVNULL).returncode:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server at once, as a machine that is switched off."""
        if self._process is not None:
            self._process.send_signal(3)  # SIGQUIT: it ends its children, too
            self._process.wait(_SECONDS)
            self._process = None

    def __enter__(self) -> OwnPostgres:
        if self._user:
            shutil.chown(self._folder, "postgres")
        command = [self._programs / "initdb", "-D", self._folder / "data", "-U", "studio", "-A", "trust", "-N"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **self._user)
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

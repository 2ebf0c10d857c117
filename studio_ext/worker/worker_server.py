"""The worker server: has imported papermill and nbclient, and forks an executor for each supervisor that connects."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import socket
from pathlib import Path

from . import processes, records
from .executor import block_slow_imports, execute, read_request
from .serving import ForkServer, Task

_BACKLOG = 64
_LATER = ("papermill.execute", "nbformat.v4", "zmq.asyncio")
"""What an executor imports beside the engine."""


def main(address: str) -> Task | None:
    """Entry point ``worker-server``; listens at the path ``address``."""
    block_slow_imports()
    from . import engine  # noqa: F401

    for name in _LATER:
        importlib.import_module(name)
    import nbformat

    nbformat.validate(nbformat.v4.new_notebook())  # compiles its schema: 50 ms, once here and not in each executor
    listener = socket.socket(socket.AF_UNIX)
    Path(address).unlink(missing_ok=True)
    listener.bind(address)
    listener.listen(_BACKLOG)
    forked = ForkServer(listener).serve(lambda _: lambda: None, _task)
    if forked is None:  # the controller is gone and cannot tidy up
        Path(address).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            Path(address).parent.rmdir()
    return forked


def _task(connection: socket.socket) -> Task:
    def run() -> None:
        os.setsid()
        pid = os.getpid()
        connection.setblocking(True)
        connection.sendall(json.dumps({"pid": pid, "start_time": processes.start_time(pid)}).encode() + b"\n")
        request = read_request(connection)
        if request is None:
            return
        files = records.AttemptFiles(Path(request["job_dir"]), request["attempt"])
        job_id = str((records.read(files.job) or {}).get("id", processes.PLACEHOLDER))
        processes.mark_self(job_id)
        os.environ[processes.MARK] = job_id
        log = records.open_append(files.log)
        processes.redirect(log)
        os.close(log)
        execute(connection, request)

    return run

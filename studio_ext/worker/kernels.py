"""Starting the kernel of a job: its connection file, its process, and the moment when it is let go.

The kernel's process is forked while the supervisor has one thread only; it waits at a gate (a pipe) for its
environment, which is complete only when the relay listens.
"""

from __future__ import annotations

import atexit
import faulthandler
import json
import os
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from . import capture, processes
from .container import Tenant
from .kernel_output import hold_back
from .limits import Limits

_CHANNELS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
_NO_HISTORY = "--HistoryManager.hist_file=:memory:"
_NOT_FOUND = 127
_CONTROL_SECONDS = 1.0


def runtime_directory() -> str:
    """A private directory with a path short enough for sockets."""
    parent = "/tmp" if os.access("/tmp", os.W_OK | os.X_OK) else None  # noqa: S108
    return tempfile.mkdtemp(prefix="studio-", dir=parent)


def speaks_ipc(argv: Sequence[str]) -> bool:
    """Whether a kernel is known to listen on local sockets; the others get TCP on the loopback."""
    return "ipykernel_launcher" in argv or "ipykernel" in argv


def write_connection_file(directory: str, argv: Sequence[str], kernel_name: str) -> str:
    """Choose addresses and a key for a kernel; returns the path of its connection file."""
    ipc = speaks_ipc(argv)
    ports = range(1, len(_CHANNELS) + 1) if ipc else _free_ports(len(_CHANNELS))
    record: dict[str, Any] = dict(zip(_CHANNELS, ports, strict=True))
    record |= {
        "transport": "ipc" if ipc else "tcp",
        "ip": f"{directory}/k" if ipc else "127.0.0.1",
        "key": secrets.token_hex(24),
        "signature_scheme": "hmac-sha256",
        "kernel_name": kernel_name,
    }
    path = f"{directory}/connection.json"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, json.dumps(record).encode())
    finally:
        os.close(fd)
    return path


def _free_ports(count: int) -> list[int]:
    """Ports that are free now; all are held until the last is known, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


def command(argv: Sequence[str], connection_file: str) -> list[str]:
    """The command of a kernel specification, filled in."""
    filled = [part.replace("{connection_file}", connection_file) for part in argv]
    if "ipykernel_launcher" in filled:
        filled.append(_NO_HISTORY)
    return filled


@dataclass
class Kernel:
    """A kernel's process as its supervisor holds it."""

    pid: int
    start_time: int | None
    gate: int
    """Write end of the pipe at which the process waits."""

    def open_gate(self, variables: Mapping[str, str]) -> None:
        """Let the kernel start in this environment."""
        data = json.dumps(dict(variables)).encode()
        with os.fdopen(self.gate, "wb") as pipe:
            pipe.write(data)


def fork_kernel(
    *,
    argv: Sequence[str],
    connection_file: str,
    cwd: Path,
    job_id: str,
    limits: Limits,
    in_process: bool,
    tenant: Tenant | None = None,
    captured: capture.Settings | None = None,
) -> Kernel | Callable[[], None]:
    """Fork the process that becomes the kernel.

    Returns a :class:`Kernel` in the supervisor. In the new process it does not return when the kernel is another
    program; with ``in_process`` it returns what the caller must run at the top of the stack, so that the
    interpreter ends as usual (threads joined, ``atexit`` callbacks run). ``tenant``: as whom it runs, if not as we.
    ``captured``: how a kernel in this process records what it does; others are told by whoever drives them.
    """
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid:
        os.close(read_end)
        return Kernel(pid, processes.start_time(pid), write_end)
    try:
        os.setpgid(0, 0)
        processes.default_signals()
        _prefer_as_victim()
        limits.enter()
        if tenant:
            tenant.become()
        processes.die_with_parent()  # forgotten when a process changes its user
        processes.close_descriptors(read_end)
        with os.fdopen(read_end, "rb") as pipe:
            data = pipe.read()
        if not data:  # the supervisor is gone
            os._exit(1)
        variables: dict[str, str] = json.loads(data)
        os.chdir(cwd)
        filled = command(argv, connection_file)
        if not in_process:
            _become(filled, variables | {"JPY_PARENT_PID": str(os.getppid())})
        processes.mark_self(job_id)
        from .environment import replace_environment

        replace_environment(variables)
        return lambda: run_ipykernel(filled, captured)
    except BaseException as error:
        os.write(2, f"The kernel could not be started: {error}\n".encode())
        os._exit(_NOT_FOUND)


def _become(filled: list[str], variables: Mapping[str, str]) -> NoReturn:
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them; other languages rely on them
    try:
        os.execvpe(filled[0], filled, dict(variables))  # noqa: S606
    except OSError as error:
        os.write(2, f"{filled[0]}: {error.strerror}\n".encode())
        os._exit(_NOT_FOUND)


def _prefer_as_victim() -> None:
    """When the machine runs out of memory, the user's code is to be killed, not who looks after it."""
    try:
        Path("/proc/self/oom_score_adj").write_text("500")
    except OSError:
        pass


def run_ipykernel(filled: list[str], captured: capture.Settings | None) -> None:
    """Be an IPython kernel, in a process forked from the kernel server. ``filled``: the command it stands for."""
    capture.forget()
    import ipykernel_launcher  # type: ignore[import-untyped]

    arguments = filled[filled.index("-f") :]
    sys.executable = filled[0] if Path(filled[0]).is_absolute() else sys.executable
    sys.argv[:] = [ipykernel_launcher.__file__, *arguments]
    sys.orig_argv[:] = filled
    from ipykernel.iostream import OutStream
    from ipykernel.kernelapp import IPKernelApp
    from IPython.core.interactiveshell import InteractiveShell

    faulthandler.enable(file=os.dup(2))  # where Python was when a library crashed: into the log
    hold_back(IPKernelApp, OutStream, InteractiveShell)
    # As Jupyter's own launchers have it: end with the parent, and print no advice for terminals.
    app = IPKernelApp.instance(parent_handle=os.getppid())
    app.initialize(arguments)

    def end_control() -> None:
        if app.control_thread and app.control_thread.is_alive():
            app.control_thread.stop()
            app.control_thread.join(_CONTROL_SECONDS)

    # ipykernel's own callbacks stop the thread that publishes output while the control thread, busy with the last
    # words of the shutdown request, may wait for just that thread: 10 s, or for ever. Callbacks registered last run
    # first, so this one lets the control thread finish before them.
    atexit.register(end_control)
    if captured:
        capture.start(captured)
    app.start()

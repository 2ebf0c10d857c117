"""Starts the controller of a workspace as a process of its own that outlives us."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys

from studio_ext.core.workspace import Workspace

_LONGEST_LOG = 10_000_000
"""Bytes of ``controller.log`` from which it is set aside before a controller starts."""
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "PYTHONPATH", "LD_LIBRARY_PATH")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
"""The tracking store and its artefacts may lie behind one. Both spellings are in use."""
_KEPT_PREFIXES = (
    "LC_",
    "STUDIO_",
    "MLFLOW_",
    "AWS_",
    "DATABRICKS_",
    "AZURE_",
    "GOOGLE_",
    "DOCKER_",
    "SSL_",
    "REQUESTS_",
)


class DetachedController:
    """See :class:`studio_ext.ports.submission.ControllerLauncher`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._starting: subprocess.Popen[bytes] | None = None

    def running(self) -> bool:
        """Whether some process holds the controller's lock."""
        try:
            descriptor = os.open(self._workspace.controller_lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def ensure(self) -> None:
        """Start a controller if none runs. The second of two that start at once leaves by itself."""
        if not self.starting():
            self._starting = start(self._workspace)

    def starting(self) -> bool:
        """Whether a controller runs or is on its way."""
        return self.running() or (self._starting is not None and self._starting.poll() is None)


def _set_old_log_aside(workspace: Workspace) -> None:
    """Make a long log ``controller.log.1``, in the place of the one before."""
    log = workspace.controller_log
    with contextlib.suppress(OSError):  # none yet, or another start was quicker
        if log.stat().st_size > _LONGEST_LOG:
            log.replace(log.with_name(f"{log.name}.1"))


def start(workspace: Workspace) -> subprocess.Popen[bytes]:
    """Start a controller in a session of its own, away from our terminal, our files and most of our variables."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.lower() in _PROXIES or name.startswith(_KEPT_PREFIXES)
    }
    environment["STUDIO_HOME"] = str(workspace.home)
    environment["STUDIO_TRACKING_URI"] = workspace.tracking_uri
    for name in ("STUDIO_TOKEN", "STUDIO_JOB_ID"):  # with a job's id it would be ended with that job
        environment.pop(name, None)
    _set_old_log_aside(workspace)
    descriptor = os.open(workspace.controller_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "studio_ext.controller.main"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=workspace.home,
            env=environment,
            start_new_session=True,
        )

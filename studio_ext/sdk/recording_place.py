"""Where experiments, trials and trackers of this process are kept."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from studio_ext.contract.errors import StudioError
from studio_ext.sdk.connection import current

if TYPE_CHECKING:
    from studio_ext.ports.client import Client
    from studio_ext.ports.records import Recorder

_lock = threading.Lock()
_made: dict[object, Recorder] = {}


class NotOverHttp(StudioError):
    """Trackers record to the workspace of their machine, or to the job that they run in (501)."""

    code = "not_over_http"
    status = 501


def recorder() -> Recorder:
    """The job that this process is part of, else the workspace that is connected.

    Raises ``NotOverHttp`` when that is a Jupyter server elsewhere.
    """
    from studio_ext.adapters.recorders import JobRecorder, in_job

    if in_job(os.environ):
        key = (os.environ["MLFLOW_TRACKING_URI"], os.environ["STUDIO_RUN_ID"])
        with _lock:
            if key not in _made:
                _made[key] = JobRecorder(os.environ)
            return _made[key]
    return _of(current())


def _of(client: Client) -> Recorder:
    from studio_ext.adapters.local_client import LocalClient
    from studio_ext.adapters.recorders import LocalRecorder

    if not isinstance(client, LocalClient):
        raise NotOverHttp(
            "Experiments and trackers cannot be used over HTTP, and a Jupyter server elsewhere is connected.",
            hint="Submit a job there with studio.submit() and use the tracker in it, or connect a workspace.",
        )
    with _lock:
        if client.workspace not in _made:
            _made[client.workspace] = LocalRecorder(client.workspace)
        return _made[client.workspace]


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)

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


class NotRecorded(StudioError):
    """The client in use can neither record nor read records (501)."""

    code = "not_recorded"
    status = 501


def recorder() -> Recorder:
    """The job that this process is part of, else the workspace or the Jupyter server that is connected."""
    from studio_ext.adapters.recorders import JobRecorder, in_job

    if in_job(os.environ):
        key = (os.environ["MLFLOW_TRACKING_URI"], os.environ["STUDIO_RUN_ID"])
        with _lock:
            if key not in _made:
                _made[key] = JobRecorder(os.environ)
            return _made[key]
    return _of(current())


def _of(client: Client) -> Recorder:
    from studio_ext.adapters.http_client import HttpClient
    from studio_ext.adapters.local_client import LocalClient
    from studio_ext.adapters.recorders import HttpRecorder, LocalRecorder

    key: object
    with _lock:
        if isinstance(client, LocalClient):
            if (key := client.workspace) not in _made:
                _made[key] = LocalRecorder(client.workspace)
        elif isinstance(client, HttpClient):
            if (key := client) not in _made:
                _made[key] = HttpRecorder(client)
        else:
            raise NotRecorded(f"{type(client).__name__} keeps no experiments.", hint="Use studio.connect().")
        return _made[key]


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)

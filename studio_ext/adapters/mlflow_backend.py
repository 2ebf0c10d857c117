"""MLflow's REST interface, wherever it is: in this process for databases and files, else on a server.

Tracking and relay both speak REST to it, so that there is one path for every kind of store, and an MLflow
server elsewhere costs this process neither the import of MLflow (1.6 s, 200 MB) nor its database drivers.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from urllib.parse import urlsplit

from studio_ext.adapters.mlflow_app_backend import AppBackend
from studio_ext.adapters.mlflow_calls import API, Backend, Reply, StoreFault, get, post
from studio_ext.adapters.mlflow_http_backend import HttpBackend


def open_backend(uri: str, artifact_root: Path, *, lean: bool = False) -> Backend:
    """The backend for a tracking URI, one in a process. Nothing is imported or opened before the first call.

    ``lean``: keep pandas out of this process (50 MB); only for processes that run nobody else's code.
    """
    with _backends_lock:
        backend = _backends.get((uri, artifact_root))
        if backend is None:
            is_server = urlsplit(uri).scheme in ("http", "https")
            backend = HttpBackend(uri, os.environ) if is_server else AppBackend(uri, artifact_root, lean=lean)
            _backends[uri, artifact_root] = backend
        return backend


_backends: dict[tuple[str, Path], Backend] = {}
_backends_lock = threading.Lock()


def _after_fork() -> None:
    """A forked child must not speak over its parent's connections."""
    global _backends_lock
    _backends_lock = threading.Lock()
    for backend in _backends.values():
        if isinstance(backend, AppBackend | HttpBackend):
            backend.after_fork()


os.register_at_fork(after_in_child=_after_fork)


__all__ = ["API", "AppBackend", "Backend", "HttpBackend", "Reply", "StoreFault", "get", "open_backend", "post"]

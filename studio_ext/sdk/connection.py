"""Which client the SDK and the command line talk to."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from studio_ext.contract.errors import InvalidRequest, Unavailable

if TYPE_CHECKING:
    from studio_ext.contract.jobs import JobDetail
    from studio_ext.ports.client import Client

_lock = threading.Lock()
_client: Client | None = None


def open_client(url: str | None = None, token: str | None = None, workspace: str | Path | None = None) -> Client:
    """The client for what is named, else for ``STUDIO_URL`` and ``STUDIO_TOKEN``, else for the local workspace.

    A workspace that is named wins over the environment's URL. Raises ``InvalidRequest`` when both a URL and a
    workspace are named, ``Unavailable`` when the workspace cannot be used.
    """
    if url and workspace:
        raise InvalidRequest("A URL and a workspace were both named.", hint="Name one of them.")
    if not url and not workspace:
        url = os.environ.get("STUDIO_URL") or None
    if url:
        from studio_ext.adapters.http_client import HttpClient

        return HttpClient(url, token or os.environ.get("STUDIO_TOKEN") or None)
    if token:
        raise InvalidRequest("A token was given without a URL.", hint="Name the server's URL as well.")

    from studio_ext.adapters.local_client import LocalClient
    from studio_ext.adapters.workspace_config import open_workspace

    try:
        return LocalClient(open_workspace(Path(workspace) if workspace else None))
    except InvalidRequest as error:
        raise Unavailable(error.message, hint=error.hint) from error


def connect(url: str | None = None, token: str | None = None, workspace: str | Path | None = None) -> Client:
    """Choose what the functions of this package talk to from now on; returns the client.

    ``url``: a Jupyter server with Studio (an address copied from the browser will do), with its ``token``.
    ``workspace``: a directory on this machine. Neither: ``STUDIO_URL`` and ``STUDIO_TOKEN`` from the
    environment, else the workspace at ``STUDIO_HOME``, else ``~/studio``.
    """
    return use(open_client(url, token, workspace))


def use(client: Client) -> Client:
    """Talk to ``client`` from now on. Jobs made before keep the client that made them."""
    global _client
    with _lock:
        _client = client
    return client


def current() -> Client:
    """The client in use; made at the first call."""
    global _client
    with _lock:
        if _client is None:
            _client = open_client()
        return _client


def notebook_of(client: Client, job: JobDetail) -> str:
    """The path that submits the notebook of a job again; on this machine it holds in any current directory."""
    from studio_ext.adapters.http_client import HttpClient

    if job.snapshot is None or isinstance(client, HttpClient):
        return job.notebook
    return str(Path(job.snapshot.source) / Path(job.notebook).name)

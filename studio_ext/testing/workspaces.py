"""Workspaces for tests: what they start ends with them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio_ext.adapters import host
from studio_ext.adapters.local_client import LocalClient
from studio_ext.adapters.sql_store import SqlStore
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.core.states import ACTIVE
from studio_ext.core.workspace import Workspace


@contextmanager
def temporary_workspace(home: Path) -> Iterator[Workspace]:
    """A workspace at ``home``, whose jobs and controller are ended afterwards."""
    workspace = open_workspace(home, {})
    try:
        yield workspace
    finally:
        try:
            stop_jobs(workspace)
        finally:
            stop_controller(workspace)


def stop_jobs(workspace: Workspace, patience: float = 60.0) -> None:
    """Kill what still runs in a workspace: jobs outlive their controller."""
    if not workspace.database.exists():
        return
    client = LocalClient(workspace)
    try:
        deadline = time.monotonic() + patience
        while (active := client.jobs(statuses=sorted(ACTIVE), limit=200).items) and time.monotonic() < deadline:
            for job in active:
                client.stop(job.id)
            threading.Event().wait(0.1)
    finally:
        client.close()
    assert not active, f"jobs did not end within {patience:g} s: {[job.id for job in active]}"


def stop_controller(workspace: Workspace, patience: float = 60.0) -> None:
    """End the controller of a workspace if one runs, and wait until it is gone."""
    if not workspace.database.exists():
        return
    store = SqlStore(workspace.database)
    try:
        lease = store.lease()
    finally:
        store.close()
    if lease is None or not host.lives(lease.pid, lease.start_time, lease.boot_id):
        return
    os.kill(lease.pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while host.lives(lease.pid, lease.start_time, lease.boot_id):
        if time.monotonic() > deadline:
            os.kill(lease.pid, signal.SIGKILL)
            raise AssertionError(f"the controller {lease.pid} did not end within {patience:g} s")
        threading.Event().wait(0.02)

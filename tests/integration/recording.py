"""A workspace that the SDK records to, and what tests of recording ask of it and of MLflow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from studio_ext.adapters.local_client import LocalClient
from studio_ext.core.workspace import Workspace
from studio_ext.sdk import connection
from studio_ext.testing.workspaces import temporary_workspace

T = TypeVar("T")


@contextmanager
def recording_workspace(folder: Path) -> Iterator[Workspace]:
    """A new workspace with both of its stores made, which the SDK of this process uses meanwhile."""
    with temporary_workspace(folder) as workspace, closing(LocalClient(workspace)) as client:
        assert client.store  # the controller makes the schema
        client.experiments()  # and one of us the tracking store: MLflow cannot bear two that make it
        before = connection._client
        connection.use(client)
        try:
            yield workspace
        finally:
            connection._client = before


def eventually(condition: Callable[[], T], what: str, seconds: float = 120) -> T:
    """What the condition gives once it holds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def values(client: Any, run_id: str, key: str) -> list[tuple[int, float]]:
    """Steps and values of a metric, as MLflow's client has them, in order."""
    return sorted((each.step, each.value) for each in client.get_metric_history(run_id, key))


def is_over(home: Workspace, run_id: str) -> bool:
    """Whether all that was logged to the run was applied, and it was closed."""
    return not (home.trackers / run_id).exists()

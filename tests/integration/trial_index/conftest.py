"""A store with an experiment, and the index of it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from studio_ext.adapters.mlflow_stores import sqlite_path
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.core.workspace import Workspace
from tests.integration.trial_stores import Follower, make_store


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite store with an experiment; to make its tables takes long."""
    made = open_workspace(tmp_path_factory.mktemp("template") / "studio", {})
    make_store(made, "e")
    path = sqlite_path(made.tracking_uri)
    assert path is not None
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def workspace(tmp_path: Path, empty_store: Path) -> Workspace:
    made = open_workspace(tmp_path / "studio", {})
    path = sqlite_path(made.tracking_uri)
    assert path is not None
    shutil.copy(empty_store, path)
    return made


@pytest.fixture
def follower(workspace: Workspace) -> Iterator[Follower]:
    made = Follower(workspace)
    made.build()
    yield made
    made.close()


@pytest.fixture
def client(workspace: Workspace) -> MlflowClient:
    return MlflowClient(workspace.tracking_uri)

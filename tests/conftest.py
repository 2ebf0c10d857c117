"""Fixtures that several kinds of tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.adapters.sql_store import SqlStore
from studio_ext.adapters.sql_store.migrate import migrate
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.core.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace with an embedded tracking store; nothing runs in it."""
    return open_workspace(tmp_path / "studio", {})


@pytest.fixture
def store(workspace: Workspace) -> Iterator[SqlStore]:
    """The workspace's database, its schema made."""
    migrate(workspace.database)
    store = SqlStore(workspace.database)
    yield store
    store.close()

"""Fixtures that several kinds of tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.docker_runner.settings import DockerSettings
from studio_ext.adapters.sql_store import SqlStore
from studio_ext.adapters.sql_store.migrate import migrate
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.errors import StudioError
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


@pytest.fixture(scope="session")
def docker_engine() -> Engine:
    """A container engine that answers. Without one the test is skipped; where every check must run, it fails."""
    engine = Engine(DockerSettings())
    try:
        engine.describe(20.0)
    except StudioError as error:
        if os.environ.get("CI") or os.environ.get("STUDIO_REQUIRE_ALL"):
            pytest.fail(f"{error.message} {error.hint}")
        pytest.skip(error.message)
    return engine

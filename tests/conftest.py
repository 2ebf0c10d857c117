"""Fixtures that several kinds of tests share."""

from __future__ import annotations

import os
import shutil
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
from tests.integration import docker_images
from tests.integration.podman import OwnPodman
from tests.needs import cannot_be_tried

pytest.register_assert_rewrite("studio_ext.testing")  # the suites there say what they saw, as tests do


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--long``: everything at its full size, which takes many minutes."""
    parser.addoption("--long", action="store_true", help="also run the tests that are marked long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked ``long``, unless it was asked for."""
    if config.getoption("--long"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("long")]


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
        cannot_be_tried(f"{error.message} {error.hint}")
    return engine


@pytest.fixture(scope="session")
def own_podman(docker_engine: Engine) -> Iterator[OwnPodman]:
    """A Podman of our own with a copy of the notebook image; skips or fails without one as ``docker_engine`` does."""
    if shutil.which("podman") is None or os.geteuid() != 0:
        cannot_be_tried("There is no podman here that root may start.")
    with OwnPodman() as podman:
        docker_images.copy_notebook(docker_engine, podman.engine(), podman.directory)
        yield podman


@pytest.fixture(scope="session")
def podman_engine(own_podman: OwnPodman) -> Engine:
    """That Podman."""
    engine = own_podman.engine()
    engine.describe(20.0)  # the first answer takes longer than those after it
    return engine

"""What tests of recording share, and the docker runner that conformance tests share.

A module that defines ``engine`` anew has it on that engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.docker_runner import DockerRunner
from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.core.workspace import Workspace
from studio_ext.sdk import entities
from studio_ext.testing.mlflow_server import MlflowServer
from tests.integration import docker_images
from tests.integration.own_postgres import OwnPostgres


@pytest.fixture(autouse=True)
def patience_with_engines() -> Iterator[None]:
    """No test here is about an engine that does not answer: all wait for it."""
    with docker_images.patient_with_engines():
        yield


@pytest.fixture(scope="module")
def engine(docker_engine: Engine) -> Engine:
    """The engine that the module's containers run on."""
    return docker_engine


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace's directory; runners with the same one share their containers."""
    path = tmp_path_factory.mktemp("workspace")
    (path / "cache").mkdir()
    return path


@pytest.fixture(scope="module")
def shared_runner(shared_home: Path, engine: Engine) -> Iterator[DockerRunner]:
    """The runner that launches."""
    runner = DockerRunner(shared_home, engine)
    yield runner
    runner.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[OwnPostgres]:
    """A PostgreSQL of our own; skips or fails without one."""
    with OwnPostgres() as server:
        yield server


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """An MLflow server that also hands out the artefacts."""
    with MlflowServer(tmp_path_factory.mktemp("server"), hands_out=True) as server:
        yield server


@pytest.fixture(scope="module")
def mlflow_client(home: Workspace) -> Any:
    """MLflow's client as it comes, on the store of a module's ``home``."""
    from mlflow import MlflowClient

    return MlflowClient(home.tracking_uri)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reading wait for the store as long as a busy machine may take."""
    monkeypatch.setattr(entities, "_SETTLE_SECONDS", 120)

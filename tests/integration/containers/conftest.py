"""Each engine in turn, a runner on it, and images made for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio_ext.adapters.docker_runner import DockerRunner
from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.testing.runner_suite import (
    end_all,
)
from tests.integration import docker_images


@pytest.fixture(params=["docker", "podman"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    found: Engine = request.getfixturevalue(f"{request.param}_engine")
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "workspace" / "cache").mkdir(parents=True)
    return tmp_path / "workspace"


@pytest.fixture
def runner(home: Path, tmp_path: Path, engine: Engine) -> Iterator[DockerRunner]:
    runner = DockerRunner(home, engine)
    yield runner
    end_all(runner, tmp_path)
    runner.close()


@pytest.fixture
def image(engine: Engine) -> Callable[[str], str]:
    return lambda name: docker_images.make(engine, name)

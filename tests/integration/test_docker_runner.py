"""The docker runner with a real engine: the conformance suite, in both profiles."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.docker_runner import DockerRunner
from studio_ext.adapters.docker_runner.spec import JOB_DIR, container_name
from studio_ext.ports.runner import Launch
from studio_ext.testing.jobs import IPYKERNEL, make_job_directory
from studio_ext.testing.runner_suite import RunnerSuite
from tests.integration import docker_images


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace's directory; runners with the same one share their containers."""
    path = tmp_path_factory.mktemp("workspace")
    (path / "cache").mkdir()
    return path


@pytest.fixture(scope="module")
def docker_runner(home: Path, docker_engine: Any) -> Iterator[DockerRunner]:
    """The runner that launches."""
    runner = DockerRunner(home)
    yield runner
    runner.close()


def in_image(
    parent: Path, cells: Sequence[str | Mapping[str, Any]], image: str = docker_images.NOTEBOOK, **more: Any
) -> Launch:
    """A job directory for a container."""
    container = {"image": image, "image_id": None, "profile": "notebook", "network_access": False, "pull": False}
    container |= more.pop("container", {})
    more.setdefault("argv", ["python3", *IPYKERNEL])
    return make_job_directory(parent, cells, prefix="", base_env={}, container=container, **more)


class DockerSuite(RunnerSuite):
    """What both profiles share."""

    image = docker_images.NOTEBOOK

    @pytest.fixture
    def runner(self, docker_runner: DockerRunner) -> DockerRunner:
        return docker_runner

    @pytest.fixture
    def fresh_runner(self, home: Path) -> Iterator[DockerRunner]:
        runner = DockerRunner(home)
        yield runner
        runner.close()

    @pytest.fixture
    def remains(self, docker_runner: DockerRunner) -> Callable[[Launch], list[str]]:
        def processes(launch: Launch) -> list[str]:
            with contextlib.suppress(Exception):
                name = container_name(launch.job_id, launch.attempt)
                return [" ".join(each) for each in docker_runner.engine.api().top(name)["Processes"]]
            return []

        return processes

    def make(self, parent: Path, cells: Sequence[str | Mapping[str, Any]], **more: Any) -> Launch:
        return in_image(parent, cells, self.image, **more)

    def seen_directory(self, launch: Launch) -> str:
        return JOB_DIR


class TestNotebookProfile(DockerSuite):
    """Our image: the submitter's uid, no capabilities."""


class TestContractProfile(DockerSuite):
    """Any other image: its own user, who is not the one that the job directory belongs to."""

    @pytest.fixture(autouse=True)
    def its_image(self, docker_engine: Any) -> None:
        self.image = docker_images.make(docker_engine, "app")

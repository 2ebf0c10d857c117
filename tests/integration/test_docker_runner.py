"""The docker runner with a real engine: the conformance suite, in both profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.docker_runner import DockerRunner
from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.docker_runner.spec import JOB_DIR
from studio_ext.ports.runner import Launch
from studio_ext.testing.jobs import IPYKERNEL, make_job_directory
from studio_ext.testing.runner_suite import RunnerSuite
from studio_ext.worker import processes
from tests.integration import docker_images


def in_image(
    parent: Path, cells: Sequence[str | Mapping[str, Any]], image: str = docker_images.NOTEBOOK, **more: Any
) -> Launch:
    """A job directory for a container."""
    container = {"image": image, "image_id": None, "profile": "notebook", "network_access": False, "pull": False}
    container |= more.pop("container", {})
    more.setdefault("argv", ["python3", *IPYKERNEL])
    return make_job_directory(parent, cells, prefix="", base_env={}, container=container, **more)


class InContainers:
    """What conformance tests need, for both profiles and on every engine."""

    image = docker_images.NOTEBOOK

    @pytest.fixture
    def runner(self, shared_runner: DockerRunner) -> DockerRunner:
        return shared_runner

    @pytest.fixture
    def fresh_runner(self, shared_home: Path, engine: Engine) -> Iterator[DockerRunner]:
        runner = DockerRunner(shared_home, engine)
        yield runner
        runner.close()

    @pytest.fixture
    def remains(self) -> Callable[[Launch], list[str]]:
        return lambda launch: [str(pid) for pid in processes.marked(launch.job_id)]

    def make(self, parent: Path, cells: Sequence[str | Mapping[str, Any]], **more: Any) -> Launch:
        return in_image(parent, cells, self.image, **more)

    def seen_directory(self, launch: Launch) -> str:
        return JOB_DIR


class TestNotebookProfile(InContainers, RunnerSuite):
    """Our image: the submitter's uid, no capabilities."""


class InAnyImage(InContainers):
    """An image with a user of its own, who is not the one that the job directory belongs to."""

    @pytest.fixture(autouse=True)
    def its_image(self, engine: Engine) -> None:
        self.image = docker_images.make(engine, "app")


class TestContractProfile(InAnyImage, RunnerSuite):
    """Any other image, as itself."""

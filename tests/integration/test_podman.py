"""The docker runner with Podman behind its Docker-compatible socket: the conformance suite once more."""

from __future__ import annotations

import pytest

from studio_ext.adapters.docker_runner.engine import Engine
from tests.integration.test_docker_runner import ContainerSuite


@pytest.fixture(scope="module")
def engine(podman_engine: Engine) -> Engine:
    """Podman, in place of Docker."""
    return podman_engine


class TestNotebookProfile(ContainerSuite):
    """All of it, in our image."""

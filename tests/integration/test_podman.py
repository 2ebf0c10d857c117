"""The docker runner with Podman behind its Docker-compatible socket: the conformance suite once more."""

from __future__ import annotations

import pytest

from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.testing.runner_suite import RunnerSuite
from tests.integration.test_docker_runner import InAnyImage, InContainers


@pytest.fixture(scope="module")
def engine(podman_engine: Engine) -> Engine:
    """Podman, in place of Docker."""
    return podman_engine


class TestNotebookProfile(InContainers, RunnerSuite):
    """All of it, in our image."""


class TestContractProfile(InAnyImage):
    """In other images, what depends on the engine."""

    run = RunnerSuite.run
    nothing_goes_on = RunnerSuite.nothing_goes_on
    test_completes = RunnerSuite.test_completes
    test_memory_limit = RunnerSuite.test_memory_limit
    test_memory_limit_holds_for_children_of_the_kernel = RunnerSuite.test_memory_limit_holds_for_children_of_the_kernel
    test_cpu_limit = RunnerSuite.test_cpu_limit
    test_kernel_that_dies = RunnerSuite.test_kernel_that_dies
    test_stop_saves_what_there_is = RunnerSuite.test_stop_saves_what_there_is
    test_kill_does_not_wait = RunnerSuite.test_kill_does_not_wait
    test_nothing_is_left_of_grandchildren = RunnerSuite.test_nothing_is_left_of_grandchildren

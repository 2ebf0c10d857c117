"""The docker runner with Podman behind its Docker-compatible socket: the conformance suite once more, and rootless."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.adapters.docker_runner import DockerRunner
from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.contract.jobs import ExitReason
from studio_ext.testing.runner_suite import (
    GREEDY,
    MIB,
    RunnerSuite,
    end_all,
    output_cells,
    read_log,
    stream,
    wait_ended,
)
from tests.integration import docker_images
from tests.integration.podman import NOBODY, OwnPodman
from tests.integration.test_docker_runner import InAnyImage, InContainers, in_image


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


# -- an engine of an ordinary user: root in its containers is that user ----------------------------------------------


@pytest.fixture(scope="module")
def rootless_podman(docker_engine: Engine, podman_engine: Engine) -> Iterator[OwnPodman]:
    """One with the notebook image in it."""
    with OwnPodman(NOBODY) as podman:
        docker_images.copy_notebook(docker_engine, podman.engine(), podman.directory)
        yield podman


@pytest.fixture
def home(rootless_podman: OwnPodman, shared_runner: DockerRunner, tmp_path: Path) -> Iterator[Path]:
    """A workspace of that user; while it is there we are that user too."""
    # A job of root's before: what a job imports may lie where that user must not look.
    launch = in_image(tmp_path, ["1"])
    shared_runner.launch(launch)
    wait_ended(shared_runner, launch)
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    path = Path(tempfile.mkdtemp(prefix="workspace-", dir=rootless_podman.directory))
    (path / "cache").mkdir()
    yield path
    os.seteuid(0)
    os.setegid(0)


@pytest.fixture
def rootless(rootless_podman: OwnPodman, home: Path) -> Iterator[DockerRunner]:
    """That user's runner."""
    runner = DockerRunner(home, rootless_podman.engine())
    yield runner
    end_all(runner, home)
    runner.close()


def test_rootless_files_belong_to_the_user(rootless: DockerRunner, home: Path) -> None:
    assert rootless.engine.describe(20.0).title.endswith(", rootless")
    work = (
        "import json, os\nopen('made.txt', 'w').close()\n"
        "effective = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('CapEff'))\n"
        "print(json.dumps([os.getuid(), int(effective, 16), os.path.expanduser('~')]))"
    )
    launch = in_image(home, [work])
    rootless.launch(launch)
    seen = wait_ended(rootless, launch)
    assert seen.exit and seen.exit.reason is ExitReason.completed, (seen.exit, read_log(launch))
    assert json.loads(stream(output_cells(launch)[0])) == [0, 0, "/home/studio"]
    assert (launch.directory / "code" / "made.txt").exists()
    assert {path.lstat().st_uid for path in launch.directory.rglob("*")} == {NOBODY}


def test_rootless_memory_limit(rootless: DockerRunner, home: Path) -> None:
    """Also where the user's engine may limit nothing."""
    launch = in_image(home, [GREEDY], memory_bytes=300 * MIB)
    rootless.launch(launch)
    seen = wait_ended(rootless, launch)
    assert seen.exit and seen.exit.message == "Ran out of memory at cell 1 (limit 300 MiB)."

"""A container engine that stops, dies, hangs or is not there: jobs end with that cause or go on, nothing is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.adapters.docker_runner import DockerRunner, spec, watcher
from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.contract.jobs import ExitReason, JobStatus
from studio_ext.ports.runner import AttemptState, Launch, Runner
from studio_ext.testing.live_server import LiveServer
from studio_ext.testing.runner_suite import end_all, read_log, wait_ended, wait_for, wait_running
from tests.faults.conftest import Drill
from tests.faults.own_engine import OwnEngine
from tests.integration.docker_images import copy_notebook, patient_with_engines
from tests.integration.test_docker_runner import in_image

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

COUNT = "import time\nprint('counting', flush=True)\nfor number in range(600): time.sleep(0.1)"
SHORT = "import time\nprint('counting', flush=True)\ntime.sleep(8)\nprint('done')"
PROMPT_SECONDS = 3.0
"""No call of a runner takes longer, whatever the engine does. The port promises one second; a busy machine adds to it,
and a call that waits for the engine takes 20."""


@pytest.fixture(scope="module")
def own_engine(docker_engine: Engine) -> Iterator[OwnEngine]:
    with OwnEngine() as own:
        copy_notebook(docker_engine, own.engine(), own.directory)
        yield own


@pytest.fixture
def runner(own_engine: OwnEngine, tmp_path: Path) -> Iterator[DockerRunner]:
    (tmp_path / "workspace" / "cache").mkdir(parents=True)
    runner = DockerRunner(tmp_path / "workspace", own_engine.engine())
    yield runner
    end_all(runner, tmp_path)
    runner.close()


def no_container_is_left(own: OwnEngine) -> bool:
    return not own.engine().api().containers(all=True, filters={"label": [spec.JOB_LABEL]})


def slowest_look(runner: Runner, launch: Launch, seconds: float) -> float:
    """The longest call of ``observe`` within a time."""
    slowest, until = 0.0, time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        runner.observe(launch)
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.02)
    return slowest


def test_engine_stopped_and_started_again(runner: DockerRunner, own_engine: OwnEngine, tmp_path: Path) -> None:
    launch = in_image(tmp_path, ["print('kept')", COUNT])
    runner.launch(launch)
    wait_running(runner, launch, "counting")
    own_engine.terminate()
    assert slowest_look(runner, launch, 1.0) < PROMPT_SECONDS
    own_engine.start()
    seen = wait_ended(runner, launch)
    assert seen.exit and (seen.exit.reason, seen.exit.cell) == (ExitReason.engine_lost, 2)
    assert "stopped from outside at cell 2" in seen.exit.message
    assert "kept" in read_log(launch).splitlines()
    wait_for(lambda: no_container_is_left(own_engine), 30)


def test_engine_that_stays_away(
    runner: DockerRunner, own_engine: OwnEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job says how it ended; who waits for it is told although the container cannot be removed yet."""
    monkeypatch.setattr("studio_ext.adapters.docker_runner.runner._GONE_SECONDS", 2.0)
    launch = in_image(tmp_path, [COUNT])
    runner.launch(launch)
    wait_running(runner, launch, "counting")
    own_engine.terminate()
    try:
        seen = wait_ended(runner, launch, 30)
        assert seen.exit and seen.exit.reason is ExitReason.engine_lost
    finally:
        own_engine.start()
    wait_for(lambda: no_container_is_left(own_engine), 30)


def test_engine_killed_and_started_again(runner: DockerRunner, own_engine: OwnEngine, tmp_path: Path) -> None:
    launch = in_image(tmp_path, ["print('kept')", COUNT])
    runner.launch(launch)
    wait_running(runner, launch, "counting")
    own_engine.kill()
    assert slowest_look(runner, launch, 1.0) < PROMPT_SECONDS
    assert runner.observe(launch).state is AttemptState.running
    own_engine.start()
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.engine_lost, seen.exit
    assert seen.exit.cell == 2
    wait_for(lambda: no_container_is_left(own_engine), 30)


def test_engine_that_keeps_containers_when_it_is_killed(
    runner: DockerRunner, own_engine: OwnEngine, tmp_path: Path
) -> None:
    own_engine.terminate()
    own_engine.start(live_restore=True)
    try:
        launch = in_image(tmp_path, [SHORT])
        runner.launch(launch)
        wait_running(runner, launch, "counting")
        own_engine.kill()
        own_engine.start(live_restore=True)
        seen = wait_ended(runner, launch)
        assert seen.exit and seen.exit.reason is ExitReason.completed, seen.exit
        wait_for(lambda: no_container_is_left(own_engine), 30)
    finally:
        own_engine.terminate()
        own_engine.start()


def test_engine_that_hangs_for_five_seconds(runner: DockerRunner, own_engine: OwnEngine, tmp_path: Path) -> None:
    running, waiting = in_image(tmp_path, [SHORT]), in_image(tmp_path, ["print('ran')"])
    runner.launch(running)
    wait_running(runner, running, "counting")
    own_engine.hold()
    try:
        began = time.monotonic()
        runner.launch(waiting)
        runner.info()
        assert time.monotonic() - began < 2 * PROMPT_SECONDS
        assert slowest_look(runner, waiting, 5.0) < PROMPT_SECONDS
        assert runner.observe(waiting).state is AttemptState.starting
        assert runner.observe(running).state is AttemptState.running
    finally:
        own_engine.release()
    for launch in (running, waiting):
        seen = wait_ended(runner, launch)
        assert seen.exit and seen.exit.reason is ExitReason.completed, seen.exit
    wait_for(lambda: no_container_is_left(own_engine), 30)


def test_stop_while_the_engine_hangs(runner: DockerRunner, own_engine: OwnEngine, tmp_path: Path) -> None:
    """The wish is a file that the job's own supervisor reads."""
    launch = in_image(tmp_path, [COUNT])
    runner.launch(launch)
    wait_running(runner, launch, "counting")
    own_engine.hold()
    try:
        runner.stop(launch)
        wait_for(lambda: (launch.directory / "attempts" / "1" / "exit.json").exists(), 20)
    finally:
        own_engine.release()
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.stopped
    wait_for(lambda: no_container_is_left(own_engine), 30)


def test_engine_that_is_not_there(
    runner: DockerRunner, own_engine: OwnEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "START_PATIENCE_SECONDS", 2.0)
    own_engine.terminate()
    try:
        fresh = DockerRunner(tmp_path / "workspace", own_engine.engine())
        info = fresh.info()
        assert not info.available and "cannot be reached" in info.reason and "systemctl start docker" in info.reason
        launch = in_image(tmp_path, ["1"])
        fresh.launch(launch)
        assert fresh.observe(launch).message
        seen = wait_ended(fresh, launch, 20)
        assert seen.exit and seen.exit.reason is ExitReason.start_failed
        assert "cannot be reached" in seen.exit.message
        fresh.close()
    finally:
        own_engine.start()


def test_engine_that_comes_in_time(runner: DockerRunner, own_engine: OwnEngine, tmp_path: Path) -> None:
    own_engine.terminate()
    try:
        launch = in_image(tmp_path, ["print('ran')"])
        runner.launch(launch)
        wait_for(lambda: runner.observe(launch).message == "Waiting for the container engine", 20)
    finally:
        own_engine.start()
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.completed, seen.exit


def test_everything_else_goes_on_while_the_engine_hangs(
    drill: Drill, own_engine: OwnEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The controller runs other jobs, the server answers, its event loop turns."""
    monkeypatch.setenv("DOCKER_HOST", own_engine.address)
    drill.start_controller()
    with patient_with_engines():
        in_container = drill.submit(drill.notebook(SHORT, name="container.ipynb"), runner="docker")
    wait_for(lambda: drill.client.job(in_container.id).status is JobStatus.InProgress, 60)
    with LiveServer(drill.folder, drill.home) as server:
        ask = server.session()
        assert ask.get("options", timeout=120).status_code == 200  # the first one opens the tracking store
        own_engine.hold()
        try:
            lag = asyncio.run_coroutine_threadsafe(_longest_block(15.0), server.loop)
            beside = drill.submit(drill.notebook("print('beside')", name="beside.ipynb"))
            with patient_with_engines(4.0, 4.0):
                for address in ("jobs", "options", f"jobs/{in_container.id}", f"jobs/{in_container.id}/log", "info"):
                    began = time.monotonic()
                    assert ask.get(address).status_code == 200
                    assert time.monotonic() - began < 15.0, address  # a call that waits takes 20
            assert drill.wait(beside).status is JobStatus.Completed
            assert lag.result(60) < 3.0, "a call to the engine on the event loop would have taken four seconds"
        finally:
            own_engine.release()
        assert drill.wait(in_container).status is JobStatus.Completed
        wait_for(lambda: no_container_is_left(own_engine), 30)


async def _longest_block(seconds: float) -> float:
    """The longest time within which the event loop did not turn."""
    loop = asyncio.get_running_loop()
    longest, last, until = 0.0, loop.time(), loop.time() + seconds
    while loop.time() < until:
        await asyncio.sleep(0.005)
        longest, last = max(longest, loop.time() - last), loop.time()
    return longest

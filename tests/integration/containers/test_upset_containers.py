"""What others do to containers, and what a job does to its own records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.docker_runner import DockerRunner, spec
from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.contract.jobs import ExitReason
from studio_ext.ports.runner import AttemptState, Launch
from studio_ext.testing.runner_suite import (
    output_cells,
    read_log,
    wait_ended,
    wait_for,
    wait_running,
)
from tests.integration import docker_images
from tests.integration.containers_seen import SLEEP, inspect, is_gone
from tests.integration.test_docker_runner import in_image


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda api, name: api.kill(name), "The container was killed at cell 2"),
        (lambda api, name: api.stop(name), "The container was stopped from outside at cell 2"),
        (lambda api, name: api.remove_container(name, force=True), "The container was removed from outside at cell 2."),
    ],
    ids=["kill", "stop", "remove"],
)
def test_a_container_that_somebody_ends(
    runner: DockerRunner, engine: Engine, tmp_path: Path, act: Callable[[Any, str], None], sentence: str
) -> None:
    launch = in_image(tmp_path, ["print('kept')", SLEEP])
    runner.launch(launch)
    wait_running(runner, launch, "sleeping")
    if "removed" in sentence and engine.describe().name == "Podman":
        sentence = "The container was stopped from outside at cell 2"  # what it removes gets SIGTERM first
    act(engine.api(), spec.container_name(launch.job_id, 1))
    seen = wait_ended(runner, launch)
    assert seen.exit and (seen.exit.reason, seen.exit.cell) == (ExitReason.engine_lost, 2)
    assert seen.exit.message.startswith(sentence)
    assert "kept" in read_log(launch).splitlines()
    assert len(output_cells(launch)) == 2, "saved at least once"
    wait_for(lambda: is_gone(engine, launch))


def test_a_paused_container_can_be_killed(runner: DockerRunner, engine: Engine, tmp_path: Path) -> None:
    launch = in_image(tmp_path, [SLEEP])
    runner.launch(launch)
    wait_running(runner, launch, "sleeping")
    engine.api().pause(spec.container_name(launch.job_id, 1))
    assert runner.observe(launch).state is AttemptState.running
    runner.stop(launch, kill=True)
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.stopped


def test_what_an_earlier_controller_left_is_cleared_away(home: Path, engine: Engine, tmp_path: Path) -> None:
    first = DockerRunner(home, engine)
    ended, lost = in_image(tmp_path, ["1"]), in_image(tmp_path, [SLEEP])
    for launch in (ended, lost):
        first.launch(launch)
    wait_running(first, lost, "sleeping")
    first.close()  # it sees nothing of what comes
    wait_for(lambda: (ended.directory / "attempts" / "1" / "exit.json").exists())
    inspect(engine, lost)
    lost.directory.rename(tmp_path / "deleted")
    second = DockerRunner(home, engine)
    second.warm("")
    for launch in (ended, lost):
        wait_for(lambda launch=launch: is_gone(engine, launch))  # type: ignore[misc]
    second.close()


def test_only_containers_of_the_workspace_are_touched(
    runner: DockerRunner, engine: Engine, tmp_path: Path, home: Path
) -> None:
    """Neither those of another workspace, nor those of other people, whatever they are called and labelled."""
    api = engine.api()
    (tmp_path / "other" / "cache").mkdir(parents=True)
    other = DockerRunner(tmp_path / "other", engine)
    ours, theirs = in_image(tmp_path, [SLEEP]), in_image(tmp_path / "other", [SLEEP])
    runner.launch(ours)
    other.launch(theirs)
    wait_running(runner, ours, "sleeping")
    wait_running(other, theirs, "sleeping")
    other.close()
    theirs.directory.rename(tmp_path / "not there any more")
    made_by_us = inspect(engine, ours)["Config"]["Labels"]
    mine = {**made_by_us, spec.JOB_LABEL: "lost", spec.DIRECTORY_LABEL: "/nowhere"}
    strangers = [
        {},
        {**mine, spec.WORKSPACE_LABEL: f"{made_by_us[spec.WORKSPACE_LABEL]}/below"},
        {name: value for name, value in mine.items() if name != spec.WORKSPACE_LABEL},
        {spec.WORKSPACE_LABEL: made_by_us[spec.WORKSPACE_LABEL]},
        mine,  # as of an image that somebody made of a container of ours
    ]
    run = {"entrypoint": ["sleep", "600"], "command": []}
    kept = [
        api.create_container(docker_images.NOTEBOOK, **run, name=f"studio-stranger-{number}-1", labels=labels)["Id"]
        for number, labels in enumerate(strangers)
    ]
    try:
        for identity in kept:
            api.start(identity)
        name = spec.container_name("lost", 1)
        lost = api.create_container(docker_images.NOTEBOOK, **run, name=name, labels=mine)["Id"]
        runner.warm("")
        wait_for(lambda: not api.containers(all=True, filters={"id": lost}))
        again = DockerRunner(home, engine)  # and so does one that knows nothing
        again.warm("")
        again.stop(theirs, kill=True)
        again.stop(ours, kill=True)
        assert wait_ended(again, ours).exit
        again.close()
        assert all(api.inspect_container(identity)["State"]["Running"] for identity in kept)
        assert inspect(engine, theirs)["State"]["Running"]
    finally:
        for identity in (*kept, inspect(engine, theirs)["Id"]):
            api.kill(identity)
            api.remove_container(identity, force=True)


def test_a_workspace_has_one_name_by_every_path_to_it(
    runner: DockerRunner, engine: Engine, home: Path, tmp_path: Path
) -> None:
    launch = in_image(home, [SLEEP])
    runner.launch(launch)
    wait_running(runner, launch, "sleeping")
    (tmp_path / "by another path").symlink_to(home)
    same = DockerRunner(tmp_path / "by another path", engine)
    there = Launch(launch.job_id, 1, same._watcher._home / launch.job_id, "", "", "")
    seen = wait_for(lambda: (seen := same.observe(there)) and same._watcher.follow(there).is_seen and seen)
    assert seen.state is AttemptState.running
    assert same._watcher.follow(there).container == "running"
    same.close()


def test_made_and_never_started(runner: DockerRunner, engine: Engine, tmp_path: Path) -> None:
    """A controller that dies between making and starting a container: the next launch starts that one."""
    launch = in_image(tmp_path, ["print('ran')"])
    start = engine.api().__class__.start
    calls = []

    def die(api: Any, identity: str) -> None:
        calls.append(identity)
        if len(calls) == 1:
            raise SystemExit
        start(api, identity)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.api().__class__, "start", die)
        runner.launch(launch)
        wait_for(lambda: runner.observe(launch).state is AttemptState.absent)
        runner.launch(launch)
        seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.completed
    assert calls[0] == calls[1]


def test_after_a_restart_of_the_machine_no_engine_is_needed(
    home: Path, tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = DockerRunner(home, engine)
    launch = in_image(tmp_path, [SLEEP])
    first.launch(launch)
    wait_running(first, launch, "sleeping")
    first.close()
    engine.api().kill(spec.container_name(launch.job_id, 1), "SIGKILL")  # Podman would stop it first
    engine.api().remove_container(spec.container_name(launch.job_id, 1), force=True)
    monkeypatch.setattr("studio_ext.adapters.host.boot_id", lambda: "another boot")
    second = DockerRunner(home, Engine(replace(engine.settings, host=f"unix://{tmp_path}/none.sock")))
    seen = second.observe(launch)
    assert seen.exit and seen.exit.reason is ExitReason.host_restarted
    second.close()


def test_what_another_engine_does_not_know_is_not_gone(
    runner: DockerRunner, home: Path, tmp_path: Path, docker_engine: Engine, podman_engine: Engine
) -> None:
    other = podman_engine if runner.engine.address == docker_engine.address else docker_engine
    launch = in_image(tmp_path, [SLEEP])
    runner.launch(launch)
    wait_running(runner, launch, "sleeping")
    confused = DockerRunner(home, other)
    confused.observe(launch)
    wait_for(lambda: confused._watcher.follow(launch).is_seen)
    assert confused.observe(launch).state is AttemptState.running
    confused.stop(launch)  # the wish is a file, which the job's own supervisor reads
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.stopped
    confused.close()


@pytest.mark.parametrize(
    "damage",
    [
        "open('/opt/ml/attempts/1/exit.json', 'w').write('junk')",
        "os.mkdir('/opt/ml/attempts/1/exit.json')",
        "shutil.rmtree('/opt/ml/attempts')",
        "os.mkdir('/opt/ml/output/.studio-x.tmp')",
        "open('/opt/ml/attempts/1/progress.jsonl', 'a').write('{\"event\": \"done\", \"index\": 7}\\n' * 100_000)",
    ],
    ids=["junk", "folder", "nothing left", "spare", "flood"],
)
def test_a_job_that_damages_its_records_ends_all_the_same(
    runner: DockerRunner, engine: Engine, tmp_path: Path, damage: str
) -> None:
    launch = in_image(tmp_path, [f"import os, shutil\n{damage}", "1"])
    runner.launch(launch)
    wait_ended(runner, launch)
    wait_for(lambda: is_gone(engine, launch))


def test_a_log_that_leads_elsewhere_is_not_read(runner: DockerRunner, engine: Engine, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("s3cret-of-the-host\n")
    hide = (
        "import os\nos.chdir('/opt/ml/attempts/1')\nos.remove('log.txt')\n"
        f"os.symlink({str(secret)!r}, 'log.txt')\nos.remove('claim.json')\nprint('hidden', flush=True)"
    )
    launch = in_image(tmp_path, [hide, SLEEP])
    runner.launch(launch)
    wait_for(lambda: (launch.directory / "attempts" / "1" / "log.txt").is_symlink())
    engine.api().kill(spec.container_name(launch.job_id, 1))
    seen = wait_ended(runner, launch)
    assert seen.exit and "s3cret" not in seen.exit.message


def test_a_job_whose_directory_is_removed(runner: DockerRunner, engine: Engine, tmp_path: Path) -> None:
    launch = in_image(tmp_path, [SLEEP])
    runner.launch(launch)
    wait_running(runner, launch, "sleeping")
    launch.directory.rename(tmp_path / "elsewhere")
    engine.api().kill(spec.container_name(launch.job_id, 1))
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.message == "The job's directory was removed while it ran."
    wait_for(lambda: is_gone(engine, launch))

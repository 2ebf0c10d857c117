"""Images of a real engine: which can be chosen, and fetching them from a real registry."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.docker_runner.images import DockerImages
from studio_ext.adapters.docker_runner.settings import DockerSettings
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, Unavailable
from studio_ext.contract.jobs import ContainerProfile
from tests.integration.registry import SlowLine, exists, forget, make_image, manifest_digest, password, push, registry

T = TypeVar("T")

MIB = 1024 * 1024
FOREIGN = "s390x"
"""A processor that no machine of a developer has."""
OURS = {
    "Labels": {"studio.profile": "notebook", "studio.python": "3.11.2", "studio.mlflow": "3.17.2"},
    "Env": ["A=b=c"],
    "User": "42",
}


def until(condition: Callable[[], T], seconds: float = 60.0) -> T:
    """What the condition gives once it holds."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
    return found


class Made:
    """Images of one test; they go with it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.repository = f"studio-test/{secrets.token_hex(6)}"
        self.references: list[str] = []

    def __call__(self, tag: str = "1", repository: str | None = None, **more: object) -> str:
        reference = f"{repository or self.repository}:{tag}"
        self.references.append(reference)
        make_image(self.engine, reference, **more)  # type: ignore[arg-type]
        return reference


@pytest.fixture
def made(docker_engine: Engine) -> Iterator[Made]:
    made = Made(docker_engine)
    yield made
    forget(docker_engine, *made.references)


@pytest.fixture
def images(docker_engine: Engine) -> DockerImages:
    return DockerImages(docker_engine)


def others(made: Made, **settings: object) -> DockerImages:
    """Images under other settings, of the same engine."""
    return DockerImages(Engine(DockerSettings(host=made.engine.address, **settings)))  # type: ignore[arg-type]


# -- choosing -------------------------------------------------------------------------------------------------------


def test_what_can_be_chosen(made: Made) -> None:
    plain, ours = made("a"), made("z", config=OURS)
    default, foreign = made("default", config=OURS), made("foreign", architecture=FOREIGN)
    barred, probe = made("1", repository=f"{made.repository}-barred"), made(made.repository[-6:], "studio/probe")
    old = made.engine.api().inspect_image(made("renamed"))["Id"]
    made("renamed")  # the one that had the name before is there without one
    made.references.append(old)
    images = others(made, default_image=default, allowed_images=(f"{made.repository}:*", "studio/*"))
    choices = {choice.reference: choice for choice in images.choices()}
    mine = [reference for reference in choices if reference.startswith(made.repository)]
    assert mine == [default, ours, plain, f"{made.repository}:renamed"]
    assert not {foreign, barred, probe} & set(choices)
    assert old not in [choice.image_id for choice in choices.values()]
    assert choices[ours].profile == ContainerProfile.notebook
    assert choices[plain].profile == ContainerProfile.contract
    assert choices[ours].summary.endswith(f" · {ours} ({choices[ours].image_id[7:15]}) · Python 3.11, MLflow 3.17")
    assert abs(choices[ours].created - time.time()) < 600
    assert 1000 <= choices[plain].size_bytes < 100_000


def test_what_an_image_is(made: Made, images: DockerImages) -> None:
    reference = made(config=OURS, architecture=FOREIGN)
    facts = images.inspect(reference)
    assert facts is not None
    assert (facts.architecture, facts.os, facts.user, facts.env["A"]) == (FOREIGN, "linux", "42", "b=c")
    assert images.inspect(facts.id) == facts
    assert images.inspect(f"{made.repository}:absent") is None


def test_how_a_job_runs_in_an_image(made: Made, images: DockerImages) -> None:
    reference = made(config=OURS)
    environment = images.resolve(f"docker.io/{reference}", pull=False, network_access=True)
    container = environment.container
    assert container is not None
    assert (container.image, container.profile, container.network_access, container.pull) == (
        reference, ContainerProfile.notebook, True, False,
    )  # fmt: skip
    facts = images.inspect(reference)
    assert facts is not None and container.image_id == facts.id
    assert environment.summary.endswith("Python 3.11, MLflow 3.17")
    assert environment.argv[0] == "python3" and "{connection_file}" in environment.argv
    assert images.resolve(facts.id, pull=False, network_access=False).container.image_id == facts.id  # type: ignore[union-attr]


def test_an_image_that_is_not_there(made: Made, images: DockerImages) -> None:
    absent = f"{made.repository}:absent"
    with pytest.raises(InvalidRequest) as caught:
        images.resolve(absent, pull=False, network_access=False)
    assert caught.value.message == f"image: there is no image {absent} on this machine's engine"
    assert f"studio image pull {absent}" in caught.value.hint
    environment = images.resolve(absent, pull=True, network_access=False)
    assert environment.container is not None
    assert (environment.container.image_id, environment.container.pull) == (None, True)
    assert environment.summary.endswith(f"{absent} · fetched for the job")


def test_an_image_of_another_processor_is_refused(made: Made, images: DockerImages) -> None:
    reference = made(architecture=FOREIGN)
    with pytest.raises(InvalidRequest, match="was made for linux/s390x; the engine runs linux/"):
        images.resolve(reference, pull=True, network_access=False)


def test_removing(made: Made, images: DockerImages) -> None:
    reference = made()
    api = made.engine.api()
    container = api.create_container(reference, command=["/none"])["Id"]
    try:
        with pytest.raises(Conflict, match="is in use"):
            images.remove(reference)
    finally:
        api.remove_container(container)
    images.remove(reference)
    assert not exists(made.engine, reference)
    with pytest.raises(NotFound):
        images.remove(reference)


# -- fetching -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry that lets everybody in."""
    with registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


def test_an_image_is_fetched_and_how_far_it_is_is_said(made: Made, images: DockerImages, address: str) -> None:
    reference = made("1", f"{address}/{made.repository}", size=8 * MIB, config=OURS)
    push(made.engine, reference)
    forget(made.engine, reference)
    lines: list[tuple[str, float | None]] = []
    facts = images.pull(reference, lambda line, part: lines.append((line, part)))
    assert facts is not None and facts.profile == ContainerProfile.notebook
    assert exists(made.engine, reference)
    parts = [part for _, part in lines if part is not None]
    assert parts == sorted(parts) and parts[-1] == pytest.approx(1.0)
    assert lines[0] == (f"Asking {address} for {reference}", None)
    assert any("MiB of 8 MiB" in line for line, _ in lines)
    assert images.pull(reference) == facts  # again: it is there


def test_by_digest(made: Made, images: DockerImages, address: str) -> None:
    reference = made("1", f"{address}/{made.repository}")
    push(made.engine, reference)
    digest = f"{address}/{made.repository}@{manifest_digest(reference)}"
    forget(made.engine, reference)
    made.references.append(digest)
    facts = images.pull(digest)
    assert facts is not None
    container = images.resolve(digest, pull=False, network_access=False).container
    assert container is not None and container.image_id == facts.id


@pytest.mark.parametrize("name", ["absent/image:1", "absent:9"])
def test_what_the_registry_does_not_have(images: DockerImages, address: str, name: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{address} has no image {address}/{name}"):
        images.pull(f"{address}/{name}")


def test_a_registry_that_wants_a_login(
    made: Made, images: DockerImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with registry(tmp_path, login=True) as address:
        login = {"username": "docker", "password": password(tmp_path)}
        reference = made("1", f"{address}/{made.repository}")
        push(made.engine, reference, login)
        forget(made.engine, reference)
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        with pytest.raises(InvalidRequest, match=f"{address} does not let you have") as caught:
            others(made).pull(reference)
        assert f"docker login {address}" in caught.value.hint

        secret = base64.b64encode(f"docker:{password(tmp_path)}".encode()).decode()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {address: {"auth": secret}}}))
        assert others(made).pull(reference) is not None
        assert exists(made.engine, reference)


@pytest.mark.parametrize("reference", ["localhost:1/a:1", "registry.invalid/a:1"])
def test_a_registry_that_is_not_there(images: DockerImages, reference: str) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        images.pull(reference)


@pytest.mark.parametrize("reference", ["a b", "../a", "http://localhost/a", "a:1\n", "-a", "a" * 300])
def test_what_is_no_name_is_not_fetched(images: DockerImages, reference: str) -> None:
    with pytest.raises(InvalidRequest, match="is no name of an image"):
        images.pull(reference)


def test_what_is_not_allowed_is_not_fetched(made: Made, address: str) -> None:
    reference = made("1", f"{address}/{made.repository}")
    push(made.engine, reference)
    forget(made.engine, reference)
    with pytest.raises(InvalidRequest, match="jobs may not run in"):
        others(made, allowed_images=("studio/*",)).pull(reference)
    assert not exists(made.engine, reference)


def test_what_was_fetched_for_another_processor_is_said(made: Made, images: DockerImages, address: str) -> None:
    reference = made("1", f"{address}/{made.repository}", architecture=FOREIGN)
    push(made.engine, reference)
    forget(made.engine, reference)
    with pytest.raises(InvalidRequest, match="was made for linux/s390x"):
        images.pull(reference)


def test_a_pull_stops_at_once_and_the_engine_stops_too(made: Made, images: DockerImages, address: str) -> None:
    there = made("1", f"{address}/{made.repository}", size=16 * MIB)
    push(made.engine, there)
    line = SlowLine(int(address.rpartition(":")[2]), bytes_per_second=256 * 1024)
    reference = there.replace(address, f"localhost:{line.port}")
    forget(made.engine, there)
    try:
        stop = threading.Event()
        stopped: list[float] = []
        ended: list[object] = []

        def progress(text: str, part: float | None) -> None:
            if part and not stop.is_set():  # it has begun
                stopped.append(time.monotonic())
                stop.set()

        def pull() -> None:
            ended.append(images.pull(reference, progress, stop.is_set))

        thread = threading.Thread(target=pull)
        thread.start()
        thread.join(60)
        assert ended == [None]
        assert time.monotonic() - stopped[0] < 20.0
        until(lambda: line.open == 0, 10.0)
        assert line.passed < 8 * MIB
        assert not exists(made.engine, reference)
    finally:
        line.close()
        forget(made.engine, reference)


def test_a_pull_stops_before_the_registry_has_answered(images: DockerImages) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        asked: list[float] = []

        def cancelled() -> bool:
            asked.append(time.monotonic())
            return len(asked) > 5

        assert images.pull(f"localhost:{silent.getsockname()[1]}/a:1", cancelled=cancelled) is None
        assert time.monotonic() - asked[5] < 20.0


# -- the command line -----------------------------------------------------------------------------------------------


def studio(made: Made, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program on a workspace of its own."""
    return subprocess.run(
        [sys.executable, "-m", "studio_ext.cli", "image", *arguments],
        env={**os.environ, "STUDIO_HOME": str(home), "DOCKER_HOST": made.engine.address},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_from_the_command_line(made: Made, address: str, tmp_path: Path) -> None:
    reference = made("1", f"{address}/{made.repository}", size=MIB, config=OURS)
    push(made.engine, reference)
    forget(made.engine, reference)
    fetched = studio(made, tmp_path, "pull", reference)
    assert fetched.returncode == 0, fetched.stderr
    assert fetched.stdout.startswith(f"Fetched {reference} (") and ": 1 MiB, in " in fetched.stdout
    assert f"Asking {address}" in fetched.stderr and "%] Fetching" in fetched.stderr

    (tmp_path / "studio.toml").write_text(f'[docker]\ndefault_image = "{reference}"\n')
    # It waits a second for the engine, which a busy one may miss.
    (line,) = until(lambda: [each for each in studio(made, tmp_path, "list").stdout.splitlines() if reference in each])
    assert line.startswith(f"*  {reference}") and line.rstrip().endswith("notebook  Python 3.11, MLflow 3.17")
    said = until(lambda: (text := studio(made, tmp_path, "list", "--json").stdout).count(reference) > 1 and text)
    document = json.loads(said)
    assert document["default_image"] == reference
    assert document["images"][0]["reference"] == reference, "the default one comes first among those for notebooks"

    assert studio(made, tmp_path, "remove", reference).stdout == f"Removed {reference}.\n"
    missing = studio(made, tmp_path, "list")
    assert f"The default image, {reference}, is not there." in missing.stderr
    assert studio(made, tmp_path, "remove", reference).returncode == 2

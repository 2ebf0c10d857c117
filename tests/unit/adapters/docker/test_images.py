"""What is said of images, and that nobody waits for an engine that does not answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.adapters.docker_runner.engine import LOOK_SECONDS, Engine, EngineInfo
from studio_ext.adapters.docker_runner.image_facts import ImageFacts, check_runs_here, runs_here, summary
from studio_ext.adapters.docker_runner.images import ANSWER_SECONDS, DockerImages, bounded
from studio_ext.adapters.docker_runner.settings import DockerSettings
from studio_ext.contract.errors import InvalidRequest, Unavailable
from studio_ext.contract.jobs import ContainerProfile

IDENTITY = "sha256:1f237e44" + "0" * 56
WAIT = 10.0
"""Longest wait for an answer on a busy machine, seconds; a call that hangs takes 20."""


def info(architecture: str = "amd64", name: str = "Docker") -> EngineInfo:
    return EngineInfo(
        address="unix:///x",
        name=name,
        version="20.10",
        architecture=architecture,
        rootless=False,
        remapped=False,
        cgroup_version="2",
        limits=True,
    )


def facts(
    architecture: str = "amd64",
    os: str = "linux",
    labels: dict[str, str] | None = None,
    env: dict[str, str] | None = None,
) -> ImageFacts:
    return ImageFacts(IDENTITY, architecture, os, "", env or {}, labels or {}, 1, 0.0)


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[str]:
    """An engine that takes every connection and says nothing."""
    path = tmp_path / "engine.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(64)
    yield f"unix://{path}"
    listener.close()


@pytest.mark.parametrize("address", ["silent", "unix:///nowhere/engine.sock", "tcp://127.0.0.1:1"])
def test_an_engine_that_is_away_is_said_within_two_seconds(address: str, silent: str) -> None:
    images = DockerImages(Engine(DockerSettings(host=silent if address == "silent" else address)))
    assert LOOK_SECONDS + ANSWER_SECONDS < 2, "the port promises it"
    started = time.monotonic()
    assert images.choices() == []
    assert time.monotonic() - started < WAIT
    started = time.monotonic()
    with pytest.raises(Unavailable, match="engine at"):
        images.resolve("studio/notebook:1", pull=False, network_access=False)
    assert time.monotonic() - started < WAIT


def test_a_call_that_hangs_holds_nobody_up(silent: str) -> None:
    released = threading.Event()
    started = time.monotonic()
    with pytest.raises(Unavailable, match="does not answer"):
        bounded(Engine(DockerSettings(host=silent)), lambda: released.wait(60), wait=0.2)
    assert time.monotonic() - started < WAIT
    released.set()


def test_what_a_call_raises_is_passed_on(silent: str) -> None:
    with pytest.raises(ZeroDivisionError):
        bounded(Engine(DockerSettings(host=silent)), lambda: 1 // 0)


@pytest.mark.parametrize(
    ("engine", "image", "runs"),
    [
        ("amd64", "amd64", True),
        ("x86_64", "amd64", True),
        ("amd64", "386", True),
        ("aarch64", "arm64", True),
        ("arm64", "arm", True),
        ("amd64", "arm64", False),
        ("arm64", "amd64", False),
        ("386", "amd64", False),
        ("riscv64", "amd64", False),
        ("amd64", "", True),
        ("", "arm64", True),
    ],
)
def test_processors(engine: str, image: str, runs: bool) -> None:
    assert runs_here(info(engine), facts(image)) is runs


def test_an_image_for_another_machine_is_refused_with_both_named() -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_runs_here(info("amd64"), "a:1", facts("arm64"))
    assert caught.value.message == "image: a:1 was made for linux/arm64; the engine runs linux/amd64"
    with pytest.raises(InvalidRequest, match="made for windows/amd64"):
        check_runs_here(info("amd64"), "a:1", facts(os="windows"))


def test_the_line_that_says_what_a_job_runs_in() -> None:
    ours = facts(labels={"studio.profile": "notebook", "studio.python": "3.11.2", "studio.mlflow": "3.17.2"})
    assert summary(info(), "studio/notebook:1", ours) == (
        "Docker · studio/notebook:1 (1f237e44) · Python 3.11, MLflow 3.17"
    )
    python = facts(env={"PYTHON_VERSION": "3.12.4"})
    assert (
        summary(info(name="Podman"), "python:3.12-slim", python) == "Podman · python:3.12-slim (1f237e44) · Python 3.12"
    )
    assert summary(info(), "a:1", facts()) == "Docker · a:1 (1f237e44)"
    assert summary(info(), "a:1", None) == "Docker · a:1 · fetched for the job"
    assert ours.profile == ContainerProfile.notebook
    assert facts(labels={"studio.profile": "root"}).profile == ContainerProfile.contract


def test_labels_of_others_are_shown_as_plain_short_text() -> None:
    hostile = facts(labels={"studio.python": "3\x1b[31m" + "9" * 5000 + "\n<b>", "studio.mlflow": "1.\u202e2"})
    line = summary(info(), "a:1", hostile)
    assert len(line) < 100
    assert not any(mark in line for mark in "\x1b\n\u202e")


@pytest.mark.parametrize(
    ("patterns", "image", "allowed"),
    [
        (("*",), "anything/at:all", True),
        (("studio/*",), "studio/notebook:1", True),
        (("studio/*",), "docker.io/studio/notebook:1", True),
        (("docker.io/studio/*",), "studio/notebook:1", True),
        (("studio/*",), "evil/studio/notebook:1", False),
        (("studio/*",), "registry.example/studio/notebook:1", False),
        (("studio/*",), "studio/../evil", False),
        (("python:3.*",), "python:3.12-slim", True),
        (("python:3.*",), "python", False),
        (("python:latest",), "python", True),
        (("studio/*",), IDENTITY, False),
        (("a", "b:1"), "b:1", True),
        (("[a-z]*:1",), "x:1", True),
    ],
)
def test_patterns_of_allowed_images(patterns: tuple[str, ...], image: str, allowed: bool) -> None:
    assert DockerImages(Engine(DockerSettings(allowed_images=patterns))).allows(image) is allowed


def test_what_is_not_allowed_or_no_name_is_refused_before_the_engine_is_asked(silent: str) -> None:
    images = DockerImages(Engine(DockerSettings(host=silent, allowed_images=("studio/*", "python:3.*"))))
    with pytest.raises(InvalidRequest) as caught:
        images.resolve("evil:1", pull=True, network_access=False)
    assert caught.value.message == "image: jobs may not run in evil:1 here; allowed: studio/*, python:3.*"
    assert [each.field for each in caught.value.fields] == ["image"]
    with pytest.raises(InvalidRequest, match="is no name of an image"):
        images.resolve("$(reboot)", pull=True, network_access=False)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("studio/notebook:1", "studio image build"),
        ("studio/notebook:mlflow2", "studio image build --tag studio/notebook:mlflow2"),
        ("python:3.12-slim", "studio image pull python:3.12-slim"),
        ("registry.example/studio/notebook:1", "studio image pull registry.example/studio/notebook:1"),
    ],
)
def test_how_to_get_an_image(image: str, words: str) -> None:
    assert words in DockerImages(Engine(DockerSettings())).how_to_get(image)

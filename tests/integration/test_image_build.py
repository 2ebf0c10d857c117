"""Building images on a real engine, and the image for notebooks itself."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.docker_runner import build_inputs
from studio_ext.adapters.docker_runner.build import BuildFailed, BuildRequest, Step, build_image
from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.docker_runner.images import DockerImages
from studio_ext.contract.errors import InvalidRequest, Unavailable
from studio_ext.core.image_names import DEFAULT_IMAGE
from tests.integration.registry import exists, forget, make_image

MARK = "studio-build-test"
SMALL = f"""\
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}} AS packages
ARG BUILD_ID
LABEL studio.build=${{BUILD_ID}} {MARK}=1
ARG PIP_INDEX_URL
COPY more-requirements.txt ca-certificates.crt /
RUN %s
FROM ${{BASE_IMAGE}}
ARG BUILD_ID
LABEL studio.build=${{BUILD_ID}} {MARK}=1
COPY --from=packages /made /made
RUN python3 -c 'print("studio-facts {{\\"python\\": \\"3.99.1\\", \\"mlflow\\": \\"2.7\\"}}")'
LABEL studio.profile=notebook
"""
WORKS = 'cat /more-requirements.txt /ca-certificates.crt > /made && echo "$PIP_INDEX_URL" | md5sum'


@pytest.fixture
def engine(docker_engine: Engine) -> Iterator[Engine]:
    """The engine, on which no test here leaves anything of a build."""
    yield docker_engine
    assert left_of(docker_engine) == []


def left_of(engine: Engine) -> list[str]:
    """Images without a name, and containers, that builds of these tests have left."""
    api = engine.api()
    found = [
        *api.images(filters={"label": [MARK], "dangling": True}),
        *api.containers(all=True, filters={"label": [MARK]}),
    ]
    return [each["Id"] for each in found]


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    tag = f"studio-test/{secrets.token_hex(6)}:1"
    yield tag
    forget(engine, tag)


@pytest.fixture
def dockerfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the build takes instead of our Dockerfile: small and quick."""
    monkeypatch.setattr(build_inputs, "dockerfile_folder", lambda profile="notebook": tmp_path)
    (tmp_path / "requirements.txt").write_text("")
    path = tmp_path / "Dockerfile"
    path.write_text(SMALL % WORKS)
    return path


def request(tag: str, **more: Any) -> BuildRequest:
    return BuildRequest(**{"tag": tag, "base": DEFAULT_IMAGE, **more})


def test_what_was_found_out_is_on_the_image_and_no_secret_is_in_it(
    engine: Engine, tag: str, dockerfile: Path, tmp_path: Path
) -> None:
    certificates = tmp_path / "ca.pem"
    certificates.write_text("CERTIFICATE")
    steps: list[Step] = []
    facts = build_image(
        engine,
        request(
            tag,
            packages=("polars",),
            certificates=certificates,
            arguments={"PIP_INDEX_URL": "https://ada:canary@index.example/simple", "HTTPS_PROXY": "http://canary:1"},
        ),
        step=steps.append,
    )
    assert facts is not None and facts.inside == "Python 3.99, MLflow 2.7"
    assert facts.labels["studio.profile"] == "notebook" and facts.labels["studio.version"]
    assert max(step.number for step in steps) > 5 and all((step.part or 0) <= 1 for step in steps)
    api = engine.api()
    image = json.dumps(api.inspect_image(tag)) + json.dumps(api.history(tag))
    assert "canary" not in image
    assert "canary" not in "".join(step.line for step in steps)


def test_the_image_that_had_the_name_goes_unless_something_uses_it(engine: Engine, tag: str, dockerfile: Path) -> None:
    also, (repository, _, _) = tag.replace(":1", ":also"), tag.rpartition(":")
    make_image(engine, also)
    engine.api().tag(also, repository, "1")
    first = build_image(engine, request(tag))
    try:
        assert exists(engine, also), "it has another name"
    finally:
        forget(engine, also)
    second = build_image(engine, request(tag))
    assert first is not None and second is not None and first.id != second.id
    assert not exists(engine, first.id)
    container = engine.api().create_container(tag, command=["true"])["Id"]
    try:
        build_image(engine, request(tag))
        assert exists(engine, second.id)
    finally:
        engine.api().remove_container(container)
        forget(engine, second.id)


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("echo 'ERROR: No matching distribution found for absent' && false", "--with"),
        ("echo 'SSLError(SSLCertVerificationError(1, certificate verify failed' && false", "--ca-certificates FILE"),
        ("echo 'The base image needs Python 3.11 or newer.' && false", "--base IMAGE"),
        ("seq 100 && exit 3", "--verbose"),
    ],
)
def test_a_build_that_fails_says_what_to_do(
    engine: Engine, tag: str, dockerfile: Path, command: str, hint: str
) -> None:
    dockerfile.write_text(SMALL % command)
    with pytest.raises(BuildFailed, match=r"failed at step \d+ of \d+") as caught:
        build_image(engine, request(tag))
    assert hint in caught.value.hint
    assert 2 <= len(caught.value.tail) <= 31
    assert not exists(engine, tag)


def test_no_way_out_of_the_engines_network_leads_to_the_machines_own(
    engine: Engine, tag: str, dockerfile: Path
) -> None:
    # In a network of its own a container has one link; in the machine's it sees the machine's, but for those of other
    # containers, which come and go.
    links = sum(not each.startswith("veth") for each in os.listdir("/sys/class/net"))  # noqa: PTH208 -- as it counts
    command = (
        f"test $(ls /sys/class/net | grep -vc '^veth') -ge {links} || "
        '{ echo "Network is unreachable"; exit 1; } && touch /made'
    )
    dockerfile.write_text(SMALL % command)
    lines: list[str] = []
    assert build_image(engine, request(tag), step=lambda step: lines.append(step.line)) is not None
    assert any("trying again over this machine's" in line for line in lines)
    with pytest.raises(BuildFailed) as caught:
        build_image(engine, request(tag, network="none"))
    assert "--network host" in caught.value.hint


def test_a_base_image_that_is_not_there_and_cannot_be_fetched(engine: Engine, tag: str) -> None:
    with pytest.raises(
        Unavailable, match=r"base image localhost:1/base:1 is not on this machine\. .*refused"
    ) as caught:
        build_image(engine, request(tag, base="localhost:1/base:1"))
    assert "STUDIO_BASE_IMAGE" in caught.value.hint


def test_a_base_image_without_python(engine: Engine, tag: str) -> None:
    base = f"studio-test/{secrets.token_hex(6)}:base"
    make_image(engine, base)
    try:
        with pytest.raises(BuildFailed):
            build_image(engine, request(tag, base=base))
    finally:
        forget(engine, base)


@pytest.mark.parametrize("name", ["a b", "../a", "studio/build:1", "a@sha256:" + "0" * 64])
def test_names_that_an_image_cannot_be_given(engine: Engine, name: str) -> None:
    with pytest.raises(InvalidRequest):
        build_image(engine, request(name))


def test_a_build_that_is_given_up_leaves_nothing(engine: Engine, tag: str, dockerfile: Path) -> None:
    dockerfile.write_text(SMALL % "echo begun && sleep 600")
    seen: list[str] = []
    assert (
        build_image(engine, request(tag), step=lambda step: seen.append(step.line), cancelled=lambda: "begun" in seen)
        is None
    )
    assert not exists(engine, tag)


def test_interrupted_in_the_middle_the_command_leaves_nothing(engine: Engine, tag: str, tmp_path: Path) -> None:
    api = engine.api()
    before = {each["Id"] for each in api.images(filters={"dangling": True})}
    process = subprocess.Popen(
        [sys.executable, "-m", "studio_ext.cli", "image", "build", "--tag", tag, "--base", DEFAULT_IMAGE, "--verbose"],
        env={**os.environ, "STUDIO_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if "Collecting " in line or "Requirement already satisfied" in line:  # pip is at work
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, said + err
    assert "Stopped; nothing is left of it." in err
    assert not exists(engine, tag)
    # Images that others build on ours inherit its label.
    own = (api.inspect_image(DEFAULT_IMAGE)["Config"]["Labels"] or {}).get("studio.build")
    builds = [
        each
        for each in api.images(filters={"dangling": True, "label": ["studio.build"]})
        if each["Id"] not in before and each["Labels"]["studio.build"] != own
    ]
    assert builds == []
    assert not api.images(name="studio/build")


# -- the image for notebooks ----------------------------------------------------------------------------------------


def run(engine: Engine, *command: str, user: str = "12345:54321", read_only: bool = True) -> str:
    """What a program prints in a container of the image: any user, no network, nothing to write to but /tmp."""
    api = engine.api(100.0)
    host = api.create_host_config(network_mode="none", read_only=read_only, tmpfs={"/tmp": "mode=1777"})
    container = api.create_container(DEFAULT_IMAGE, command=list(command), user=user, host_config=host)["Id"]
    try:
        api.start(container)
        code = api.wait(container)["StatusCode"]
        everything, printed = api.logs(container).decode(), api.logs(container, stderr=False).decode()
    finally:
        api.remove_container(container, force=True)
    assert code == 0, everything
    return str(printed)


BYTE_CODE = """
import json, matplotlib.pyplot, mlflow, pandas, papermill, sklearn.ensemble, ipykernel.kernelapp
import importlib.util, os, struct, sys
sources = [each for each in (getattr(module, "__file__", None) for module in list(sys.modules.values())) if each]
sources = [each for each in sources if each.endswith(".py")]
def fresh(source):
    try:
        with open(importlib.util.cache_from_source(source), "rb") as file:
            _, kind, mtime, size = struct.unpack("<4sIII", file.read(16))
    except OSError:
        return False
    status = os.stat(source)
    return kind == 0 and (mtime, size) == (int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
print(json.dumps([len(sources), [each for each in sources if not fresh(each)]]))
"""


def test_any_user_starts_from_byte_code(engine: Engine) -> None:
    sources, compiled_again = json.loads(run(engine, "python3", "-c", BYTE_CODE))
    assert sources > 1000
    assert compiled_again == []


def test_the_labels_say_what_is_in_it(engine: Engine) -> None:
    facts = DockerImages(engine).inspect(DEFAULT_IMAGE)
    assert facts is not None
    program = (
        "import platform; from importlib.metadata import version; print(platform.python_version(), version('mlflow'))"
    )
    assert run(engine, "python3", "-c", program).split() == [
        facts.labels["studio.python"],
        facts.labels["studio.mlflow"],
    ]
    assert facts.profile == "notebook"


def test_nothing_of_the_build_is_left_in_it(engine: Engine) -> None:
    said = run(engine, "python3", "-c", "import os; print(os.path.exists('/build'), dict(os.environ))")
    assert said.startswith("False ")
    assert "PIP_" not in said and "_PROXY" not in said.upper()
    history = json.dumps(engine.api().history(DEFAULT_IMAGE))
    assert "pip install" not in history


def test_its_home_is_anybodys(engine: Engine) -> None:
    said = run(engine, "sh", "-c", "touch ~/a ~/.cache/b && echo $HOME", user="777:888", read_only=False)
    assert said == "/home/studio\n"

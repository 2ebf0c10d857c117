"""Where the engine's machine has our files: proven with a real engine, also over TCP and from inside a container."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.docker_runner.places import Places
from studio_ext.adapters.docker_runner.settings import DockerSettings
from tests.integration import docker_images

IN_A_CONTAINER = """
import socket, sys
from pathlib import Path
from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.docker_runner.places import Places
from studio_ext.adapters.docker_runner.settings import DockerSettings

socket.gethostname = lambda: sys.argv[2]
places = Places(Engine(DockerSettings(host=sys.argv[1])), Path(sys.argv[3]))
try:
    print(places.source(Path(sys.argv[3]) / "jobs"))
except Exception as error:
    print("refused:", error, error.hint)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "workspace" / "cache").mkdir(parents=True)
    return tmp_path / "workspace"


@pytest.fixture
def over_tcp(docker_engine: Engine) -> Iterator[str]:
    """The engine's address by TCP, as of an engine elsewhere."""
    path = docker_engine.address.removeprefix("unix://")

    def copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        finally:
            for each in (source, target):
                each.close()

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(path)
            for pair in ((client, engine), (engine, client)):
                threading.Thread(target=copy, args=pair, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"


def test_an_engine_by_tcp_that_sees_our_files(over_tcp: str, home: Path) -> None:
    """Nothing is assumed from the address: the file is there, or it is not."""
    assert Places(Engine(DockerSettings(host=over_tcp)), home).source(home) == str(home)


@pytest.mark.parametrize("is_mounted", [True, False])
def test_from_inside_a_container(docker_engine: Engine, tmp_path: Path, is_mounted: bool) -> None:
    """Our own container's mounts are the path map; where the workspace is on none of them the reason is told.

    The process looks at its files through a mount of its own, which the engine does not see, as in a container.
    """
    outside, inside = tmp_path / "on-the-engines-machine", tmp_path / "home-as-we-see-it"
    (outside / "studio" / "cache").mkdir(parents=True)
    inside.mkdir()
    api = docker_engine.api()
    source = outside if is_mounted else tmp_path
    mounts = [{"Type": "bind", "Source": str(source), "Target": str(inside if is_mounted else Path("/elsewhere"))}]
    container = api.create_container(
        docker_images.NOTEBOOK, command=["true"], host_config=api.create_host_config(mounts=mounts)
    )
    command = f"mount --bind '{outside}' '{inside}' && exec \"$0\" -c \"$@\""
    try:
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", command, sys.executable, IN_A_CONTAINER, docker_engine.address,
             container["Id"], f"{inside}/studio"],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    finally:
        api.remove_container(container["Id"], force=True)
    assert done.returncode == 0, done.stderr
    if is_mounted:
        assert done.stdout.strip() == f"{outside}/studio/jobs"
    else:
        assert done.stdout.startswith("refused:") and "path_map" in done.stdout

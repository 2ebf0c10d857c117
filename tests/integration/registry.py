"""A real registry on this machine, a slow line to it, and small images to put there."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from studio_ext.adapters.docker_runner.build_inputs import archive
from studio_ext.adapters.docker_runner.engine import Engine
from tests.needs import cannot_be_tried

_START_SECONDS = 30.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def registry(folder: Path, *, login: bool = False) -> Iterator[str]:
    """A registry; gives its address, ``localhost:PORT``. With ``login`` it lets nobody in who has not logged in."""
    program = shutil.which("docker-registry") or shutil.which("registry")
    if program is None:
        cannot_be_tried("There is no registry: apt-get install docker-registry")
    port = free_port()
    settings: dict[str, Any] = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}},
        "http": {"addr": f"127.0.0.1:{port}", "relativeurls": True},
    }
    if login:
        settings["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}  # makes a user and says so
    (folder / "registry.yml").write_text(json.dumps(settings))  # JSON is YAML
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen([program, "serve", folder / "registry.yml"], stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/v2/", process)
        yield f"localhost:{port}"
    finally:
        process.terminate()
        process.wait(30)


def password(folder: Path) -> str:
    """Of the user ``docker`` of the registry with a login in ``folder``."""
    log = (folder / "registry.log").read_text()
    match = re.search(r"password=(\S+)", log)
    assert match is not None, log
    return match[1]


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return  # it answers, and wants a login
        except OSError:
            assert process.poll() is None and time.monotonic() < until, "the registry did not start"
            time.sleep(0.05)


class SlowLine:
    """Passes connections on to a port of this machine, so slowly that a pull does not end by itself."""

    def __init__(self, port: int, bytes_per_second: int) -> None:
        self._target = port
        self._rate = bytes_per_second
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self.port: int = self._listener.getsockname()[1]
        self.passed = 0
        """Bytes that came from the target."""
        self.open = 0
        """Connections that stand now."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                with self._lock:
                    self.open += 1
                threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(8192):
                target.sendall(data)
                if is_answer:
                    self.passed += len(data)
                    time.sleep(len(data) / self._rate)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        if is_answer:
            with self._lock:
                self.open -= 1


def make_image(
    engine: Engine,
    reference: str,
    *,
    size: int = 1000,
    config: Mapping[str, Any] | None = None,
    architecture: str | None = None,
) -> str:
    """An image with one file of random bytes and no program in it; returns its id."""
    layer = archive({"data": secrets.token_bytes(size)})
    document = {
        "architecture": architecture or engine.describe(20.0).architecture,
        "os": "linux",
        "created": datetime.now(UTC).isoformat(),
        "config": dict(config or {}),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]
    files = {"manifest.json": json.dumps(manifest).encode(), "config.json": json.dumps(document).encode()}
    api = engine.api(60.0)
    for line in api.load_image(archive({**files, "layer.tar": layer})):
        assert "error" not in line, line
    return str(api.inspect_image(reference)["Id"])


def push(engine: Engine, reference: str, login: dict[str, str] | None = None) -> None:
    """Put an image into its registry."""
    repository, _, tag = reference.rpartition(":")
    for line in engine.api(60.0).push(repository, tag=tag, stream=True, decode=True, auth_config=login):
        assert "error" not in line, line


def manifest_digest(reference: str) -> str:
    """The digest under which the registry has an image."""
    repository, _, tag = reference.rpartition(":")
    address, _, path = repository.partition("/")
    kinds = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    asked = urllib.request.Request(f"http://{address}/v2/{path}/manifests/{tag}", headers={"Accept": kinds})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return str(answer.headers["Docker-Content-Digest"])


def forget(engine: Engine, *references: str) -> None:
    """Remove images if they are there."""
    from docker.errors import NotFound

    for reference in references:
        with contextlib.suppress(NotFound):
            engine.api(60.0).remove_image(reference, force=True)


def exists(engine: Engine, reference: str) -> bool:
    """Whether an image is there."""
    from docker.errors import NotFound

    try:
        engine.api().inspect_image(reference)
    except NotFound:
        return False
    return True

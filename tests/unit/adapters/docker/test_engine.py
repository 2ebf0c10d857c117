"""What is made of what engines say of themselves, and how seldom they are asked."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.docker_runner import DockerRunner
from studio_ext.adapters.docker_runner import engine as engine_module
from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.docker_runner.settings import DockerSettings
from studio_ext.adapters.docker_runner.spec import data_mounts
from studio_ext.testing.runner_suite import wait_for

HOLDS = {"MemoryLimit": True, "CpuCfsQuota": True}
ROOTLESS = {**HOLDS, "Rootless": True, "CgroupVersion": "2"}
DELEGATED = {"cgroupVersion": "v2", "cgroupManager": "systemd", "cgroupControllers": ["cpu", "memory", "pids"]}


class Server(socketserver.ThreadingUnixStreamServer):
    """Answers what an engine does when it is asked what it is."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        self.name, self.api_version = "Docker/20.10.24 (linux)", "1.41"
        self.info: dict[str, Any] = {"ServerVersion": "20.10.24", "Architecture": "x86_64", **HOLDS}
        self.host: dict[str, Any] = {}
        self.asked: list[str] = []
        super().__init__(str(path), Handler)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        answers = {"_ping": "OK", "libpod/info": {"host": self.server.host}, "info": self.server.info}
        found = next((body for end, body in answers.items() if self.path.endswith(end)), None)
        body = json.dumps(found).encode()
        self.send_response_only(404 if found is None else 200)
        for name, value in (("Server", self.server.name), ("Api-Version", self.server.api_version)):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "engine.sock") as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def engine(server: Server) -> Engine:
    return Engine(DockerSettings(host=f"unix://{server.server_address!s}"))


def test_an_engine_is_described(server: Server, engine: Engine) -> None:
    found = engine.describe(10.0)
    assert (found.title, found.architecture, found.limits) == ("Docker 20.10.24", "amd64", True)
    assert engine.api().api_version == "1.41"
    assert not [path for path in server.asked if "version" in path], "which takes Podman a second"


def test_an_engine_is_asked_again_when_it_is_another_one(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_KNOWN_SECONDS", 0.0)
    assert engine.describe(10.0) == engine.describe(10.0)
    assert sum(path.endswith("/info") for path in server.asked) == 1
    server.name, server.api_version = "Libpod/4.3.1 (linux)", "1.40"
    server.info = {**server.info, "ServerVersion": "4.3.1"}
    assert engine.describe(10.0).title == "Podman 4.3.1"
    assert engine.api().api_version == "1.40"


def test_what_is_long_known_is_asked_for_behind(
    server: Server, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_KNOWN_SECONDS", 0.0)
    monkeypatch.setattr(engine_module, "_DETAILS_SECONDS", 0.0)
    assert engine.describe(10.0).remapped is False
    server.info = {**server.info, "SecurityOptions": ["name=userns"]}
    assert wait_for(lambda: engine.describe(10.0).remapped)


@pytest.mark.parametrize(
    ("name", "info", "host", "limits"),
    [
        ("Docker/20.10.24", HOLDS, {}, True),
        ("Docker/20.10.24", {"MemoryLimit": False, "SecurityOptions": ["name=rootless"]}, {}, False),
        ("Docker/20.10.24", {**HOLDS, "SecurityOptions": ["name=seccomp,profile=default", "name=rootless"]}, {}, True),
        ("Docker/20.10.24", {**HOLDS, "CpuCfsQuota": False, "SecurityOptions": ["name=rootless"]}, {}, False),
        ("Libpod/4.3.1", {**HOLDS, "Rootless": False}, {}, True),
        ("Libpod/4.3.1", ROOTLESS, DELEGATED, True),
        ("Libpod/4.3.1", ROOTLESS, {**DELEGATED, "cgroupControllers": ["memory", "pids"]}, False),
        ("Libpod/4.3.1", ROOTLESS, {**DELEGATED, "cgroupManager": "cgroupfs"}, False),
        ("Libpod/4.3.1", ROOTLESS, {**DELEGATED, "cgroupVersion": "v1"}, False),
    ],
)
def test_whether_limits_hold(
    server: Server, engine: Engine, name: str, info: dict[str, Any], host: dict[str, Any], limits: bool
) -> None:
    server.name, server.info, server.host = name, info, host
    found = engine.describe(10.0)
    assert found.limits is limits
    assert found.rootless is (bool(info.get("Rootless")) or "name=rootless" in info.get("SecurityOptions", []))


def test_no_socket_of_any_engine_is_mounted(tmp_path: Path) -> None:
    """Whoever reaches one is root on the engine's machine, also where jobs run on another engine."""
    own, data = tmp_path / "run" / "engine.sock", tmp_path / "data"
    own.parent.mkdir()
    own.touch()
    data.mkdir()
    (tmp_path / "link").symlink_to("/run")
    asked = [str(path) for path in (own, own.parent, data, tmp_path / "link", "/", "/var/run", tmp_path / "gone")]
    assert data_mounts(asked, f"unix://{own}", tmp_path / "home") == [str(data)]


def test_a_runner_says_that_its_engine_does_not_answer_now(tmp_path: Path) -> None:
    """One that hangs, and one that is not there; a fault of the settings stays one."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "hangs.sock"))
    listening.listen()
    home = tmp_path / "home"
    home.mkdir()
    with closing(listening):
        for name, said in (("hangs.sock", "does not answer"), ("missing.sock", "cannot be reached")):
            runner = DockerRunner(home, Engine(DockerSettings(host=f"unix://{tmp_path / name}")))
            info = runner.info()
            runner.close()
            assert (info.available, info.away) == (False, True) and said in info.reason, name
    (home / "studio.toml").write_text("[docker]\nhost = 5\n")
    runner = DockerRunner(home)
    info = runner.info()
    runner.close()
    assert (info.available, info.away) == (False, False) and info.reason

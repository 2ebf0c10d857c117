"""Which variables and files a controller is started with."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from studio_ext.adapters import controller_launcher
from studio_ext.adapters.controller_launcher import DetachedController, start
from studio_ext.core.workspace import Workspace


class Process:
    """A controller that does not exist."""

    def __init__(self, command: list[str], **options: Any) -> None:
        self.command, self.options = command, options
        self.ended: int | None = None
        started.append(self)

    def poll(self) -> int | None:
        return self.ended


started: list[Process] = []


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    started.clear()
    monkeypatch.setattr(subprocess, "Popen", Process)


def test_a_controller_is_on_its_own(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CANARY", "STUDIO_TOKEN", "STUDIO_JOB_ID", "JUPYTER_TOKEN", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("AWS_PROFILE", "lab")
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("STUDIO_HOME", "/another")
    start(workspace)
    (process,) = started
    assert process.command == [sys.executable, "-m", "studio_ext.controller.main"]
    assert process.options["start_new_session"]
    assert process.options["stdin"] is subprocess.DEVNULL
    assert process.options["cwd"] == workspace.home
    environment = process.options["env"]
    assert "canary" not in environment.values()
    assert environment["AWS_PROFILE"] == "lab", "the tracking store may need it"
    assert (environment["https_proxy"], environment["NO_PROXY"]) == ("http://proxy:3128", "localhost")
    assert workspace.controller_log.stat().st_mode & 0o777 == 0o600
    assert environment["STUDIO_HOME"] == str(workspace.home)
    assert environment["STUDIO_TRACKING_URI"] == workspace.tracking_uri


def test_one_is_enough(workspace: Workspace) -> None:
    launcher = DetachedController(workspace)
    assert not launcher.starting()
    for _ in range(3):
        launcher.ensure()
    assert len(started) == 1
    assert launcher.starting()
    started[0].ended = 1
    assert not launcher.starting()
    launcher.ensure()
    assert len(started) == 2


def test_where_one_runs_none_is_started(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller_launcher.DetachedController, "running", lambda _self: True)
    DetachedController(workspace).ensure()
    assert started == []


def test_a_long_log_is_set_aside(workspace: Workspace) -> None:
    log, before = workspace.controller_log, workspace.home / "controller.log.1"
    log.write_bytes(b"short")
    start(workspace)
    assert log.read_bytes() == b"short"
    before.write_bytes(b"very old")
    log.write_bytes(b"o" * (controller_launcher._LONGEST_LOG + 1))
    start(workspace)
    assert log.read_bytes() == b""
    assert before.read_bytes().startswith(b"ooo")

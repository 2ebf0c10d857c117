"""The controller's lock and settings."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import closing

import pytest

from studio_ext.adapters.controller_launcher import DetachedController
from studio_ext.adapters.sql_store import SqlStore
from studio_ext.controller import main
from studio_ext.core.workspace import Workspace
from studio_ext.testing.sample_jobs import finish, sample_job


def test_one_holds_the_lock(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "LOCK_SECONDS", 0.05)
    launcher = DetachedController(workspace)
    assert not launcher.running()
    lock = main._lock(workspace)
    assert lock is not None
    assert launcher.running()
    assert main._lock(workspace) is None
    os.close(lock)
    assert not launcher.running()


def test_those_who_only_look_are_waited_for(workspace: Workspace) -> None:
    looker = os.open(workspace.controller_lock, os.O_RDWR | os.O_CREAT)
    fcntl.flock(looker, fcntl.LOCK_SH)
    threading.Timer(0.1, os.close, [looker]).start()
    lock = main._lock(workspace)
    assert lock is not None
    os.close(lock)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("[controller]\nmax_running = 7\nidle_seconds = 60", {"max_running": 7, "idle_seconds": 60.0}),
        ("[controller]\nmax_running = 1.0", {"max_running": 1}),
        ("[controller]\nmax_running = 0\nidle_seconds = -1", {}),
        ('[controller]\nmax_running = "many"\nidle_seconds = [1]', {}),
        ("[controller]\nmax_running = true\nidle_seconds = inf", {}),
        ("[controller]\nmax_running = nan", {}),
        ("controller = 4", {}),
        ("[other]\nx = 1", {}),
        ("no toml", {}),
        ("\ud800", {}),
        ("[controller]\nsystem_metrics = false", {"system_metrics": False}),
        ("[controller]\nsystem_metrics = 0\nmax_running = 3", {"max_running": 3}),
    ],
)
def test_settings(workspace: Workspace, text: str, expected: dict[str, float]) -> None:
    workspace.config_file.write_bytes(text.encode("utf-8", "surrogatepass"))
    default = {"max_running": 1 + (os.cpu_count() or 1), "idle_seconds": main.IDLE_SECONDS, "system_metrics": True}
    assert main._settings(workspace) == default | expected


def test_without_settings(workspace: Workspace) -> None:
    assert main._settings(workspace)["idle_seconds"] == main.IDLE_SECONDS


def test_a_job_that_came_at_the_last_moment(workspace: Workspace, store: SqlStore) -> None:
    """It was submitted while the idle controller still held the lock: nobody else starts one."""
    assert not main._has_work(workspace)
    with closing(SqlStore(workspace.database)) as submitter:
        job, _ = submitter.add(sample_job(), None)
    assert main._has_work(workspace)
    finish(store, job.id)
    assert main._has_work(workspace), "its trial has to be closed"
    store.recorded(job.id)
    assert not main._has_work(workspace)


def test_a_workspace_that_cannot_be_used_is_said(
    monkeypatch: pytest.MonkeyPatch, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.config_file.write_text("no toml")
    monkeypatch.setenv("STUDIO_HOME", str(workspace.home))
    monkeypatch.setattr(os, "umask", lambda _mask: 0)
    assert main.main() == 1
    assert "studio.toml" in caplog.text

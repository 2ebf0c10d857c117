"""The extension in a live server: events reach browsers, idle servers end, broken workspaces break nothing else."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from studio_ext.contract.jobs import SubmitRequest
from studio_ext.routes.watch import SCHEMA_ID
from studio_ext.testing.live_server import FakeHostClient, LiveServer


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "train.ipynb").write_text("{}")
    return tmp_path / "root", tmp_path / "home"


def test_a_change_reaches_the_browser(folders: tuple[Path, Path]) -> None:
    client = FakeHostClient()

    async def listen(url: str, token: str, heard: Callable[[], None]) -> dict[str, Any]:
        request = HTTPRequest(url.replace("http:", "ws:"), headers={"Authorization": f"token {token}"})
        socket = await websocket_connect(request)
        heard()
        async with asyncio.timeout(10):
            while True:
                message = json.loads(await socket.read_message() or "{}")
                if message["schema_id"] == SCHEMA_ID:
                    socket.close()
                    return dict(message)

    with LiveServer(*folders, client=client) as live:
        until(lambda: live.studio._watch and live.studio._watch._revision is not None)
        made: list[str] = []
        submit: Callable[[], None] = lambda: made.append(client.submit(SubmitRequest(notebook="train.ipynb")).id)  # noqa: E731
        message = asyncio.run(listen(f"{live.url}api/events/subscribe", live.token, submit))
    assert (message["job_ids"], message["revision"]) == (made, 1)


def test_only_what_is_off_and_came_along_is_not_fetched(folders: tuple[Path, Path]) -> None:
    others = [{"name": "nbdime-jupyterlab"}, {"name": "theme"}]
    with LiveServer(*folders, client=FakeHostClient()) as live:
        hook = live.app.web_app.settings["page_config_hook"]

        def fetched(*off: str) -> list[str]:
            config = hook(None, {"disabledExtensions": list(off), "federated_extensions": list(others)})
            return [each["name"] for each in config["federated_extensions"]]

        assert fetched("nbdime-jupyterlab", "theme") == ["theme"]  # what a user turned off is not ours
        assert fetched() == ["nbdime-jupyterlab", "theme"]
        assert hook(None, {})["federated_extensions"] == []


def test_running_jobs_keep_the_server_alive(folders: tuple[Path, Path]) -> None:
    client = FakeHostClient(hold=True)
    with LiveServer(*folders, client=client, settings={"StudioApp": {"watch_interval": 0.05}}) as live:
        manager, settings = live.app.extension_manager, live.app.web_app.settings
        until(lambda: live.studio._watch and live.studio._watch._revision is not None)
        assert not manager.any_activity()
        assert "studio_last_activity" not in settings
        job = client.submit(SubmitRequest(notebook="train.ipynb"))
        until(lambda: live.studio.current_activity() == {"jobs": 1})
        assert manager.any_activity()
        first = settings["studio_last_activity"]
        until(lambda: settings["studio_last_activity"] > first)
        assert live.app.web_app.last_activity() >= first
        client.stop(job.id)
        client.stop(job.id)
        until(lambda: live.studio.current_activity() is None)
        assert not manager.any_activity()


def test_keeping_alive_can_be_switched_off(folders: tuple[Path, Path]) -> None:
    client = FakeHostClient(hold=True)
    client.submit(SubmitRequest(notebook="train.ipynb"))
    with LiveServer(*folders, client=client, settings={"StudioApp": {"keep_alive": False}}) as live:
        until(lambda: live.studio._active_jobs == 1)
        assert live.studio.current_activity() is None
        assert "studio_last_activity" not in live.app.web_app.settings


def test_warm_up_happens_and_can_be_switched_off(folders: tuple[Path, Path]) -> None:
    warm, cold = FakeHostClient(), FakeHostClient()
    with LiveServer(*folders, client=warm):
        assert warm.warmed.wait(10)
    with LiveServer(*folders, client=cold, settings={"StudioApp": {"warm_up": False}}) as live, live.session() as http:
        assert http.get("jobs").status_code == 200
        assert not cold.warmed.is_set()


def test_the_end_of_the_server_closes_the_client(folders: tuple[Path, Path]) -> None:
    client = FakeHostClient()
    with LiveServer(*folders, client=client) as live, live.session() as http:
        assert http.get("jobs").status_code == 200
        assert not client.closed
    assert client.closed


def test_a_workspace_that_cannot_be_used_breaks_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "home").write_text("a file, not a folder")
    with LiveServer(tmp_path / "root", tmp_path / "home", client=FakeHostClient()) as live, live.session() as http:
        for address in ("info", "jobs", "contents", "options", "doctor"):
            reply = http.get(address)
            assert (reply.status_code, reply.json()["code"]) == (400, "invalid_request"), reply.text
            assert "STUDIO_HOME" in reply.json()["hint"]
        assert http.get(f"{live.url}api/status").status_code == 200
        (tmp_path / "home").unlink()
        assert http.get("jobs").status_code == 200, "it is tried again"


def test_settings_choose_workspace_and_tracking_store(folders: tuple[Path, Path]) -> None:
    root, home = folders
    uri = "http://someone:secret@127.0.0.1:5000"
    settings = {"StudioApp": {"tracking_uri": uri, "warm_up": False}}
    with LiveServer(root, home, client=FakeHostClient(), settings=settings) as live:
        workspace = live.studio.open_workspace()
        assert (workspace.home, workspace.tracking_uri) == (home, uri)
        assert live.studio._root() == root


def test_every_setting_is_explained() -> None:
    from studio_ext.app import StudioApp

    own = StudioApp.class_own_traits(config=True)
    assert {"workspace", "tracking_uri", "max_page", "keep_alive", "watch_interval"} <= set(own)
    for name, trait in own.items():
        assert trait.help.endswith("."), name
        if name.endswith(("_interval", "_timeout")):
            assert "seconds" in trait.help, name
        if name.endswith("_bytes"):
            assert "bytes" in trait.help, name

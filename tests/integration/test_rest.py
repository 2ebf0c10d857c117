"""The main job through REST: real workspace, controller, kernel and tracking store."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from studio_ext.routes.watch import SCHEMA_ID
from studio_ext.testing.live_server import LiveServer

SECONDS = 60.0
FINAL = ("Completed", "Failed", "Stopped")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = tmp_path_factory.mktemp("rest")
    root = base / "root"
    root.mkdir()
    write(
        root / "train.ipynb",
        "depth = 3",
        "import mlflow\nmlflow.log_metric('rmse', 2.0 * depth)",
        "print('depth', depth)",
    )
    write(root / "wait.ipynb", "seconds = 60", "import time\nprint('waiting', flush=True)\ntime.sleep(seconds)")
    with LiveServer(root, base / "home") as live:
        yield live


@pytest.fixture(scope="module")
def http(server: LiveServer) -> Iterator[httpx.Client]:
    with server.session() as session:
        yield session


def write(path: Path, parameters: str, *cells: str) -> None:
    made = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    made += [nbformat.v4.new_code_cell(cell) for cell in cells]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": spec}), path)


def until(look: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + SECONDS
    while not wanted(seen := look()):
        assert time.monotonic() < deadline, f"it did not happen: {seen}"
        time.sleep(0.05)
    return seen


def job(http: httpx.Client, job_id: str, wanted: Callable[[Any], bool]) -> dict[str, Any]:
    return dict(until(lambda: http.get(f"jobs/{job_id}").json(), wanted))


def test_the_main_job(http: httpx.Client, server: LiveServer) -> None:
    inspected = http.post("notebooks/inspect", json={"notebook": "train.ipynb"}).json()
    assert [(each["name"], each["type"], each["value"]) for each in inspected["parameters"]] == [("depth", "int", 3)]
    options = http.get("options").json()
    assert options["default_kernel"] == "python3"
    assert any(runner["name"] == "process" and runner["available"] for runner in options["runners"])

    before = http.get("info").json()["jobs_revision"]
    body = {"notebook": "train.ipynb", "experiment": "houses", "parameters": {"depth": 8}}
    made = http.post("jobs", json=body).json()
    done = job(http, made["id"], lambda each: each["status"] in FINAL)
    assert done["status"] == "Completed", done["exit"]
    assert done["progress"] == {**done["progress"], "done": 3, "total": 3}
    assert [each["status"] for each in done["transitions"]][0::1][-1] == "Completed"

    delta = http.get(f"jobs/changes?since={before}").json()
    assert [each["id"] for each in delta["items"]] == [made["id"]]
    assert delta["revision"] == http.get("info").json()["jobs_revision"]

    log = http.get(f"jobs/{made['id']}/log").json()
    assert "depth 8" in log["text"]
    assert log["complete"] is True
    model = http.get(f"contents/{done['content_path']}").json()
    texts = [output.get("text", "") for cell in model["content"]["cells"] for output in cell.get("outputs", [])]
    assert any("depth 8" in "".join(text) for text in texts)
    listed = http.get(f"jobs/{made['id']}/files?path=output").json()
    assert {"train.ipynb"} <= {each["name"] for each in listed}
    top = http.get(f"jobs/{made['id']}/files").json()
    assert not {"job.json", "environment.json"} & {each["name"] for each in top}
    # What is listed can be opened, and the two lists agree.
    assert {each["content_path"] for each in top} == {
        each["path"] for each in http.get(f"contents/{made['id']}").json()["content"]
    }

    closed = until(
        lambda: http.get(f"trials/{done['trial']['run_id']}").json(), lambda each: each["status"] == "FINISHED"
    )
    assert (closed["metrics"]["rmse"], closed["parameters"]["depth"], closed["job_id"]) == (16.0, "8", made["id"])
    page = http.get("trials?experiment=houses&sort=metrics.rmse&desc=false").json()
    assert [trial["run_id"] for trial in page["items"]] == [closed["run_id"]]
    assert "houses" in [each["name"] for each in http.get("experiments").json()]


def test_a_running_job_is_seen_stopped_deleted_and_restored(http: httpx.Client, server: LiveServer) -> None:
    async def first_event(about: str, after: int) -> None:
        request = HTTPRequest(
            f"{server.url}api/events/subscribe".replace("http:", "ws:"),
            headers={"Authorization": f"token {server.token}"},
        )
        socket = await websocket_connect(request)
        stopped = asyncio.get_running_loop().run_in_executor(None, http.post, f"jobs/{about}/stop")
        async with asyncio.timeout(SECONDS):
            while True:
                message = json.loads(await socket.read_message() or "{}")
                # What was written just before the stop may be announced just after it.
                if message["schema_id"] == SCHEMA_ID and about in message["job_ids"] and message["revision"] > after:
                    assert (await stopped).status_code == 200
                    socket.close()
                    return

    made = http.post("jobs", json={"notebook": "wait.ipynb"}).json()
    until(lambda: http.get(f"jobs/{made['id']}/log").json()["text"], lambda text: "waiting" in text)
    # The row follows what the job writes within half a second.
    running = job(http, made["id"], lambda seen: seen["status"] == "InProgress" and seen["progress"]["current"] == 2)
    until(server.studio.current_activity, lambda activity: activity == {"jobs": 1})  # the watch tells it
    assert http.delete(f"jobs/{made['id']}").status_code == 409
    # The output can be opened while it runs.
    assert http.get(f"contents/{running['content_path']}").json()["type"] == "notebook"

    asyncio.run(first_event(made["id"], running["revision"]))
    ended = job(http, made["id"], lambda each: each["status"] in FINAL)
    assert (ended["status"], ended["exit"]["reason"]) == ("Stopped", "Stopped")
    until(server.studio.current_activity, lambda activity: activity is None)

    assert http.delete(f"jobs/{made['id']}").status_code == 204
    assert http.get(f"jobs/{made['id']}").status_code == 404
    assert made["id"] in http.get("jobs/changes?since=0").json()["removed"]
    assert http.post(f"jobs/{made['id']}/restore").json()["id"] == made["id"]
    assert http.get(f"jobs/{made['id']}").status_code == 200

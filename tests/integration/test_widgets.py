"""Widgets in a real kernel, with real jobs: what reaches the front end, and what stays in the notebook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from studio_ext.core.workspace import Workspace
from studio_ext.testing.workspaces import temporary_workspace

pytestmark = [pytest.mark.timeout(300)]

VIEW = "application/vnd.jupyter.widget-view+json"
LAB = {"deletedCells": []}
"""What JupyterLab sends with each cell."""
Message = dict[str, Any]


class FrontEnd:
    """A front end of a kernel: runs cells, keeps all that comes back."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client
        self.messages: list[Message] = []

    def run(self, code: str, metadata: Message | None = None) -> list[Message]:
        """Run a cell; what it sent before it ended."""
        session = self._client.session
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = session.msg("execute_request", content, metadata=metadata or {})
        self._client.shell_channel.send(message)
        before = len(self.messages)
        mine = message["header"]["msg_id"]
        self.until(lambda each: each["msg_type"] == "status" and _ended(each, mine), start=before)
        wrong = [each for each in self.messages[before:] if each["msg_type"] == "error"]
        assert not wrong, wrong[0]["content"]["traceback"]
        return self.messages[before:]

    def until(self, wanted: Callable[[Message], Any], seconds: float = 120, start: int = 0) -> Message:
        """Wait for a message, among those that came already too."""
        deadline = time.monotonic() + seconds
        looked = start
        while True:
            for message in self.messages[looked:]:
                if wanted(message):
                    return message
            looked = len(self.messages)
            assert time.monotonic() < deadline, [each["msg_type"] for each in self.messages[-20:]]
            try:
                self.messages.append(self._client.get_iopub_msg(timeout=1))
            except Exception as error:  # queue.Empty: nothing came
                assert type(error).__name__ == "Empty", error

    def until_state(self, wanted: Callable[[Message], Any], **options: Any) -> Message:
        """Wait for a state of a widget."""

        def holds(message: Message) -> bool:
            state = state_in(message)
            return state is not None and bool(wanted(state))

        return self.until(holds, **options)

    def say(self, comm_id: str, **content: Any) -> None:
        """Send a widget what its view would send."""
        data = {"comm_id": comm_id, "data": {"method": "custom", "content": content}}
        self._client.shell_channel.send(self._client.session.msg("comm_msg", data))


def _ended(message: Message, request: str) -> bool:
    return message["parent_header"].get("msg_id") == request and message["content"]["execution_state"] == "idle"


def state_in(message: Message) -> Message | None:
    """The widget's state in a message, if there is one."""
    if message["msg_type"] not in ("comm_open", "comm_msg"):
        return None
    found = message["content"]["data"].get("state", {}).get("_state")
    return found if isinstance(found, dict) else None


def shown(messages: list[Message]) -> list[Message]:
    """Bundles of what was displayed."""
    return [each["content"]["data"] for each in messages if each["msg_type"] in ("display_data", "execute_result")]


def lasts(state: Message) -> list[float]:
    """The last values of the first lines of a chart."""
    return [metric["lines"][0]["last"] for metric in state.get("metrics", ())]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with temporary_workspace(tmp_path_factory.mktemp("widgets") / "studio") as workspace:
        yield workspace


@pytest.fixture(scope="module")
def start(home: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., FrontEnd]]:
    folder, sockets = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("sockets")
    cells = ["import mlflow\nfor i in range(5):\n    mlflow.log_metric('loss', 1 / (i + 1), step=i)"]
    write(folder / "short.ipynb", cells)
    wait = "import pathlib, time\nwhile not pathlib.Path({!r}).exists():\n    time.sleep(0.05)"
    write(folder / "long.ipynb", [*cells, wait.format(str(folder / "never")), "print('over')"])
    write(folder / "bad.ipynb", ["print('<b>said</b>')\nraise ValueError('<script>no</script>')"])
    started: list[tuple[KernelManager, BlockingKernelClient]] = []

    def make(**environment: str) -> FrontEnd:
        manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(sockets / str(len(started))))
        manager.start_kernel(env={**os.environ, "STUDIO_HOME": str(home.home), **environment}, cwd=str(folder))
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        started.append((manager, client))
        front = FrontEnd(client)
        front.run("import studio_ext as studio\nfrom studio_ext.widgets import *")
        return front

    yield make
    for manager, client in started:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def write(path: Path, cells: list[str]) -> None:
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    book.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    nbformat.write(book, path)


@pytest.fixture(scope="module")
def lab(start: Callable[..., FrontEnd]) -> FrontEnd:
    return start()


def test_a_submitted_job_shows_itself_live_and_ends_as_a_picture(lab: FrontEnd) -> None:
    before = len(lab.messages)
    (bundle,) = shown(lab.run("studio.submit('short.ipynb', name='shown')", LAB))
    assert VIEW not in bundle, "a widget in the saved notebook would be an error when its kernel is gone"
    opened = lab.until(lambda each: each["msg_type"] == "comm_open" and state_in(each), start=before)
    place = opened["content"]["data"]["state"]["_place"]
    assert f'class="studio-widget {place}"' in bundle["text/html"]
    lab.until_state(lambda state: state["jobs"][0]["status"] == "InProgress", start=before)
    lab.until_state(lambda state: state["over"] and state["jobs"][0]["status"] == "Completed", start=before)
    final = lab.until(
        lambda each: each["msg_type"] == "update_display_data" and "Completed" in each["content"]["data"]["text/html"],
        start=before,
    )
    html = final["content"]["data"]["text/html"]
    assert place in html
    last = lab.until(
        lambda each: each["msg_type"] == "update_display_data" and "loss 0.2" in str(each["content"]["data"]),
        start=before,
    )
    assert place in str(last["content"]["data"])
    assert VIEW not in final["content"]["data"]
    displayed = lab.until(lambda each: each["msg_type"] == "display_data", start=before)
    assert final["content"]["transient"] == displayed["content"]["transient"]


def test_another_front_end_gets_a_widget_with_the_picture_beside_it(lab: FrontEnd) -> None:
    (bundle,) = shown(lab.run("studio.submit('short.ipynb')"))
    assert set(bundle) == {VIEW, "text/html", "text/plain"}
    assert bundle["text/plain"].split()[-2] in ("Pending,", "Pending") or "Pending" in bundle["text/plain"]


def test_a_failed_job_shows_its_traceback_as_text(lab: FrontEnd) -> None:
    before = len(lab.messages)
    lab.run("studio.submit('bad.ipynb')", LAB)
    message = lab.until_state(lambda state: state["over"], start=before)
    state = state_in(message)
    assert state is not None
    end = state["jobs"][0]["end"]
    assert end["cell"] == 1
    assert "ValueError" in end["traceback"]
    assert "\x1b" not in end["traceback"]
    final = lab.until(
        lambda each: each["msg_type"] == "update_display_data" and "Traceback" in each["content"]["data"]["text/html"],
        start=before,
    )
    assert "<script>" not in final["content"]["data"]["text/html"]


def test_the_stop_button_stops_and_the_log_comes_when_it_is_wanted(lab: FrontEnd) -> None:
    before = len(lab.messages)
    lab.run("long = studio.submit('long.ipynb')\nlong", LAB)
    opened = lab.until(lambda each: each["msg_type"] == "comm_open" and state_in(each), start=before)
    comm = opened["content"]["comm_id"]
    lab.until_state(lambda state: state["jobs"][0]["current"] == 2, start=before)
    state = state_in(opened)
    assert state is not None
    job = state["jobs"][0]["id"]
    lab.say(comm, kind="log", job=job, on=True)
    lab.until_state(lambda state: state["jobs"][0]["log"] is not None, start=before)
    lab.say(comm, kind="stop", job=job)
    lab.until_state(lambda state: state["jobs"][0]["status"] == "Stopped", start=before)


def test_waiting_shows_the_job_once(lab: FrontEnd) -> None:
    messages = lab.run("studio.submit('short.ipynb').wait()", LAB)
    assert len(shown(messages)) == 1


def test_a_chart_of_two_jobs_grows_and_is_a_picture_at_the_end(lab: FrontEnd) -> None:
    before = len(lab.messages)
    lab.run("pair = [studio.submit('short.ipynb', name=name) for name in 'ab']\nMetricChart(pair)", LAB)
    done = lab.until_state(lambda state: state["over"] and state.get("lines"), start=before)
    state = state_in(done)
    assert state is not None
    assert [line["name"] for line in state["lines"]] == ["a", "b"]
    assert state["metrics"][0]["lines"][1]["value"] == [1.0, 0.5, 0.3333333, 0.25, 0.2]
    final = lab.until(
        lambda each: each["msg_type"] == "update_display_data" and "image/svg+xml" in each["content"]["data"],
        start=before,
    )
    assert "data:image/svg+xml;base64," in final["content"]["data"]["text/html"]


def test_a_tracker_is_drawn_while_it_records(lab: FrontEnd) -> None:
    before = len(lab.messages)
    lab.run("tracker = studio.Tracker.create('drawn')\nMetricChart(tracker)", LAB)
    for step in range(3):
        lab.run(f"tracker.log_metric('score', {step}.5, iteration_number={step})\ntracker.flush()", LAB)
        lab.until_state(
            lambda state, step=step: any(
                metric["lines"][0]["last"] == step + 0.5 for metric in state.get("metrics", ())
            ),
            start=before,
        )
    lab.run("tracker.close()")


def test_an_experiment_shows_its_trials(lab: FrontEnd) -> None:
    lab.run("studio.submit('short.ipynb', experiment='tabled', name='row').wait(progress=False)", LAB)
    before = len(lab.messages)
    (bundle,) = shown(lab.run("studio.Experiment.load('tabled')", LAB))
    assert "studio-widget" in bundle["text/html"]
    done = lab.until_state(lambda state: "rows" in state and state["rows"] and not state["loading"], start=before)
    state = state_in(done)
    assert state is not None
    assert state["rows"][0]["cells"][0] == "row"
    lab.until(
        lambda each: (
            each["msg_type"] == "update_display_data" and "<td>row</td>" in each["content"]["data"]["text/html"]
        ),
        start=before,
    )


def test_widgets_can_be_turned_off(start: Callable[..., FrontEnd]) -> None:
    off = start(STUDIO_WIDGETS="off")
    messages = off.run("studio.submit('short.ipynb')", LAB)
    assert not [each for each in messages if each["msg_type"] == "comm_open"]
    (bundle,) = shown(messages)
    assert bundle["text/html"].startswith("<table>")
    on = off.run("enable()\nstudio.submit('short.ipynb')", LAB)
    assert [each for each in on if each["msg_type"] == "comm_open"]
    again = off.run("enable(False)\nstudio.submit('short.ipynb').wait(timeout=120)", LAB)
    assert not [each for each in again if each["msg_type"] == "comm_open"]
    assert [each for each in again if each["msg_type"] == "update_display_data"]


def test_in_a_job_there_is_nobody_to_press_anything(start: Callable[..., FrontEnd]) -> None:
    inside = start(STUDIO_JOB_ID="abc")
    messages = inside.run("studio.submit('short.ipynb')", LAB)
    assert not [each for each in messages if each["msg_type"] == "comm_open"]
    assert shown(messages)[0]["text/html"].startswith("<table>")


def test_in_a_terminal_it_is_text(home: Workspace, tmp_path: Path) -> None:
    write(tmp_path / "short.ipynb", ["1"])
    code = (
        "import studio_ext as studio; job = studio.submit('short.ipynb', name='plain'); get_ipython().run_cell('job')"
    )
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "-c", code],
        env={**os.environ, "STUDIO_HOME": str(home.home)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "<Job " in done.stdout
    assert "'plain' Pending" in done.stdout
    assert "<table" not in done.stdout


def test_an_exported_page_shows_the_picture_and_fetches_nothing(lab: FrontEnd, tmp_path: Path) -> None:
    """As saved by JupyterLab, and by a front end that keeps widgets in the file."""
    from nbconvert import HTMLExporter

    for metadata in (LAB, None):
        bundles = shown(lab.run("job = studio.submit('short.ipynb', name='exported')\njob", metadata))
        book = nbformat.v4.new_notebook()
        outputs = [nbformat.v4.new_output("display_data", data=bundle) for bundle in bundles]
        book.cells = [nbformat.v4.new_code_cell("job", outputs=outputs)]
        html, _ = HTMLExporter().from_notebook_node(book)
        assert "exported</b>" in html
        assert "widget-view" not in html.split("<body")[1]


def test_a_widget_can_be_embedded_in_a_page(lab: FrontEnd, tmp_path: Path) -> None:
    """As the html manager and other hosts take it: one model with the module in it, and nothing to fetch."""
    page = tmp_path / "page.html"
    code = f"""
from ipywidgets.embed import embed_data
import json, pathlib
job = studio.submit('short.ipynb').wait(progress=False)
widget = JobProgress(job)
data = embed_data(views=[widget])
pathlib.Path({str(page)!r}).write_text(json.dumps(data))
"""
    lab.run(code, LAB)
    data = json.loads(page.read_text())
    model = data["manager_state"]["state"][data["view_specs"][0]["model_id"]]
    assert model["model_name"] == "AnyModel"
    assert model["state"]["_kind"] == "job-progress"
    assert len(model["state"]["_esm"]) > 10_000

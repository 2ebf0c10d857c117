"""The magics in a real kernel, with a real store, a real controller and real jobs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.local_client import LocalClient
from studio_ext.contract.experiments import Trial
from studio_ext.contract.jobs import JobStatus
from studio_ext.core.workspace import Workspace
from studio_ext.testing.workspaces import temporary_workspace
from tests.integration.recording import eventually

pytestmark = pytest.mark.timeout(600)


@dataclass
class Reply:
    """What the kernel answered to a cell."""

    status: str = ""
    streams: dict[str, str] = field(default_factory=lambda: {"stdout": "", "stderr": ""})
    results: list[dict[str, str]] = field(default_factory=list)
    """Data of what was shown, by MIME type."""
    errors: list[str] = field(default_factory=list)
    """Names of the exceptions that were shown."""

    @property
    def text(self) -> str:
        return "\n".join(each.get("text/plain", "") for each in self.results)


class Kernel:
    """A kernel, as a front end uses it."""

    def __init__(self, client: Any, manager: Any) -> None:
        self.client = client
        self.manager = manager

    def start(self, code: str, cell_id: str = "") -> str:
        message = self.client.session.msg(
            "execute_request",
            {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": False},
            metadata={"cellId": cell_id} if cell_id else {},
        )
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def finish(self, message_id: str, seconds: float = 240, seen: Callable[[str], None] | None = None) -> Reply:
        reply = Reply()
        deadline = time.monotonic() + seconds
        while True:
            assert time.monotonic() < deadline, "the cell goes on and on"
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except Empty:
                continue
            if message["parent_header"].get("msg_id") != message_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                reply.streams[content["name"]] += content["text"]
                if seen is not None:
                    seen(content["text"])
            elif kind in ("execute_result", "display_data"):
                reply.results.append(content["data"])
            elif kind == "error":
                reply.errors.append(content["ename"])
            elif kind == "status" and content["execution_state"] == "idle":
                break
        while True:
            answer = self.client.get_shell_msg(timeout=60)
            if answer["parent_header"].get("msg_id") == message_id:
                reply.status = answer["content"]["status"]
                return reply

    def interrupt(self) -> None:
        """Interrupt, and write: a kernel that waits in its event loop looks up only then."""
        self.manager.interrupt_kernel()
        self.client.kernel_info()

    def run(self, code: str, cell_id: str = "", seconds: float = 240) -> Reply:
        return self.finish(self.start(code, cell_id), seconds)

    def complete(self, code: str) -> list[str]:
        answer = self.client.complete(code, len(code), reply=True, timeout=60)["content"]
        assert answer["status"] == "ok"
        start, end = answer["cursor_start"], answer["cursor_end"]
        return [code[:start] + match + code[end:] for match in answer["matches"]]


def write_notebook(path: Path, *cells: tuple[str, str, list[str]]) -> None:
    """A notebook of (id, source, tags)."""
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {
                "id": cell_id,
                "cell_type": "code",
                "source": source,
                "metadata": {"tags": tags},
                "outputs": [],
                "execution_count": None,
            }
            for cell_id, source, tags in cells
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


@dataclass
class Place:
    """A workspace, a folder with a notebook, and the kernel of that notebook."""

    workspace: Workspace
    client: LocalClient
    folder: Path
    kernel: Kernel

    def trials(self, experiment: str) -> dict[str, Trial]:
        return {trial.name: trial for trial in self.client.trials(experiment, limit=200).items}

    def value(self) -> str:
        """What the last cell returned, as text; jobs may be shown in another way."""
        return self.kernel.run("print(repr(_))").streams["stdout"]

    def printed(self, job_id: str) -> str:
        """What the cells of a job printed."""
        lines = self.client.log(job_id).text.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("--- cell "))

    def over(self, experiment: str, name: str) -> Trial:
        """The trial when the controller has taken in what it logged."""
        eventually(lambda: self.trials(experiment)[name].status not in ("RUNNING", "SCHEDULED"), f"{name} ends")
        eventually(lambda: not any(self.workspace.trackers.iterdir()), "what trackers wrote is applied")
        return self.trials(experiment)[name]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("magics")
    folder = root / "house prices"
    write_notebook(
        folder / "train.ipynb",
        ("params", "max_depth = 6\nrate: float = 0.1", ["parameters"]),
        ("setup", "from pathlib import Path\nfactor = 2", ["setup"]),
        ("other", "raise SystemExit('this one is not tagged')", []),
    )
    (folder / "numbers.txt").write_text("21")
    with temporary_workspace(root / "studio") as workspace:
        client = LocalClient(workspace)
        assert client.store
        client.experiments()
        env = {
            **os.environ,
            "STUDIO_HOME": str(workspace.home),
            "IPYTHONDIR": str(root / "ipython"),
            "JPY_SESSION_NAME": str(folder / "train.ipynb"),
        }
        manager, kernel_client = start_new_kernel(kernel_name="python3", cwd=str(folder), env=env)
        kernel = Kernel(kernel_client, manager)
        try:
            assert kernel.run("%load_ext studio_ext").status == "ok"
            yield Place(workspace, client, folder, kernel)
        finally:
            kernel_client.stop_channels()
            manager.shutdown_kernel(now=True)
            client.close()


def test_a_cell_as_a_trial(place: Place) -> None:
    shown = place.kernel.run("%experiment")
    assert shown.text == "Experiment 'house prices'"  # the notebook's folder
    assert place.kernel.run("%experiment <b>prices</b> 🏠").status == "ok"
    reply = place.kernel.run(
        "%%trial deep one --tag team=red\nmax_depth = 8\nimport numpy as np\n"
        "trial.log_metric('own', 1)\n{'rmse': np.float32(0.5), 'test': {'r2': 1}}"
    )
    assert reply.status == "ok"
    assert "'rmse': " in reply.results[0]["text/plain"]  # still shown
    html = reply.results[1]["text/html"]
    assert "&lt;b&gt;prices" in html
    assert "<b>" not in html
    assert 'data-commandlinker-command="studio-experiments:open"' in html
    trial = place.over("<b>prices</b> 🏠", "deep one")
    assert trial.status == "FINISHED"
    assert trial.parameters == {"max_depth": "8"}
    assert trial.metrics == {"own": 1, "rmse": 0.5, "test.r2": 1}
    assert trial.tags["team"] == "red"
    assert trial.notebook == str(place.folder / "train.ipynb")
    (artifact,) = place.workspace.artifacts.rglob("cell.py")
    assert artifact.read_text().startswith("max_depth = 8\nimport numpy")


def test_plain_mlflow_logs_to_the_trial_and_what_was_active_before_is_again(place: Place) -> None:
    place.kernel.run("%experiment plain")
    before = place.kernel.run(
        "import os, mlflow\nmlflow.set_tracking_uri('sqlite:///' + os.path.abspath('own.db'))\n"
        "outer = mlflow.start_run()\n"
    )
    assert before.status == "ok"
    reply = place.kernel.run(
        "%%trial plain one\nimport threading\nmlflow.log_metric('first', 1)\n"
        "with mlflow.start_run():\n    mlflow.log_param('inner', 2)\nmlflow.end_run()\n"
        "mlflow.log_metric('last', 3)\n"
        "thread = threading.Thread(target=mlflow.log_metric, args=('threaded', 4))\nthread.start()\nthread.join()\n"
        "with mlflow.start_run(nested=True, run_name='below'):\n    mlflow.log_metric('nested', 5)\n"
    )
    assert reply.status == "ok", reply
    eventually(lambda: place.trials("plain")["plain one"].status == "FINISHED", "it ends")
    trials = place.trials("plain")
    assert set(trials) == {"plain one", "below"}
    assert trials["plain one"].metrics == {"first": 1, "last": 3, "threaded": 4}
    assert trials["plain one"].parameters == {"inner": "2"}
    assert trials["below"].parent_run_id == trials["plain one"].run_id
    after = place.kernel.run(
        "print(mlflow.active_run().info.run_id == outer.info.run_id, mlflow.get_tracking_uri()[-6:],"
        " 'MLFLOW_RUN_ID' in os.environ, mlflow.start_run.__module__)\nmlflow.log_metric('theirs', 1)\n"
        "mlflow.end_run()\nmlflow.set_tracking_uri(None)"
    )
    assert after.streams["stdout"] == "True own.db False mlflow.tracking.fluent\n"
    assert place.trials("plain")["plain one"].metrics == {"first": 1, "last": 3, "threaded": 4}


@pytest.mark.parametrize(
    ("code", "status", "ename", "message"),
    [
        ("x = 1\nraise ValueError('<i>no')", "FAILED", ["ValueError"], "ValueError: <i>no"),
        ("x = 1\nraise KeyboardInterrupt", "KILLED", ["KeyboardInterrupt"], "Interrupted"),
        ("x = 1\nimport asyncio\nawait asyncio.sleep(0)\n1 / 0", "FAILED", ["ZeroDivisionError"], "ZeroDivisionError"),
    ],
)
def test_an_exception_is_shown_once_and_ends_the_trial(
    place: Place, code: str, status: str, ename: list[str], message: str
) -> None:
    reply = place.kernel.run(f"%%trial ends {status} {len(code)} -e ends\n{code}")
    assert reply.status == "error"
    assert reply.errors == ename
    trial = place.over("ends", f"ends {status} {len(code)}")
    assert trial.status == status
    assert trial.parameters == {"x": "1"}
    assert trial.tags["tracker.status_message"].startswith(message)


@pytest.mark.parametrize("body", ["import time\ntime.sleep(600)", "import asyncio\nawait asyncio.sleep(600)"])
def test_an_interrupt_stops_the_trial(place: Place, body: str) -> None:
    name = f"interrupted {len(body)}"
    message = place.kernel.start(f"%%trial {name} -e ends\nprint('runs', flush=True)\n{body}")
    reply = place.kernel.finish(message, seen=lambda _: place.kernel.interrupt())
    assert reply.status == "error"
    assert place.over("ends", name).status == "KILLED"
    assert place.kernel.run("1 + 1").text == "2"


def test_a_cell_with_a_mistake_makes_no_trial(place: Place) -> None:
    assert place.kernel.run("%%trial nothing -e none\nx = (1").errors == ["SyntaxError"]
    assert place.kernel.run("%%trial nothing -e none --params y\nx = 1").streams["stderr"].startswith("UsageError: ")
    assert "none" not in {each.name for each in place.client.experiments()}


def test_a_trial_in_a_trial_is_refused_in_a_line(place: Place) -> None:
    reply = place.kernel.run(
        "%%trial outer -e nested\nresult = get_ipython().run_cell('%%trial inner\\n1')\nassert not result.success"
    )
    assert (reply.status, reply.errors) == ("ok", [])
    assert "A trial runs already." in reply.streams["stderr"]
    assert place.over("nested", "outer").status == "FINISHED"
    assert set(place.trials("nested")) == {"outer"}


def test_forks_and_threads_in_a_trial(place: Place) -> None:
    reply = place.kernel.run(
        "%%trial forks -e forks\nimport os, threading\nchild = os.fork()\nif child == 0:\n"
        "    trial.log_metric('child', 1)\n    trial.flush()\n    os._exit(0)\nos.waitpid(child, 0)\n"
        "threads = [threading.Thread(target=trial.log_metric, args=(f'thread{n}', n)) for n in range(3)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads];"
    )
    assert reply.status == "ok"
    assert place.over("forks", "forks").metrics == {"child": 1, "thread0": 0, "thread1": 1, "thread2": 2}


def test_a_cell_as_a_job(place: Place) -> None:
    place.kernel.run("%experiment jobs")
    reply = place.kernel.run(
        "%%job -p max_depth 9\nprint(int(Path('numbers.txt').read_text()) * factor, max_depth, rate)", "job-cell"
    )
    assert (reply.status, reply.streams["stderr"]) == ("ok", "")
    assert reply.streams["stdout"] == "Submitted this cell after code cells 1, 2 of train.ipynb.\n"
    (job,) = place.client.jobs(experiment="jobs").items
    assert f"<Job {job.id}" in place.value()
    eventually(lambda: place.client.job(job.id).status in ("Completed", "Failed"), "the job ends")
    detail = place.client.job(job.id)
    assert detail.status == "Completed", detail.exit
    assert detail.name.startswith("train [")
    assert place.printed(job.id) == "42 9 0.1\n"
    eventually(lambda: place.client.trial(str(detail.trial.run_id)).status == "FINISHED", "it is recorded")
    assert place.client.trial(str(detail.trial.run_id)).parameters == {"max_depth": "9"}
    # The cells, not the notebook, are run again.
    again = place.kernel.run("_again = _.run_again(parameters={'max_depth': 1}).wait(progress=False)\nprint(_again)")
    assert "Completed" in again.streams["stdout"], again
    (second,) = [each for each in place.client.jobs(experiment="jobs").items if each.id != job.id]
    assert place.printed(second.id) == "42 1 0.1\n"


def test_a_setup_cell_that_was_run_after_the_notebook_was_saved_is_taken_as_it_was_run(place: Place) -> None:
    assert place.kernel.run("from pathlib import Path\nfactor = 100", "setup").status == "ok"
    reply = place.kernel.run("%%job --wait\nprint(factor)", "job-cell")
    assert "1 of them as run here, which is newer than the file." in reply.streams["stdout"]
    assert "Completed" in place.value()
    newest = place.client.jobs(limit=1).items[0]
    assert place.printed(newest.id) == "100\n"
    later = time.time() + 5
    os.utime(place.folder / "train.ipynb", (later, later))  # it is saved again
    place.kernel.run("%%job --wait --name saved\nprint(factor)", "job-cell")
    newest = place.client.jobs(limit=1).items[0]
    assert newest.name == "saved"
    assert place.printed(newest.id) == "2\n"


def test_a_notebook_as_a_job_its_log_and_its_end(place: Place) -> None:
    write_notebook(place.folder / "long.ipynb", ("a", "n = 0", ["parameters"]), ("b", "print(f'<{n}>')", []))
    write_notebook(place.folder / "endless.ipynb", ("a", "print('on', flush=True)\nimport time\ntime.sleep(600)", []))
    place.kernel.run("count = 7\nthing = 'long'")
    reply = place.kernel.run(
        "job = %submit {thing}.ipynb -p n $count --wait -e submitted\nprint(job.status, job.parameters)"
    )
    assert reply.streams["stdout"] == "Completed {'n': 7}\n", reply
    assert place.kernel.run("%logs --tail 1 {job.id}").streams["stdout"] == "<7>\n"
    place.kernel.run("job = %submit endless.ipynb -e submitted")
    printed: list[str] = []

    def seen(text: str) -> None:
        was_there = "\non\n" in "".join(printed)
        printed.append(text)
        if "\non\n" in "".join(printed) and not was_there:
            place.kernel.interrupt()

    reply = place.kernel.finish(place.kernel.start("%logs --follow {job.id[:11]}"), seen=seen)
    assert (reply.status, reply.errors) == ("ok", [])
    assert "goes on" in reply.streams["stderr"]
    # The log is the job's own; that it is in progress is noted by the controller, a moment later.
    eventually(lambda: place.client.jobs(limit=5, statuses=[JobStatus.InProgress]).items, "the job is not in progress")
    listed = place.kernel.run("jobs = %jobs --status inprogress -e submitted\nprint(len(jobs), jobs[0] == job)\njobs")
    assert listed.streams["stdout"] == "1 True\n"
    assert "endless" in listed.results[0]["text/html"]
    assert "Asked job" in place.kernel.run("%stop {job.id}").streams["stdout"]
    assert place.kernel.run("job.wait(60, progress=False).status").text == "<JobStatus.Stopped: 'Stopped'>"


def test_a_cell_as_a_job_in_a_container(place: Place, docker_engine: Engine) -> None:
    setup = "%load_ext studio_ext\n%experiment elsewhere\nfrom pathlib import Path"  # the image has no such extension
    write_notebook(place.folder / "contained.ipynb", ("a", setup, ["setup"]))
    reply = place.kernel.run(
        "%%job --notebook contained.ipynb --runner docker --memory 1GiB --wait -e contained\n"
        "print(Path('numbers.txt').read_text(), Path('/.dockerenv').exists())"
    )
    assert "Completed" in place.value(), (reply, [job.exit for job in place.client.jobs(limit=1).items])
    (job,) = place.client.jobs(experiment="contained").items
    assert (job.runner, job.name.startswith("contained [")) == ("docker", True)
    assert place.printed(job.id).split() == ["21", "True"]


def test_trials_side_by_side(place: Place) -> None:
    for depth in (2, 4):
        place.kernel.run(
            f"%%trial depth{depth} -e compared -q\ndepth = {depth}\nsame = 1\n"
            f"{{'rmse': {1 / depth}, 'n': float('nan')}}"
        )
    shown = place.kernel.run(
        "table = %compare compared --metric rmse --only-differences\nprint(table)\n"
        "table.to_frame().loc['params.depth'].tolist()"
    )
    lines = [line.split() for line in shown.streams["stdout"].splitlines()]
    assert lines[0] == ["depth4", "depth2"]
    assert ["rmse", "0.25", "*", "0.5"] in lines
    assert ["depth", "4", "2"] in lines
    assert not any("same" in line or "n" in line for line in lines)
    assert shown.text == "[4, 2]"
    html = place.kernel.run("%compare compared --trials depth2 depth4").results[0]["text/html"]
    assert html.index("depth2") < html.index("depth4")
    assert "nan" in html
    assert "no metric" not in html
    wrong = place.kernel.run("%compare compared --metric loss")
    assert "There are n, rmse." in wrong.streams["stderr"]


def test_completion_through_the_kernel(place: Place) -> None:
    place.kernel.run("%experiment completed at last")
    assert "%submit train.ipynb" in place.kernel.complete("%submit tr")
    assert "job = %submit --memory" in place.kernel.complete("job = %submit --mem")
    assert place.kernel.complete("%submit train.ipynb -p ma") == ["%submit train.ipynb -p max_depth"]
    assert place.kernel.complete("%%job -p r") == ["%%job -p rate"]
    assert place.kernel.complete("%jobs --status Comp") == ["%jobs --status Completed"]
    job = place.client.jobs(limit=1).items[0].id
    eventually(lambda: f"%logs {job}" in place.kernel.complete(f"%logs {job[:4]}"), "ids are known")
    eventually(
        lambda: '%experiment "completed at last"' in place.kernel.complete("%experiment comp"), "names are known"
    )
    assert place.kernel.complete("%compare --metric rmse -n ") is not None
    assert "%%trial --params count" in place.kernel.complete("%%trial --params co")


def test_a_notebook_job_has_its_trial_cells_below_it(place: Place) -> None:
    write_notebook(
        place.folder / "inside.ipynb",
        ("a", "%load_ext studio_ext", []),
        ("b", "%experiment another", []),
        ("c", "%%trial part\ndepth = 3\nimport mlflow\nmlflow.log_metric('plain', 2)\n{'rmse': 0.5}", []),
        ("d", "%%trial broken\ntry_ = 1\nraise ValueError('on purpose')", ["raises-exception"]),
    )
    reply = place.kernel.run("job = %submit inside.ipynb -e inside --wait\nprint(job.status, job.exit)")
    eventually(lambda: "part" in place.trials("inside"), "it is recorded")
    trials = place.trials("inside")
    job = place.client.jobs(experiment="inside").items[0]
    part = trials["part"]
    assert part.parent_run_id == job.trial.run_id, reply
    assert (part.status, part.parameters, part.metrics) == ("FINISHED", {"depth": "3"}, {"plain": 2, "rmse": 0.5})
    assert trials["broken"].status == "FAILED"
    assert trials["broken"].tags["tracker.status_message"] == "ValueError: on purpose"
    assert "another" not in {each.name for each in place.client.experiments()}


def test_unload_and_load_again(place: Place) -> None:
    assert place.kernel.run("%load_ext studio_ext").status == "ok"  # says that it is loaded
    assert place.kernel.run("%reload_ext studio_ext").status == "ok"
    assert place.kernel.run("%jobs -n 1").status == "ok"
    assert place.kernel.run("%unload_ext studio_ext").status == "ok"
    assert "not found" in place.kernel.run("%jobs").streams["stderr"]
    assert "not found" in place.kernel.run("%%trial\n1").streams["stderr"]
    assert place.kernel.run("%load_ext studio_ext\n%jobs -n 1").status == "ok"

"""The command line and the SDK on a real workspace: real kernels, real MLflow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import studio_ext as studio
from studio_ext.sdk import connection
from studio_ext.testing.client_suite import FAIL, PRINT, SLEEP, until, write_notebook
from studio_ext.testing.workspaces import temporary_workspace

JOB_KEYS = {
    *("id", "name", "kind", "status", "secondary_status", "runner", "attempt", "created", "started", "ended"),
    *("progress", "exit", "trial", "output_notebook"),
}
SPEAK = "# Speak\nimport time\nprint('\\x1b[31mready\\x1b[0m \\x1b[2J', flush=True)\ntime.sleep(600)"
TYPES = "# Types\nassert isinstance(label, str) and label == '8', label\nassert isinstance(depth, int)"


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Studio:
    """The program, on a workspace of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "workspace"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
        return subprocess.Popen(
            [sys.executable, "-m", "studio_ext.cli", *arguments],
            cwd=self.folder,
            env={**environment, "STUDIO_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str) -> Result:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=100)
        assert "Traceback" not in err
        return Result(process.returncode, out, err)

    def notebook(self, name: str, *cells: str) -> str:
        write_notebook(self.folder / "work" / name, list(cells))
        return f"work/{name}"

    def running(self, process: subprocess.Popen[str], text: str) -> str:
        """The id of the job of that name, once its code runs."""

        def look() -> str | None:
            assert process.poll() is None, process.communicate()
            found = [job for job in self("jobs", "--json").json if job["name"] == text]
            return found[0]["id"] if found and found[0]["status"] == "InProgress" else None

        job_id = until(look, f"{text} ran")
        assert isinstance(job_id, str)
        return job_id


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    program = Studio(tmp_path_factory.mktemp("cli"))
    with temporary_workspace(program.home):
        yield program


@pytest.fixture(scope="module")
def example(run: Studio, pytestconfig: pytest.Config) -> Any:
    """The job document of the example, run through the command line."""
    notebook = pytestconfig.rootpath / "examples/house-prices/train.ipynb"
    arguments = ["-p", "max_depth", "3", "-p", "max_iter", "50", "--memory", "2GiB", "--time-limit", "5min"]
    result = run("submit", str(notebook), *arguments, "--wait", "--json")
    assert result.code == 0, result.err
    assert "cell 12/12" in result.err or "Completed" in result.err
    return result.json


def test_the_example_completes(example: Any) -> None:
    assert example.keys() >= JOB_KEYS
    assert (example["status"], example["secondary_status"], example["kind"]) == ("Completed", "Completed", "notebook")
    assert example["exit"]["code"] == 0 and example["exit"]["reason"] == "Completed"
    assert example["progress"]["done"] == example["progress"]["total"] == 12
    assert example["trial"]["experiment"] == "house-prices" and example["trial"]["run_id"]
    assert Path(example["output_notebook"]).is_file()
    assert example["resources"] == {
        "cpus": None,
        "memory_bytes": 2 * 1024**3,
        "time_limit_seconds": 300.0,
        "gpus": None,
    }


def test_its_trial_has_parameters_and_metrics(run: Studio, example: Any) -> None:
    def recorded() -> Any:
        rows = [t for t in run("trials", "-e", "house-prices", "--json").json if t["job_id"] == example["id"]]
        return rows[0] if rows and rows[0]["status"] != "RUNNING" else None

    trial = until(recorded, "the trial was closed")
    assert trial["status"] == "FINISHED"
    assert trial["parameters"]["max_depth"] == "3" and trial["parameters"]["max_iter"] == "50"
    assert 40_000 < trial["metrics"]["rmse"] < 70_000 and 0.6 < trial["metrics"]["r2"] < 0.9
    table = run("trials", "-e", "house-prices").out
    assert "rmse" in table and "FINISHED" in table
    assert "house-prices" in [each["name"] for each in run("experiments", "--json").json]


def test_it_can_be_looked_at(run: Studio, example: Any) -> None:
    shown = run("show", example["id"], "--json")
    assert shown.code == 0 and shown.json.keys() >= JOB_KEYS
    assert [step["status"] for step in shown.json["transitions"]][:1] == ["Pending"]
    assert "2 GiB" in run("show", example["id"][:11]).out
    assert example["id"] in run("jobs").out
    assert "rmse" in run("logs", example["id"]).out
    assert "rmse" in run("logs", example["id"], "-f").out


def test_a_failing_notebook(run: Studio) -> None:
    result = run("submit", run.notebook("fails.ipynb", PRINT, FAIL), "--wait", "--json")
    assert result.code == 1
    assert result.json["status"] == "Failed" and result.json["exit"]["reason"] == "CellFailed"
    assert result.json["exit"]["cell"] == 3 and result.json["exit"]["code"] != 0
    plain = run("submit", "work/fails.ipynb", "--wait")
    assert plain.code == 1 and "Failed" in plain.out and "cell 3" in plain.out


def test_a_time_limit(run: Studio) -> None:
    notebook = run.notebook("sleeps.ipynb", SLEEP)
    result = run("submit", notebook, "--time-limit", "2s", "--wait", "--json")
    assert result.code == 1
    assert (result.json["status"], result.json["secondary_status"]) == ("Stopped", "MaxRuntimeExceeded")
    assert result.json["exit"]["reason"] == "MaxRuntimeExceeded"


def test_stopping_from_elsewhere(run: Studio) -> None:
    waiting = run.start("submit", run.notebook("sleeps.ipynb", SLEEP), "--name", "stop me", "--wait", "--json")
    job_id = run.running(waiting, "stop me")
    assert run("delete", job_id).code == 2
    assert run("stop", job_id).code == 0
    out, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 1 and json.loads(out)["status"] == "Stopped"
    assert run("delete", job_id).code == 0 and run("show", job_id).code == 2
    assert run("restore", job_id).code == 0 and run("show", job_id).code == 0


def test_interrupting_the_wait_leaves_the_job_alone(run: Studio) -> None:
    waiting = run.start("submit", run.notebook("sleeps.ipynb", SLEEP), "--name", "leave me", "--wait")
    job_id = run.running(waiting, "leave me")
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=20)
    assert waiting.returncode == 130 and f"studio stop {job_id}" in err and "Traceback" not in err
    assert run("show", job_id, "--json").json["status"] == "InProgress"
    run("stop", job_id)
    run("stop", job_id)


def test_a_log_is_followed(run: Studio) -> None:
    job = run("submit", run.notebook("speaks.ipynb", SPEAK), "--json").json
    following = run.start("logs", job["id"], "-f")
    assert following.stdout is not None
    line = next(line for line in following.stdout if "ready" in line)  # it comes while the job runs
    assert line == "ready \n", "without what terminals obey"
    assert run("show", job["id"], "--json").json["status"] == "InProgress"
    run("stop", job["id"])
    run("stop", job["id"])
    following.communicate(timeout=60)
    assert following.returncode == 0


def test_values_take_the_type_of_the_notebook(run: Studio) -> None:
    notebook = run.notebook("types.ipynb", TYPES)
    assert run("submit", notebook, "-p", "label", "8", "-p", "depth", "9", "--wait").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["submit", "nowhere.ipynb"], "nowhere.ipynb"),
        (["submit", "work"], "work"),
        (["submit", "work/types.ipynb", "-p", "depth", "deep"], "depth must be"),
        (["submit", "work/types.ipynb", "--runner", "moon"], "runner"),
        (["submit", "work/types.ipynb", "--kernel", "none"], "kernel"),
        (["submit", "work/types.ipynb", "--memory", "lots"], "memory"),
        (["submit", "work/types.ipynb", "--env", "NEVER_SET_ANYWHERE"], "NEVER_SET_ANYWHERE"),
        (["show", "zzzzzzzzzzzz"], "zzzzzzzzzzzz"),
        (["stop", ""], "job"),
        (["trials", "-e", "never made"], "never made"),
    ],
)
def test_wrong_input(run: Studio, arguments: list[str], said: str) -> None:
    run.notebook("types.ipynb", TYPES)
    result = run(*arguments)
    assert result.code == 2, result
    assert said in result.err and result.out == "" and len(result.err.splitlines()) <= 3


def test_what_is_unavailable(run: Studio) -> None:
    (run.folder / "file").touch()
    for options in (["--workspace", "/proc/nowhere"], ["--url", "http://127.0.0.1:9"]):
        result = run(*options, "jobs")
        assert result.code == 3 and 1 <= len(result.err.splitlines()) <= 3


def test_doctor(run: Studio, example: Any) -> None:
    result = run("doctor", "--json")
    checks = {check["name"]: check for check in result.json["checks"]}
    assert result.code == (1 if "problem" in {check["status"] for check in checks.values()} else 0)
    for name in ("workspace", "database", "controller", "tracking", "kernels"):
        assert checks[name]["status"] == "ok", checks[name]
    assert "pid" in checks["controller"]["message"]
    broken = run("--workspace", "/proc/nowhere", "doctor")
    assert broken.code == 1 and "problem" in broken.out


def test_the_sdk_sees_the_same(run: Studio, example: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = connection._client
    client = studio.connect(workspace=run.home)
    try:
        job = studio.job(example["id"])
        assert job.status == "Completed" and job.trial.metrics["rmse"] > 0
        assert job.directory.is_dir() and job.output_notebook is not None and job.output_notebook.exists()
        assert "rmse" in job.logs()
        frame = studio.trials("house-prices")
        assert frame["metrics.rmse"].notna().all() and frame["params.max_depth"].dtype.kind == "i"
        monkeypatch.chdir(tmp_path)
        quick = studio.job(run("submit", run.notebook("quick.ipynb", PRINT), "-p", "depth", "1", "--json").json["id"])
        again = quick.wait().run_again(parameters={"depth": 2}).wait(timeout=60)
        assert again.status == "Completed" and "hello from 2" in again.logs()
    finally:
        connection._client = before
        client.close()

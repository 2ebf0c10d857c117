from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from studio_ext.cli import root
from studio_ext.cli.values import parse_value, parse_values
from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.contract.experiments import Trial
from studio_ext.contract.jobs import ExitReason, NotebookParameter
from studio_ext.contract.workspace import Check, CheckStatus
from studio_ext.sdk import connection
from studio_ext.testing.fake_client import FakeClient

JOB_KEYS = {
    *("id", "name", "kind", "status", "secondary_status", "runner", "attempt", "created", "started", "ended"),
    *("progress", "exit", "trial", "output_notebook"),
}


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    client = FakeClient()
    monkeypatch.setattr(connection, "open_client", lambda *arguments: client)
    return client


@pytest.fixture
def run(fake: FakeClient, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as caught:
            root.main(arguments)
        captured = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return Result(caught.value.code, captured.out, captured.err)

    return run


@pytest.mark.parametrize(
    ("text", "type_name", "value"),
    [
        ("8", "", 8),
        ("0.1", "", 0.1),
        ("true", "", True),
        ("[1, 2]", "", [1, 2]),
        ("null", "", None),
        ("True", "", True),
        ("None", "", None),
        ("hello", "", "hello"),
        ("NaN", "", "NaN"),
        ("", "", ""),
        ("8", "str", "8"),
        ("true", "str", "true"),
        ('"8"', "str", '"8"'),
        ("8", "float", 8.0),
        ("-inf", "float", float("-inf")),
        ("1e3", "int", 1000),
        ("8.5", "int", 8.5),
        ("true", "float", True),
        ("[1, 'a']", "list", [1, "a"]),
        ("{'a': 1}", "dict", {"a": 1}),
        ("['open", "list", "['open"),
    ],
)
def test_values(text: str, type_name: str, value: Any) -> None:
    parsed = parse_value(text, type_name)
    assert parsed == value and type(parsed) is type(value)


def test_the_last_value_wins() -> None:
    known = [NotebookParameter(name="a", type="str", default="''")]
    assert parse_values([("a", "1"), ("a", "2"), ("b", "3")], known) == {"a": "2", "b": 3}


def test_submit(run: Run, fake: FakeClient) -> None:
    result = run("submit", "train.ipynb")
    assert result.code == 0 and result.out.startswith("Submitted job ")
    assert fake.closed


def test_submit_with_everything(run: Run, fake: FakeClient) -> None:
    fake.parameters = [NotebookParameter(name="label", type="str", default="''")]
    arguments = ["-p", "max_depth", "8", "-p", "label", "8", "--runner", "process", "--experiment", "e", "--name", "n"]
    arguments += ["--kernel", "python3", "--cpus", "1.5", "--memory", "2GiB", "--time-limit", "1h", "--env", "A"]
    result = run("submit", "train.ipynb", *arguments, "--json")
    assert result.code == 0 and result.err == ""
    assert result.json.keys() >= JOB_KEYS
    request = fake.requests[0]
    assert request.parameters == {"max_depth": 8, "label": "8"}
    assert (request.name, request.experiment, request.kernel) == ("n", "e", "python3")
    assert request.resources.model_dump() == {
        "cpus": 1.5,
        "memory_bytes": 2 * 1024**3,
        "time_limit_seconds": 3600.0,
        "gpus": None,
    }
    assert request.variables == ["A"]


def test_submit_with_an_image(run: Run, fake: FakeClient) -> None:
    assert run("submit", "train.ipynb", "--image", "team/image:2", "--pull", "--network", "--gpus", "2").code == 0
    request = fake.requests[0]
    assert (request.runner, request.image, request.pull) == ("docker", "team/image:2", True)
    assert (request.network_access, request.resources.gpus) == (True, 2)


def test_submit_and_wait(run: Run) -> None:
    result = run("submit", "train.ipynb", "--wait")
    assert result.code == 0
    assert "cell 2/3: # Cell 2" in result.out and "Completed" in result.out.splitlines()[-1]


def test_submit_and_wait_with_json(run: Run) -> None:
    result = run("submit", "train.ipynb", "--wait", "--json")
    assert result.code == 0
    assert result.json["status"] == "Completed" and result.json["exit"] | {"code": 0} == result.json["exit"]
    assert result.json["progress"]["done"] == result.json["progress"]["total"] == 3
    assert "cell 2/3" in result.err


@pytest.mark.parametrize("reason", [ExitReason.cell_failed, ExitReason.max_runtime, ExitReason.stopped])
def test_a_job_that_does_not_complete(run: Run, fake: FakeClient, reason: ExitReason) -> None:
    fake.reason, fake.message = reason, "Something happened."
    plain = run("submit", "train.ipynb", "--wait")
    assert plain.code == 1 and "Something happened." in plain.out and "studio logs" in plain.err
    assert run("submit", "train.ipynb", "--wait", "--json").json["exit"]["reason"] == reason
    assert run("submit", "train.ipynb").code == 0, "without --wait it is accepted"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["submit", "train.ipynb", "--memory", "lots"], "memory"),
        (["submit", "train.ipynb", "--time-limit", "x"], "time_limit"),
        (["submit", "train.ipynb", "--cpus", "0"], "cpus"),
        (["submit", "train.ipynb", "-p", "max_depth", "bad"], "parameters.max_depth"),
        (["submit", "missing"], "no notebook"),
        (["show", "zzz"], "no job"),
        (["trials", "-e", "unknown"], "no experiment"),
    ],
)
def test_wrong_input(run: Run, arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.code == 2 and result.out == ""
    assert said in result.err and 1 <= len(result.err.splitlines()) <= 3
    assert "Traceback" not in result.err


@pytest.mark.parametrize("arguments", [["submit"], ["submit", "a.ipynb", "-p", "x"], ["nothing"], ["trials"], ["show"]])
def test_wrong_usage(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.code == 2 and "Traceback" not in result.err


def test_an_error_is_one_json_document_too(run: Run) -> None:
    result = run("show", "zzz", "--json")
    assert result.code == 2
    assert result.json["error"]["code"] == "not_found" and "no job" in result.err


def test_unavailable(run: Run, fake: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*arguments: object, **more: object) -> None:
        raise Unavailable("The server is away.", hint="Start it.")

    monkeypatch.setattr(fake, "jobs", away)
    result = run("jobs")
    assert (result.code, result.err) == (3, "Error: The server is away.\nHint: Start it.\n")


def test_the_unforeseen_has_no_traceback(run: Run, fake: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake, "experiments", lambda: 1 / 0)
    result = run("experiments")
    assert result.code == 3 and "ZeroDivisionError" in result.err and len(result.err.splitlines()) == 2
    monkeypatch.setenv("STUDIO_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        root.main(["experiments"])


def test_jobs(run: Run, fake: FakeClient) -> None:
    assert "No jobs" in run("jobs").out
    run("submit", "train.ipynb", "--name", "first", "--wait")
    run("submit", "train.ipynb", "--name", "second")
    lines = run("jobs").out.splitlines()
    assert len(lines) == 3 and "second" in lines[1] and "first" in lines[2] and "Completed" in lines[2]
    assert [job["name"] for job in run("jobs", "--json").json] == ["second", "first"]
    assert [job["name"] for job in run("jobs", "--json", "--status", "completed").json] == ["first"]
    assert run("jobs", "--json", "--limit", "1").json[0].keys() >= JOB_KEYS
    assert "1 of 2" in run("jobs", "--limit", "1").out
    assert run("jobs", "--status", "Done").code == 2


def test_names_of_others_are_harmless(run: Run) -> None:
    run("submit", "train.ipynb", "--name", "evil\x1b[2J\x1b]0;t\x07[bold]\n:smile: next")
    for arguments in (["jobs"], ["show", "m"]):
        out = run(*arguments).out
        assert "\x1b" not in out and "evil[bold] :smile: next" in out


def test_show(run: Run, fake: FakeClient) -> None:
    fake.reason, fake.message = ExitReason.cell_failed, "Cell 2 raised ValueError."
    job_id = run("submit", "train.ipynb", "-p", "depth", "3", "--memory", "1GiB", "--wait", "--json").json["id"]
    shown = run("show", job_id[:11]).out
    for text in (job_id, "Failed", "Cell 2 raised ValueError.", "1 GiB", "train.ipynb", "depth"):
        assert text in shown
    assert run("show", job_id, "--json").json.keys() >= JOB_KEYS | {"directory", "transitions", "resources"}


def test_logs(run: Run, fake: FakeClient) -> None:
    fake.log_text = "\x1b[31mred\x1b[0m\x1b[2J\nlast"
    job_id = run("submit", "train.ipynb").out.split()[2]
    assert run("logs", job_id).out == "red\nlast", "neither colours nor worse in a pipe"
    assert run("logs", job_id, "-f").out == "red\nlast"
    assert run("show", job_id, "--json").json["status"] == "Completed"


def test_stop_delete_restore(run: Run, fake: FakeClient) -> None:
    fake.hold = True
    job_id = run("submit", "train.ipynb", "--json").json["id"]
    assert run("delete", job_id).code == 2
    assert "Stopping" in run("stop", job_id).out
    assert run("stop", job_id, "--json").json["status"] == "Stopped"
    assert run("delete", job_id, "--trial").code == 0
    assert run("show", job_id).code == 2
    assert run("restore", job_id).code == 0 and run("show", job_id).code == 0


def test_trials_and_experiments(run: Run, fake: FakeClient) -> None:
    assert "No experiments" in run("experiments").out
    fake.create_experiment("empty")
    assert "No trials" in run("trials", "-e", "empty").out and run("trials", "-e", "empty", "--json").json == []
    for number in range(3):
        fake.add_trial(
            Trial(
                run_id=f"r{number}",
                experiment="e",
                name=f"t{number}",
                status="FINISHED",
                started=float(number),
                parameters={"depth": str(number)},
                metrics={"rmse": 46595.455, "loss": None},
            )
        )
    lines = run("trials", "-e", "e").out.splitlines()
    assert lines[0].split() == ["TRIAL", "STATUS", "STARTED", "DURATION", "depth", "loss", "rmse"]
    assert len(lines) == 4 and "46595.5" in lines[1] and "nan" in lines[1]
    assert [row["name"] for row in run("trials", "-e", "e", "--json").json] == ["t2", "t1", "t0"]
    assert [row["name"] for row in run("experiments", "--json").json] == ["empty", "e"]


@pytest.fixture
def three(fake: FakeClient) -> None:
    """Trials whose rates are 0.1, 0.01 and 1."""
    for number, rate in enumerate(["0.1", "0.01", "1"]):
        trial = Trial(run_id=f"r{number}", experiment="e", name=f"t{number}", status="FINISHED", started=float(number))
        fake.add_trial(trial.model_copy(update={"parameters": {"lr": rate}, "metrics": {"rmse": float(number)}}))


@pytest.mark.usefixtures("three")
def test_trials_are_filtered_sorted_and_cut(run: Run) -> None:
    def names(*arguments: str) -> list[str]:
        return [row["name"] for row in run("trials", "-e", "e", "--json", *arguments).json]

    assert names("--filter", "params.lr < 0.5") == ["t1", "t0"]
    assert names("--sort", "params.lr") == ["t1", "t0", "t2"]
    assert names("--sort", "params.lr", "--desc") == ["t2", "t0", "t1"]
    assert names("--sort", "metrics.rmse.min", "--limit", "2") == ["t0", "t1"]
    assert names("-f", "'T2'", "-n", "5") == ["t2"]
    assert run("trials", "-e", "e", "--desc").code == 2
    assert "is no column" in run("trials", "-e", "e", "--sort", "loss").err
    none = run("trials", "-e", "e", "--filter", "metrics.rmsee < 1")
    assert none.code == 0 and "No trial matches" in none.out
    assert none.err == "No trial has metrics.rmsee. Did you mean metrics.rmse?\n"


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("params.lr <", ["  params.lr <", "             ^", "Error: The filter is wrong at character 12: A value"]),
        ("rmse < 3 and 'x'", ["  rmse < 3 and 'x'", "  ^^^^", "Error:", "Hint: Did you mean metrics.rmse?"]),
        ("name = 日本 and\nlr", ["  name = 日本 and lr", "                  ^^"]),
        ("'a' or " * 20 + "x", ["  ..." + ("'a' or " * 20 + "x")[90:], " " * 55 + "^"]),
    ],
)
def test_a_caret_stands_below_what_is_wrong_with_a_filter(run: Run, text: str, lines: list[str]) -> None:
    result = run("trials", "-e", "e", "--filter", text)
    assert result.code == 2 and result.out == ""
    for found, expected in zip(result.err.splitlines(), lines, strict=False):
        assert found.startswith(expected)
    error = run("trials", "-e", "e", "--filter", text, "--json").json["error"]
    assert error["code"] == "invalid_request" and error["fields"][0]["field"] == "filter"


@pytest.mark.usefixtures("three")
def test_one_trial_is_shown(run: Run) -> None:
    shown = run("trial", "show", "r1")
    for text in ("trial       t1", "run         r1", "experiment  e", "lr = 0.01", "rmse"):
        assert text in shown.out
    assert run("trial", "show", "r1", "--json").json["trial"]["run_id"] == "r1"
    assert run("trial", "show", "none").code == 2


def test_what_a_trial_is_called_is_not_obeyed(run: Run, fake: FakeClient) -> None:
    name = "a\x1b[2J[red]b"
    fake.add_trial(Trial(run_id="r", experiment="e", name=name, status="FINISHED", parameters={name: name, "x": "1"}))
    shown = run("trial", "show", "r")
    assert "\x1b" not in shown.out and "a[red]b" in shown.out


@pytest.mark.usefixtures("three")
def test_a_note_is_written_and_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("trial", "note", "r1").out == "\n"
    assert run("trial", "note", "r1", "# Best").code == 0
    assert run("trial", "note", "r1").out == "# Best\n" and "# Best" in run("trial", "show", "r1").out
    monkeypatch.setattr("sys.stdin", io.StringIO("two\nlines\n"))
    assert run("trial", "note", "r1", "-").code == 0
    assert run("trial", "note", "r1").out == "two\nlines\n"
    assert run("trial", "note", "r1", "x" * 5001).code == 2
    assert run("trial", "note", "r1", "").code == 0 and run("trial", "note", "r1").out == "\n"


@pytest.mark.usefixtures("three")
def test_trials_are_written_to_a_file(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "all.csv"
    assert run("trials", "-e", "e", "-f", "params.lr < 0.5", "-s", "params.lr", "-o", str(target)).code == 0
    rows = list(csv.DictReader(target.open(newline="", encoding="utf-8")))
    assert [(row["name"], row["params.lr"], row["metrics.rmse"]) for row in rows] == [
        ("t1", "0.01", "1.0"),
        ("t0", "0.1", "0.0"),
    ]
    target.write_text("kept")
    assert run("trials", "-e", "e", "-f", "params.lr <", "-o", str(target)).code == 2
    assert run("trials", "-e", "e", "-o", str(tmp_path / "all.xlsx")).code == 2
    assert run("trials", "-e", "e", "-o", str(target), "--json").code == 2
    assert run("trials", "-e", "e", "-o", str(tmp_path / "no" / "all.csv")).code == 2
    assert target.read_text() == "kept" and [each.name for each in tmp_path.iterdir()] == ["all.csv"]


def test_of_many_parameters_those_that_tell_trials_apart_are_shown(run: Run, fake: FakeClient) -> None:
    same = {f"same{number}": "1" for number in range(40)}
    for number in range(2):
        trial = Trial(run_id=f"r{number}", experiment="many", name=f"t{number}", status="FINISHED")
        fake.add_trial(trial.model_copy(update={"parameters": same | {"depth": str(number)}}))
    out = run("trials", "-e", "many").out
    assert "depth" in out and "same" not in out


def test_doctor(run: Run, fake: FakeClient) -> None:
    assert run("doctor").code == 0
    fake.diagnosis.append(Check(name="disk", status=CheckStatus.warning, message="little", hint="free some"))
    assert run("doctor").code == 0, "a warning is no problem"
    fake.diagnosis.append(Check(name="kernels", status=CheckStatus.problem, message="none", hint="install one"))
    result = run("doctor")
    assert result.code == 1
    assert "install one" in result.out and "free some" in result.out
    assert [check["status"] for check in run("doctor", "--json").json["checks"]] == ["ok", "warning", "problem"]


def test_interrupted_wait(run: Run, fake: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    original = fake.job

    def job(job_id: str) -> Any:
        nonlocal looks
        looks += 1
        if looks == 3:
            raise KeyboardInterrupt
        return original(job_id)

    monkeypatch.setattr(fake, "job", job)
    result = run("submit", "train.ipynb", "--wait", "--json")
    assert result.code == 130
    assert "goes on" in result.err and f"studio stop {result.json['id']}" in result.err


def test_controller_gets_the_workspace(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    import os

    from studio_ext.controller import main as controller

    seen = []
    monkeypatch.setenv("STUDIO_HOME", "before")
    monkeypatch.setattr(controller, "main", lambda: seen.append(os.environ["STUDIO_HOME"]) or 0)
    assert run("--workspace", str(tmp_path), "controller").code == 0
    assert seen == [str(tmp_path)]


def test_exit_code_follows_the_status_of_an_error() -> None:
    from studio_ext.cli.context import fail

    assert fail(StudioError("x")) == 3


def test_help_is_quick_and_imports_little() -> None:
    code = (
        "import sys; from studio_ext.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'pydantic', 'rich', 'httpx', 'mlflow', 'sqlalchemy'} & set(sys.modules)"
    )
    best = 9.0
    for _ in range(3):
        begun = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        best = min(best, time.perf_counter() - begun)
    assert "Run notebooks as jobs" in done.stdout and best < 1


def test_module_and_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "studio_ext.cli", "--version"], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("studio, version ")

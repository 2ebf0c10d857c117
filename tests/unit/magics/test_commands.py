from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import studio_ext as studio
from studio_ext.contract.errors import Unavailable
from studio_ext.contract.experiments import Trial
from studio_ext.contract.jobs import ExitReason, JobStatus
from studio_ext.magics import load, unload
from studio_ext.magics.session import MAGICS
from studio_ext.magics.tables import ExperimentName, JobTable
from studio_ext.sdk import connection
from studio_ext.sdk.comparison import Comparison
from studio_ext.testing.fake_client import FakeClient
from tests.unit.magics.conftest import Kept


class Said:
    """What a cell said; its errors are one line each."""

    def __init__(self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str) -> None:
        capsys.readouterr()
        self.result = shell.run_cell(cell)
        captured = capsys.readouterr()
        self.out, self.err = captured.out, captured.err

    @property
    def error(self) -> str:
        assert not self.result.success
        (line,) = self.err.splitlines()
        assert line.startswith("UsageError: ")
        assert "Traceback" not in self.out
        return line.removeprefix("UsageError: ")


@pytest.fixture
def say(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> Any:
    return lambda cell: Said(shell, capsys, cell)


@pytest.mark.parametrize("name", sorted(MAGICS))
def test_each_has_its_help(shell: InteractiveShell, name: str, say: Any) -> None:
    sign = "%%" if MAGICS[name] != "line" else "%"
    said = say(f"{sign}{name} -h\npass" if sign == "%%" else f"%{name} --help")
    assert said.result.success
    assert said.result.result is None
    assert said.out.startswith(f"Usage: {sign}{name} ")
    shown = shell.object_inspect_mime(name)["text/plain"]
    assert re.sub(r"\s", "", f"Usage: {sign}{name}") in re.sub(r"\s", "", shown)
    assert "--help" in shown


@pytest.mark.parametrize("name", sorted(MAGICS))
@pytest.mark.parametrize("line", ["--nonsense", "'open", "-p x"])
def test_mistakes_are_one_line(name: str, line: str, say: Any) -> None:
    sign = "%%" if MAGICS[name] != "line" else "%"
    assert say(f"{sign}{name} {line}\npass" if sign == "%%" else f"%{name} {line}").error


def test_the_experiment(shell: InteractiveShell, fake: FakeClient, say: Any, tmp_path: Path) -> None:
    assert say("%experiment").result.result == "Default"
    (tmp_path / "x.ipynb").write_text("{}")
    shell.user_ns["__session__"] = str(tmp_path / "x.ipynb")
    assert say("%experiment").result.result == tmp_path.name
    name = say("name = %experiment house prices\nname").result.result
    assert isinstance(name, ExperimentName)
    assert name == "house prices"
    assert [each.name for each in fake.experiments()] == ["house prices"]
    say("%experiment house prices")
    assert len(fake.experiments()) == 1
    assert say("%experiment").result.result == "house prices"
    assert say("%submit a.ipynb").result.result.experiment == "house prices"
    assert say("%submit a.ipynb -e other").result.result.experiment == "other"
    assert studio.submit("a.ipynb").experiment == "house prices"
    assert studio.submit("a.ipynb", experiment="mine").experiment == "mine"
    say("%%trial -q\nx = 1")
    assert say("%experiment " + "x" * 251).error.endswith("at most 250 are allowed")
    assert say("%experiment").result.result == "house prices"
    assert studio.set_experiment(None) is None
    assert say("%experiment").result.result == tmp_path.name


def test_the_experiment_of_trackers(shell: InteractiveShell, kept: Kept, say: Any) -> None:
    say("%experiment tracked")
    tracker = studio.Tracker.create("one")
    assert kept.names[tracker.experiment_id] == "tracked"
    assert kept.names[studio.Tracker.create("two", experiment_name="own").experiment_id] == "own"
    say("%%trial -q three\nx = 1")
    assert kept.names[kept.runs[kept.last].experiment_id] == "tracked"


def test_names_are_shown_as_text(say: Any) -> None:
    name = say("%experiment '<img src=x onerror=alert(1)>\"'").result.result
    html = name._repr_html_()
    assert "<img" not in html
    arguments = re.search(r'data-commandlinker-args="([^"]*)"', html)
    assert arguments is not None
    from html import unescape

    assert json.loads(unescape(arguments[1])) == {"name": '<img src=x onerror=alert(1)>"'}


def test_in_a_job_the_experiment_is_the_jobs(
    kept: Kept, fake: FakeClient, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.job_run = kept.create_run("0", "job", {}, 0.0).run_id
    for name in ("STUDIO_RUN_ID", "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.setenv(name, "something")
    said = say("%experiment another")
    assert said.result.result == "Default"
    assert "recorded in the job's experiment, Default" in said.out
    assert fake.experiments() == []
    assert studio.set_experiment("another") == "Default"
    assert fake.experiments() == []
    assert "runs as a job already" in say("%%job\n1").error


def test_submit_takes_what_the_command_line_takes(shell: InteractiveShell, fake: FakeClient, say: Any) -> None:
    shell.user_ns.update(depth=9, folder="work", title="a b")
    job = say(
        'job = %submit {folder}/train.ipynb -p max_depth $depth -p rate 0.5 --name "{title}" --cpus 1.5'
        " --memory 2GiB --time-limit 1h --env HOME -e mine\njob"
    ).result.result
    (request,) = fake.requests
    assert isinstance(job, studio.Job)
    assert request.notebook == "work/train.ipynb"
    assert request.parameters == {"max_depth": 9, "rate": 0.5}
    assert (request.name, request.experiment, request.variables) == ("a b", "mine", ["HOME"])
    assert (request.resources.cpus, request.resources.memory_bytes) == (1.5, 2 * 1024**3)
    say("%submit a.ipynb --image own:1")
    assert fake.requests[-1].runner == "docker"
    assert "is not a number" in say("%submit a.ipynb -p x bad").error
    assert say("%submit a.ipynb --memory lots").error.startswith("memory: ")
    assert "Look at the path." in say("%submit a.txt").error


def test_the_store_may_be_away(fake: FakeClient, say: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*arguments: Any, **options: Any) -> Any:
        raise Unavailable("The store is away.\nReally.", hint="Wait.")

    for name in ("experiments", "jobs", "job", "submit", "trials"):
        monkeypatch.setattr(fake, name, away)
    for cell in ("%experiment x", "%jobs", "%logs a", "%stop a", "%submit a.ipynb", "%compare"):
        assert say(cell).error == "The store is away. Really. Wait."


def test_what_is_no_error_of_ours_has_a_traceback(fake: FakeClient, say: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**options: Any) -> Any:
        raise ValueError("a bug")

    monkeypatch.setattr(fake, "jobs", broken)
    assert "ValueError: a bug" in say("%jobs").out


def test_jobs_are_a_list_of_handles(fake: FakeClient, say: Any) -> None:
    assert repr(say("%jobs").result.result) == "No jobs."
    for name in ("<b>one</b>", "two", "three"):
        say(f'%submit {name[:1].strip("<")}a.ipynb --name "{name}" -e {"x" if name == "two" else "y"}')
    jobs = say("%jobs -n 2").result.result
    assert isinstance(jobs, JobTable)
    assert [job.name for job in jobs] == ["three", "two"]
    assert jobs.total == 3
    lines = repr(jobs).splitlines()
    assert lines[0].split() == ["id", "name", "status", "cells", "experiment", "time"]
    assert lines[1].split()[:3] == [jobs[0].id, "three", "Pending"]
    assert lines[-1] == "2 of 3; -n shows more."
    assert [job.name for job in say("%jobs -e x").result.result] == ["two"]
    html = say("%jobs").result.result._repr_html_()
    assert "&lt;b&gt;one&lt;/b&gt;" in html
    assert "<b>" not in html
    fake.reason, fake.message = ExitReason.cell_failed, "KeyError\nin cell 2"
    while fake.job(jobs[0].id).status != JobStatus.Failed:
        pass
    assert "KeyError in cell 2" in repr(say("%jobs --status failed").result.result)
    assert say("%jobs --status nonsense").error
    assert say("%jobs -n 0").error


def test_logs(fake: FakeClient, say: Any) -> None:
    job = say("%submit a.ipynb").result.result
    fake.log_text = "".join(f"line {number}\n" for number in range(2000)) + "\x1b[2J\x1b[31mred\x1b[0m\n"
    said = say(f"%logs {job.id[:10]}")
    assert said.out.startswith("line 1001\n")
    assert said.out.endswith("line 1999\n\x1b[31mred\x1b[0m\n")  # colours stay, commands to the terminal go
    assert "in all: studio logs" in said.err
    assert say(f"%logs {job.id} --tail 1").out == "\x1b[31mred\x1b[0m\n"
    assert say(f"%logs {job.id} --tail 0").out == ""
    assert "There is no job" in say("%logs nothing").error


def test_stop_asks_and_then_kills(fake: FakeClient, say: Any) -> None:
    job = say("%submit a.ipynb").result.result
    fake.hold = True
    first = say(f"%stop {job.id[:11]}")
    assert first.result.result == job
    assert first.out.startswith(f"Asked job {job.id} to stop")
    assert say(f"%stop {job.id}").out.startswith(f"Job {job.id} is killed.")
    third = say(f"%stop {job.id}")
    assert third.out.startswith(f"Job {job.id} was over: Stopped.")
    assert third.result.result.status == "Stopped"


def add_trials(fake: FakeClient, *metrics: dict[str, float | None], **parameters: list[str]) -> None:
    for number, values in enumerate(metrics):
        fake.add_trial(
            Trial(
                run_id=f"{number:032x}",
                experiment="e",
                name=f"trial {number}",
                status="FINISHED",
                started=float(number),
                ended=number + 90.0,
                parameters={key: texts[number] for key, texts in parameters.items()},
                metrics=values,
            )
        )


def cells(table: Comparison) -> list[list[str]]:
    return [re.split(r"\s{2,}", line.strip()) for line in repr(table).splitlines()]


def test_trials_side_by_side(fake: FakeClient, say: Any) -> None:
    add_trials(
        fake,
        {"rmse": 0.5, "accuracy": 0.5, "n": 1},
        {"rmse": 0.25, "accuracy": 0.75, "n": 1},
        {"rmse": None, "n": 2},
        depth=["2", "4", "8"],
        same=["1", "1", "1"],
    )
    shown = say("%compare e").result.result
    heads, *rows = cells(shown)
    assert sorted(heads) == ["trial 0", "trial 1", "trial 2"]
    assert {"status", "duration", "depth", "same", "rmse", "accuracy", "n"} <= {row[0] for row in rows}
    best = say("%compare e --metric rmse --only-differences").result.result
    heads, *rows = cells(best)
    assert heads == ["trial 1", "trial 0", "trial 2"]
    assert rows[0] == ["rmse", "0.25 *", "0.5", "nan"]  # that metric first
    assert [row[0] for row in rows if row[0] in ("depth", "same", "rmse", "accuracy", "n")][1:] == [
        "depth", "accuracy", "n"
    ]  # fmt: skip
    assert ["accuracy", "0.75 *", "0.5"] in rows
    assert ["n", "1", "1", "2"] in rows  # nobody knows which is better
    assert len(cells(say("%compare e -m n --lowest -n 2").result.result)[0]) == 2
    lowest = say("%compare e -m n --lowest").result.result
    assert ["n", "1 *", "1 *", "2"] in cells(lowest)
    assert ["n", "2 *", "1", "1"] in cells(say("%compare e -m n --highest").result.result)
    assert best.to_frame().loc["params.depth"].tolist() == [4, 2, 8]
    html = best._repr_html_()
    assert html.count("★") == 2
    assert "side by side" not in html


def test_some_trials_by_name(fake: FakeClient, say: Any) -> None:
    add_trials(fake, {"n": 1, "loss": 1}, {"n": 2}, {"n": 3})
    assert cells(say("%compare e --trials 'trial 2' 'trial 0'").result.result)[0] == ["trial 2", "trial 0"]
    assert cells(say("%compare e --metric n --trials 'trial 0' 'trial 2'").result.result)[0] == ["trial 2", "trial 0"]
    assert cells(say("%compare e -m n --lowest -t 'trial 2' 'trial 0'").result.result)[0] == ["trial 0", "trial 2"]
    assert cells(say(f"%compare e -t {1:032x} --only-differences").result.result)[0] == ["trial 1"]
    assert "3 trials '0000'" in say("%compare e --trials 0000").error
    assert "no trial 'x'" in say("%compare e --trials x").error
    others_have_it = say("%compare e --metric loss -t 'trial 2' 'trial 1'").result.result
    assert sorted(cells(others_have_it)[0]) == ["trial 1", "trial 2"]
    assert say("%compare e --metric rmse").error == "No trial of 'e' has a metric 'rmse'. There are loss, n."
    assert "no experiment" in say("%compare nowhere").error.lower()


def test_no_trials_are_no_fault(fake: FakeClient, say: Any) -> None:
    fake.create_experiment("empty")
    shown = say("%compare empty").result.result
    assert repr(shown) == shown._repr_html_() == "No trials to compare."
    assert repr(say("%compare empty --metric rmse").result.result) == "No trials to compare."


def test_hostile_names_in_tables(fake: FakeClient, say: Any) -> None:
    fake.add_trial(
        Trial(run_id="a" * 32, experiment="e", name="<script>x</script>", status="RUNNING",
              parameters={"<i>p": "\x1b[2J<b>v</b>"}, metrics={"<u>m": 1.0})
    )  # fmt: skip
    shown = say("%compare e").result.result
    html = shown._repr_html_()
    assert not any(tag in html for tag in ("<script", "<i>", "<b>", "<u>", "\x1b"))
    assert "\x1b" not in repr(shown)


def test_with_a_server_elsewhere_what_does_not_work_says_so(
    shell: InteractiveShell, say: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "x.ipynb").write_text("{}")
    assert "Jupyter server elsewhere" in say("%%job --notebook x.ipynb\n1").error  # the fake is no local one


def test_load_and_unload_leave_nothing(shell: InteractiveShell) -> None:
    unload(shell)
    before = (
        dict(shell.magics_manager.magics["line"]),
        list(shell.input_transformers_cleanup),
        list(shell.Completer.custom_matchers),
        {name: list(hooks) for name, hooks in shell.events.callbacks.items()},
    )
    load(shell)
    load(shell)
    assert len(shell.Completer.custom_matchers) == len(before[2]) + 1
    unload(shell)
    unload(shell)
    assert before == (
        dict(shell.magics_manager.magics["line"]),
        list(shell.input_transformers_cleanup),
        list(shell.Completer.custom_matchers),
        {name: list(hooks) for name, hooks in shell.events.callbacks.items()},
    )


def test_what_others_put_in_a_place_of_ours_stays(shell: InteractiveShell) -> None:
    shell.register_magic_function(lambda line: "mine", "line", "jobs")
    unload(shell)
    assert shell.run_line_magic("jobs", "") == "mine"


def test_by_the_names_that_ipython_calls(shell: InteractiveShell, say: Any) -> None:
    unload(shell)
    assert say("%load_ext studio_ext").result.success
    assert say("%reload_ext studio_ext").result.success
    assert say("%jobs").result.success
    assert say("%unload_ext studio_ext").result.success
    assert "not found" in say("%jobs").error


def test_nothing_that_is_left_points_elsewhere() -> None:
    assert connection._client is None or not isinstance(connection._client, FakeClient)
    assert "MLFLOW_RUN_ID" not in os.environ

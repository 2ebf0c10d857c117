from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import CompletionContext
from IPython.core.interactiveshell import InteractiveShell

from studio_ext.contract.experiments import Trial
from studio_ext.contract.jobs import JobStatus
from studio_ext.magics import suggestions
from studio_ext.magics.session import MAGICS
from studio_ext.testing.fake_client import FakeClient


@pytest.fixture(autouse=True)
def nothing_is_known_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggestions, "_answers", {})


@pytest.fixture
def complete(shell: InteractiveShell) -> Any:
    """What lines would be after each completion, as front ends make them."""

    def complete(line: str) -> list[str]:
        text, matches = shell.complete("", line, len(line))
        return [line[: len(line) - len(text)] + match for match in matches]

    return complete


@pytest.fixture
def ours(shell: InteractiveShell) -> Any:
    """The same, without what IPython itself finds where we find nothing."""
    (matcher,) = shell.Completer.custom_matchers

    def complete(line: str) -> list[str]:
        token = shell.Completer.splitter.split_line(line, len(line))
        context = CompletionContext(token=token, full_text=line, cursor_position=len(line), cursor_line=0, limit=None)
        return [line[: len(line) - len(token)] + each.text for each in matcher(context)["completions"]]

    return complete


def write_notebook(path: Path, source: str, tags: Any = ("parameters",)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cell = {"cell_type": "code", "source": source.splitlines(keepends=True), "metadata": {"tags": list(tags)}}
    path.write_text(
        json.dumps({"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "markdown", "source": ""}, cell]})
    )


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("%submit a.ipynb --mem", "%submit a.ipynb --memory"),
        ("%submit --", "%submit --time-limit"),
        ("job = %submit -", "job = %submit --wait"),
        ("a, b = %jobs --s", "a, b = %jobs --status"),
        ("%%job --noteb", "%%job --notebook"),
        ("%%trial name --no-", "%%trial name --no-capture"),
        ("  %logs --f", "  %logs --follow"),
        ("%jobs --status inP", None),  # the words are what they are
        ("%jobs --status In", "%jobs --status InProgress"),
        ("%submit a.ipynb --runner do", "%submit a.ipynb --runner docker"),
        ("%submit a.ipynb --kernel py", "%submit a.ipynb --kernel python3"),
        ("%submit a.ipynb --env HOM", "%submit a.ipynb --env HOME"),
    ],
)
def test_options_and_their_values(ours: Any, line: str, wanted: str | None) -> None:
    assert wanted in ours(line) if wanted else ours(line) == []


def test_only_what_is_asked_for(ours: Any) -> None:
    assert ours("%jobs --status C") == ["%jobs --status Completed"]
    assert not any("--memory" in line for line in ours("%jobs --"))
    assert ours("%submit a.ipynb --memory 2") == []
    assert ours("%job --noteb") == []  # it is a magic of cells


def test_notebooks(ours: Any, tmp_path: Path) -> None:
    write_notebook(tmp_path / "train.ipynb", "")
    write_notebook(tmp_path / "more" / "trees.ipynb", "")
    write_notebook(tmp_path / "two words.ipynb", "")
    (tmp_path / "tr.txt").touch()
    (tmp_path / ".hidden.ipynb").touch()
    assert ours("%submit tr") == ["%submit train.ipynb"]
    assert ours("%submit mo") == ["%submit more/"]
    assert ours("%submit more/") == ["%submit more/trees.ipynb"]
    assert ours("%submit tw") == ['%submit "two words.ipynb"']
    assert ours('%submit "two w') == ['%submit "two words.ipynb"']
    assert ours("%%job --notebook tr") == ["%%job --notebook train.ipynb"]
    assert ours("%submit nowhere/") == []


def test_parameters_of_the_notebook(ours: Any, shell: InteractiveShell, tmp_path: Path) -> None:
    write_notebook(tmp_path / "train.ipynb", "max_depth: int = 8  # deep\nrate = 0.1")
    assert ours("%submit train.ipynb -p ") == ["%submit train.ipynb -p max_depth", "%submit train.ipynb -p rate"]
    assert ours("%submit train.ipynb -p rate 0.1 -p m") == ["%submit train.ipynb -p rate 0.1 -p max_depth"]
    assert ours("%submit train.ipynb -p rate ra") == []  # its value
    assert ours("%%job --notebook train.ipynb -p r") == ["%%job --notebook train.ipynb -p rate"]
    shell.user_ns["__session__"] = str(tmp_path / "train.ipynb")
    assert ours("%%job -p r") == ["%%job -p rate"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 1}', '{"cells": [{"metadata": {"tags": 5}}]}', "x = ("])
def test_broken_notebooks_have_no_parameters(
    ours: Any, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.ipynb").write_text(text)
    write_notebook(tmp_path / "code.ipynb", "x = (")
    assert ours("%submit broken.ipynb -p x") == []
    assert ours("%submit code.ipynb -p x") == []
    assert ours("%submit . -p x") == []
    assert capsys.readouterr() == ("", "")


def test_jobs_experiments_and_trials(ours: Any, fake: FakeClient, shell: InteractiveShell) -> None:
    shell.run_cell("job = %submit a.ipynb -e 'house prices'")
    job = shell.user_ns["job"]
    assert ours(f"%logs {job.id[:3]}") == [f"%logs {job.id}"]
    assert ours(f"%stop {job.id[:3]}") == [f"%stop {job.id}"]
    assert ours(f"%stop {job.id} ") == []
    assert ours("%experiment hou") == ['%experiment "house prices"']
    assert ours("%experiment 'hou") == ["%experiment 'house prices'"]
    assert ours("%submit a.ipynb -e h") == ['%submit a.ipynb -e "house prices"']
    for name in ("fast", "far off"):
        fake.add_trial(Trial(run_id=name, experiment="e", name=name, status="FINISHED"))
    assert ours("%compare e --trials fas") == ["%compare e --trials fast"]
    assert set(ours("%compare e --trials fast fa")) == {
        '%compare e --trials fast "far off"',
        "%compare e --trials fast fast",
    }


def test_variables(ours: Any, shell: InteractiveShell) -> None:
    shell.user_ns.update(depth=1, table=object())
    assert ours("%%trial --params de") == ["%%trial --params depth"]
    assert ours("%%trial --params tab") == []


def test_other_lines_are_left_to_others(ours: Any, complete: Any) -> None:
    assert "%submit" in complete("%subm")
    for line in ("print(subm", "x = '%submit --mem", "submit --mem", "%submits --mem", "%submit"):
        assert ours(line) == []


def test_a_slow_record_holds_nobody_up(
    ours: Any, fake: FakeClient, monkeypatch: pytest.MonkeyPatch, shell: InteractiveShell
) -> None:
    answers = threading.Event()
    fake.create_experiment("slow")
    known = fake.experiments

    def slow() -> Any:
        answers.wait(30)
        return known()

    monkeypatch.setattr(fake, "experiments", slow)
    started = time.monotonic()
    assert ours("%experiment s") == []
    assert ours("%experiment s") == []
    assert time.monotonic() - started < 10
    answers.set()
    deadline = time.monotonic() + 10
    while ours("%experiment s") != ["%experiment slow"]:
        assert time.monotonic() < deadline


def test_what_goes_wrong_is_not_heard(
    ours: Any, fake: FakeClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: Any, **options: Any) -> Any:
        raise RuntimeError("no")

    for name in ("jobs", "experiments", "trials"):
        monkeypatch.setattr(fake, name, broken)
    for line in ("%logs x", "%experiment x", "%compare e --trials x", "%submit a.ipynb -e x"):
        assert ours(line) == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", sorted(MAGICS))
@pytest.mark.parametrize(
    "rest", ["'", '"', "\\", "- ", "-p", "-p ", "--trials ", "🏠", "\x00", "--notebook ", "= %submit "]
)
def test_odd_lines(complete: Any, name: str, rest: str, capsys: pytest.CaptureFixture[str]) -> None:
    sign = "%%" if MAGICS[name] != "line" else "%"
    complete(f"{sign}{name} {rest}")
    assert capsys.readouterr() == ("", "")


def test_statuses_are_those_of_the_contract() -> None:
    from studio_ext.magics.commands import STATUSES

    assert set(STATUSES) == set(JobStatus)

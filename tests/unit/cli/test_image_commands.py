"""``studio image``: where it works, what it shows, and what it says when there is no engine."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from studio_ext.adapters.docker_runner.build import Step
from studio_ext.cli import root
from studio_ext.cli.image_progress import ImageProgress
from studio_ext.cli.tables import print_images
from studio_ext.contract.jobs import ContainerProfile, ImageChoice


class Result(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The program where no engine answers."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/engine.sock")
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path))
    monkeypatch.delenv("STUDIO_URL", raising=False)

    def run(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as caught:
            root.main(arguments)
        captured = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return Result(caught.value.code, captured.out, captured.err)

    return run


COMMANDS = [("build",), ("list",), ("pull", "a:1"), ("remove", "a:1")]


@pytest.mark.parametrize("command", COMMANDS)
def test_without_an_engine_it_says_so_and_what_to_do(run: Run, command: tuple[str, ...]) -> None:
    result = run("image", *command)
    assert (result.code, result.out) == (3, "")
    assert result.err.splitlines()[0].endswith("unix:///nowhere/engine.sock cannot be reached: there is no socket.")
    assert "Hint: Start it" in result.err


def test_for_programs_too(run: Run) -> None:
    assert json.loads(run("image", "list", "--json").out)["error"]["code"] == "unavailable"


@pytest.mark.parametrize("command", COMMANDS)
def test_for_a_server_elsewhere_it_says_where_to_run_it(
    run: Run, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_URL", "http://jupyter.example")
    for options in ((), ("--url", "http://jupyter.example")):
        result = run(*options, "image", *command)
        assert result.code == 2
        assert "Images lie on the engine of the machine that Jupyter runs on." in result.err
        assert "in a terminal of that JupyterLab" in result.err


def test_a_workspace_says_which_engine(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "studio.toml").write_text('[docker]\nhost = "unix:///elsewhere.sock"\n')
    assert "unix:///elsewhere.sock" in run("--workspace", str(tmp_path / "other"), "image", "list").err
    (tmp_path / "studio.toml").write_text("[docker]\nhost = 7\n")
    result = run("image", "list")
    assert result.code == 2 and "docker.host is wrong" in result.err


def test_a_file_that_is_not_there_is_named(run: Run) -> None:
    result = run("image", "build", "--requirements", "/nowhere.txt")
    assert result.code == 2 and "/nowhere.txt" in result.err


def test_without_a_terminal_every_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with ImageProgress("Building a:1") as show:
        for line in ("FROM base", "pulled\x1b[2J", "done"):
            show.step(Step(1, 3, line))
        show.step(Step(2, 3, "RUN " + "x" * 500))
        show.step(Step(0, 0, "Trying again"))
        for percent in range(0, 101):
            show.pulling(f"Fetching a:1: {percent} MiB of 100 MiB", percent / 100)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == ["[step 1/3] FROM base", f"[step 2/3] RUN {'x' * 96} …", "Trying again"]
    assert len(lines[3:]) == 11
    assert lines[-1] == "[100%] Fetching a:1: 100 MiB of 100 MiB"


def test_verbose_leaves_nothing_out(capsys: pytest.CaptureFixture[str]) -> None:
    with ImageProgress("Building a:1", verbose=True) as show:
        for line in ("FROM base", "pulled\x1b[2J", "y" * 500):
            show.step(Step(1, 3, line))
    assert capsys.readouterr().err.splitlines() == [f"[step 1/3] {each}" for each in ("FROM base", "pulled", "y" * 500)]


PROGRAM = """
import time
from studio_ext.adapters.docker_runner.build import Step
from studio_ext.cli.image_progress import ImageProgress
with ImageProgress("Building [bold]a:1") as show:
    for number in range(1, 4):
        show.step(Step(number, 4, f"[red]line {number} " + "x" * 500))
        show._bar.refresh()
"""


def test_in_a_terminal_one_line_changes(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    subprocess.run([sys.executable, "-c", PROGRAM], stderr=theirs, env=environment, check=True, timeout=60)
    os.close(theirs)
    said = os.read(ours, 1 << 20).decode()
    os.close(ours)
    assert "step 3/4" in said and "0:00:0" in said
    assert "[red]line 3" in said, "markup is text"
    assert said.count("\n") == 1, "when it is over"


def test_names_of_others_are_plain_text_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    choice = ImageChoice(
        reference="evil\x1b[2J[bold]:1",
        image_id="sha256:1f237e440860b94e",
        size_bytes=1 << 30,
        created=0.0,
        profile=ContainerProfile.notebook,
        summary="Docker · evil:1 (1f237e44) · Python 3.11",
    )
    print_images([choice], default="evil\x1b[2J[bold]:1")
    line = capsys.readouterr().out.splitlines()[1]
    assert line.split() == ["*", "evil[bold]:1", "1f237e440860", "1", "GiB", "notebook", "Python", "3.11"]
    print_images([], default="a:1")
    assert "studio image build" in capsys.readouterr().out

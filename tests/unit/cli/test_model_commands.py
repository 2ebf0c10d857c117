from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from studio_ext.cli import root
from studio_ext.ports.models import SourceTrial
from studio_ext.sdk import connection
from studio_ext.testing.fake_client import FakeClient

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    client = FakeClient()
    trial = SourceTrial(run_id="r1", name="depth 8", experiment="houses", status="FINISHED", metrics={"rmse": 1.25})
    client.registry.add(trial, "model")
    monkeypatch.setattr(connection, "open_client", lambda *arguments: client)
    monkeypatch.setattr(connection, "_client", None)
    return client


@pytest.fixture
def run(fake: FakeClient, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            root.main(["models", *arguments])
        captured = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code, captured.out, captured.err

    return run


def test_from_nothing_to_a_champion(run: Run) -> None:
    assert "studio models register" in run("list")[1]
    assert run("register", "r1", "houses", "--alias", "champion", "--note", "best") == (
        0,
        "Registered version 1 of houses.\n",
        "",
    )
    code, out, _ = run("list")
    assert code == 0 and "houses" in out and "champion=1" in out
    code, out, _ = run("show", "houses")
    assert all(word in out for word in ("champion", "depth 8", "r1", "rmse", "1.25", "best"))
    made = json.loads(run("register", "r1", "houses", "--json")[1])
    assert (made["version"], made["aliases"]) == ("2", [])
    assert run("alias", "houses", "champion", "2")[1] == "champion stands for version 2 of houses.\n"
    assert json.loads(run("list", "--json")[1])[0]["aliases"] == {"champion": "2"}
    assert json.loads(run("show", "houses", "--json")[1])[0]["aliases"] == ["champion"]
    assert run("alias", "houses", "champion", "--remove")[1] == "champion stands for no version of houses.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "none"), "There is no model named 'none'."),
        (("register", "r9", "houses"), "There is no trial r9."),
        (("register", "r1", "a/b"), "neither '/' nor ':'"),
        (("register", "r1", "houses", "--alias", "v1"), "mistaken for a version"),
        (("register", "r1", "houses", "--path", "other"), "no model 'other'"),
        (("alias", "houses", "champion", "one"), "not the number of a version"),
        (("alias", "houses", "champion"), "Name a version, or --remove."),
        (("alias", "houses", "champion", "1", "--remove"), "Name a version, or --remove."),
        (("alias", "houses", "a b", "1"), "letters, digits"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(run: Run, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "") and said in err


def test_what_people_wrote_commands_no_terminal(run: Run, fake: FakeClient) -> None:
    trial = SourceTrial(run_id="r2", name="\x1b[31mred", experiment="[bold]x", status="FINISHED")
    fake.registry.add(trial, "model")
    run("register", "r2", "[red]houses", "--note", "\x1b]0;title\x07")
    out = run("show", "[red]houses")[1] + run("list")[1]
    assert "\x1b" not in out and "\x07" not in out
    assert "[red]houses" in out and "[bold]x" in out

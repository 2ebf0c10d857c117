from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from studio_ext.cli import root
from studio_ext.contract.experiments import Trial
from studio_ext.sdk import connection
from studio_ext.testing.fake_client import FakeClient

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    client = FakeClient()
    for at, lr in enumerate(("0.1", "0.01")):
        client.add_trial(
            Trial.model_validate(
                {
                    "run_id": f"run{at}",
                    "experiment": "churn",
                    "name": f"[red]trial {at}\x1b[31m",
                    "status": "FINISHED",
                    "started": 1000.0 + at,
                    "ended": 1060.0,
                    "parameters": {"lr": lr, "same": "[bold]x"},
                    "metrics": {"rmse": 5.0 - at},
                    "tags": {},
                }
            )
        )
    monkeypatch.setattr(connection, "open_client", lambda *arguments: client)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            root.main(("compare", *arguments))
        out, err = capsys.readouterr()
        return int(str(caught.value.code)), out, err

    return run


def test_what_differs_is_shown_and_what_is_best(run: Run) -> None:
    code, out, _ = run("run0", "run1")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:]}
    assert code == 0 and "[red]trial 0" in out and "\x1b" not in out
    assert rows["lr"] == ["0.1", "0.01"] and rows["rmse"] == ["5", "4", "*"] and "same" not in rows


def test_everything_on_request(run: Run) -> None:
    assert "[bold]x" in run("run0", "run1", "--all")[1]


def test_trials_of_an_experiment(run: Run) -> None:
    code, out, _ = run("-e", "churn", "-f", "params.lr > 0.05", "--json")
    found = json.loads(out)
    assert code == 0 and [each["run_id"] for each in found["trials"]] == ["run0"]
    code, out, _ = run("-e", "churn", "-s", "metrics.rmse", "--desc", "--json")
    assert [each["run_id"] for each in json.loads(out)["trials"]] == ["run0", "run1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name trials"),
        (("run0", "-e", "churn"), "Name trials"),
        (("run0", "-s", "name"), "go with --experiment"),
        (("-e", "churn", "--desc"), "needs --sort"),
        (("-e", "churn", "-n", "500"), "1<=x<=200"),
        (("never",), "never"),
        (("-e", "churn", "-f", "params.lr <"), "filter"),
    ],
)
def test_what_is_wrong_is_said(run: Run, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = run(*arguments)
    assert code == 2 and said in err and not out

"""``studio diff`` over runs in memory."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio_ext.cli import root
from studio_ext.contract.trial_diff import DiffPart, TrialDiff
from studio_ext.ports.tracking import DataInput
from studio_ext.sdk import connection
from studio_ext.testing.fake_client import FakeClient
from tests.unit.services.trial_diff.records import MemoryRuns

HOSTILE = "\x1b]0;title\x07\x1b[2J"


class Client(FakeClient):
    def __init__(self, runs: MemoryRuns) -> None:
        super().__init__()
        self._runs = runs

    def trial_diff(self, first: str, second: str, part: DiffPart, *, path: str = "") -> TrialDiff:
        self._runs.run(first), self._runs.run(second)
        return self._runs.diff(part, path)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> MemoryRuns:
    made = MemoryRuns()
    client = Client(made)
    monkeypatch.setattr(connection, "open_client", lambda *arguments: client)
    return made


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as caught:
        root.main(["diff", *arguments])
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


def cell(source: str, printed: str = "") -> dict[str, Any]:
    outputs = [{"output_type": "stream", "text": printed}] if printed else []
    return {"cell_type": "code", "source": source, "outputs": outputs}


def notebook(*cells: dict[str, Any]) -> str:
    return json.dumps({"cells": cells})


def test_all_parts_are_told(runs: MemoryRuns, capsys: pytest.CaptureFixture[str]) -> None:
    long = "\n".join(f"line {number}" for number in range(40))
    for name, rate, version in (("a", 1, "1.9"), ("b", 2, "1.10")):
        files = {
            "notebook/n.ipynb": notebook(cell("import os"), cell(f"{long}\nrate = {rate}{HOSTILE}", f"{rate}\n")),
            "environment/packages.txt": f"numpy=={version}\n",
            "cell.py": f"rate = {rate}\n",
        }
        data = [DataInput("x.csv", "1", "local", "/x.csv", {"sha256": name})]
        runs.add(name, files, {"studio.python": f"3.{rate}"}, data)
    code, out, _ = run(capsys, "a", "b")
    assert code == 0
    lines = out.splitlines()
    assert lines[:2] == ["--- name of a (a)", "+++ name of b (b)"]
    assert "@@ Notebook: 1 cell differs; the outputs of 1 cell differ." in lines
    assert "@@ cell 2 -> 2  line 0" in lines
    assert lines.count("   - rate = 1") == lines.count("   + rate = 2") == 2  # in the notebook, in the cell
    assert "   @@ 37 lines" in lines and "     line 39" in lines and "     line 0" not in lines
    assert "   - 1" in lines and "   + 2" in lines
    assert "@@ Environment: They differ in Python and 1 package." in lines
    assert {"- python 3.1", "+ python 3.2", "- numpy 1.9", "+ numpy 1.10"} <= set(lines)
    assert "~ x.csv  The contents differ." in lines
    assert "~ notebook/n.ipynb" in lines
    assert "\x1b" not in out and "\x07" not in out


def test_one_part_as_json(runs: MemoryRuns, capsys: pytest.CaptureFixture[str]) -> None:
    runs.add("a")
    runs.add("b")
    code, out, _ = run(capsys, "a", "b", "-p", "data", "--json")
    (found,) = json.loads(out)
    assert code == 0 and (found["part"], found["state"]) == ("data", "unknown")


def test_what_is_not_there_is_an_error(runs: MemoryRuns, capsys: pytest.CaptureFixture[str]) -> None:
    runs.add("a")
    code, out, error = run(capsys, "a", "none")
    assert (code, out) == (2, "") and "There is no run none." in error
    assert run(capsys, "a", "a", "--part", "weather")[0] == 2

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from studio_ext.magics import load, unload
from studio_ext.magics.trial_lines import trial_lines, trial_source
from studio_ext.sdk import recording_place, tracker
from studio_ext.testing.fake_client import FakeClient
from tests.unit.magics.conftest import Kept

CALL = "get_ipython().run_line_magic('trial', {!r})\n"


@pytest.mark.parametrize(
    ("cell", "call", "rest"),
    [
        ("%%trial\nx = 1\n", "", "x = 1\n"),
        ("%%trial   deep  one --tag a=b \nx = 1", "deep  one --tag a=b", "x = 1"),
        ("%%trial it's\n\n\nx", "it's", "\n\nx"),
        ("%%trial a\n%%time\nx = 1\n", "a", "get_ipython().run_cell_magic('time', '', 'x = 1\\n')\n"),
        ("%%trial a\n\n%%time b\nx\n", "a", "\nget_ipython().run_cell_magic('time', 'b', 'x\\n')\n"),
    ],
)
def test_the_first_line_becomes_a_call(cell: str, call: str, rest: str) -> None:
    lines = cell.splitlines(keepends=True)
    assert "".join(trial_lines(lines)) == CALL.format(call) + rest
    assert lines == cell.splitlines(keepends=True)


def test_future_statements_stay_first() -> None:
    lines = ["%%trial a\n", "from __future__ import annotations\n", "x = 1\n"]
    made = trial_lines(lines)
    assert len(made) == len(lines)
    compile("".join(made), "cell", "exec")
    assert made[1] == "from __future__ import annotations; get_ipython().run_line_magic('trial', 'a')\n"


@pytest.mark.parametrize(
    "cell",
    ["", "%%trial", "%%trial\n", "%%trial a\n \n", "%%trial?", "%%trials\nx", "%%trial -h\nx", "%%trial --help\nx",
     "%trial a\nx", "x = '''\n%%trial\n'''", "%%time\n%%trial\nx", "print()\n%%trial\nx"],
)  # fmt: skip
def test_other_cells_stay_as_they_are(cell: str) -> None:
    lines = cell.splitlines(keepends=True)
    assert trial_lines(lines) == lines


def test_the_source_of_a_trial_is_what_is_below_its_line() -> None:
    assert trial_source("%%trial a\nx = 1\ny") == "x = 1\ny"
    assert trial_source("%%time\n%%trial a\nx") == "x"
    assert trial_source("x = 1") is None


def test_a_cell_is_recorded(shell: InteractiveShell, kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    result = shell.run_cell(
        "%%trial deep one -e 'house prices' --tag team=red --tag a=b=c\n"
        "depth = 8\nname = 'trees'\ntrial.log_metric('own', 1)\n{'rmse': 0.5}",
        store_history=True,
    )
    assert result.success
    assert result.result == {"rmse": 0.5}
    run = kept.runs[kept.last]
    assert (run.name, kept.names[run.experiment_id]) == ("deep one", "house prices")
    assert run.tags.items() >= {"team": "red", "a": "b=c"}.items()
    assert kept.logged[run.run_id]["params"] == {"depth": "8", "name": "trees"}
    assert kept.logged[run.run_id]["metrics"] == {"own": 1, "rmse": 0.5}
    assert kept.artifacts[run.run_id]["cell.py"].startswith("depth = 8\nname")
    assert kept.ends[run.run_id] == "FINISHED"
    said = capsys.readouterr().out
    assert said.startswith("Out[1]: {'rmse': 0.5}\nTrial 'deep one' in 'house prices': Completed in ")
    assert said.endswith("· 2 parameters · rmse = 0.5\n")
    assert shell.user_ns["trial"].run_id == run.run_id


def test_secrets_of_a_cell_are_not_recorded(shell: InteractiveShell, kept: Kept) -> None:
    cell = "DB_PASSWORD = 'hunter2-Xy77'\nurl = 'https://ada:hunter2-Xy77@host'\nmax_tokens = 8\ntoken = 7"
    assert shell.run_cell(f"%%trial -q\n{cell}").success
    logged = kept.logged[kept.last]["params"]
    assert logged == {"DB_PASSWORD": "***", "url": "https://***@host", "max_tokens": "8", "token": "7"}
    assert "hunter2" not in kept.artifacts[kept.last]["cell.py"]
    assert shell.user_ns["DB_PASSWORD"] == "hunter2-Xy77"


def test_names_and_numbers_at_the_prompt(shell: InteractiveShell, kept: Kept, tmp_path: Path) -> None:
    shell.run_cell("%%trial -q\nx = 1", store_history=True)
    assert kept.runs[kept.last].name == "cell [1]"
    (tmp_path / "train.ipynb").write_text("{}")
    shell.user_ns["__vsc_ipynb_file__"] = str(tmp_path / "train.ipynb")
    shell.run_cell("%%trial -q\nx = 1", store_history=True)
    run = kept.runs[kept.last]
    assert run.name == "train [2]"
    assert kept.names[run.experiment_id] == tmp_path.name  # that of jobs of this notebook
    assert kept.logged[kept.last]["tags"]["studio.notebook"] == str(tmp_path / "train.ipynb")


@pytest.mark.parametrize("name", ["a/b:c", "🏠 ñ", "x" * 250, "<b>bold</b>", "a 'quoted' name"])
def test_any_name_will_do(shell: InteractiveShell, kept: Kept, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run_cell(f'%%trial "{name}" -e "{name}"\nx = 1').success
    run = kept.runs[kept.last]
    assert (run.name, kept.names[run.experiment_id]) == (name, name)


def test_no_name_is_too_long(shell: InteractiveShell, kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    result = shell.run_cell(f"%%trial {'x' * 251}\nran = True")
    assert not result.success
    assert "at most 250" in capsys.readouterr().err
    assert kept.runs == {}
    assert "ran" not in shell.user_ns  # the cell did not go on


@pytest.mark.parametrize(
    ("code", "end", "parameters"),
    [
        ("x = 1\nraise ValueError('no')\ny = 2", "FAILED ValueError: no", {"x": "1"}),
        ("x = 1\nraise KeyboardInterrupt", "KILLED Interrupted", {"x": "1"}),
        ("import asyncio\nx = 1\nraise asyncio.CancelledError", "KILLED Interrupted", {"x": "1"}),
        ("x = 1\nraise SystemExit(2)", "FAILED SystemExit: 2", {"x": "1"}),
        ("x = 1\nraise SystemExit", "FINISHED", {"x": "1"}),
        ("import asyncio\nawait asyncio.sleep(0)\nx = 1\n{'m': 1}", "FINISHED", {"x": "1"}),
        ("x = 1\nawait missing", "FAILED NameError: name 'missing' is not defined", {"x": "1"}),
    ],
)
def test_the_end_is_that_of_the_cell(
    shell: InteractiveShell,
    kept: Kept,
    code: str,
    end: str,
    parameters: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    shell.run_cell(f"%%trial\n{code}")
    assert kept.ends[kept.last] == end
    assert kept.logged[kept.last]["params"] == parameters
    assert capsys.readouterr().out.count("Traceback") <= 1


def test_a_traceback_shows_the_cell_with_its_lines(
    shell: InteractiveShell, kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("%%trial\nx = 1\n\n1 / 0\n", store_history=True)
    said = capsys.readouterr().out
    assert "----> 4 1 / 0" in said
    assert "studio_ext/magics" not in said


def test_a_cell_that_is_no_python_makes_no_trial(
    shell: InteractiveShell, kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    for body in ("x = (", "  x = 1\n y = 2", "return = 1"):
        assert not shell.run_cell(f"%%trial\n{body}").success
    assert kept.runs == {}
    assert shell.run_cell("%%trial after\nx = 1").success
    assert list(kept.ends.values()) == ["FINISHED"]


def test_magics_in_and_around_a_trial(shell: InteractiveShell, kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell("%%trial timed\n%%time\nx = 3\n{'m': 4}")
    assert kept.logged[kept.last] == {"params": {"x": "3"}, "metrics": {"m": 4}, "tags": kept.logged[kept.last]["tags"]}
    shell.run_cell("%%time\n%%trial within\nx = 5\n{'m': 6}")
    assert kept.logged[kept.run_named("within")]["params"] == {"x": "5"}
    shell.run_cell("%%trial line\nx = 1\nhere = %pwd\n!true\n")
    assert kept.logged[kept.run_named("line")]["params"] == {"x": "1"}
    shell.run_cell("%%trial captured\n%%capture out\nprint('hidden')\n{'m': 1}")
    assert kept.ends[kept.run_named("captured")] == "FINISHED"
    assert len(kept.runs) == 4


def test_variables_in_its_line(shell: InteractiveShell, kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell("depths = [3]\nwhich = 'one'")
    shell.run_cell("%%trial $which-{depths[0] + 1} -e {which}\nx = 1")
    run = kept.runs[kept.last]
    assert (run.name, kept.names[run.experiment_id]) == ("one-4", "one")


def test_named_parameters_and_metrics(shell: InteractiveShell, kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell("sizes = [1, 2]\nmaybe = 1")
    shell.run_cell("%%trial --params sizes,depth --metrics score\ndepth = compute = 3\nscore = depth / 2\n{'rmse': 1}")
    assert kept.logged[kept.last]["params"] == {"sizes": "[1, 2]", "depth": "3"}
    assert kept.logged[kept.last]["metrics"] == {"score": 1.5}
    capsys.readouterr()
    shell.run_cell("%%trial --params maybe,never --metrics sizes\nif False: never = 1\ndel maybe")
    said = capsys.readouterr()
    assert kept.logged[kept.last]["params"] == kept.logged[kept.last]["metrics"] == {}
    assert said.err.splitlines() == [
        "'maybe' is not a parameter: the cell did not set it.",
        "'never' is not a parameter: the cell did not set it.",
        "'sizes' is not a metric: it is no number but list.",
    ]
    assert kept.ends[kept.last] == "FINISHED"
    before = len(kept.runs)
    shell.run_cell("%%trial --metrics nowhere\nran = True")
    assert "no variable named 'nowhere'" in capsys.readouterr().err
    assert len(kept.runs) == before
    assert "ran" not in shell.user_ns


def test_what_is_captured_can_be_turned_off(
    shell: InteractiveShell, kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("%%trial --no-capture\nx = 1\ntrial.log_parameter('own', 2)\n{'m': 1}")
    assert kept.logged[kept.last]["params"] == {"own": "2"}
    assert kept.logged[kept.last]["metrics"] == {}
    shell.run_cell("%%trial --no-capture --metrics x\nx = 1\n{'m': 1}")
    assert kept.logged[kept.last]["metrics"] == {"x": 1}


def test_a_metric_is_no_parameter_too(shell: InteractiveShell, kept: Kept) -> None:
    shell.run_cell("%%trial -q --metrics x\nx = 1\ny = 2")
    assert kept.logged[kept.last]["params"] == {"y": "2"}


def test_nan_is_a_metric_and_no_parameter(shell: InteractiveShell, kept: Kept) -> None:
    shell.run_cell("%%trial -q\nx = 1e999\n{'m': float('nan'), 'n': float('-inf'), 'o': 1}")
    assert kept.logged[kept.last]["params"] == {}
    assert {key: str(value) for key, value in kept.logged[kept.last]["metrics"].items()}.keys() == {"m", "n", "o"}


def test_ten_thousand_assignments_are_bounded(
    shell: InteractiveShell, kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell("%%trial\n" + "\n".join(f"p{number} = {number}" for number in range(10_000)))
    assert list(kept.logged[kept.last]["params"]) == [f"p{number}" for number in range(100)]
    assert "9,900 of 10,000 assignments were not recorded" in capsys.readouterr().err


def test_a_trial_in_a_trial_is_refused(shell: InteractiveShell, kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell("%%trial outer\ninner = get_ipython().run_cell('%%trial inner\\nz = 1')\nx = 1")
    assert [run.name for run in kept.runs.values()] == ["outer"]
    assert kept.ends[kept.last] == "FINISHED"
    assert capsys.readouterr().err.startswith("UsageError: A trial runs already.")
    shell.run_cell("%%trial outer\n%%trial inner\nx = 1")
    assert [run.name for run in kept.runs.values()] == ["outer", "outer"]
    assert kept.ends[kept.last].startswith("FAILED")


def test_cells_within_the_cell_do_not_end_it(shell: InteractiveShell, kept: Kept) -> None:
    shell.run_cell("%%trial outer -q\nfor code in ('1', '1/0', '', 'x = ('):\n    get_ipython().run_cell(code)\nx = 2")
    assert kept.logged[kept.last]["params"] == {"x": "2"}
    assert kept.ends == {kept.last: "FINISHED"}


def test_a_tracker_that_the_cell_closed(
    shell: InteractiveShell, kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shell.run_cell("%%trial\nx = 1\ntrial.close('Failed', 'on purpose')").success
    assert kept.ends[kept.last] == "FAILED on purpose"
    assert "closed its tracker" in capsys.readouterr().err


def test_the_line_alone_says_how_it_is_written(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert not shell.run_cell("x = 1\n%trial x").success
    assert "two % signs" in capsys.readouterr().err
    assert not shell.run_cell("%%trial").success
    assert "body is empty" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["--nonsense", "--tag team", "--params", "'unfinished", "-e ''"])
def test_mistakes_are_one_line_and_the_cell_does_not_go_on(
    shell: InteractiveShell, kept: Kept, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.user_ns["here"] = 1
    result = shell.run_cell(f"%%trial {line}\nran = True")
    said = capsys.readouterr()
    if line == "-e ''":  # as if it were not there
        assert result.success
    else:
        assert not result.success
        assert said.err.startswith("UsageError: ")
        assert len(said.err.splitlines()) == 1
        assert (said.out, kept.runs) == ("", {})
        assert "ran" not in shell.user_ns


def test_the_help_does_not_run_the_cell(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    assert shell.run_cell("%%trial -h\nran = True").success
    assert "--no-capture" in capsys.readouterr().out
    assert "ran" not in shell.user_ns


def test_code_may_run_a_trial(shell: InteractiveShell, kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell_magic("trial", "from code", "x = 1")
    assert kept.logged[kept.run_named("from code")]["params"] == {"x": "1"}


def test_unloading_in_a_trial_ends_it(shell: InteractiveShell, kept: Kept) -> None:
    shell.user_ns["unload"] = lambda: unload(shell)
    assert shell.run_cell("%%trial\nunload()").success
    assert kept.ends[kept.last] == "KILLED Interrupted"
    load(shell)
    assert shell.run_cell("%%trial again -q\nx = 1").success
    assert kept.ends[kept.last] == "FINISHED"


def test_a_forked_process_does_not_end_the_trial(shell: InteractiveShell, kept: Kept, tmp_path: Path) -> None:
    shell.user_ns.update(os=os, path=str(tmp_path / "ends"))
    # The child comes out of the cell as its parent does.
    shell.run_cell("%%trial -q\nchild = os.fork()")
    child = shell.user_ns["child"]
    if child == 0:
        (tmp_path / "ends").write_text(json.dumps(kept.ends))
        os._exit(0)
    os.waitpid(child, 0)
    assert json.loads((tmp_path / "ends").read_text()) == {}
    assert kept.ends == {kept.last: "FINISHED"}


def test_threads_record_to_it(shell: InteractiveShell, kept: Kept) -> None:
    shell.user_ns["threading"] = threading
    shell.run_cell(
        "%%trial -q\nthreads = [threading.Thread(target=trial.log_metric, args=(f't{n}', n)) for n in range(8)]\n"
        "for thread in threads: thread.start()\nfor thread in threads: thread.join()"
    )
    assert kept.logged[kept.last]["metrics"] == {f"t{n}": n for n in range(8)}


def test_mlflow_is_pointed_to_the_run_for_programs_and_later_imports(
    shell: InteractiveShell, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "mlflow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "before")
    shell.user_ns["os"] = os
    shell.run_cell(
        "%%trial -q\nseen = {name: os.environ.get(name) for name in os.environ if name.startswith('MLFLOW')}"
    )
    seen: dict[str, Any] = shell.user_ns["seen"]
    assert seen["MLFLOW_RUN_ID"] == kept.last
    assert seen["MLFLOW_TRACKING_URI"] == "memory:"
    assert "MLFLOW_EXPERIMENT_NAME" not in seen
    assert os.environ["MLFLOW_EXPERIMENT_NAME"] == "before"
    assert "MLFLOW_RUN_ID" not in os.environ
    assert "MLFLOW_TRACKING_URI" not in os.environ


def test_in_a_job_the_trial_has_an_end_of_its_own(shell: InteractiveShell, kept: Kept) -> None:
    kept.job_run = kept.create_run("0", "the job's", {}, 0.0).run_id
    shell.run_cell("%%trial part -q\n1 / 0")
    run = kept.runs[kept.last]
    assert run.tags["mlflow.parentRunId"] == kept.job_run
    assert kept.ends == {run.run_id: "FAILED"}
    assert kept.logged[run.run_id]["tags"]["tracker.status_message"] == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("typed", "state"),
    [("%%trial a\n", "incomplete"), ("%%trial a\nx = 1", "incomplete"), ("%%trial a\nx = 1\n\n", "complete")],
)
def test_a_terminal_waits_for_the_whole_cell(shell: InteractiveShell, typed: str, state: str) -> None:
    assert shell.input_transformer_manager.check_complete(typed)[0] == state


def test_without_a_place_for_records_a_trial_is_refused_in_a_line(
    shell: InteractiveShell, fake: FakeClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in (recording_place, tracker):
        monkeypatch.setattr(module, "recorder", lambda: recording_place._of(fake))
    assert not shell.run_cell("%%trial a\nran = True").success
    (line,) = capsys.readouterr().err.splitlines()
    assert "keeps no experiments" in line
    assert "ran" not in shell.user_ns

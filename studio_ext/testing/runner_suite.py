"""Conformance suite of the runner port. Subclass :class:`RunnerSuite` and provide the fixtures it names.

The jobs are real notebooks in real kernels. A runner that passes keeps the promises in ``ports/runner.py``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from studio_ext.contract.jobs import Exit, ExitReason
from studio_ext.ports.runner import AttemptState, Launch, Observation, Runner
from studio_ext.testing.jobs import make_job_directory

_OVER = (AttemptState.ended, AttemptState.absent)

PATIENCE = 60.0
"""Longest wait for anything, seconds."""

MIB = 1024 * 1024

SLEEP = "import time\nprint('sleeping', flush=True)\ntime.sleep(600)"
STUBBORN = """import time
print('stubborn', flush=True)
while True:
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        print('ignored', flush=True)"""
SIDE = "with open('side.txt', 'a') as side: side.write('line\\n')"
GRANDCHILDREN = """import subprocess, sys, time
orphan = "import os, time\\nif os.fork() == 0:\\n os.setsid()\\n if os.fork() == 0: time.sleep(600)"
subprocess.run([sys.executable, '-c', orphan], check=True)
subprocess.Popen(['sleep', '600'], start_new_session=True)
print('born', flush=True)"""
GREEDY = """held = []
while True:
    held.append(bytearray(8 * 1024 * 1024))"""


def wait_for(what: Callable[[], Any], patience: float = PATIENCE, pause: float = 0.01) -> Any:
    """The first true value of ``what``; fails when there is none in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if value := what():
            return value
        time.sleep(pause)
    raise AssertionError(f"nothing after {patience} s")


def wait_ended(runner: Runner, launch: Launch, patience: float = PATIENCE) -> Observation:
    """The observation that says that the attempt is over."""

    def ended() -> Observation | None:
        seen = runner.observe(launch)
        assert (seen.exit is not None) == (seen.state is AttemptState.ended)
        return seen if seen.state is AttemptState.ended else None

    return wait_for(ended, patience)  # type: ignore[no-any-return]


def wait_running(runner: Runner, launch: Launch, text: str) -> Observation:
    """An observation of the running attempt, once its log has ``text`` in a line of its own."""
    wait_for(lambda: text in read_log(launch).splitlines())
    seen = runner.observe(launch)
    assert seen.state is AttemptState.running
    return seen


def end_all(runner: Runner, parent: Path) -> None:
    """Kill the first attempts of all jobs below a directory, and wait until they are over."""
    for path in parent.glob("**/job.json"):
        launch = Launch(path.parent.name, 1, path.parent, "", "", "tests")
        runner.stop(launch, kill=True)
        wait_for(lambda launch=launch: runner.observe(launch).state in _OVER)  # type: ignore[misc]


def read_log(launch: Launch) -> str:
    """What the attempt has printed so far."""
    path = launch.directory / "attempts" / str(launch.attempt) / "log.txt"
    return path.read_text("utf-8", "replace") if path.exists() else ""


def output_cells(launch: Launch, name: str = "train.ipynb") -> list[dict[str, Any]]:
    """Code cells of the output notebook."""
    document = json.loads((launch.directory / "output" / name).read_text("utf-8"), parse_constant=_refuse)
    return [cell for cell in document["cells"] if cell["cell_type"] == "code"]


def _refuse(word: str) -> None:
    raise AssertionError(f"{word} is not JSON")


def stream(cell: dict[str, Any]) -> str:
    """What a cell of the output notebook printed."""
    texts = (output["text"] for output in cell["outputs"] if output["output_type"] == "stream")
    return "".join("".join(text) for text in texts)


class RunnerSuite:
    """Promises of every runner. Fixtures: ``runner`` (warm), ``fresh_runner`` (knows nothing), ``remains``."""

    @pytest.fixture
    def runner(self) -> Iterator[Runner]:
        """A runner."""
        raise NotImplementedError

    @pytest.fixture
    def fresh_runner(self) -> Iterator[Runner]:
        """A second runner of the same kind that knows nothing but the job directories."""
        raise NotImplementedError

    @pytest.fixture
    def remains(self) -> Callable[[Launch], list[str]]:
        """Says which processes of an attempt are still there."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def nothing_goes_on(self, runner: Runner, tmp_path: Path) -> Iterator[None]:
        """A test that fails leaves no job behind."""
        yield
        end_all(runner, tmp_path)

    def make(self, parent: Path, cells: Sequence[str | Mapping[str, Any]], **more: Any) -> Launch:
        """A job directory for this runner; ``more`` as :func:`studio_ext.testing.jobs.make_job_directory` takes it."""
        return make_job_directory(parent, cells, **more)

    def seen_directory(self, launch: Launch) -> str:
        """The job directory as the job sees it."""
        return str(launch.directory)

    def run(self, runner: Runner, launch: Launch, patience: float = PATIENCE) -> tuple[Observation, Exit]:
        """Launch an attempt and wait for its end."""
        runner.launch(launch)
        seen = wait_ended(runner, launch, patience)
        assert seen.exit is not None
        return seen, seen.exit

    def test_info_names_the_runner(self, runner: Runner) -> None:
        info = runner.info()
        assert info.name == runner.name
        assert info.available, info.reason

    def test_completes(self, runner: Runner, tmp_path: Path, remains: Callable[[Launch], list[str]]) -> None:
        launch = self.make(tmp_path, ["print('one')", "# Second\n1 + 1"])
        before = time.time()
        seen, exit = self.run(runner, launch)
        assert (exit.reason, exit.code, exit.cell) == (ExitReason.completed, 0, None)
        assert (seen.progress.done, seen.progress.total, seen.progress.current) == (2, 2, None)
        assert seen.started is not None and seen.ended is not None
        assert before - 1 <= seen.started <= seen.ended <= time.time() + 1
        assert exit.cpu_seconds and exit.cpu_seconds > 0
        assert exit.peak_memory_bytes and exit.peak_memory_bytes > MIB
        first, second = output_cells(launch)
        assert stream(first) == "one\n"
        assert second["outputs"][0]["data"]["text/plain"] in ("2", ["2"])
        assert "one" in read_log(launch).splitlines()
        assert "Second" in read_log(launch)
        assert remains(launch) == []

    def test_absent_until_launched_and_gone_jobs_raise_nothing(self, runner: Runner, tmp_path: Path) -> None:
        launch = self.make(tmp_path, ["1"])
        assert runner.observe(launch).state is AttemptState.absent
        gone = Launch("0" * 12, 1, tmp_path / ("0" * 12), "", "", "tests")
        assert runner.observe(gone).state is AttemptState.absent
        runner.stop(gone)
        assert not gone.directory.exists()

    def test_progress_and_output_notebook_while_it_runs(self, runner: Runner, tmp_path: Path) -> None:
        launch = self.make(tmp_path, ["1", f"# Wait here\n{SLEEP}", "3"])
        runner.launch(launch)
        seen = wait_running(runner, launch, "sleeping")
        assert (seen.progress.done, seen.progress.total, seen.progress.current) == (1, 3, 2)
        assert seen.progress.label == "Wait here"
        assert len(output_cells(launch)) == 3
        runner.stop(launch, kill=True)
        wait_ended(runner, launch)

    def test_failing_cell_is_named(self, runner: Runner, tmp_path: Path) -> None:
        injected: dict[str, Any] = {
            "cell_type": "code", "id": "p", "metadata": {"tags": ["injected-parameters"]},
            "execution_count": None, "outputs": [], "source": "depth = 0",
        }  # fmt: skip
        text: dict[str, Any] = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "# Title"}
        launch = self.make(tmp_path, [text, "a = 1", injected, "print(a / depth)", "never = 1"])
        seen, exit = self.run(runner, launch)
        assert (exit.reason, exit.code, exit.cell) == (ExitReason.cell_failed, 1, 2)
        assert exit.cell_source == "print(a / depth)"
        assert exit.traceback and "ZeroDivisionError" in exit.traceback
        assert exit.message == "ZeroDivisionError in cell 2: division by zero"
        assert (seen.progress.done, seen.progress.total, seen.progress.current) == (1, 3, 2)
        assert "ZeroDivisionError" in read_log(launch)
        assert output_cells(launch)[2]["outputs"][0]["ename"] == "ZeroDivisionError"

    def test_output_of_other_programs(self, runner: Runner, tmp_path: Path) -> None:
        shell = "import os, sys\nprint('a', end='', flush=True)\nprint('b', flush=True)\nos.system('echo from shell')"
        launch = self.make(tmp_path, [shell])
        self.run(runner, launch)
        outputs = output_cells(launch)[0]["outputs"]
        assert [output["output_type"] for output in outputs] == ["stream", "execute_result"]
        assert stream(output_cells(launch)[0]) == "ab\nfrom shell\n"
        assert "from shell" in read_log(launch).splitlines()

    def test_what_is_written_past_python_is_in_its_cell_where_reading_is_slow(
        self, runner: Runner, tmp_path: Path
    ) -> None:
        slow = "import os, time\nread = os.read\nos.read = lambda *where: (time.sleep(0.3), read(*where))[1]"
        launch = self.make(tmp_path, [slow, "x = os.write(1, b'first')", "x = os.write(1, b'late')", "x = 1"])
        self.run(runner, launch)
        assert [stream(cell) for cell in output_cells(launch)] == ["", "first", "late", ""]

    def test_kernel_that_dies(self, runner: Runner, tmp_path: Path) -> None:
        crash = (
            "import os, signal, time\nprint('last words', flush=True)\n"
            "time.sleep(0.2)  # they leave the kernel in a thread of its own\nos.kill(os.getpid(), signal.SIGSEGV)"
        )
        launch = self.make(tmp_path, ["1", crash, "3"])
        seen, exit = self.run(runner, launch)
        assert (exit.reason, exit.cell, exit.code) == (ExitReason.kernel_died, 2, 139)
        assert "SIGSEGV" in exit.message and "cell 2" in exit.message
        assert seen.progress.done == 1
        assert "last words" in read_log(launch)

    def test_kernel_that_ends_itself(self, runner: Runner, tmp_path: Path) -> None:
        launch = self.make(tmp_path, ["import os\nos._exit(3)"])
        _, exit = self.run(runner, launch)
        assert (exit.reason, exit.cell, exit.code) == (ExitReason.kernel_died, 1, 3)

    def test_memory_limit(self, runner: Runner, tmp_path: Path, remains: Callable[[Launch], list[str]]) -> None:
        launch = self.make(tmp_path, ["1", GREEDY], memory_bytes=256 * MIB)
        _, exit = self.run(runner, launch)
        assert (exit.reason, exit.cell) == (ExitReason.out_of_memory, 2)
        assert exit.message == "Ran out of memory at cell 2 (limit 256 MiB)."
        assert remains(launch) == []

    def test_memory_limit_holds_for_children_of_the_kernel(self, runner: Runner, tmp_path: Path) -> None:
        child = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {GREEDY!r}])"
        launch = self.make(tmp_path, [child, "import time; time.sleep(600)"], memory_bytes=256 * MIB)
        _, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.out_of_memory

    def test_cpu_limit(self, runner: Runner, tmp_path: Path) -> None:
        spin = """import time, threading, subprocess, sys
code = "import time\\nend = time.monotonic() + 4\\nwhile time.monotonic() < end: pass"
began = time.monotonic()
children = [subprocess.Popen([sys.executable, '-c', code]) for _ in range(2)]
for child in children: child.wait()
import resource
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print('share', (used.ru_utime + used.ru_stime) / (time.monotonic() - began), flush=True)
import os
print('threads', os.environ['OMP_NUM_THREADS'], flush=True)"""
        launch = self.make(tmp_path, [spin], cpus=0.5)
        _, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.completed
        words = read_log(launch).split()
        assert float(words[words.index("share") + 1]) < 0.75
        assert words[words.index("threads") + 1] == "1"

    def test_time_limit(self, runner: Runner, tmp_path: Path, remains: Callable[[Launch], list[str]]) -> None:
        launch = self.make(tmp_path, ["1", SLEEP], time_limit_seconds=15.0)
        _, exit = self.run(runner, launch)
        assert (exit.reason, exit.cell) == (ExitReason.max_runtime, 2)
        assert exit.message == "Ran longer than the time limit of 15 s, in cell 2."
        assert remains(launch) == []

    def test_stop_saves_what_there_is(
        self, runner: Runner, tmp_path: Path, remains: Callable[[Launch], list[str]]
    ) -> None:
        clean = "import atexit\natexit.register(lambda: open('cleaned.txt', 'w').close())\nprint('ready')"
        launch = self.make(tmp_path, [clean, SLEEP, "3"], grace_seconds=120.0)
        runner.launch(launch)
        wait_running(runner, launch, "sleeping")
        began = time.monotonic()
        for _ in range(3):
            runner.stop(launch)
        seen = wait_ended(runner, launch)
        assert seen.exit and (seen.exit.reason, seen.exit.cell) == (ExitReason.stopped, 2)
        assert time.monotonic() - began < 50.0  # the second interrupt comes after 60
        cells = output_cells(launch)
        assert stream(cells[0]) == "ready\n"
        assert cells[1]["outputs"][-1]["ename"] == "KeyboardInterrupt"
        assert (launch.directory / "code" / "cleaned.txt").exists()
        assert remains(launch) == []

    def test_cell_that_ignores_interrupts_is_killed_after_the_grace(
        self, runner: Runner, tmp_path: Path, remains: Callable[[Launch], list[str]]
    ) -> None:
        launch = self.make(tmp_path, ["print('kept')", STUBBORN], grace_seconds=1.0)
        runner.launch(launch)
        wait_running(runner, launch, "stubborn")
        runner.stop(launch)
        seen = wait_ended(runner, launch)
        assert seen.exit and seen.exit.reason is ExitReason.stopped
        assert "ignored" in read_log(launch)
        assert stream(output_cells(launch)[0]) == "kept\n"
        assert remains(launch) == []

    def test_kill_does_not_wait(self, runner: Runner, tmp_path: Path, remains: Callable[[Launch], list[str]]) -> None:
        launch = self.make(tmp_path, [STUBBORN], grace_seconds=60.0)
        runner.launch(launch)
        wait_running(runner, launch, "stubborn")
        runner.stop(launch)
        wait_for(lambda: "ignored" in read_log(launch))
        began = time.monotonic()
        runner.stop(launch, kill=True)
        seen = wait_ended(runner, launch)
        assert time.monotonic() - began < 30.0
        assert seen.exit and seen.exit.reason is ExitReason.stopped
        assert remains(launch) == []

    def test_stop_before_the_first_cell_runs_nothing(self, runner: Runner, tmp_path: Path) -> None:
        launch = self.make(tmp_path, [SIDE])
        runner.stop(launch, reason="Stopped by the owner")
        runner.launch(launch)
        seen = wait_ended(runner, launch)
        assert seen.exit and (seen.exit.reason, seen.exit.message) == (ExitReason.stopped, "Stopped by the owner.")
        assert not (launch.directory / "code" / "side.txt").exists()

    def test_nothing_is_left_of_grandchildren(
        self, runner: Runner, tmp_path: Path, remains: Callable[[Launch], list[str]]
    ) -> None:
        launch = self.make(tmp_path, [GRANDCHILDREN, SLEEP])
        runner.launch(launch)
        wait_running(runner, launch, "sleeping")
        assert len(remains(launch)) >= 4
        runner.stop(launch)
        wait_ended(runner, launch)
        assert remains(launch) == []
        quiet = self.make(tmp_path, [GRANDCHILDREN])
        _, exit = self.run(runner, quiet)
        assert exit.reason is ExitReason.completed
        assert remains(quiet) == []

    def test_launching_twice_runs_user_code_once(self, runner: Runner, fresh_runner: Runner, tmp_path: Path) -> None:
        launch = self.make(tmp_path, [SIDE])
        for each in (runner, fresh_runner, runner, fresh_runner):
            each.launch(launch)
        seen = wait_ended(runner, launch)
        assert seen.exit and seen.exit.reason is ExitReason.completed
        runner.launch(launch)
        assert wait_ended(fresh_runner, launch).exit == seen.exit
        assert (launch.directory / "code" / "side.txt").read_text() == "line\n"

    def test_another_process_can_take_over(self, runner: Runner, fresh_runner: Runner, tmp_path: Path) -> None:
        launch = self.make(tmp_path, ["1", SLEEP])
        runner.launch(launch)
        wait_running(runner, launch, "sleeping")
        seen = fresh_runner.observe(launch)
        assert seen.state is AttemptState.running
        assert (seen.progress.done, seen.progress.current) == (1, 2)
        fresh_runner.stop(launch)
        seen = wait_ended(fresh_runner, launch)
        assert seen.exit and seen.exit.reason is ExitReason.stopped

    def test_input_fails_with_a_sentence(self, runner: Runner, tmp_path: Path) -> None:
        launch = self.make(tmp_path, ["name = input('Name? ')"])
        _, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.cell_failed
        assert exit.message == "A job cannot ask for input: cell 1 called input(). Pass the value as a parameter."

    def test_sys_exit_ends_well(self, runner: Runner, tmp_path: Path) -> None:
        launch = self.make(tmp_path, ["1", "import sys\nsys.exit()", SIDE])
        seen, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.completed
        assert seen.progress.done < 3
        assert not (launch.directory / "code" / "side.txt").exists()

    def test_errors_that_a_tag_allows(self, runner: Runner, tmp_path: Path) -> None:
        launch = self.make(tmp_path, ["1/0", "print('after')"])
        path = launch.directory / "input" / "notebook.ipynb"
        document = json.loads(path.read_text())
        document["cells"][0]["metadata"]["tags"] = ["raises-exception"]
        path.write_text(json.dumps(document))
        seen, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.completed
        assert seen.progress.done == 2
        assert stream(output_cells(launch)[1]) == "after\n"

    @pytest.mark.parametrize("markdown", [False, True])
    def test_notebooks_without_code(self, runner: Runner, tmp_path: Path, markdown: bool) -> None:
        text: dict[str, Any] = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "# Title"}
        launch = self.make(tmp_path, [text] if markdown else [])
        seen, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.completed
        assert (seen.progress.done, seen.progress.total) == (0, 0)
        assert output_cells(launch) == []

    def test_numbers_that_json_lacks(self, runner: Runner, tmp_path: Path) -> None:
        show = "from IPython.display import display\ndisplay({'application/json': {'x': float('nan')}}, raw=True)"
        launch = self.make(tmp_path, [show, "float('nan')"])
        content = (launch.directory / "input" / "notebook.ipynb").read_text()
        content = content.replace('"outputs": []', '"outputs": [{"output_type": "display_data", "metadata": {},'
                                  ' "data": {"application/json": {"y": NaN}}}]')  # fmt: skip
        (launch.directory / "input" / "notebook.ipynb").write_bytes(b"\xef\xbb\xbf" + content.encode())
        _, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.completed
        first, second = output_cells(launch)
        assert first["outputs"][0]["data"]["application/json"] in ({"x": None}, {"x": "nan"})
        assert "nan" in "".join(second["outputs"][0]["data"]["text/plain"])

    @pytest.mark.parametrize("name", ["trän 🚀 {x}.ipynb", "two\nlines.ipynb", "x" * 249 + ".ipynb"])
    def test_names_of_output_notebooks(self, runner: Runner, tmp_path: Path, name: str) -> None:
        launch = self.make(tmp_path, ["print('ok')"], name=name)
        _, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.completed
        assert stream(output_cells(launch, name)[0]) == "ok\n"

    def test_not_a_notebook(self, runner: Runner, tmp_path: Path) -> None:
        launch = self.make(tmp_path, [], notebook_bytes=b'{"nbformat": 4, "cells": 7}')
        _, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.start_failed
        assert "notebook cannot be read" in exit.message

    def test_kernel_that_does_not_exist(self, runner: Runner, tmp_path: Path) -> None:
        launch = self.make(tmp_path, ["1"], argv=["/nowhere/kernel", "{connection_file}"])
        _, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.start_failed
        assert "/nowhere/kernel" in exit.message

    def test_environment_is_clean(self, runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECRET_OF_THE_CONTROLLER", "s3cret")
        show = "import json, os\nprint(json.dumps([dict(os.environ), os.getcwd(), open('/proc/self/environ').read()]))"
        launch = self.make(tmp_path, [show], variables={"WANTED": "yes"}, spec_env={"OF_KERNEL": "1"})
        _, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.completed
        variables, directory, at_start = json.loads(stream(output_cells(launch)[0]))
        assert directory == f"{self.seen_directory(launch)}/code"
        assert "SECRET_OF_THE_CONTROLLER" not in variables
        assert "s3cret" not in at_start
        assert (variables["WANTED"], variables["OF_KERNEL"]) == ("yes", "1")
        assert variables["STUDIO_JOB_ID"] == launch.job_id
        assert f"STUDIO_JOB_ID={launch.job_id}" in at_start.split("\0")
        assert variables["SAGEMAKER_BASE_DIR"] == self.seen_directory(launch)
        assert variables["SM_MODEL_DIR"] == f"{self.seen_directory(launch)}/model"

    def test_package_list(self, runner: Runner, tmp_path: Path) -> None:
        launch = self.make(tmp_path, ["import time; time.sleep(0.5)"])
        self.run(runner, launch)
        listed = (launch.directory / "output" / "environment" / "packages.txt").read_text().splitlines()
        assert any(line.startswith("ipykernel==") for line in listed)

    def test_recording_is_offered(self, runner: Runner, tmp_path: Path) -> None:
        show = "import os\nprint(os.environ['MLFLOW_TRACKING_URI'], os.environ['MLFLOW_EXPERIMENT_ID'])"
        launch = self.make(tmp_path, [show], run_id="1" * 32)
        _, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.completed
        uri, experiment = stream(output_cells(launch)[0]).split()
        assert uri.startswith("http://127.0.0.1:")
        assert experiment == "1"

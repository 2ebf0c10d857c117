"""The machine's clock is set an hour ahead and an hour back while jobs run."""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.contract.jobs import ExitReason, JobDetail, JobStatus
from studio_ext.core.ids import new_id
from tests.faults.conftest import Drill, wait_for
from tests.faults.test_kills import LOG, metric, run_status

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

HOUR = 3600
LIMIT = 10.0
HERE = Path(__file__).parent
APPEND = "import os\nwith open(SIDE, 'a') as side:\n    side.write(os.environ['STUDIO_JOB_ID'] + '\\n')"
TELL = "import time\nprint('kernel', time.time())"


class ClockedDrill(Drill):
    """A drill whose controller, and all that it starts, lives under a clock that can be set."""

    def __init__(self, home: Path, folder: Path) -> None:
        super().__init__(home, folder)
        self.marks = folder.parent / "marks"
        self._offset = folder.parent / "offset"
        self.set_clock(0)
        self.library = folder.parent / "clock.so"
        command = ["cc", "-shared", "-fPIC", "-O1", f'-DOFFSET_FILE="{self._offset}"', HERE / "clock.c", "-ldl"]
        subprocess.run([*command, "-o", self.library], check=True)

    def set_clock(self, seconds: int) -> None:
        """Let the clock differ from the real time from now on."""
        with self._offset.open("r+b" if self._offset.exists() else "w+b") as file:
            file.write(struct.pack("l", seconds))

    def start(self) -> None:
        """Start the controller."""
        process = subprocess.Popen(
            [sys.executable, HERE / "clocked_controller.py", self.marks],
            env={**os.environ, "STUDIO_HOME": str(self.home), "STUDIO_CONTROLLER_NO_UPGRADE": "1",
                 "LD_PRELOAD": str(self.library)},
            stdin=subprocess.DEVNULL,
            stdout=self.workspace.controller_log.open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        self.controllers.append(process)
        wait_for(lambda: process.poll() is not None or self.serves(process), 30, "a controller serves", self.explain)

    def wait_housekeeping(self) -> None:
        """Wait until the house was kept twice more."""
        rounds = len(self.marks.read_text().splitlines()) if self.marks.exists() else 0
        kept = lambda: self.marks.exists() and len(self.marks.read_text().splitlines()) >= rounds + 2  # noqa: E731
        wait_for(kept, 30, "housekeeping", self.explain)


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[ClockedDrill]:
    (tmp_path / "notebooks").mkdir()
    drill = ClockedDrill(tmp_path / "home", tmp_path / "notebooks")
    (drill.home / "studio.toml").write_text("[controller]\nmax_running = 4\n")
    yield drill
    drill.close()


def recorded_seconds(drill: Drill, job: JobDetail) -> float:
    """How long MLflow says that the job's run took."""
    with sqlite3.connect(drill.home / "mlflow.db") as store:
        query = "SELECT start_time, end_time FROM runs WHERE run_uuid = ?"
        start, end = store.execute(query, (drill.client.job(job.id).trial.run_id,)).fetchone()
    return float(end - start) / 1000


def assert_times_are_right(drill: Drill, job: JobDetail, least: float, most: float) -> None:
    """Everything that tells how long a job took says the same."""
    assert job.started is not None and job.ended is not None
    assert least - 0.1 < job.ended - job.started < most
    (attempt,) = job.attempts
    assert attempt.ended == job.ended
    for step in job.transitions:
        assert step.ended is not None and 0 <= step.ended - step.started < most, job.transitions
    assert [step.started for step in job.transitions] == sorted(step.started for step in job.transitions)
    assert least - 0.1 < recorded_seconds(drill, job) < most + 30
    assert job.output_notebook is not None
    notebook = json.loads(Path(job.output_notebook).read_text())
    durations = [notebook["metadata"]["papermill"], *(cell["metadata"]["papermill"] for cell in notebook["cells"])]
    assert all(0 <= (each["duration"] or 0) < most for each in durations), durations


@pytest.mark.parametrize("change", [HOUR, -HOUR], ids=["ahead", "back"])
def test_the_clock_is_set_while_jobs_run(drill: ClockedDrill, runner_name: str, change: int) -> None:
    drill.start()
    long = {"resources": {"time_limit_seconds": HOUR / 2}, "runner": runner_name}
    short = {"resources": {"time_limit_seconds": LIMIT}, "runner": runner_name}
    deleted = drill.wait_recorded(drill.submit(drill.notebook(APPEND, name="deleted.ipynb"), runner=runner_name))
    goes_on = drill.submit(drill.notebook(APPEND, TELL, drill.gate("go"), TELL, LOG, name="goes-on.ipynb"), **long)
    drill.wait_cell(goes_on, 3)
    ends = drill.submit(drill.notebook(APPEND, "import time\ntime.sleep(600)", name="ends.ipynb"), **short)
    drill.wait_cell(ends, 2)
    began = time.monotonic()
    drill.client.delete(deleted.id)
    begun = drill.workspace.job(new_id(time.time()))  # a submission that is under way
    begun.mkdir()
    drill.wait_housekeeping()

    drill.set_clock(change)
    drill.wait_housekeeping()
    stopped = drill.wait_recorded(ends, 45)
    assert stopped.exit is not None and stopped.exit.reason is ExitReason.max_runtime, stopped.exit
    assert stopped.message == f"Ran longer than the time limit of {LIMIT:g} s, in cell 2."
    assert_times_are_right(drill, stopped, LIMIT, LIMIT + 35)
    assert drill.client.job(goes_on.id).status is JobStatus.InProgress, "its half hour is not over"

    after = drill.submit(drill.notebook(APPEND, TELL, LOG, name="after.ipynb"), **long)
    assert drill.wait_recorded(after).status is JobStatus.Completed
    drill.set_clock(0)
    drill.wait_housekeeping()
    drill.open_gate("go")
    passed = time.monotonic() - began
    completed = drill.wait_recorded(goes_on)
    assert (completed.status, run_status(drill, completed)) == (JobStatus.Completed, "FINISHED")
    assert metric(drill, completed) == [42.0], "logged once"
    assert_times_are_right(drill, completed, passed, passed + 60)
    log = (drill.attempt(after) / "log.txt").read_text()
    told = next(float(line.split()[1]) for line in log.splitlines() if line.startswith("kernel"))
    assert abs(told - (time.time() + change)) < 240, "the clock was set for the jobs, too"

    assert begun.is_dir(), "a submission that is under way was taken for an old one"
    assert drill.client.restore(deleted.id).id == deleted.id, "its five minutes are not over"
    assert Path(deleted.directory).is_dir()
    assert sorted(drill.lines()) == sorted(job.id for job in (deleted, goes_on, ends, after)), "nothing ran twice"
    assert "Traceback" not in drill.workspace.controller_log.read_text()

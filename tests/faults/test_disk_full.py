"""A disk that is full where it hurts: what was to be written is refused or says so, nothing else is harmed."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from studio_ext.contract.errors import Unavailable
from studio_ext.contract.jobs import ExitReason, JobDetail, JobStatus
from tests.faults.conftest import Drill, wait_for
from tests.faults.test_kills import LOG, metric, run_status

pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(240),
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root"),
]

MIB = 1 << 20
CHECKPOINT = (
    "import os\npath = os.path.join(os.environ['SAGEMAKER_BASE_DIR'], 'checkpoints', 'model.bin')\n"
    "with open(path, 'wb', buffering=0) as file:\n"
    "    for size in (1 << 20, 4096, 1):\n"
    "        try:\n            while True:\n                file.write(bytes(size))\n"
    "        except OSError:\n            if size == 1:\n                raise\n"
)
QUIETLY = f"try:\n    exec({CHECKPOINT!r})\nexcept OSError:\n    print('full')"


@contextmanager
def small_disk(place: Path, mebibytes: int) -> Iterator[Path]:
    """A disk of its own at ``place``."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=700", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    """A workspace that is all on one small disk; notebooks lie elsewhere."""
    with small_disk(tmp_path / "home", 48):
        (tmp_path / "notebooks").mkdir()
        drill = Drill(tmp_path / "home", tmp_path / "notebooks")
        yield drill
        drill.close()


def fill(folder: Path) -> Path:
    """Fill the disk of ``folder`` to its last byte; remove the file that is returned to make room."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (MIB, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast


def assert_sound(drill: Drill) -> None:
    """Both databases are."""
    for name in ("studio.db", "mlflow.db"):
        with sqlite3.connect(drill.home / name) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], name


def assert_works(drill: Drill, runner_name: str) -> None:
    """A job runs from end to end."""
    job = drill.wait_recorded(drill.submit(drill.notebook("print('fine')", LOG, name="fine.ipynb"), runner=runner_name))
    assert job.status is JobStatus.Completed, job.message
    assert (run_status(drill, job), metric(drill, job)) == ("FINISHED", [42.0])
    assert_sound(drill)


def assert_disk_full(job: JobDetail) -> None:
    assert job.status is JobStatus.Failed
    assert job.exit is not None
    assert job.exit.reason is ExitReason.disk_full, job.exit
    assert "disk" in job.message and "full" in job.message, job.message


def test_at_the_snapshot(drill: Drill, runner_name: str) -> None:
    drill.start_controller()
    assert_works(drill, runner_name)
    before = drill.client.jobs().total
    neighbour = drill.folder / "data.bin"
    neighbour.write_bytes(bytes(60 * MIB))
    with pytest.raises(Unavailable, match="No space left on device"):
        drill.submit(drill.notebook("1"), runner=runner_name)
    assert drill.client.jobs().total == before
    assert len(list(drill.workspace.jobs.iterdir())) == before, "half a job was left behind"
    assert_sound(drill)
    neighbour.unlink()
    assert_works(drill, runner_name)


def test_at_a_checkpoint(drill: Drill, runner_name: str) -> None:
    """The job says so while the disk is still full, though its row lies on the same disk."""
    drill.start_controller()
    assert_works(drill, runner_name)
    job = drill.submit(drill.notebook("print('begin')", CHECKPOINT), runner=runner_name)
    ended = drill.wait(job, 60)
    assert_disk_full(ended)
    assert ended.exit is not None and ended.exit.cell == 2
    assert shutil.disk_usage(drill.home).free < MIB, "it is still full"
    (Path(job.directory) / "checkpoints" / "model.bin").unlink()
    assert run_status(drill, drill.wait_recorded(job)) == "FAILED"
    assert_works(drill, runner_name)


def test_at_the_last_save_of_the_notebook(drill: Drill, runner_name: str) -> None:
    drill.start_controller()
    assert_works(drill, runner_name)
    job = drill.submit(drill.notebook(QUIETLY, "print('x' * 500_000)"), runner=runner_name)
    ended = drill.wait(job, 60)
    assert_disk_full(ended)
    assert "output notebook" in ended.message
    (Path(job.directory) / "checkpoints" / "model.bin").unlink()
    assert run_status(drill, drill.wait_recorded(job)) == "FAILED"
    assert_works(drill, runner_name)


def test_filled_by_somebody_else(drill: Drill, runner_name: str) -> None:
    drill.start_controller()
    assert_works(drill, runner_name)
    job = drill.submit(drill.notebook(drill.gate("go"), "print('x' * 500_000)"), runner=runner_name)
    drill.wait_cell(job, 1)
    ballast = fill(drill.home)
    try:
        with pytest.raises(Unavailable, match=r"No space left on device|disk is full"):
            drill.submit(drill.notebook("1", name="other.ipynb"), runner=runner_name)
        drill.open_gate("go")
        ended = drill.wait(job, 60)
        assert_disk_full(ended)
    finally:
        ballast.unlink()
    assert_works(drill, runner_name)


def test_while_a_job_waits(drill: Drill, runner_name: str) -> None:
    """It was accepted: it starts when there is room again, or says why not."""
    controller = drill.start_controller()
    assert_works(drill, runner_name)
    os.kill(controller.pid, signal.SIGSTOP)
    job = drill.submit(drill.notebook("print(1)"), runner=runner_name)
    ballast = fill(drill.home)
    os.kill(controller.pid, signal.SIGCONT)
    said = lambda: "disk" in drill.explain() or "disk" in drill.client.job(job.id).message  # noqa: E731
    wait_for(said, 30, "somebody says so", drill.explain)
    ballast.unlink()
    ended = drill.wait_recorded(job)
    assert ended.status is JobStatus.Completed or "disk" in ended.message, ended
    assert_works(drill, runner_name)


def test_a_controller_that_starts_on_a_full_disk(drill: Drill, runner_name: str) -> None:
    drill.start_controller()
    assert_works(drill, runner_name)
    drill.kill_controller()
    job = drill.submit(drill.notebook("print(1)"), runner=runner_name)
    ballast = fill(drill.home)
    process = drill.begin_controller()
    wait_for(lambda: process.poll() is not None or "disk is full" in drill.explain(), 30, "it says so", drill.explain)
    ballast.unlink()
    if process.poll() is not None:
        drill.start_controller()
    ended = drill.wait_recorded(job)
    assert ended.status is JobStatus.Completed or "disk" in ended.message, ended
    assert_works(drill, runner_name)


def test_at_the_commit(tmp_path: Path, runner_name: str) -> None:
    """The databases' disk is full, that of the job directories is not."""
    (tmp_path / "jobs").mkdir(mode=0o700)
    (tmp_path / "notebooks").mkdir()
    with small_disk(tmp_path / "home", 32):
        (tmp_path / "home" / "jobs").mkdir(mode=0o700)
        subprocess.run(["mount", "--bind", str(tmp_path / "jobs"), str(tmp_path / "home" / "jobs")], check=True)
        drill = Drill(tmp_path / "home", tmp_path / "notebooks")
        try:
            drill.start_controller()
            assert_works(drill, runner_name)
            running = drill.submit(drill.notebook(drill.gate("go"), "print('end')"), runner=runner_name)
            drill.wait_cell(running, 1)
            before = len(list(drill.workspace.jobs.iterdir()))
            ballast = fill(drill.home)
            committed = []
            with pytest.raises(Unavailable, match=r"disk is full|disk I/O error"):
                while True:  # a log file that is longer than what is in it takes some commits
                    committed.append(drill.submit(drill.notebook("1", name="other.ipynb"), runner=runner_name))
            assert len(list(drill.workspace.jobs.iterdir())) == before + len(committed), "half a job was left behind"
            drill.open_gate("go")
            wait_for((drill.attempt(running) / "exit.json").exists, 60, "the job ends", drill.explain)
            ballast.unlink()
            assert drill.wait(running, 60).status is JobStatus.Completed
            for job in committed:
                assert drill.wait(job, 60).status is JobStatus.Completed
            assert_works(drill, runner_name)
        finally:
            drill.close()
            subprocess.run(["umount", "-l", str(tmp_path / "home" / "jobs")], check=True)

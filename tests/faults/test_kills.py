"""kill -9 of everything, everywhere: no job lost, none run twice, the right final state soon after the restart."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from pathlib import Path

import pytest

from studio_ext.contract.jobs import ExitReason, JobDetail, JobStatus
from tests.faults.conftest import Drill, kill_all, wait_for

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

APPEND = "import os\nwith open(SIDE, 'a') as side:\n    side.write(os.environ['STUDIO_JOB_ID'] + '\\n')"
SLOW = "import time\ntime.sleep(1.5)"
LOG = "import mlflow\nmlflow.log_metric('answer', 42.0)"


def run_status(drill: Drill, job: JobDetail) -> str:
    """What MLflow says of the job's run, read from its own tables."""
    run_id = drill.client.job(job.id).trial.run_id
    with sqlite3.connect(drill.home / "mlflow.db") as store:
        (status,) = store.execute("SELECT status FROM runs WHERE run_uuid = ?", (run_id,)).fetchone()
    return str(status)


def metric(drill: Drill, job: JobDetail) -> list[float]:
    """All values of the metric that the notebook logs."""
    run_id = drill.client.job(job.id).trial.run_id
    with sqlite3.connect(drill.home / "mlflow.db") as store:
        rows = store.execute("SELECT value FROM metrics WHERE run_uuid = ? AND key = 'answer'", (run_id,)).fetchall()
    return [row[0] for row in rows]


def test_a_job_committed_while_no_controller_runs_is_run_by_the_next_one(drill: Drill) -> None:
    drill.start_controller()
    drill.kill_controller()
    job = drill.submit(drill.notebook(APPEND, LOG))
    drill.start_controller()
    assert drill.wait_recorded(job).status is JobStatus.Completed
    assert drill.lines() == [job.id]
    assert run_status(drill, job) == "FINISHED"
    assert metric(drill, job) == [42.0]


@pytest.mark.parametrize("point", ["after_fork", "after_claim", "after_first_cell", "before_exit_record"])
def test_controller_killed_while_the_job_is_at(drill: Drill, point: str) -> None:
    drill.start_controller(fault=f"{point}:1.5")
    job = drill.submit(drill.notebook(APPEND, LOG))
    reached = {
        "after_fork": lambda: drill.client.job(job.id).status is JobStatus.Starting,
        "after_claim": lambda: (drill.attempt(job) / "claim.json").exists(),
        "after_first_cell": lambda: bool(drill.lines()),
        "before_exit_record": lambda: (drill.attempt(job) / "result.json").exists(),
    }
    wait_for(reached[point], 30, point, drill.explain)
    drill.kill_controller()
    drill.start_controller()
    ended = drill.wait_recorded(job)
    assert ended.status is JobStatus.Completed, ended.message
    assert drill.lines() == [job.id]
    assert run_status(drill, job) == "FINISHED"
    assert metric(drill, job) == [42.0]
    assert drill.processes(job) == []


@pytest.mark.parametrize("point", ["after_fork", "after_claim", "after_first_cell", "before_exit_record"])
def test_worker_killed_at(drill: Drill, point: str) -> None:
    drill.start_controller(fault=f"{point}:kill")
    job = drill.submit(drill.notebook(APPEND, SLOW))
    if point == "after_fork":  # nothing was claimed: the launch is repeated, and dies again, until the fault is gone
        wait_for(lambda: drill.client.job(job.id).status is JobStatus.Starting, 30, "the job starts", drill.explain)
        drill.kill_controller()
        drill.start_controller()
    ended = drill.wait_recorded(job)
    if point in ("after_fork", "before_exit_record"):
        assert ended.status is JobStatus.Completed, ended.message
        assert drill.lines() == [job.id]
        assert run_status(drill, job) == "FINISHED"
    else:
        assert ended.status is JobStatus.Failed
        assert ended.exit is not None and ended.exit.reason is ExitReason.worker_lost
        who = "that looked after the job was killed" if point == "after_claim" else "that drove the notebook ended"
        assert who in ended.exit.message
        assert drill.lines() == ([] if point == "after_claim" else [job.id])
        assert run_status(drill, job) == "FAILED"
    assert drill.processes(job) == []


def test_controller_killed_before_the_tracking_run_is_closed(drill: Drill) -> None:
    drill.start_controller(fault="before_run_closed:kill")
    job = drill.submit(drill.notebook(APPEND, LOG))
    wait_for(lambda: drill.controllers[-1].poll() is not None, 40, "the controller dies", drill.explain)
    assert run_status(drill, job) == "RUNNING"
    drill.start_controller()
    assert drill.wait_recorded(job).status is JobStatus.Completed
    assert run_status(drill, job) == "FINISHED"
    assert metric(drill, job) == [42.0]
    assert drill.lines() == [job.id]


def test_controller_killed_before_the_run_is_noted_and_the_job_stopped_meanwhile(drill: Drill) -> None:
    drill.start_controller(fault="before_run_noted:kill")
    job = drill.submit(drill.notebook(APPEND))
    wait_for(lambda: drill.controllers[-1].poll() is not None, 40, "the controller dies", drill.explain)
    with sqlite3.connect(drill.home / "mlflow.db") as store:
        assert store.execute("SELECT status FROM runs").fetchall() == [("RUNNING",)]
    assert drill.client.job(job.id).trial.run_id is None
    drill.client.stop(job.id)
    drill.start_controller()
    assert drill.wait_recorded(job).status is JobStatus.Stopped
    assert run_status(drill, job) == "KILLED"
    with sqlite3.connect(drill.home / "mlflow.db") as store:
        assert store.execute("SELECT count(*) FROM runs").fetchone() == (1,)
    assert drill.lines() == []


def test_kernel_killed_under_the_executor(drill: Drill) -> None:
    drill.start_controller()
    pid_file = drill.folder.parent / "kernel.pid"
    cell = f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    job = drill.submit(drill.notebook(APPEND, cell))
    wait_for(lambda: pid_file.exists() and bool(pid_file.read_text()), 30, "the cell runs", drill.explain)
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    ended = drill.wait_recorded(job)
    assert ended.status is JobStatus.Failed
    assert ended.exit is not None and ended.exit.reason is ExitReason.kernel_died
    assert ended.exit.cell == 2
    assert run_status(drill, job) == "FAILED"
    assert drill.processes(job) == []


def test_everything_of_a_job_killed_at_once_while_no_controller_runs(drill: Drill) -> None:
    drill.start_controller()
    job = drill.submit(drill.notebook(APPEND, "import time\ntime.sleep(60)"))
    wait_for(lambda: bool(drill.lines()), 30, "the first cell runs", drill.explain)
    drill.kill_controller()
    kill_all(drill.processes(job))
    drill.start_controller()
    ended = drill.wait_recorded(job, 90)
    assert ended.status is JobStatus.Failed
    assert ended.exit is not None and ended.exit.reason is ExitReason.worker_lost
    assert run_status(drill, job) == "FAILED"


def test_another_boot_means_the_machine_restarted(drill: Drill) -> None:
    drill.start_controller()
    job = drill.submit(drill.notebook(APPEND, "import time\ntime.sleep(60)"))
    wait_for(lambda: bool(drill.lines()), 30, "the first cell runs", drill.explain)
    drill.kill_controller()
    kill_all(drill.processes(job))
    claim = drill.attempt(job) / "claim.json"
    text = claim.read_text()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert boot in text
    claim.write_text(text.replace(boot, "00000000-0000-0000-0000-000000000000"))
    drill.start_controller()
    ended = drill.wait_recorded(job, 90)
    assert ended.status is JobStatus.Failed
    assert ended.exit is not None and ended.exit.reason is ExitReason.host_restarted
    assert "restart" in ended.message.lower()


def test_ten_random_kills_lose_nothing_and_run_nothing_twice(drill: Drill) -> None:
    """Jobs queued and running; controllers, supervisors and kernels die at random moments."""
    rng = random.Random(20261120)
    drill.start_controller()
    notebook = drill.notebook(APPEND, "import time\ntime.sleep(0.4)", LOG)
    jobs = [drill.submit(notebook, name=f"drill-{number}") for number in range(8)]
    for _ in range(10):
        wait_until = rng.uniform(0.05, 1.2)
        done = len([job for job in jobs if drill.client.job(job.id).ended])
        deadline = wait_until
        try:
            wait_for(lambda: False, deadline, "a random moment")
        except AssertionError:
            pass
        victims = [job for job in jobs if drill.processes(job)]
        if victims and rng.random() < 0.5:
            pids = drill.processes(rng.choice(victims))
            if pids:
                kill_all([rng.choice(pids)])
        else:
            drill.kill_controller()
            drill.start_controller()
        if done == len(jobs):
            break
    lines = drill.lines()
    for job in jobs:
        ended = drill.wait_recorded(job, 60)
        assert lines.count(job.id) <= 1
        assert drill.lines().count(job.id) <= 1
        assert run_status(drill, job) == {"Completed": "FINISHED", "Failed": "FAILED"}[ended.status]
        if ended.status is JobStatus.Completed:
            assert drill.lines().count(job.id) == 1
            assert metric(drill, job) == [42.0]
        assert drill.processes(job) == []

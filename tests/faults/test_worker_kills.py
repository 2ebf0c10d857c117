"""Supervisors, executors and kernels that are killed, at named points and at random."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.adapters.process_runner import ProcessRunner
from studio_ext.contract.jobs import Exit, ExitReason
from studio_ext.ports.runner import AttemptState, Launch
from studio_ext.testing.jobs import make_job_directory
from studio_ext.testing.runner_suite import (
    GRANDCHILDREN,
    SIDE,
    SLEEP,
    end_all,
    output_cells,
    read_log,
    stream,
    wait_ended,
    wait_for,
    wait_running,
)
from studio_ext.worker import cgroups, processes, records

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessRunner]:
    runner = ProcessRunner(tmp_path_factory.mktemp("faults"))
    runner.warm(sys.prefix)
    assert runner.servers.wait_ready()
    yield runner
    runner.close()


@pytest.fixture(autouse=True)
def nothing_goes_on(runner: ProcessRunner, tmp_path: Path) -> Iterator[None]:
    """A test that fails leaves no job behind."""
    yield
    end_all(runner, tmp_path)


def lines(launch: Launch) -> int:
    side = launch.directory / "code" / "side.txt"
    return len(side.read_text().splitlines()) if side.exists() else 0


def claim_of(launch: Launch) -> dict[str, object]:
    files = records.AttemptFiles(launch.directory, launch.attempt)
    return wait_for(lambda: records.read(files.claim), pause=0.002)  # type: ignore[no-any-return]


def ended(runner: ProcessRunner, launch: Launch, patience: float = 60.0) -> Exit:
    exit = wait_ended(runner, launch, patience).exit
    assert exit is not None
    assert processes.marked(launch.job_id) == []
    return exit


@pytest.mark.parametrize("point", ["after_fork", "after_claim", "after_first_cell", "before_exit_record"])
def test_killed_at_a_named_point(
    runner: ProcessRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    launch = make_job_directory(tmp_path, [SIDE, "print('second')"])
    monkeypatch.setenv("STUDIO_FAULT_POINT", f"{point}:kill")
    runner.launch(launch)
    monkeypatch.delenv("STUDIO_FAULT_POINT")
    if point == "after_fork":
        wait_for(lambda: runner.observe(launch).state is AttemptState.absent)
        runner.launch(launch)  # what a controller does with an absent attempt
        assert ended(runner, launch).reason is ExitReason.completed
        assert lines(launch) == 1
        return
    exit = ended(runner, launch)
    wanted = {
        "after_claim": (ExitReason.worker_lost, 0),
        "after_first_cell": (ExitReason.worker_lost, 1),
        "before_exit_record": (ExitReason.completed, 1),
    }
    assert (exit.reason, lines(launch)) == wanted[point]
    runner.launch(launch)
    assert wait_ended(runner, launch).exit == exit
    assert lines(launch) == wanted[point][1]


def test_a_point_can_hold(runner: ProcessRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop that comes before the claim is not lost, and nothing of the user's runs."""
    launch = make_job_directory(tmp_path, [SIDE])
    monkeypatch.setenv("STUDIO_FAULT_POINT", "after_fork:0.5")
    runner.launch(launch)
    assert runner.observe(launch).state is AttemptState.starting
    runner.stop(launch)
    assert ended(runner, launch).reason is ExitReason.stopped
    assert lines(launch) == 0


def test_two_launches_at_once_are_one(runner: ProcessRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launch = make_job_directory(tmp_path, [SIDE])
    monkeypatch.setenv("STUDIO_FAULT_POINT", "after_fork:0.3")
    for _ in range(3):
        runner.launch(launch)
    assert ended(runner, launch).reason is ExitReason.completed
    wait_for(lambda: not processes.marked(launch.job_id))
    assert lines(launch) == 1
    assert len(list(launch.directory.glob("attempts/1/*"))) == 8  # each of them once


def test_supervisor_killed_with_grandchildren(runner: ProcessRunner, tmp_path: Path) -> None:
    launch = make_job_directory(tmp_path, [SIDE, GRANDCHILDREN, SLEEP])
    runner.launch(launch)
    seen = wait_running(runner, launch, "sleeping")
    assert seen.pid
    claim = claim_of(launch)
    os.kill(seen.pid, signal.SIGKILL)
    exit = ended(ProcessRunner(tmp_path / "other"), launch)
    assert (exit.reason, exit.cell) == (ExitReason.worker_lost, 3)
    assert "cell 3" in exit.message
    assert not Path(str(claim["runtime"])).exists()
    assert not any(Path(path).exists() for path in claim["cgroups"])  # type: ignore[attr-defined]


def test_supervisor_killed_while_no_one_looks(runner: ProcessRunner, tmp_path: Path) -> None:
    """The kernel does not outlive its supervisor, and the executor saves what there is."""
    launch = make_job_directory(tmp_path, ["print('kept')", SLEEP])
    runner.launch(launch)
    seen = wait_running(runner, launch, "sleeping")
    assert seen.pid
    os.kill(seen.pid, signal.SIGKILL)
    wait_for(lambda: not processes.marked(launch.job_id))
    assert stream(output_cells(launch)[0]) == "kept\n"
    assert ended(runner, launch).reason is ExitReason.worker_lost


def test_executor_killed(runner: ProcessRunner, tmp_path: Path) -> None:
    launch = make_job_directory(tmp_path, ["1", SLEEP])
    runner.launch(launch)
    seen = wait_running(runner, launch, "sleeping")
    workers = [pid for pid in processes.marked(launch.job_id) if b"worker-server" in _command(pid)]
    assert len(workers) == 1 and workers[0] != seen.pid
    os.kill(workers[0], signal.SIGKILL)
    exit = ended(runner, launch)
    assert (exit.reason, exit.cell) == (ExitReason.worker_lost, 2)
    assert "drove the notebook" in exit.message


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_kernel_killed_from_outside(runner: ProcessRunner, tmp_path: Path) -> None:
    launch = make_job_directory(tmp_path, ["import os\nprint('pid', os.getpid(), flush=True)", SLEEP])
    runner.launch(launch)
    wait_running(runner, launch, "sleeping")
    words = read_log(launch).split()
    os.kill(int(words[words.index("pid") + 1]), signal.SIGKILL)
    exit = ended(runner, launch)
    assert (exit.reason, exit.cell, exit.code) == (ExitReason.kernel_died, 2, 137)
    assert exit.message == "The kernel died in cell 2 (SIGKILL: killed from outside)."


def test_killed_at_random(runner: ProcessRunner, tmp_path: Path) -> None:
    """Ten supervisors, killed at ten moments: one line a job at most, and a final state soon."""
    chance = random.Random(7)
    for _ in range(10):
        launch = make_job_directory(tmp_path, [SIDE, "import time\ntime.sleep(0.05)", "print('end')"])
        runner.launch(launch)
        claim = claim_of(launch)
        pause = time.monotonic() + chance.uniform(0.0, 0.25)
        wait_for(lambda pause=pause: time.monotonic() > pause, pause=0.002)  # type: ignore[misc]
        if processes.is_running(int(str(claim["pid"])), int(str(claim["start_time"]))):
            os.kill(int(str(claim["pid"])), signal.SIGKILL)
        exit = ended(ProcessRunner(tmp_path / "other"), launch, patience=30.0)
        assert exit.reason in (ExitReason.worker_lost, ExitReason.completed)
        assert lines(launch) <= 1
        if exit.reason is ExitReason.completed:
            assert lines(launch) == 1


def test_restarted_machine(runner: ProcessRunner, tmp_path: Path) -> None:
    launch = make_job_directory(tmp_path, ["1"])
    files = records.AttemptFiles(launch.directory, 1)
    files.directory.mkdir(parents=True)
    # The pid of a claim of an earlier boot may well be somebody else's now.
    claim = {"attempt": 1, "pid": os.getpid(), "start_time": processes.start_time(os.getpid()), "boot_id": "earlier"}
    files.claim.write_bytes(records.encode(claim))
    exit = ended(runner, launch)
    assert exit.reason is ExitReason.host_restarted
    assert "restarted" in exit.message


def test_pid_that_was_given_to_another(runner: ProcessRunner, tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        launch = make_job_directory(tmp_path, ["1"])
        files = records.AttemptFiles(launch.directory, 1)
        files.directory.mkdir(parents=True)
        claim = {"attempt": 1, "pid": other.pid, "start_time": 1, "boot_id": processes.boot_id()}
        files.claim.write_bytes(records.encode(claim))
        runner.stop(launch, kill=True)
        assert ended(runner, launch).reason is ExitReason.stopped
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_claim_that_was_cut_off(runner: ProcessRunner, tmp_path: Path) -> None:
    """A supervisor died between making the claim and writing it: the attempt is over, not launched again."""
    launch = make_job_directory(tmp_path, [SIDE])
    files = records.AttemptFiles(launch.directory, 1)
    files.directory.mkdir(parents=True)
    files.claim.touch()
    runner.launch(launch)
    assert ended(runner, launch).reason is ExitReason.worker_lost
    assert lines(launch) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_full_disk(runner: ProcessRunner, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)], check=True)
    try:
        fill = "try:\n    with open('big', 'wb', buffering=0) as f:\n        while True: f.write(bytes(65536))\n"
        launch = make_job_directory(small, [fill + "except OSError: print('full')", "print('x' * 300_000)"])
        runner.launch(launch)
        exit = ended(runner, launch)
        assert exit.reason is ExitReason.disk_full
        assert "disk is full" in exit.message.lower()
        assert records.read(launch.directory / "attempts/1/exit.json")
        failing = make_job_directory(small, [fill.replace("try:\n    ", "").replace("    while", "while")])
        (launch.directory / "code" / "big").unlink()
        runner.launch(failing)
        exit = ended(runner, failing)
        assert (exit.reason, exit.cell) == (ExitReason.disk_full, 1)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


@pytest.mark.skipif(cgroups.find() is None, reason="no control group can be written here")
def test_nothing_is_left_in_control_groups(runner: ProcessRunner, tmp_path: Path) -> None:
    """A process that took the mark off itself and left the tree is still in the group."""
    hide = "import subprocess\nsubprocess.Popen(['env', '-i', 'setsid', 'sleep', '600'])\nprint('hidden', flush=True)"
    launch = make_job_directory(tmp_path, [hide, SLEEP])
    runner.launch(launch)
    seen = wait_running(runner, launch, "sleeping")
    groups = [Path(str(path)) for path in claim_of(launch)["cgroups"]]  # type: ignore[attr-defined]
    members = [(pid, processes.start_time(pid)) for pid in cgroups.members(groups)]
    assert len(members) == 2
    assert seen.pid
    os.kill(seen.pid, signal.SIGKILL)
    ended(runner, launch)
    assert not any(processes.is_running(pid, started) for pid, started in members)
    assert not any(group.exists() for group in groups)

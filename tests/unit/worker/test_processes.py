"""Processes by their facts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from studio_ext.testing.runner_suite import wait_for
from studio_ext.worker import processes

TREE = "import subprocess, sys, time\nsubprocess.Popen(['sleep', '60'])\nprint('up', flush=True)\ntime.sleep(60)"


def test_identity() -> None:
    pid = os.getpid()
    started = processes.start_time(pid)
    assert started and processes.is_running(pid, started)
    assert not processes.is_running(pid, started + 1)
    assert len(processes.boot_id()) == 36
    size, seconds, family = processes.usage(pid)
    assert family >= seconds
    assert size > 1024 * 1024
    assert seconds > 0
    assert 0 < processes.proportional_bytes(pid) <= size * 2


def test_zombies_do_not_run() -> None:
    child = subprocess.Popen(["true"])
    started = processes.start_time(child.pid)
    wait_for(lambda: not processes.is_running(child.pid, started))
    child.wait()
    assert processes.start_time(child.pid) is None
    assert processes.usage(child.pid) == (0, 0.0, 0.0)


def test_descendants() -> None:
    child = subprocess.Popen([sys.executable, "-c", TREE], stdout=subprocess.PIPE)
    try:
        assert child.stdout and child.stdout.readline() == b"up\n"
        below = processes.descendants(os.getpid())
        assert child.pid in below
        (sleeper,) = processes.descendants(child.pid)
        assert sleeper in below
    finally:
        processes.send([*processes.descendants(child.pid), child.pid, 2**22 + 1], signal.SIGKILL)
        child.wait()
        child.stdout.close()  # type: ignore[union-attr]


def test_marks_are_found_whole() -> None:
    job_id = "zz0000000001"
    env = {"PATH": os.environ["PATH"], "OTHER": f"x{processes.MARK}={job_id}", processes.MARK: job_id + "9"}
    other = subprocess.Popen(["sleep", "60"], env=env)
    marked = subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"], processes.MARK: job_id})
    try:
        for child in (other, marked):  # a process is there a moment before its environment
            wait_for(Path(f"/proc/{child.pid}/environ").read_bytes)
        assert processes.marked(job_id) == [marked.pid]
    finally:
        for child in (other, marked):
            child.kill()
            child.wait()


def test_a_forked_process_marks_itself() -> None:
    program = (
        "import os, sys\nsys.path.insert(0, sys.argv[1])\nfrom studio_ext.worker import processes\n"
        "before = len(open('/proc/self/environ', 'rb').read())\n"
        "processes.mark_self('short')\nprocesses.mark_self('abcdefghijkl')\n"
        "data = open('/proc/self/environ', 'rb').read()\nassert len(data) == before\n"
        "print([e.decode() for e in data.split(b'\\0') if e.startswith(b'STUDIO')])"
    )
    root = Path(processes.__file__).parents[2]
    env = {"A": "1", processes.MARK: processes.PLACEHOLDER, "Z": "2"}
    done = subprocess.run([sys.executable, "-c", program, str(root)], env=env, capture_output=True, text=True)
    assert done.stdout.strip() == "['STUDIO_JOB_ID=abcdefghijkl']", done.stderr

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from studio_ext.adapters import host


def test_we_live() -> None:
    started = host.start_time(os.getpid())
    assert started is not None
    assert host.lives(os.getpid(), started, host.boot_id())
    assert not host.lives(os.getpid(), started + 1, host.boot_id()), "the pid was given to another process"
    assert not host.lives(os.getpid(), started, "another boot")


def test_a_zombie_does_not_live() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = host.start_time(child.pid)
    assert started is not None
    assert child.stdin is not None
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert host.start_time(child.pid) is None
    child.wait()
    assert not host.lives(child.pid, started, host.boot_id())


def test_a_name_with_brackets_and_blanks() -> None:
    name = "/proc/self/comm"
    code = f"open({name!r}, 'w').write('a) R 1 (b'); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        started = host.start_time(child.pid)
        own = host.start_time(os.getpid())
        assert started is not None
        assert own is not None
        assert started >= own
        child.terminate()


def test_who_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert host.user_name()
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    assert host.user_name() == "4000000"

"""Measuring is beside the point of an attempt: whatever goes wrong with it, the job goes on."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from studio_ext.worker import records
from studio_ext.worker.clock import Clock
from studio_ext.worker.limits import Limits
from studio_ext.worker.resources import Sampler
from studio_ext.worker.supervisor import Supervisor


class Broken(Limits):
    """Limits that cannot be measured."""

    looks = 0

    def measure(self) -> None:
        self.looks += 1
        raise RuntimeError("no such figure")


def make(tmp_path: Path, limits: Limits) -> Supervisor:
    """A supervisor that has only what measuring needs."""
    (tmp_path / "attempts" / "1").mkdir(parents=True)
    supervisor = Supervisor.__new__(Supervisor)
    supervisor.limits = limits
    supervisor.sampler = Sampler(tmp_path / "attempts" / "1" / "resources.jsonl", limits, Clock(), 0.0)
    return supervisor


def test_a_fault_ends_the_measuring_and_nothing_else(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    limits = Broken("broken", None, None, "sampling")
    supervisor = make(tmp_path, limits)
    supervisor._measure(0.1, looked=False)
    assert limits.looks == 0, "it was not time"
    for _ in range(3):
        supervisor._measure(5.0, looked=False)
    supervisor._measure(6.0, looked=False, last=True)
    assert limits.looks == 1 and supervisor.sampler is None
    assert capfd.readouterr().out == "--- What the job uses is not measured any more: no such figure ---\n"


def test_processes_are_looked_at_once(tmp_path: Path) -> None:
    limits = Broken("broken", None, None, "sampling")
    supervisor = make(tmp_path, limits)
    limits.sample(os.getpid(), 0.0)
    supervisor._measure(5.0, looked=True)
    assert limits.looks == 0 and supervisor.sampler is not None
    assert len((tmp_path / "attempts" / "1" / "resources.jsonl").read_text().splitlines()) == 2


def test_gpus_are_those_that_the_job_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 0, 10, 1, 2, A\necho 1, 20, 1, 2, B\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    supervisor = make(tmp_path, Limits("gpus", None, None, "sampling"))
    supervisor.files = records.AttemptFiles(tmp_path, 1)
    supervisor.clock, supervisor.visible_gpus = Clock(), "1"
    supervisor._begin_measuring()
    assert supervisor.sampler is not None
    gpus, until = supervisor.sampler._gpus, time.monotonic() + 30
    while gpus is None or not gpus.latest():
        assert gpus is not None and time.monotonic() < until
        time.sleep(0.01)
    supervisor._measure(time.monotonic(), looked=True, last=True)
    last = json.loads((tmp_path / "attempts" / "1" / "resources.jsonl").read_text().splitlines()[-1])
    assert [each["index"] for each in last["gpus"]] == [1]

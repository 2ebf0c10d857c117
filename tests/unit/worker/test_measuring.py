"""Measuring is beside the point of an attempt: whatever goes wrong with it, the job goes on."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from studio_ext.worker.clock import Clock
from studio_ext.worker.limits import Limits
from studio_ext.worker.measuring import Measuring


class Broken(Limits):
    """Limits that cannot be measured once they are broken."""

    looks = 0
    broken = False

    def measure(self) -> None:
        self.looks += 1
        if self.broken:
            raise RuntimeError("no such figure")


def begun(path: Path, limits: Limits) -> Measuring:
    """A measuring that has taken its first sample."""
    measuring = Measuring(path, limits, Clock())
    measuring.begin()
    return measuring


def test_a_fault_ends_the_measuring_and_nothing_else(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    limits = Broken("broken", None, None, "sampling")
    measuring = begun(tmp_path / "resources.jsonl", limits)
    assert limits.looks == 1 and measuring.due is not None
    limits.broken = True
    measuring.look(measuring.due - 0.1, looked=False)
    assert limits.looks == 1, "it was not time"
    for _ in range(3):
        measuring.look(time.monotonic() + 5.0, looked=False)
    measuring.look(time.monotonic() + 6.0, looked=False, last=True)
    assert limits.looks == 2 and measuring.due is None
    assert capfd.readouterr().out == "--- What the job uses is not measured any more: no such figure ---\n"


def test_processes_are_looked_at_once(tmp_path: Path) -> None:
    limits = Broken("broken", None, None, "sampling")
    measuring = begun(tmp_path / "resources.jsonl", limits)
    limits.sample(os.getpid(), 0.0)
    measuring.look(time.monotonic() + 5.0, looked=True)
    assert limits.looks == 1 and measuring.due is not None
    assert len((tmp_path / "resources.jsonl").read_text().splitlines()) == 2


def test_gpus_are_those_that_the_job_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 0, 10, 1, 2, A\necho 1, 20, 1, 2, B\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    measuring = Measuring(tmp_path / "resources.jsonl", Limits("gpus", None, None, "sampling"), Clock())
    measuring.visible_gpus = "1"
    measuring.begin()
    assert measuring._sampler is not None
    gpus, until = measuring._sampler._gpus, time.monotonic() + 30
    while gpus is None or not gpus.latest():
        assert gpus is not None and time.monotonic() < until
        time.sleep(0.01)
    measuring.look(time.monotonic(), looked=True, last=True)
    last = json.loads((tmp_path / "resources.jsonl").read_text().splitlines()[-1])
    assert [each["index"] for each in last["gpus"]] == [1]

"""Time that does not jump."""

from __future__ import annotations

import time

import pytest

from studio_ext.worker.clock import Clock, steady


def test_setting_the_machines_clock_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    before, real = clock.now(), time.time()
    assert abs(before - real) < 1
    monkeypatch.setattr(time, "time", lambda: real + 3600)
    assert 0 <= clock.now() - before < 1
    other = Clock(clock.offset)
    assert 0 <= other.now() - before < 1
    assert Clock().now() - before > 3599, "a clock that is made later has the machine's new time"


def test_time_goes_on_without_the_boot_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    assert steady() <= steady()

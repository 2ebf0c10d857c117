"""Work that whoever asks for it does not wait for."""

from __future__ import annotations

import threading
import time

from studio_ext.controller.aside import Aside


def until_done(aside: Aside[int], name: str) -> None:
    deadline = time.monotonic() + 10
    while not aside.is_done(name, lambda: 0):
        assert time.monotonic() < deadline
        threading.Event().wait(0.002)


def test_it_is_done_once_and_then_known() -> None:
    aside: Aside[int] = Aside(60)
    gate, calls = threading.Event(), []

    def work() -> int:
        calls.append(1)
        gate.wait(10)
        return 5

    assert not aside.is_done("a", work) and not aside.is_done("a", work)
    assert aside.result("a") is None
    gate.set()
    until_done(aside, "a")
    assert aside.result("a") == 5 and len(calls) == 1
    aside.forget("a")
    assert aside.result("a") is None


def test_work_that_fails_is_done_without_a_result() -> None:
    aside: Aside[int] = Aside(60)
    aside.is_done("a", lambda: 1 // 0)
    until_done(aside, "a")
    assert aside.result("a") is None


def test_work_that_hangs_holds_up_nobody_for_ever() -> None:
    aside: Aside[int] = Aside(0.05)
    gate = threading.Event()
    try:
        for name in ("a", "b", "c"):
            aside.is_done(name, lambda: int(gate.wait(10)))
            until_done(aside, name)
            assert aside.result(name) is None
    finally:
        gate.set()

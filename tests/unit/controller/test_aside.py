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


def test_patience_begins_with_the_work() -> None:
    aside: Aside[int] = Aside(0.3, wait=60)
    gates = [threading.Event(), threading.Event()]
    try:
        for name, gate in zip("ab", gates, strict=True):
            assert not aside.is_done(name, lambda gate=gate: int(gate.wait(60)))  # type: ignore[misc]
        asked = time.monotonic()
        while aside.result("c") is None:  # its turn comes though both still hang, when they had all of its own patience
            aside.is_done("c", lambda: 3)
            assert time.monotonic() - asked < 30
            threading.Event().wait(0.002)
        until_done(aside, "c")
        assert not any(gate.is_set() for gate in gates)
    finally:
        for gate in gates:
            gate.set()


def test_who_gets_no_turn_is_not_waited_for_nor_begun_later() -> None:
    aside: Aside[int] = Aside(60, wait=0.05)
    gate, calls = threading.Event(), []
    try:
        for name in ("a", "b"):
            aside.is_done(name, lambda: int(gate.wait(10)))
        while not aside.is_done("c", lambda: calls.append(1) or 0):
            threading.Event().wait(0.002)
        assert aside.result("c") is None and not aside.is_done("a", lambda: 0)
        aside.forget("c")
    finally:
        gate.set()
    until_done(aside, "a")
    until_done(aside, "b")
    assert not aside.is_done("d", lambda: 4)
    until_done(aside, "d")
    assert aside.result("d") == 4 and calls == []


def test_a_queue_that_moves_is_waited_for() -> None:
    aside: Aside[int] = Aside(60, wait=3)
    names = [str(number) for number in range(10)]

    def work() -> int:
        threading.Event().wait(0.9)
        return 1

    begun, left = time.monotonic(), set(names)
    while left:
        left = {name for name in left if not aside.is_done(name, work)}
        threading.Event().wait(0.002)
    assert [aside.result(name) for name in names] == [1] * 10 and time.monotonic() - begun > 3

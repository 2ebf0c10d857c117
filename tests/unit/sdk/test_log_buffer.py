"""The buffer between the caller and the journal, with a sink that fails when told to."""

from __future__ import annotations

import json
import os
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from studio_ext.contract.errors import Unavailable
from studio_ext.sdk import log_buffer
from studio_ext.sdk.log_buffer import LogBuffer, bodies


class Sink:
    """Keeps what it takes; a disk that can be full."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.full = False
        self.synced = 0
        self.closed: tuple[str, str] | None = None
        self.behind_by = 0
        self.fails_to_close = False

    def behind(self) -> int:
        return self.behind_by

    def write(self, body: bytes) -> None:
        if self.full:
            raise Unavailable("No space.")
        self.taken.append(json.loads(body))

    def sync(self) -> None:
        self.synced += 1

    def applied(self) -> bool:
        return True

    def refused(self) -> list[str]:
        return []

    def close(self, status: str, message: str) -> None:
        if self.fails_to_close:
            raise Unavailable("Not now.")
        self.closed = (status, message)

    @property
    def values(self) -> list[float]:
        return [metric["value"] for body in self.taken for metric in body.get("metrics", [])]


def eventually(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def metric(number: int) -> tuple[str, float, int, int]:
    return ("loss", float(number), 1, number)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def buffer(sink: Sink) -> LogBuffer:
    return LogBuffer("r1", lambda: sink)


def test_what_is_added_is_written_without_anybody_asking(buffer: LogBuffer, sink: Sink) -> None:
    buffer.add(metric(1))
    eventually(lambda: sink.values == [1.0], "the thread writes")
    buffer.add(metric(2))  # after it had gone to rest
    eventually(lambda: sink.values == [1.0, 2.0], "the thread writes again")


def test_flush_writes_and_syncs(buffer: LogBuffer, sink: Sink) -> None:
    buffer.add(metric(1))
    buffer.flush()
    assert (sink.values, sink.synced) == ([1.0], 1)


def test_nothing_is_lost_or_reordered_while_the_disk_is_full(buffer: LogBuffer, sink: Sink) -> None:
    sink.full = True
    with warnings.catch_warnings(action="ignore"):
        for number in range(3):
            buffer.add(metric(number))
            with pytest.raises(Unavailable):
                buffer.flush()
        sink.full = False
        buffer.add(metric(3))
        buffer.flush()
    assert sink.values == [0.0, 1.0, 2.0, 3.0]


def test_memory_has_a_bound_and_the_caller_hears_of_a_full_disk(
    buffer: LogBuffer, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_buffer, "MAX_WAITING", 10)
    monkeypatch.setattr(log_buffer, "WRITE_SECONDS", 30)
    for number in range(25):
        buffer.add(metric(number))
    assert sink.values == [float(number) for number in range(22)]  # each time 11 waited
    sink.full = True
    with pytest.raises(Unavailable):
        for number in range(25, 40):
            buffer.add(metric(number))
    sink.full = False
    buffer.close()
    assert sink.values == [float(number) for number in range(len(sink.values))]


def test_threads_lose_nothing(buffer: LogBuffer, sink: Sink) -> None:
    def log(first: int) -> None:
        for number in range(first, first + 2000):
            buffer.add(metric(number))
            if number % 500 == 0:
                buffer.flush()

    threads = [threading.Thread(target=log, args=(first,)) for first in range(0, 32000, 2000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    buffer.close()
    assert sorted(sink.values) == [float(number) for number in range(32000)]


def test_close_writes_the_rest_says_how_it_ended_and_can_be_repeated(buffer: LogBuffer, sink: Sink) -> None:
    buffer.add(metric(1))
    buffer.close("FINISHED", "well")
    buffer.close("FAILED")
    assert (sink.values, sink.closed) == ([1.0], ("FINISHED", "well"))


def test_a_forked_child_does_not_write_what_its_parent_will(
    buffer: LogBuffer, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_buffer, "WRITE_SECONDS", 30)
    buffer.add(metric(1))
    child = os.fork()
    if child == 0:
        buffer.flush()
        os._exit(len(sink.values))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    buffer.flush()
    assert sink.values == [1.0]


def test_bodies_keep_to_mlflows_limits_and_the_order() -> None:
    entries: list[tuple[Any, ...]] = [("loss", float(n), 5, n) for n in range(2500)]
    entries[100:100] = [("params", f"p{n}", "v" * 6000) for n in range(150)]
    entries.append(("tags", 'ta"g', "ü\n"))
    parts = [json.loads(body) for body in bodies("r1", entries)]
    for part in parts:
        assert part["run_id"] == "r1"
        sizes = [len(part.get(name, [])) for name in ("metrics", "params", "tags")]
        assert sum(sizes) <= 1000
        assert max(sizes[1:]) <= 100
        assert len(json.dumps(part)) < 1_000_000
    assert [m["step"] for part in parts for m in part.get("metrics", [])] == list(range(2500))
    assert [p["key"] for part in parts for p in part.get("params", [])] == [f"p{n}" for n in range(150)]
    assert parts[-1]["tags"] == [{"key": 'ta"g', "value": "ü\n"}]


def test_values_that_json_lacks_are_spelt_as_mlflow_reads_them() -> None:
    entries = [("m", value, 1, 0) for value in (float("nan"), float("inf"), float("-inf"), 1e308, 0.1)]
    found = [m["value"] for m in json.loads(next(bodies("r", entries)))["metrics"]]
    assert found == ["NaN", "Infinity", "-Infinity", 1e308, 0.1]


def test_lag_counts_what_waits_and_what_was_written(
    buffer: LogBuffer, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_buffer, "WRITE_SECONDS", 30)
    sink.full = True
    for number in range(1500):
        buffer.add(metric(number))
    buffer.add(("params", '{"key":', '{"key":{"key":'))
    assert buffer.lag() == 1501
    with pytest.raises(Unavailable):
        buffer.flush()
    assert buffer.lag() == 1501
    sink.full = False
    buffer.flush()
    assert buffer.lag() == 0
    sink.behind_by = len(sink.taken)
    assert buffer.lag() == 1501
    sink.behind_by = 1
    assert buffer.lag() == 701  # the last body: 700 values and the parameter


def test_an_end_that_failed_can_be_tried_again(buffer: LogBuffer, sink: Sink) -> None:
    buffer.add(metric(1))
    sink.fails_to_close = True
    with pytest.raises(Unavailable):
        buffer.close("FINISHED")
    assert buffer.is_closed
    sink.fails_to_close = False
    buffer.close("FINISHED")
    buffer.close("FAILED")
    assert sink.closed == ("FINISHED", "")
    assert sink.values == [1.0]

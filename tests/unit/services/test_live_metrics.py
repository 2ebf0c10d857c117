"""Metrics come from journals while they grow: all of them, once, and thinned out only where there are too many."""

from __future__ import annotations

import json
import math
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Any

import pytest

from studio_ext.contract.errors import Unavailable
from studio_ext.contract.live import MetricHistory
from studio_ext.core.log_calls import LoggedValue
from studio_ext.services import live_metrics
from studio_ext.services.live_metrics import LiveMetrics, of_values

JOURNAL = PurePath("calls.jsonl")


def log(
    root: Path, name: str, values: list[Any], *, run: str = "r", journal: PurePath = JOURNAL, start: int = 0
) -> None:
    """Append values as MLflow's client and the relay would."""
    with (root / journal).open("ab") as file:
        for step, value in enumerate(values, start):
            body = json.dumps({"run_id": run, "key": name, "value": value, "timestamp": 1000 * step, "step": step})
            call = {"i": 1, "wb": True, "t": 1.0, "m": "POST", "p": "/api/2.0/mlflow/runs/log-metric", "b": body}
            file.write(json.dumps(call).encode() + b"\n")


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., MetricHistory]:
    live = LiveMetrics()

    def ask(cursor: str | None = None, **changes: Any) -> MetricHistory:
        arguments: dict[str, Any] = {"over": False, "max_points": 100, "cursor": cursor} | changes
        return live.read(arguments.pop("key", "k"), tmp_path, arguments.pop("journals", [JOURNAL]), **arguments)

    return ask


def test_nothing_was_logged(read: Callable[..., MetricHistory]) -> None:
    history = read()
    assert (history.series, history.whole, history.more, history.complete) == ([], True, False, False)
    assert read(over=True).complete


def test_series_grow(tmp_path: Path, read: Callable[..., MetricHistory]) -> None:
    log(tmp_path, "loss", [3.0, 2.0])
    first = read()
    (loss,) = first.series
    assert (loss.run_id, loss.name, loss.count, loss.last) == ("r", "loss", 2, 2.0)
    assert (loss.step, loss.time, loss.value) == ([0, 1], [0.0, 1.0], [3.0, 2.0])
    assert read(first.cursor).series == []
    log(tmp_path, "loss", [1.0], start=2)
    log(tmp_path, "accuracy", [0.5])
    later = read(first.cursor)
    assert not later.whole
    assert [(each.name, each.step, each.count) for each in later.series] == [("loss", [2], 3), ("accuracy", [0], 1)]
    assert [each.step for each in read().series] == [[0, 1, 2], [0]]


def test_a_cursor_that_nobody_knows_gives_everything(tmp_path: Path, read: Callable[..., MetricHistory]) -> None:
    log(tmp_path, "loss", [1.0])
    ours = read().cursor
    epoch = ours.partition(":")[0]
    for strange in ("", "x", "x:1", f"{epoch}:", f"{epoch}:-1", f"{epoch}:²", f"{epoch}:{'9' * 50}", "0" * 9000):
        history = read(strange)
        assert history.whole and len(history.series) == 1, strange
    LiveMetrics().read("k", tmp_path, [JOURNAL], over=False, max_points=9, cursor=ours)
    assert read(f"{epoch}:99").series == []


def test_values_that_are_not_finite(tmp_path: Path, read: Callable[..., MetricHistory]) -> None:
    log(tmp_path, "loss", [1.0, "NaN", "Infinity", 2.0, "-Infinity"])
    (loss,) = read().series
    assert loss.value == [1.0, None, None, 2.0, None] and loss.not_finite == 3 and loss.last is None
    assert "NaN" not in loss.model_dump_json()


def test_runs_are_told_apart(tmp_path: Path, read: Callable[..., MetricHistory]) -> None:
    log(tmp_path, "loss", [1.0], run="parent")
    log(tmp_path, "loss", [2.0], run="child")
    assert [(each.run_id, each.last) for each in read().series] == [("parent", 1.0), ("child", 2.0)]
    assert [each.last for each in read(run_id="child").series] == [2.0]


def test_later_attempts_are_added(tmp_path: Path, read: Callable[..., MetricHistory]) -> None:
    log(tmp_path, "loss", [1.0], journal=PurePath("1.jsonl"))
    first = read(journals=[PurePath("1.jsonl")])
    log(tmp_path, "loss", [2.0], journal=PurePath("2.jsonl"))
    later = read(first.cursor, journals=[PurePath("1.jsonl"), PurePath("2.jsonl")])
    assert [each.value for each in later.series] == [[2.0]]


def test_a_long_series_is_thinned_out(tmp_path: Path, read: Callable[..., MetricHistory]) -> None:
    values = [math.sin(each / 500) for each in range(20_000)]
    values[12_345] = 50.0
    log(tmp_path, "loss", values)
    history = read(max_points=200)
    while history.more:
        history = read(max_points=200)
    (loss,) = history.series
    assert loss.count == 20_000 and len(loss.step) <= 200
    assert max(each for each in loss.value if each is not None) == 50.0 and loss.step[-1] == 19_999
    assert len(read(max_points=1).series[0].step) <= 4


def test_a_long_journal_is_read_in_turns(
    tmp_path: Path, read: Callable[..., MetricHistory], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_metrics, "TURN_SECONDS", 0.0)
    log(tmp_path, "loss", [1.0] * 20_000)
    turns = [read(over=True)]
    while turns[-1].more:
        turns.append(read(turns[-1].cursor, over=True))
    assert len(turns) > 2
    assert [turn.complete for turn in turns] == [False] * (len(turns) - 1) + [True]
    assert read().series[0].count == 20_000


def test_too_many_metrics_are_said(
    tmp_path: Path, read: Callable[..., MetricHistory], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_metrics, "MAX_SERIES", 5)
    for number in range(8):
        log(tmp_path, f"m{number}", [1.0, 2.0])
    history = read()
    assert len(history.series) == 5 and history.left_out == 3


def test_the_past_is_taken_in_and_not_repeated(tmp_path: Path, read: Callable[..., MetricHistory]) -> None:
    log(tmp_path, "loss", [1.0, 2.0, 3.0])
    past = [LoggedValue("r", "loss", 1, 1.0, 2.0), LoggedValue("r", "loss", -1, -1.0, 9.0)]
    asked: list[int] = []

    def ask() -> list[LoggedValue]:
        asked.append(1)
        return past

    (loss,) = read(past=ask).series
    assert sorted(zip(loss.step, loss.value, strict=True)) == [(-1, 9.0), (0, 1.0), (1, 2.0), (2, 3.0)]
    log(tmp_path, "loss", [2.0], start=1)  # the same value once more: nobody can tell it from the one before
    assert read(past=ask).series[0].count == 5 and asked == [1]


def applied(root: Path, count: int) -> None:
    """Note that the store has the first values of the journal."""
    lines = (root / JOURNAL).read_bytes().splitlines(keepends=True)
    note = {"i": count, "pos": sum(map(len, lines[:count]))}
    (root / "replies.jsonl").write_text(json.dumps(note) + "\n")


def test_what_the_store_has_of_a_journal_comes_from_the_store(
    tmp_path: Path, read: Callable[..., MetricHistory]
) -> None:
    """Also values that are equal to nothing, and those that the store spells in another way."""
    log(tmp_path, "loss", ["NaN", "Infinity", 3.0, "NaN", 5.0])
    applied(tmp_path, 3)
    past = [
        LoggedValue("r", "loss", step, float(step), value)
        for step, value in enumerate([float("nan"), 1.797e308, 3.0, float("nan")])
    ]
    (loss,) = read(past=lambda: past).series
    assert (loss.step, loss.value) == ([0, 1, 2, 3, 4], [None, 1.797e308, 3.0, None, 5.0])


@pytest.mark.parametrize(
    "note",
    ["", "x", "[]", '{"pos": -5}', '{"pos": "a"}', '{"pos": 7}', '{"pos": 1e30}', '{"pos": 1e999}', "[" * 60_000],
)
def test_whatever_a_note_says_nothing_fails(tmp_path: Path, read: Callable[..., MetricHistory], note: str) -> None:
    log(tmp_path, "loss", [1.0, 2.0])
    (tmp_path / "replies.jsonl").write_text(note + "\n")
    assert [each.count for each in read(past=lambda: []).series] in ([], [1], [2])


def test_what_is_applied_while_the_past_is_read_counts_once(tmp_path: Path, read: Callable[..., MetricHistory]) -> None:
    now = time.time()
    log(tmp_path, "loss", [0.0, 1.0], start=int(now))

    def past() -> Iterator[LoggedValue]:
        for step in range(int(now), int(now) + 2):
            yield LoggedValue("r", "loss", step, float(step), step - int(now))
        log(tmp_path, "loss", [2.0, 3.0], start=int(now) + 2)
        yield LoggedValue("r", "loss", int(now) + 2, float(int(now) + 2), 2.0)

    (loss,) = read(past=past).series
    assert loss.value == [2.0, 0.0, 1.0, 3.0] and loss.count == 4


def test_a_store_that_goes_away_while_the_past_is_read(tmp_path: Path, read: Callable[..., MetricHistory]) -> None:
    log(tmp_path, "loss", [1.0, 2.0])
    applied(tmp_path, 2)

    def past() -> Iterator[LoggedValue]:
        yield LoggedValue("r", "loss", 0, 0.0, 1.0)
        raise Unavailable("away")

    assert [each.value for each in read(past=past).series] == [[1.0, 2.0]]


def test_a_long_past_takes_little_memory(tmp_path: Path, read: Callable[..., MetricHistory]) -> None:
    """A journal that goes on where a million values are in the store: they take 100 MB when they are kept."""
    log(tmp_path, "loss", [0.5] * 1000)
    applied(tmp_path, 1000)
    count = 200_000
    now = time.time()
    past = (LoggedValue("r", "loss", step, now + step, float(step % 1000)) for step in range(count))
    tracemalloc.start()
    try:
        (loss,) = read(past=lambda: past, max_points=500).series
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert loss.count == count and len(loss.step) <= 500 and loss.last == float((count - 1) % 1000)
    assert peak < live_metrics.DOUBTFUL * 350


def test_what_was_read_longest_ago_is_forgotten(tmp_path: Path) -> None:
    live = LiveMetrics(kept=2)
    log(tmp_path, "loss", [1.0])

    def ask(key: str, cursor: str | None = None) -> MetricHistory:
        return live.read(key, tmp_path, [JOURNAL], over=False, max_points=10, cursor=cursor)

    cursor = ask("a").cursor
    assert not ask("a", cursor).whole
    ask("b"), ask("c")
    assert ask("a", cursor).whole
    cursor = ask("a").cursor
    live.forget("a")
    assert ask("a", cursor).whole


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By points over all journals; the one that is asked for stays."""
    monkeypatch.setattr(live_metrics, "MAX_HELD", 150)
    monkeypatch.setattr(live_metrics, "MANY_SERIES", 2)
    monkeypatch.setattr(live_metrics, "FEW_POINTS", 16)
    live = LiveMetrics()
    for number in range(4):
        log(tmp_path, f"m{number}", [float(value) for value in range(50)])

    def ask(key: str, cursor: str | None = None) -> MetricHistory:
        return live.read(key, tmp_path, [JOURNAL], over=False, max_points=100, cursor=cursor)

    cursors = {key: ask(key).cursor for key in "abc"}
    assert [len(each.step) for each in ask("c").series][:2] == [50, 50]
    assert all(len(each.step) <= 16 + 3 and each.count == 50 for each in ask("c").series[2:])
    assert not ask("c", cursors["c"]).whole
    assert ask("a", cursors["a"]).whole


def test_many_ask_while_it_grows(tmp_path: Path) -> None:
    """Nothing is counted twice or lost, whoever asks."""
    live, done = LiveMetrics(), threading.Event()

    def ask() -> None:
        while not done.is_set():
            live.read("k", tmp_path, [JOURNAL], over=False, max_points=50)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for part in range(20):
        log(tmp_path, "loss", [float(part)] * 50, start=part * 50)
    done.set()
    for thread in threads:
        thread.join()
    (loss,) = live.read("k", tmp_path, [JOURNAL], over=True, max_points=50).series
    assert loss.count == 1000


def test_values_of_the_store() -> None:
    history = of_values([LoggedValue("r", "loss", step, float(step), 1.0) for step in range(1000)], 50)
    assert history.complete and history.whole and history.series[0].count == 1000 and len(history.series[0].step) <= 50


def test_a_million_values_are_read_in_bounded_turns(tmp_path: Path) -> None:
    metrics = [{"key": "loss", "value": 0.5, "timestamp": 1000, "step": step} for step in range(1000)]
    body = json.dumps({"run_id": "r", "metrics": metrics})
    call = {"i": 1, "wb": True, "t": 1.0, "m": "POST", "p": "/api/2.0/mlflow/runs/log-batch", "b": body}
    (tmp_path / JOURNAL).write_bytes((json.dumps(call).encode() + b"\n") * 100)
    live, turns = LiveMetrics(), 0
    history = live.read("k", tmp_path, [JOURNAL], over=True, max_points=500)
    while history.more:
        turns += 1
        history = live.read("k", tmp_path, [JOURNAL], over=True, max_points=500, cursor=history.cursor)
    started = time.monotonic()
    (loss,) = live.read("k", tmp_path, [JOURNAL], over=True, max_points=500).series
    assert loss.count == 100_000 and len(loss.step) <= 500
    assert time.monotonic() - started < 5

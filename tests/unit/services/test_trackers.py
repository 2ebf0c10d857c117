"""Journals of trackers: who is gone, who is only silent, and what their runs end with."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.leased_journals import LeasedJournals
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, Unavailable
from studio_ext.contract.records import LogCall, LoggedMetric, LoggedText, RunRecord
from studio_ext.services import trackers as service
from studio_ext.services.trackers import Trackers, has_journals

RUN = RunRecord(run_id="a" * 32, experiment_id="1", name="n", status="RUNNING", artifact_uri="/artifacts")


class Controller:
    """Counts how often somebody made sure that one runs."""

    asked = 0

    def ensure(self) -> None:
        self.asked += 1

    def running(self) -> bool:
        return True


@dataclass
class Applied:
    """The relay and the tracking port, as far as they are needed: what was applied, and how runs ended."""

    finished: list[str] = field(default_factory=list)
    ended: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    away: bool = False

    def pump(self, run_id: str, _home: Path, _attempt: int, _run: Any) -> int:
        if self.away:
            raise Unavailable("Away.")
        return 0

    def finish(self, run_id: str, home: Path, attempt: int, _run: Any) -> None:
        self.pump(run_id, home, attempt, _run)
        calls = home / "attempts" / str(attempt) / "calls.jsonl"
        self.finished.append(calls.read_text() if calls.exists() else "")

    def end_run(self, run_id: str, status: str, ended: float, tags: dict[str, str]) -> None:
        self.ended.append((run_id, status, tags))


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """A clock that moves when it is told to, in the controller's place."""
    clock = [1000.0]

    class Time:
        monotonic = staticmethod(lambda: clock[0])
        time = staticmethod(service.time.time)
        monotonic_ns = staticmethod(service.time.monotonic_ns)

    monkeypatch.setattr(service, "time", Time)
    yield clock


@pytest.fixture
def applied() -> Applied:
    return Applied()


@pytest.fixture
def trackers(tmp_path: Path, applied: Applied) -> Trackers:
    return Trackers(tmp_path / "trackers", applied, applied)  # type: ignore[arg-type]


@pytest.fixture
def journals(tmp_path: Path) -> LeasedJournals:
    return LeasedJournals(tmp_path / "trackers", Controller(), lease_seconds=60.0)


def call(number: int) -> LogCall:
    return LogCall(metrics=[LoggedMetric(key="loss", value=float(number), timestamp=1, step=number)])


def steps(text: str) -> list[int]:
    return [json.loads(json.loads(line)["b"])["metrics"][0].get("step", 0) for line in text.splitlines()]


def client() -> str:
    return secrets.token_hex(16)


def test_what_is_sent_twice_is_taken_once(journals: LeasedJournals, trackers: Trackers, applied: Applied) -> None:
    me = client()
    assert journals.open(RUN, me, ends=True).number == 0
    assert journals.append(RUN.run_id, me, 1, [call(1), call(2)]).number == 2
    assert journals.append(RUN.run_id, me, 1, [call(1), call(2)]).number == 2
    assert journals.append(RUN.run_id, me, 2, [call(2), call(3), call(4)]).number == 4
    with pytest.raises(Conflict, match="6 cannot follow call 4"):
        journals.append(RUN.run_id, me, 6, [call(6)])
    assert journals.open(RUN, me, ends=True).number == 4  # asked again, after an answer that was lost
    state = journals.state(RUN.run_id, me)
    assert (state.number, state.applied, state.lease_seconds) == (4, 0, 60.0)
    assert state.waiting_bytes > 0
    journals.close(RUN.run_id, me, "FINISHED", "well", 5.0)
    with pytest.raises(NotFound):
        journals.close(RUN.run_id, me, "FINISHED", "well", 5.0)
    with pytest.raises(NotFound):
        journals.append(RUN.run_id, me, 5, [call(5)])
    assert trackers.turn()
    assert steps(applied.finished[0]) == [1, 2, 3, 4]
    assert applied.ended == [(RUN.run_id, "FINISHED", {service.MESSAGE_TAG: "well"})]
    with pytest.raises(NotFound):
        journals.state(RUN.run_id, me)
    assert not has_journals(trackers.folder)


def test_what_is_written_is_what_mlflow_takes(journals: LeasedJournals, tmp_path: Path) -> None:
    me = client()
    journals.open(RUN, me, ends=False)
    metrics = [
        LoggedMetric(key="m", value=float(text), timestamp=3, step=0) for text in ("nan", "inf", "-inf", "1e308")
    ]
    everything = LogCall(
        metrics=metrics, params=[LoggedText(key="p", value="é<b>")], tags=[LoggedText(key="t", value="")]
    )
    journals.append(RUN.run_id, me, 1, [everything, LogCall()])
    lines = (tmp_path / "trackers" / RUN.run_id / "attempts" / "1" / "calls.jsonl").read_text().splitlines()
    first, second = (json.loads(json.loads(line)["b"].encode("latin1")) for line in lines)
    assert first["run_id"] == RUN.run_id
    assert [each["value"] for each in first["metrics"]] == ["NaN", "Infinity", "-Infinity", 1e308]
    assert first["params"] == [{"key": "p", "value": "é<b>"}]
    assert second == {"run_id": RUN.run_id}
    assert [json.loads(line)["i"] for line in lines] == [1, 2]


def test_clients_have_journals_of_their_own(journals: LeasedJournals, trackers: Trackers, applied: Applied) -> None:
    clients = [client() for _ in range(3)]
    for number, each in enumerate(clients):
        journals.open(RUN, each, ends=False)
        journals.append(RUN.run_id, each, 1, [call(number)])
    assert [journals.state(RUN.run_id, each).number for each in clients] == [1, 1, 1]
    for each in clients:
        journals.close(RUN.run_id, each, "", "", 0.0)
    trackers.turn()
    assert sorted(steps("".join(applied.finished))) == [0, 1, 2]
    assert applied.ended == []  # the run is not theirs to end


def test_who_is_silent_for_the_whole_lease_is_gone(
    journals: LeasedJournals, trackers: Trackers, applied: Applied, now: list[float]
) -> None:
    me, other = client(), client()
    journals.open(RUN, me, ends=True)
    journals.open(RUN, other, ends=False)
    journals.append(RUN.run_id, me, 1, [call(1)])
    for _ in range(5):
        now[0] += 50.0
        trackers.turn()
        journals.append(RUN.run_id, me, 2, [])  # a sign of life
        journals.append(RUN.run_id, other, 1, [])
    assert applied.ended == []
    trackers.turn()
    now[0] += 59.0
    trackers.turn()
    assert applied.finished == []
    now[0] += 2.0
    trackers.turn()
    assert [(status, tags[service.MESSAGE_TAG]) for _, status, tags in applied.ended] == [
        ("FAILED", "Who recorded this over HTTP was not heard of for 60 s.")
    ]
    assert len(applied.finished) == 2
    with pytest.raises(NotFound):
        journals.append(RUN.run_id, me, 2, [call(2)])
    assert journals.open(RUN, client(), ends=True).number == 0  # it goes on in another


def test_a_clock_that_is_set_ends_no_lease(
    journals: LeasedJournals, trackers: Trackers, applied: Applied, now: list[float], tmp_path: Path
) -> None:
    me = client()
    journals.open(RUN, me, ends=True)
    trackers.turn()
    lease = tmp_path / "trackers" / RUN.run_id / "attempts" / "1" / "lease.json"
    for moment in (0.0, 4e9, 1e9):  # as the machine's clock has it
        now[0] += 30.0
        os.utime(lease, (moment, moment))
        trackers.turn()
    assert applied.finished == []
    assert lease.exists()


def test_a_request_that_is_under_way_is_a_sign_of_life(
    journals: LeasedJournals, trackers: Trackers, applied: Applied, now: list[float], tmp_path: Path
) -> None:
    journals.open(RUN, client(), ends=True)
    trackers.turn()
    now[0] += 100.0
    attempt = tmp_path / "trackers" / RUN.run_id / "attempts" / "1"
    with (attempt / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        trackers.turn()
        assert (attempt / "lease.json").exists()
    trackers.turn()
    assert not has_journals(tmp_path / "trackers")


def test_while_the_store_is_away_nothing_is_cleared(
    journals: LeasedJournals, trackers: Trackers, applied: Applied, now: list[float]
) -> None:
    me = client()
    journals.open(RUN, me, ends=True)
    journals.append(RUN.run_id, me, 1, [call(1)])
    trackers.turn()
    applied.away = True
    now[0] += 100.0
    with pytest.raises(Unavailable):
        trackers.turn()
    applied.away = False
    trackers.turn()
    assert steps(applied.finished[0]) == [1]
    assert applied.ended[0][1] == "FAILED"


@pytest.mark.parametrize("wrong", ["", "x", "A" * 32, "../" * 10 + "aa", "a" * 31, "a" * 33, "\0" * 32])
def test_ids_that_are_none(journals: LeasedJournals, tmp_path: Path, wrong: str) -> None:
    with pytest.raises(InvalidRequest):
        journals.open(RUN, wrong, ends=True)
    with pytest.raises(NotFound):
        journals.append(wrong, client(), 1, [call(1)])
    assert not (tmp_path / "trackers").exists()


def test_half_a_line_that_a_full_disk_left_is_cut_off(journals: LeasedJournals, tmp_path: Path) -> None:
    me = client()
    journals.open(RUN, me, ends=True)
    journals.append(RUN.run_id, me, 1, [call(1)])
    calls = tmp_path / "trackers" / RUN.run_id / "attempts" / "1" / "calls.jsonl"
    with calls.open("ab") as file:
        file.write(b'{"i": 2, "half')
    assert journals.state(RUN.run_id, me).number == 1
    assert journals.append(RUN.run_id, me, 2, [call(2)]).number == 2
    assert steps(calls.read_text()) == [1, 2]

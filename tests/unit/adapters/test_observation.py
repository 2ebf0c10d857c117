"""What is said of an attempt whose records the user's code has written over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_ext.adapters.attempts.evidence import Sightings
from studio_ext.adapters.attempts.progress import ProgressReader
from studio_ext.adapters.process_runner import observation
from studio_ext.contract.jobs import ExitReason
from studio_ext.ports.runner import AttemptState, Launch, Observation
from studio_ext.worker import processes, records
from studio_ext.worker.clock import Clock
from studio_ext.worker.exit_record import complete
from studio_ext.worker.verdict import Facts, judge

SPOILT = "The job's own record of its end cannot be read; something in the job wrote over it."
PID = 4_000_000  # nobody's
GOOD = {
    "claim": {
        "attempt": 1, "pid": PID, "start_time": 5, "boot_id": processes.boot_id(), "token": "t",
        "claimed": 1.7e9, "runtime": "/tmp/studio-gone", "cgroups": [],
    },
    "exit": {
        "code": 0, "reason": "Completed", "message": "", "cell": None, "cell_source": None, "traceback": None,
        "cpu_seconds": 1.5, "peak_memory_bytes": 1, "ended": 1.7e9, "attempt": 1,
    },
    "result": {
        "code": 1, "reason": "CellFailed", "message": "m", "cell": 2, "cell_source": "x", "traceback": "t",
        "cpu_seconds": 0.5, "peak_memory_bytes": None, "ended": 1.7e9, "attempt": 1,
    },
}  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["\ud800", "-1", 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(autouse=True)
def _no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "marked", lambda _job: [])


def look(directory: Path, **files: Any) -> Observation:
    """Observe an attempt with these records; texts are written as they are."""
    attempt = records.AttemptFiles(directory, 1)
    attempt.directory.mkdir(parents=True, exist_ok=True)
    for name, record in files.items():
        text = record if isinstance(record, str) else json.dumps(record)
        (attempt.directory / f"{name}.json").write_text(text)
    return observation.observe(Launch("j" * 12, 1, directory, "", "", "x"), ProgressReader(), LongSeen(), False)


class LongSeen(Sightings):
    """Whoever wrote a record has had the time to finish."""

    def seconds(self, what: str) -> float:
        return 10.0


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(GOOD)), data=st.data())
def test_no_value_keeps_a_job_from_ending(name: str, data: st.DataObject) -> None:
    record = dict(GOOD[name])
    record[data.draw(st.sampled_from(sorted(record)))] = data.draw(ANYTHING)
    others = {} if name == "result" else {"result": GOOD["result"]}
    with tempfile.TemporaryDirectory() as directory:
        seen = look(Path(directory), **({"claim": GOOD["claim"]} | others | {name: record}))
        assert seen.state is AttemptState.ended and seen.exit
        json.dumps(seen.exit.model_dump(mode="json"), allow_nan=False, ensure_ascii=False).encode()
        assert seen.ended is not None and 0 < seen.ended < 1e11
        assert seen.exit.reason is not ExitReason.internal or seen.exit.message in (SPOILT, record.get("message"))
        again = look(Path(directory))
        assert again.exit == seen.exit, "what was said once stays"


@settings(max_examples=150, deadline=None)
@given(
    event=st.sampled_from(["start", "cell", "done", "kernel"]),
    values=st.dictionaries(st.sampled_from(["t", "index", "label", "total", "pid"]), ANYTHING),
)
def test_no_event_does_either(event: str, values: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "attempts/1/progress.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"event": event} | values) + "\n")
        seen = look(Path(directory), claim=GOOD["claim"])
        assert seen.exit and seen.exit.reason is ExitReason.worker_lost
        json.dumps(seen.progress.model_dump(mode="json"), allow_nan=False, ensure_ascii=False).encode()
        assert seen.started is None or 0 < seen.started < 1e11


@settings(max_examples=150, deadline=None)
@given(key=st.sampled_from(sorted(GOOD["result"])), value=ANYTHING)
def test_the_supervisor_makes_a_record_that_can_be_read_of_any_result(key: str, value: Any) -> None:
    with tempfile.TemporaryDirectory() as directory:
        files = records.AttemptFiles(Path(directory), 1)
        files.directory.mkdir(parents=True)
        files.result.write_text(json.dumps(GOOD["result"] | {key: value}))
        facts = Facts(kernel_status=9, kernel_answered=True)
        complete(facts, files)
        files.finish(files.exit, judge(facts) | {"ended": time.time()})
        seen = look(Path(directory), claim=GOOD["claim"])
        assert seen.exit
        if key not in ("reason", "message"):
            assert seen.exit.reason in (ExitReason.cell_failed, ExitReason.kernel_died)


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("claim", GOOD["claim"] | {"pid": "many"}),
        ("claim", GOOD["claim"] | {"pid": -1}),
        ("claim", GOOD["claim"] | {"runtime": "/home"}),
        ("claim", GOOD["claim"] | {"cgroups": ["/tmp/studio-a/../../home"]}),
        ("claim", "not json"),
        ("exit", GOOD["exit"] | {"ended": "soon"}),
        ("exit", GOOD["exit"] | {"reason": "Bored"}),
        ("exit", "[" * 100_000),
        ("exit", "{}"),
    ],
)
def test_the_sentence_says_what_has_happened(tmp_path: Path, name: str, record: Any) -> None:
    seen = look(tmp_path, **({"claim": GOOD["claim"], "result": GOOD["result"]} | {name: record}))
    assert seen.exit and (seen.exit.reason, seen.exit.message) == (ExitReason.internal, SPOILT)


def test_good_records_are_believed(tmp_path: Path) -> None:
    seen = look(tmp_path, claim=GOOD["claim"], exit=GOOD["exit"])
    assert seen.exit and (seen.exit.reason, seen.exit.cpu_seconds, seen.ended) == (ExitReason.completed, 1.5, 1.7e9)
    assert seen.pid == PID


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that carries the job's mark."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], env=os.environ | {processes.MARK: "j" * 12}
    )
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("name", ["claim", "exit"])
def test_what_is_left_of_the_job_is_killed(
    tmp_path: Path, name: str, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [[sleeper.pid]]
    monkeypatch.setattr(processes, "marked", lambda _job: left.pop() if left else [])
    seen = look(tmp_path, **({"claim": GOOD["claim"]} | {name: {"pid": "x"}}))
    assert seen.exit and seen.exit.message == SPOILT
    assert sleeper.wait(10) == -9


def test_nonsense_is_put_right_by_a_supervisor_that_lives(tmp_path: Path) -> None:
    own = {"pid": os.getpid(), "start_time": processes.start_time(os.getpid())}
    seen = look(tmp_path, claim=GOOD["claim"] | own, exit=GOOD["exit"] | {"ended": []})
    assert seen.state is AttemptState.starting and seen.exit is None


@pytest.mark.parametrize("claim", ["", json.dumps(GOOD["claim"])[:20]])
def test_a_claim_that_a_full_disk_refused(tmp_path: Path, claim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observation, "_ROOM_BYTES", 1 << 60)
    seen = look(tmp_path, claim=claim)
    assert seen.exit and (seen.exit.reason, "disk was full" in seen.exit.message) == (ExitReason.disk_full, True)


def test_the_end_that_nobody_wrote_down_has_the_time_of_the_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, real = Clock(), time.time()
    monkeypatch.setattr(time, "time", lambda: real + 3600)
    seen = look(tmp_path, claim=GOOD["claim"] | {"clock": clock.offset})
    assert seen.exit and seen.exit.reason is ExitReason.worker_lost
    assert seen.ended is not None and abs(seen.ended - real) < 60


@pytest.mark.parametrize("half", ["", json.dumps(GOOD["claim"])[:20]])
@pytest.mark.parametrize("off", [-3600, 0, 3600])
def test_a_claim_that_is_being_written_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off: int, half: str
) -> None:
    """But not for long, and whatever the time of the file is: it can come from another clock."""
    claim = records.AttemptFiles(tmp_path, 1).claim
    claim.parent.mkdir(parents=True)
    claim.write_text(half)
    os.utime(claim, (time.time() + off, time.time() + off))
    launch, reader, sightings = Launch("j" * 12, 1, tmp_path, "", "", "x"), ProgressReader(), Sightings()
    clock = {"now": 0.0}
    monkeypatch.setattr(time, "monotonic", lambda: clock["now"])
    for clock["now"], state in ((5.0, AttemptState.starting), (5.9, AttemptState.starting), (6.1, AttemptState.ended)):
        assert observation.observe(launch, reader, sightings, False).state is state

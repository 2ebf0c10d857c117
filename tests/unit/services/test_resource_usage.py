"""The samples of a job are read as they come; what else lies in the file is passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio_ext.contract.jobs import Exit, ExitReason, JobDetail, JobStatus, Resources, SubmitRequest
from studio_ext.services import resource_usage
from studio_ext.services.resource_usage import Resources as Service
from studio_ext.testing.fake_client import FakeClient


@pytest.fixture
def job(tmp_path: Path) -> JobDetail:
    made = FakeClient().submit(SubmitRequest(notebook="a.ipynb", resources=Resources(cpus=2, memory_bytes=2**30)))
    (tmp_path / "attempts" / "1").mkdir(parents=True)
    return made.model_copy(update={"directory": str(tmp_path), "status": JobStatus.InProgress})


def write(job: JobDetail, *lines: Any, attempt: int = 1) -> None:
    path = Path(job.directory) / "attempts" / str(attempt) / "resources.jsonl"
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as file:
        for line in lines:
            file.write((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n")


def sample(t: float, **more: Any) -> dict[str, Any]:
    return {"t": t, "cpus": 0.5, "cpu_seconds": t / 2, "memory": 1000, "processes": 2, "read": 1, "written": 2} | more


MACHINE = {"machine": {"cpus": 8, "memory": 2**34}, "measured": "cgroup v2"}


def test_nothing_yet(job: JobDetail) -> None:
    usage = Service().read(job, max_points=10)
    assert usage.count == 0 and usage.time == [] and usage.peak_memory_bytes is None and not usage.complete
    assert (usage.cpus_limit, usage.memory_limit_bytes) == (2, 2**30)


def test_samples_grow(job: JobDetail) -> None:
    service = Service()
    write(job, MACHINE, sample(1), sample(2, memory=3000, cpus=1.5))
    usage = service.read(job, max_points=10)
    assert (usage.time, usage.cpus, usage.memory_bytes) == ([1, 2], [0.5, 1.5], [1000, 3000])
    assert (usage.machine_cpus, usage.machine_memory_bytes, usage.measured_by) == (8, 2**34, "cgroup v2")
    assert (usage.peak_memory_bytes, usage.cpu_seconds, usage.read_bytes) == (3000, 1.0, [1, 1])
    write(job, sample(3, read=None), sample(4, memory=0, processes=0, last=True, peak_memory=9000))
    later = service.read(job, max_points=10, cursor=usage.cursor)
    assert not later.whole and later.time == [3] and later.read_bytes == [None]
    assert later.peak_memory_bytes == 9000 and later.cpu_seconds == 2.0
    assert service.read(job, max_points=10, cursor="x:9").whole
    assert service.read(job, max_points=10, cursor=later.cursor).time == []


def test_a_job_that_is_over(job: JobDetail) -> None:
    write(job, MACHINE, sample(1))
    exit = Exit(reason=ExitReason.completed, cpu_seconds=7.0, peak_memory_bytes=5000)
    usage = Service().read(job.model_copy(update={"status": JobStatus.Completed, "exit": exit}), max_points=10)
    assert usage.complete and usage.cpu_seconds == 7.0 and usage.peak_memory_bytes == 5000


def test_the_last_line_is_a_sample_where_there_is_no_other(job: JobDetail) -> None:
    write(job, MACHINE, sample(1, processes=0, last=True, peak_memory=10))
    assert Service().read(job, max_points=10).count == 1


def test_a_later_attempt_starts_anew(job: JobDetail) -> None:
    service = Service()
    write(job, sample(1), sample(2))
    first = service.read(job, max_points=10)
    write(job, sample(3), attempt=2)
    usage = service.read(job.model_copy(update={"attempt": 2}), max_points=10, cursor=first.cursor)
    assert usage.whole and usage.time == [3]


def test_gpus(job: JobDetail) -> None:
    card = {"index": 1, "name": "Card", "utilization": 50, "memory": 10, "memory_total": 100}
    write(job, sample(1), sample(2, gpus=[card, {"index": "x"}, 7]), sample(3, gpus=[{"index": 1}]))
    (gpu,) = Service().read(job, max_points=10).gpus
    assert (gpu.index, gpu.name, gpu.memory_total_bytes) == (1, "Card", 100)
    assert (gpu.utilization, gpu.memory_bytes) == ([None, 50, None], [None, 10, None])


def test_what_makes_no_sense_is_passed_over(job: JobDetail) -> None:
    rubbish: list[Any] = [
        b"", b"\xff", b"[" * 50_000, [], 7, {"machine": 5}, {"t": "x"}, sample(1, cpus="1"), sample(1, memory=-1),
        sample(1, memory=True), sample(1, cpus=1e300), sample(1, memory=2**80), b'{"t": NaN, "cpus": 1, "memory": 1}',
        b'{"t": 1, "cpus": Infinity, "memory": 1}',
    ]  # fmt: skip
    write(job, *rubbish, sample(5, gpus="many", processes="two", read="all"))
    usage = Service().read(job, max_points=10)
    assert usage.time == [5] and usage.processes == [0] and usage.read_bytes == [None]


def test_many_samples_are_thinned_out(job: JobDetail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_usage, "MAX_SAMPLES", 1000)
    write(job, *(sample(t, memory=9999 if t == 777 else 100, cpus=8 if t == 333 else 1) for t in range(1, 5001)))
    service = Service()
    for most in (4, 5, 50, 400, 10_000):
        usage = service.read(job, max_points=most)
        assert usage.count == 5000 and len(usage.time) <= max(most, 4)
        assert usage.time == sorted(usage.time) and usage.time[-1] == 5000
        assert max(usage.memory_bytes) == 9999
    assert max(usage.cpus) == 8 and len(usage.time) <= 1000
    assert len(service._attempts[job.id, 1].samples) <= 1000


def test_old_attempts_are_forgotten(job: JobDetail) -> None:
    service = Service(kept=1)
    write(job, sample(1))
    cursor = service.read(job, max_points=10).cursor
    service.read(job.model_copy(update={"attempt": 2}), max_points=10)
    assert service.read(job, max_points=10, cursor=cursor).whole

"""What jobs use while they run, read from ``resources.jsonl`` of their attempts."""

from __future__ import annotations

import json
import math
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from studio_ext.contract.jobs import JobDetail
from studio_ext.contract.live import MAX_POINTS, GpuSamples, ResourceUsage
from studio_ext.core.states import FINAL
from studio_ext.core.thinning import extremes
from studio_ext.services.line_tail import LineTail

KEPT = 64
"""Attempts whose samples are kept in memory."""
MAX_SAMPLES = 20_000
"""More than a month of them; what a job itself puts into the file must not fill the memory."""
_MAX_GPUS = 64
_LARGEST = 2**62


@dataclass(frozen=True)
class Sample:
    """One line of the file."""

    number: int
    time: float
    cpus: float
    memory: int
    processes: int
    read: int | None
    written: int | None
    gpus: dict[int, dict[str, Any]]
    cpu_seconds: float | None
    peak: int
    """The most memory so far, where the line says it; else 0."""
    is_last: bool


@dataclass
class _Attempt:
    """What was read so far of one attempt."""

    tail: LineTail
    epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    lock: threading.Lock = field(default_factory=threading.Lock)
    samples: list[Sample] = field(default_factory=list)
    count: int = 0
    cpu_seconds: float | None = None
    peak: int | None = None
    machine: dict[str, Any] = field(default_factory=dict)

    def read(self) -> None:
        """Take in what is new."""
        while lines := self.tail.read():
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        """User code can write to the file: whatever is no sample is passed over."""
        if machine := machine_of(line):
            self.machine = machine
            return
        sample = sample_of(line, self.count)
        if sample is None:
            return
        self.cpu_seconds = sample.cpu_seconds or self.cpu_seconds
        self.peak = max(self.peak or 0, sample.memory, sample.peak)
        if sample.is_last and not sample.processes and self.samples:
            return  # nothing of it ran any more: the line is there for the totals
        self.samples.append(sample)
        self.count += 1
        if len(self.samples) > MAX_SAMPLES:
            self.samples = thinned(self.samples, MAX_SAMPLES // 2)


class Resources:
    """Answers questions for what jobs use. Thread-safe; each question reads only what is new."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._attempts: OrderedDict[tuple[str, int], _Attempt] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, job: JobDetail, *, max_points: int, cursor: str | None = None) -> ResourceUsage:
        """What the last attempt of a job used so far."""
        attempt = self._of(job)
        with attempt.lock:
            attempt.read()
            samples, count = list(attempt.samples), attempt.count
            facts: dict[str, Any] = {
                "cpu_seconds": attempt.cpu_seconds,
                "peak_memory_bytes": attempt.peak,
                "machine_cpus": attempt.machine.get("cpus"),
                "machine_memory_bytes": attempt.machine.get("memory"),
                "measured_by": attempt.machine.get("measured", ""),
            }
        if job.exit is not None:
            facts["cpu_seconds"] = job.exit.cpu_seconds or facts["cpu_seconds"]
            facts["peak_memory_bytes"] = job.exit.peak_memory_bytes or facts["peak_memory_bytes"]
        epoch, _, position = (cursor or "").partition(":")
        whole = epoch != attempt.epoch or not (position.isascii() and position.isdigit()) or len(position) > 18
        if not whole:
            samples = [each for each in samples if each.number >= int(position)]
        return ResourceUsage(
            **_columns(thinned(samples, max(4, min(max_points, MAX_POINTS)))),
            **facts,
            count=count,
            cpus_limit=job.resources.cpus,
            memory_limit_bytes=job.resources.memory_bytes,
            whole=whole,
            cursor=f"{attempt.epoch}:{count}",
            complete=job.status in FINAL,
        )

    def _of(self, job: JobDetail) -> _Attempt:
        key = (job.id, job.attempt)
        with self._lock:
            attempt = self._attempts.get(key)
            if attempt is None:
                path = PurePath("attempts", str(job.attempt), "resources.jsonl")
                attempt = self._attempts[key] = _Attempt(LineTail(Path(job.directory), path))
            self._attempts.move_to_end(key)
            while len(self._attempts) > self._kept:
                self._attempts.popitem(last=False)
            return attempt


def thinned(samples: list[Sample], most: int) -> list[Sample]:
    """At most ``most`` (at least 4) of the samples: the first, the last, and of each group of neighbours those with
    the extremes of CPU and of memory."""
    if len(samples) <= most:
        return samples
    inner, groups = samples[1:-1], (most - 2) // 4
    chosen = {0, len(samples) - 1}
    if groups == 0:
        chosen.add(1 + max(range(len(inner)), key=lambda each: inner[each].memory))
    for values in ([each.cpus for each in inner], [float(each.memory) for each in inner]):
        chosen |= {1 + each for each in extremes(values, groups)}
    return [samples[each] for each in sorted(chosen)]


def _columns(samples: list[Sample]) -> dict[str, Any]:
    indices = sorted({index for each in samples for index in each.gpus})
    return {
        "time": [each.time for each in samples],
        "cpus": [each.cpus for each in samples],
        "memory_bytes": [each.memory for each in samples],
        "processes": [each.processes for each in samples],
        "read_bytes": [each.read for each in samples],
        "written_bytes": [each.written for each in samples],
        "gpus": [
            GpuSamples(
                index=index,
                name=next((each.gpus[index]["name"] for each in samples if index in each.gpus), ""),
                memory_total_bytes=next((each.gpus[index]["total"] for each in samples if index in each.gpus), None),
                utilization=[each.gpus.get(index, {}).get("utilization") for each in samples],
                memory_bytes=[each.gpus.get(index, {}).get("memory") for each in samples],
            )
            for index in indices
        ],
    }


def _fields(line: bytes) -> dict[str, Any]:
    """User code can write to the file: whatever is no object has no fields."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def machine_of(line: bytes) -> dict[str, Any]:
    """What a first line says: ``cpus`` and ``memory`` of the machine, ``measured``; empty for other lines."""
    fields = _fields(line)
    machine = fields.get("machine")
    if not isinstance(machine, dict):
        return {}
    known = {name: _whole(machine.get(name)) for name in ("cpus", "memory")}
    measured = str(fields.get("measured") or machine.get("measured") or "")[:40]
    return {name: value for name, value in known.items() if value} | {"measured": measured}


def sample_of(line: bytes, number: int) -> Sample | None:
    """The sample of a line; None for any other line, whoever wrote it."""
    fields = _fields(line)
    time, cpus, memory = _number(fields.get("t")), _number(fields.get("cpus")), _whole(fields.get("memory"))
    if time is None or cpus is None or memory is None:
        return None
    return Sample(
        number=number,
        time=time,
        cpus=cpus,
        memory=memory,
        processes=_whole(fields.get("processes")) or 0,
        read=_whole(fields.get("read")),
        written=_whole(fields.get("written")),
        gpus=_gpus(fields.get("gpus")),
        cpu_seconds=_number(fields.get("cpu_seconds")),
        peak=_whole(fields.get("peak_memory")) or 0,
        is_last=fields.get("last") is True,
    )


def _gpus(value: Any) -> dict[int, dict[str, Any]]:
    found = {}
    for each in value[:_MAX_GPUS] if isinstance(value, list) else ():
        index = _whole(each.get("index")) if isinstance(each, dict) else None
        if index is not None and index < _MAX_GPUS:
            found[index] = {
                "name": str(each.get("name") or "")[:100],
                "utilization": _number(each.get("utilization")),
                "memory": _whole(each.get("memory")),
                "total": _whole(each.get("memory_total")),
            }
    return found


def _number(value: Any) -> float | None:
    is_number = type(value) in (int, float) and 0 <= value < _LARGEST and math.isfinite(value)
    return float(value) if is_number else None


def _whole(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < _LARGEST else None

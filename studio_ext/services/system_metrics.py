"""Logs what jobs use to their runs, under the names that MLflow gives its own system metrics.

MLflow's user interface shows such metrics on a page of their own. A value stands for :data:`WINDOW` seconds: the
average of CPU and GPUs, the most memory. How far a file was logged is noted beside it, so that a new controller goes on
where the last one was.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from studio_ext.contract.errors import Unavailable
from studio_ext.contract.jobs import JobDetail
from studio_ext.core.log_calls import LoggedValue
from studio_ext.core.record_names import SYSTEM
from studio_ext.ports.tracking import Tracking
from studio_ext.services.line_tail import LineTail
from studio_ext.services.resource_usage import Sample, machine_of, sample_of
from studio_ext.worker import inside

log = logging.getLogger(__name__)

WINDOW = 10.0
"""Seconds; MLflow's own sampling interval."""
_MEGABYTE = 1e6  # MLflow's are decimal


@dataclass
class _Logged:
    """How far one attempt was logged."""

    tail: LineTail
    step: int
    machine: dict[str, Any]
    due: float = 0.0


@dataclass
class SystemMetrics:
    """Follows ``resources.jsonl`` of jobs. One thread at a time; raises ``Unavailable`` while the store is away."""

    tracking: Tracking
    enabled: bool = True
    _jobs: dict[tuple[str, int], _Logged] = field(default_factory=dict)

    def turn(self, job: JobDetail, run_id: str, *, last: bool = False) -> None:
        """Log what is new of a job, every :data:`WINDOW` seconds; with ``last`` at once, and forget the job.

        What cannot be logged is no reason to hold up the job: it is said in the log, and left.
        """
        if not self.enabled:
            return
        key = (job.id, job.attempt)
        try:
            logged = self._jobs.get(key)
            if logged is None:
                logged = self._jobs[key] = _open(job)
            if last or time.monotonic() >= logged.due:
                self._log(job, run_id, logged)
                logged.due = time.monotonic() + WINDOW
        except Unavailable:
            raise
        except Exception:
            log.exception("what job %s uses cannot be logged", job.id)
            self._jobs[key] = _Logged(LineTail(Path(job.directory), _file(job), broken=True), 0, {})
        if last:
            self._jobs.pop(key, None)

    def _log(self, job: JobDetail, run_id: str, logged: _Logged) -> None:
        position, head = logged.tail.position, logged.tail.head
        samples: list[Sample] = []
        while lines := logged.tail.read():
            for line in lines:
                logged.machine = machine_of(line) or logged.machine
                if (sample := sample_of(line, 0)) is not None:
                    samples.append(sample)
        values: list[LoggedValue] = []
        step = logged.step
        for window in _windows(samples):
            values += _values(run_id, step, window, job, logged.machine)
            step += 1
        if not values:
            return
        try:
            self.tracking.log_values(run_id, values)
        except Unavailable:
            logged.tail.position, logged.tail.head = position, head
            raise
        logged.step = step
        _note(job, logged)


def _windows(samples: Iterable[Sample]) -> Iterator[list[Sample]]:
    """Samples by :data:`WINDOW` seconds."""
    window: list[Sample] = []
    for sample in samples:
        if window and sample.time - window[0].time >= WINDOW:
            yield window
            window = []
        window.append(sample)
    if window:
        yield window


def _values(
    run_id: str, step: int, window: list[Sample], job: JobDetail, machine: dict[str, Any]
) -> Iterator[LoggedValue]:
    """What a window amounts to. Percentages are of the job's limit, else of the machine."""
    last = window[-1]

    def value(name: str, number: float) -> LoggedValue:
        return LoggedValue(run_id, SYSTEM + name, step, last.time, round(number, 3))

    alive = [each for each in window if each.processes] or window
    cpus = job.resources.cpus or machine.get("cpus")
    total = job.resources.memory_bytes or machine.get("memory")
    memory = max(each.memory for each in window)
    if cpus:
        busy = sum(each.cpus for each in alive) / len(alive)
        yield value("cpu_utilization_percentage", 100 * busy / cpus)
    yield value("system_memory_usage_megabytes", memory / _MEGABYTE)
    if total:
        yield value("system_memory_usage_percentage", 100 * memory / total)
    if last.read is not None:
        yield value("disk_read_megabytes", last.read / _MEGABYTE)
    if last.written is not None:
        yield value("disk_written_megabytes", last.written / _MEGABYTE)
    for index in sorted({index for each in window for index in each.gpus}):
        told = [each.gpus[index] for each in window if index in each.gpus]
        busy_percent = [each["utilization"] for each in told if each["utilization"] is not None]
        held = [each["memory"] for each in told if each["memory"] is not None]
        size = told[-1]["total"]
        if busy_percent:
            yield value(f"gpu_{index}_utilization_percentage", sum(busy_percent) / len(busy_percent))
        if held:
            yield value(f"gpu_{index}_memory_usage_megabytes", max(held) / _MEGABYTE)
            if size:
                yield value(f"gpu_{index}_memory_usage_percentage", 100 * max(held) / size)


def _file(job: JobDetail) -> PurePath:
    return PurePath("attempts", str(job.attempt), "resources.jsonl")


def _note_file(job: JobDetail) -> PurePath:
    return _file(job).with_name("resources.logged.json")


def _open(job: JobDetail) -> _Logged:
    """Where the last controller was; at the beginning where there is no note, or one that makes no sense."""
    tail = LineTail(Path(job.directory), _file(job))
    step, machine = 0, {}
    try:
        note = json.loads(inside.read(Path(job.directory), _note_file(job), 10_000))
        position, step = note["position"], note["step"]
        if type(position) is int and type(step) is int and 0 <= position <= tail.size() and step >= 0:
            tail.position = position
            machine = machine_of(json.dumps(note).encode())
        else:
            step = 0
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        step = 0
    return _Logged(tail, step, machine)


def _note(job: JobDetail, logged: _Logged) -> None:
    """Written before the next values are logged; a crash in between repeats values that MLflow knows already."""
    note = {"position": logged.tail.position, "step": logged.step, "machine": logged.machine}
    spare = _note_file(job).with_name(".resources.logged.tmp")
    root = Path(job.directory)
    descriptor = inside.open_file(root, spare, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        os.write(descriptor, json.dumps(note).encode())
    finally:
        os.close(descriptor)
    with inside.open_folder(root, spare.parent) as folder:
        os.replace(spare.name, _note_file(job).name, src_dir_fd=folder, dst_dir_fd=folder)

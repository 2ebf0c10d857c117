"""What is true of an attempt, read from its directory and from the processes of the machine."""

from __future__ import annotations

import contextlib
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from studio_ext.contract.jobs import Exit, ExitReason, Progress
from studio_ext.ports.runner import AttemptState, Launch, Observation
from studio_ext.worker import cgroups, processes, records

_LINGER_SECONDS = 2.0
"""How long a supervisor may outlive its exit record."""
_FINISHED = ("Completed", "CellFailed", "StartFailed", "DiskFull")
"""What an executor knows by itself; of the rest only the supervisor could have told why."""
_SWEEP_SECONDS = 0.5
_KILL_MARGIN_SECONDS = 8.0
"""How long after a kill was asked for a supervisor may still be at work."""


@dataclass
class ProgressReader:
    """Follows ``progress.jsonl``, reading each line once."""

    offset: int = 0
    total: int = 0
    done: set[int] = field(default_factory=set)
    current: int | None = None
    label: str = ""
    started: float | None = None

    def read(self, path: Path) -> None:
        """Take in what is new."""
        events, self.offset = records.read_events(path, self.offset)
        for event in events:
            kind = event.get("event")
            if kind == "start":
                self.total = int(event.get("total", 0))
            elif kind == "cell":
                self.started = self.started or event.get("t")
                self.current, self.label = event.get("index"), str(event.get("label", ""))
            elif kind == "done":
                self.done.add(int(event["index"]))
                if event["index"] == self.current:
                    self.current, self.label = None, ""

    def progress(self) -> Progress:
        """The state as the contract has it."""
        return Progress(done=len(self.done), total=self.total, current=self.current, label=self.label)


def supervisor_runs(claim: dict[str, Any]) -> bool:
    """Whether the process that claimed the attempt is alive: same boot, same pid, same start."""
    if claim.get("boot_id") != processes.boot_id():
        return False
    return processes.is_running(int(claim["pid"]), claim.get("start_time"))


def observe(launch: Launch, reader: ProgressReader, pending: bool) -> Observation:
    """Look at an attempt. ``pending``: a supervisor that was launched here has not claimed it yet, but lives."""
    files = records.AttemptFiles(launch.directory, launch.attempt)
    claim = records.read(files.claim)
    if claim is None:
        if files.claim.exists() and _age(files.claim) < 1.0:  # between creation and its first byte
            return Observation(AttemptState.starting, Progress())
        if not files.claim.exists():
            return Observation(AttemptState.starting if pending else AttemptState.absent, Progress())
        claim = {}
    alive = bool(claim) and supervisor_runs(claim)
    exit_record = records.read(files.exit)
    reader.read(files.progress)
    running = AttemptState.running if reader.started else AttemptState.starting
    seen = Observation(running, reader.progress(), pid=claim.get("pid"), started=reader.started)
    if alive:
        overdue = exit_record is not None and time.time() - float(exit_record.get("ended", 0)) > _LINGER_SECONDS
        if not overdue and not _kill_overdue(files):
            return seen
        processes.send([int(claim["pid"])], signal.SIGKILL)
    if exit_record is None:
        # It may have been written between the first look and the death.
        exit_record = records.read(files.exit)
    if exit_record is None:
        if not sweep(launch.job_id, claim):
            return seen
        exit_record = _epitaph(files, claim, reader)
        with contextlib.suppress(OSError):  # a full disk: it is said again next time
            files.finish(files.exit, exit_record)
            files.drop_spares()
    return Observation(
        AttemptState.ended,
        reader.progress(),
        pid=claim.get("pid"),
        started=reader.started,
        ended=float(exit_record.get("ended") or time.time()),
        exit=_exit(exit_record),
    )


def sweep(job_id: str, claim: dict[str, Any]) -> bool:
    """End what a supervisor that died left behind. False: something is still there; call again."""
    groups = [Path(path) for path in claim.get("cgroups", [])]
    deadline = time.monotonic() + _SWEEP_SECONDS
    while left := {*processes.marked(job_id), *cgroups.members(groups)}:
        processes.send(left, signal.SIGKILL)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    cgroups.remove(groups)
    if runtime := claim.get("runtime"):
        shutil.rmtree(runtime, ignore_errors=True)
    return True


def _epitaph(files: records.AttemptFiles, claim: dict[str, Any], reader: ProgressReader) -> dict[str, Any]:
    """The exit record that the supervisor could not write."""
    result = records.read(files.result)
    if result is not None and result.get("reason") in _FINISHED:
        return result
    stop = records.read(files.stop)
    where = f" at cell {reader.current}" if reader.current else ""
    if claim and claim.get("boot_id") != processes.boot_id():
        reason, message = ExitReason.host_restarted, f"The machine was restarted{where}."
    elif stop is not None:
        reason, message = ExitReason.stopped, f"Stopped{where}."
    else:
        reason, message = ExitReason.worker_lost, f"The process that looked after the job was killed{where}."
    record = Exit(reason=reason, message=message, cell=reader.current).model_dump(mode="json")
    return record | {"ended": time.time(), "attempt": files.attempt}


def _exit(record: dict[str, Any]) -> Exit:
    values = {name: record[name] for name in Exit.model_fields if name in record}
    try:
        return Exit(**values)
    except ValidationError as error:
        return Exit(
            reason=ExitReason.internal, message=f"The exit record makes no sense: {error.error_count()} errors."
        )


def _kill_overdue(files: records.AttemptFiles) -> bool:
    stop = records.read(files.stop)
    return bool(stop and stop.get("kill")) and _age(files.stop) > _KILL_MARGIN_SECONDS


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0

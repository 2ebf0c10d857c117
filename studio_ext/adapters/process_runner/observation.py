"""What is true of an attempt, read from its directory and from the processes of the machine."""

from __future__ import annotations

import contextlib
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio_ext.adapters.process_runner import evidence
from studio_ext.contract.jobs import Exit, ExitReason, Progress
from studio_ext.ports.runner import AttemptState, Launch, Observation
from studio_ext.worker import cgroups, processes, records

_LINGER_SECONDS = 2.0
"""How long a supervisor may outlive its exit record."""
_FINISHED = ("Completed", "CellFailed", "StartFailed", "DiskFull")
"""What an executor knows by itself; of the rest only the supervisor could have told why."""
_SPOILT = "The job's own record of its end cannot be read; something in the job wrote over it."
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
            kind, index = event.get("event"), records.whole(event.get("index"))
            if kind == "start":
                self.total = records.whole(event.get("total")) or 0
            elif kind == "cell" and index is not None:
                self.started = self.started or records.moment(event.get("t"))
                self.current, self.label = index, _text(event.get("label"))
            elif kind == "done" and index is not None:
                self.done.add(index)
                if index == self.current:
                    self.current, self.label = None, ""

    def progress(self) -> Progress:
        """The state as the contract has it."""
        return Progress(done=len(self.done), total=self.total, current=self.current, label=self.label)


def supervisor_runs(claim: evidence.Claim) -> bool:
    """Whether the process that claimed the attempt is alive: same boot, same pid, same start."""
    return claim.boot_id == processes.boot_id() and processes.is_running(claim.pid, claim.start_time)


def observe(launch: Launch, reader: ProgressReader, pending: bool) -> Observation:
    """Look at an attempt. ``pending``: a supervisor that was launched here has not claimed it yet, but lives."""
    files = records.AttemptFiles(launch.directory, launch.attempt)
    claim = evidence.read_claim(files.claim)
    if claim is None:
        size = _size(files.claim)
        if size is None:
            return Observation(AttemptState.starting if pending else AttemptState.absent, Progress())
        if _age(files.claim) < 1.0:  # being made: between our two looks, or between its creation and its last byte
            return Observation(AttemptState.starting, Progress())
    reader.read(files.progress)
    state = AttemptState.running if reader.started else AttemptState.starting
    pid = claim.pid if claim else None
    seen = Observation(state, reader.progress(), pid=pid, started=reader.started)
    ended = evidence.read_end(files.exit)
    if claim and supervisor_runs(claim):
        overdue = ended is not None and time.time() - ended.at > _LINGER_SECONDS
        if not overdue and not _kill_overdue(files):
            return seen
        processes.send([claim.pid], signal.SIGKILL)
    if ended is None:
        if not sweep(launch.job_id, claim):
            return seen
        # The supervisor may have written it between the first look and its death.
        ended = evidence.read_end(files.exit) or _end_without_record(files, claim, reader)
    return Observation(
        AttemptState.ended, reader.progress(), pid=pid, started=reader.started, ended=ended.at, exit=ended.exit
    )


def sweep(job_id: str, claim: evidence.Claim | None) -> bool:
    """End what a supervisor that died left behind. False: something is still there; call again."""
    groups = [Path(path) for path in claim.cgroups] if claim else []
    deadline = time.monotonic() + _SWEEP_SECONDS
    while left := {*processes.marked(job_id), *cgroups.members(groups)}:
        processes.send(left, signal.SIGKILL)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    cgroups.remove(groups)
    if claim and claim.runtime:
        shutil.rmtree(claim.runtime, ignore_errors=True)
    return True


def _end_without_record(
    files: records.AttemptFiles, claim: evidence.Claim | None, reader: ProgressReader
) -> evidence.Ended:
    """The end that no supervisor wrote down; it is written now."""
    ended = _epitaph(files, claim, reader)
    record = ended.exit.model_dump(mode="json") | {"ended": ended.at, "attempt": files.attempt}
    with contextlib.suppress(OSError):  # a full disk: it is said again next time
        files.finish(files.exit, record)
        files.drop_spares()
    return ended


def _epitaph(files: records.AttemptFiles, claim: evidence.Claim | None, reader: ProgressReader) -> evidence.Ended:
    """What the exit record would have said, as far as that can be known."""
    if _size(files.exit) is not None or (claim is None and _size(files.claim)):
        return evidence.Ended(Exit(reason=ExitReason.internal, message=_SPOILT), time.time())
    result = records.read(files.result)
    if result is not None and result.get("reason") in _FINISHED and (ended := evidence.checked(result)):
        return ended
    where = f" at cell {reader.current}" if reader.current else ""
    if claim and claim.boot_id != processes.boot_id():
        reason, message = ExitReason.host_restarted, f"The machine was restarted{where}."
    elif records.read(files.stop) is not None:
        reason, message = ExitReason.stopped, f"Stopped{where}."
    else:
        reason, message = ExitReason.worker_lost, f"The process that looked after the job was killed{where}."
    return evidence.Ended(Exit(reason=reason, message=message, cell=reader.current), time.time())


def _kill_overdue(files: records.AttemptFiles) -> bool:
    stop = records.read(files.stop)
    return bool(stop and stop.get("kill")) and _age(files.stop) > _KILL_MARGIN_SECONDS


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int | None:
    """Bytes; None when there is no such file."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def _text(value: Any) -> str:
    """A label as it can be stored."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""

"""What is true of an attempt, read from its directory and from the processes of the machine."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

from studio_ext.adapters.attempts import evidence
from studio_ext.adapters.attempts.progress import ProgressReader
from studio_ext.contract.jobs import Exit, ExitReason, Progress
from studio_ext.ports.runner import AttemptState, Launch, Observation
from studio_ext.worker import cgroups, processes, records
from studio_ext.worker.clock import Clock

_LINGER_SECONDS = 2.0
"""How long a supervisor may outlive its exit record."""
_CLAIMING_SECONDS = 1.0
"""How long a claim may be incomplete: between its creation and its last byte."""
_SWEEP_SECONDS = 0.5
_ROOM_BYTES = 64 * 1024
"""A disk that has less is full."""
_KILL_MARGIN_SECONDS = 8.0
"""How long after a kill was asked for a supervisor may still be at work."""


def supervisor_runs(claim: evidence.Claim) -> bool:
    """Whether the process that claimed the attempt is alive: same boot, same pid, same start."""
    return claim.boot_id == processes.boot_id() and processes.is_running(claim.pid, claim.start_time)


def observe(launch: Launch, reader: ProgressReader, sightings: evidence.Sightings, pending: bool) -> Observation:
    """Look at an attempt. ``pending``: a supervisor that was launched here has not claimed it yet, but lives.

    ``reader`` and ``sightings`` are the attempt's own, from one look to the next.
    """
    files = records.AttemptFiles(launch.directory, launch.attempt)
    claim = evidence.read_claim(files.claim)
    if claim is None:
        size = evidence.size(files.claim)
        if size is None:
            return Observation(AttemptState.starting if pending else AttemptState.absent, Progress())
        if sightings.seconds("claim") < _CLAIMING_SECONDS:
            return Observation(AttemptState.starting, Progress())
    reader.read(files.progress)
    state = AttemptState.running if reader.started else AttemptState.starting
    pid = claim.pid if claim else None
    seen = Observation(state, reader.progress(), pid=pid, started=reader.started)
    ended = evidence.read_end(files.exit)
    if claim and supervisor_runs(claim):
        overdue = ended is not None and sightings.seconds("exit") > _LINGER_SECONDS
        if not overdue and not _kill_overdue(files, sightings):
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
    evidence.write_end(files, ended)
    return ended


def _epitaph(files: records.AttemptFiles, claim: evidence.Claim | None, reader: ProgressReader) -> evidence.Ended:
    """What the exit record would have said, as far as that can be known."""
    same_boot = claim is not None and claim.boot_id == processes.boot_id()
    now = Clock(claim.clock).now() if claim and same_boot and claim.clock is not None else time.time()
    if claim is None and _is_full(files.directory):
        message = "The disk was full when the job was to begin."
        return evidence.Ended(Exit(reason=ExitReason.disk_full, message=message), now)
    if evidence.size(files.exit) is not None or (claim is None and evidence.size(files.claim)):
        return evidence.Ended(Exit(reason=ExitReason.internal, message=evidence.SPOILT), now)
    if ended := evidence.read_result(files):
        return ended
    where = f" at cell {reader.current}" if reader.current else ""
    if claim and not same_boot:
        reason, message = ExitReason.host_restarted, f"The machine was restarted{where}."
    elif records.read(files.stop) is not None:
        reason, message = ExitReason.stopped, f"Stopped{where}."
    else:
        reason, message = ExitReason.worker_lost, f"The process that looked after the job was killed{where}."
    return evidence.Ended(Exit(reason=reason, message=message, cell=reader.current), now)


def _is_full(directory: Path) -> bool:
    try:
        return shutil.disk_usage(directory).free < _ROOM_BYTES
    except OSError:
        return False


def _kill_overdue(files: records.AttemptFiles, sightings: evidence.Sightings) -> bool:
    stop = records.read(files.stop)
    return bool(stop and stop.get("kill")) and sightings.seconds("kill") > _KILL_MARGIN_SECONDS

"""What the exit record would have said, where the supervisor could not write one."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from studio_ext.adapters import host
from studio_ext.adapters.attempts import evidence
from studio_ext.adapters.attempts.progress import ProgressReader
from studio_ext.contract.jobs import Exit, ExitReason
from studio_ext.core.plain_text import one_line
from studio_ext.worker import records, verdict
from studio_ext.worker.exit_record import tail


def was_restarted(files: records.AttemptFiles) -> bool:
    """Whether this machine was started anew since the attempt was launched: no container of then runs any more."""
    began_in = (records.read(files.launch) or {}).get("boot_id")
    return isinstance(began_in, str) and began_in != "" and began_in != host.boot_id()


def epitaph(files: records.AttemptFiles, state: Mapping[str, Any] | None, at: float) -> evidence.Ended:
    """How an attempt ended, as far as that can be known. ``state``: the engine's, None where it has no container."""
    if ended := evidence.read_result(files):
        return ended
    reader = ProgressReader()
    reader.read_to_the_end(files.progress)
    code = (state or {}).get("ExitCode")
    reason, message = _judge(files, state, reader.current)
    return evidence.Ended(
        Exit(reason=reason, message=message, cell=reader.current, code=code if type(code) is int else None), at
    )


def _judge(files: records.AttemptFiles, state: Mapping[str, Any] | None, cell: int | None) -> tuple[ExitReason, str]:
    where = f" at cell {cell}" if cell else ""
    if not files.job_dir.is_dir():
        return ExitReason.worker_lost, "The job's directory was removed while it ran."
    if state is not None and state.get("OOMKilled"):
        return ExitReason.out_of_memory, verdict.out_of_memory(cell, memory_limit(files))
    if was_restarted(files):
        return ExitReason.host_restarted, f"The machine was restarted{where}."
    if records.read(files.stop) is not None:
        return ExitReason.stopped, f"Stopped{where}."
    if state is None:
        return ExitReason.engine_lost, f"The container was removed from outside{where}."
    code = state.get("ExitCode")
    if not _exists(files):
        return ExitReason.start_failed, _never_began(files)
    if evidence.size(files.exit) is not None:
        return ExitReason.internal, evidence.SPOILT
    if code == 137:
        how = "by its engine, which was restarted, or by hand"
        return ExitReason.engine_lost, f"The container was killed{where}: {how}."
    message = f"The process that looked after the job ended unexpectedly{where} (exit code {code})."
    return ExitReason.worker_lost, message


def _exists(files: records.AttemptFiles) -> bool:
    with contextlib.suppress(OSError):
        return files.claim.exists()
    return False


def _never_began(files: records.AttemptFiles) -> str:
    last = next((line.strip() for line in reversed(tail(files).splitlines()) if line.strip()), "")
    if "exec format error" in last:
        return "The image is made for another processor than the engine's machine has."
    why = f": {one_line(last)[:300].rstrip('.')}" if last else ""
    return f"The container ended before the job could begin{why}."


def memory_limit(files: records.AttemptFiles) -> int | None:
    """Bytes; None for a job without a limit."""
    job = records.read(files.job) or {}
    return records.whole((job.get("resources") or {}).get("memory_bytes"), most=1 << 62)


def mended(ended: evidence.Ended, files: records.AttemptFiles, state: Mapping[str, Any] | None) -> evidence.Ended:
    """``ended``, where the engine knows better: that memory ran out, which not every supervisor can see."""
    is_kill = ended.exit.reason is ExitReason.kernel_died and ended.exit.code == 137
    if not is_kill or state is None or not state.get("OOMKilled"):
        return ended
    told = {
        "reason": ExitReason.out_of_memory,
        "message": verdict.out_of_memory(ended.exit.cell, memory_limit(files)),
    }
    return evidence.Ended(ended.exit.model_copy(update=told), ended.at)

"""What there is to show of a job, as plain data: bounded, whatever the job is called and whatever it printed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from studio_ext.contract.jobs import ExitReason, Job
from studio_ext.core.plain_text import one_line, plain
from studio_ext.core.states import FINAL

NAME = 200
LINE = 300
TRACEBACK = 20_000
SOURCE = 4_000
LOG = 8_000
"""Characters of each that are shown at most."""
METRICS = 24

_NEXT: dict[ExitReason, str] = {
    ExitReason.cell_failed: "Mend the notebook, then job.run_again(). What it did so far is in job.output_notebook.",
    ExitReason.kernel_died: "What it printed last is in the log; then job.run_again().",
    ExitReason.out_of_memory: "Give it more with job.run_again(memory='8GiB'), or use less.",
    ExitReason.too_many_processes: "Start fewer processes or threads in the notebook, then job.run_again().",
    ExitReason.max_runtime: "Give it longer with job.run_again(time_limit='2h').",
    ExitReason.stopped: "job.run_again() starts it anew.",
    ExitReason.disk_full: "Make room, then job.run_again(). studio doctor says where the workspace is.",
    ExitReason.start_failed: "studio.doctor() says what is missing.",
}


def job_state(
    row: Job, *, metrics: Mapping[str, float] | None = None, log: str | None = None, gone: bool = False
) -> dict[str, Any]:
    """A job for the front end. Times are seconds since the epoch; a metric that is no number is a word."""
    progress = row.progress
    over = row.status in FINAL
    shown = dict(list((metrics or {}).items())[:METRICS])
    return {
        "id": row.id,
        "name": cut(one_line(row.name), NAME),
        "notebook": cut(one_line(row.notebook), NAME),
        "status": str(row.status),
        "over": over,
        "gone": gone,
        "stopping": row.stop_requested and not over,
        "done": progress.done,
        "total": progress.total,
        "current": progress.current,
        "label": cut(one_line(progress.label), LINE),
        "message": cut(one_line(row.message), LINE) if not over else "",
        "created": row.created,
        "started": row.started,
        "ended": row.ended,
        "experiment": cut(one_line(row.trial.experiment), NAME),
        "run_id": row.trial.run_id,
        "metrics": [[cut(one_line(name), NAME), number(value)] for name, value in shown.items()],
        "more_metrics": max(len(metrics or {}) - METRICS, 0),
        "end": _end(row) if over else None,
        "log": log[-LOG:] if log is not None else None,
    }


def _end(row: Job) -> dict[str, Any] | None:
    if row.status == "Completed":
        return None
    last = row.exit
    message = last.message if last and last.message else row.message
    return {
        "message": cut(one_line(message) or f"The job is {row.status}.", 4 * LINE),
        "next": _NEXT.get(last.reason, "job.run_again() starts it anew.") if last else "",
        "cell": last.cell if last else None,
        "source": cut(plain(last.cell_source or ""), SOURCE) if last else "",
        "traceback": _ends(plain(last.traceback or ""), TRACEBACK) if last else "",
    }


def _ends(text: str, length: int) -> str:
    """``text``, its middle left out when it is longer: where it began and how it ended says most."""
    if len(text) <= length:
        return text
    head = length // 4
    return f"{text[:head]}\n…\n{text[head + 3 - length :]}"


def number(value: float | None) -> float | str | None:
    """A number that JSON has; the others as the words that people know them by."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("∞" if value > 0 else "-∞")


def cut(text: str, length: int) -> str:
    """``text``, its end left out when it is longer."""
    return text if len(text) <= length else text[: length - 1] + "…"

"""What a supervisor gathers for the exit record when everything is over."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from typing import Any

from . import inside, records
from .limits import Limits
from .verdict import Facts

_LOG_TAIL_BYTES = 4096


def complete(facts: Facts, files: records.AttemptFiles) -> None:
    """Add what the files of the attempt say. User code can write them too: nothing in them is relied upon."""
    facts.result = _plausible(records.read(files.result))
    facts.log_tail = tail(files)
    current = None
    for event in records.all_events(files.progress):
        kind, index = event.get("event"), records.whole(event.get("index"))
        if kind == "kernel":
            facts.kernel_answered = True
        elif kind == "cell" and index is not None:
            current = index
        elif kind == "done" and index == current:
            current = None
    facts.cell = current


def _plausible(result: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What an executor can have written, or nothing."""
    if result is None or not isinstance(result.get("reason"), str) or not isinstance(result.get("message"), str):
        return None
    texts = (result.get("cell_source"), result.get("traceback"))
    numbers = (result.get("cell"), result.get("code"))
    if all(text is None or isinstance(text, str) for text in texts) and all(
        number is None or records.whole(number) is not None for number in numbers
    ):
        return result
    return None


def figures(result: Mapping[str, Any] | None, limits: Limits, *, executor_is_child: bool) -> dict[str, Any]:
    """CPU time of all processes of the attempt, and the most memory that the user's processes had at once."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = own.ru_utime + own.ru_stime
    below = children.ru_utime + children.ru_stime
    if executor_is_child:
        seconds += below
    else:
        # A control group also counts processes that nobody waited for.
        executor = (result or {}).get("cpu_seconds")
        seconds += max(below, limits.cpu_seconds() or 0.0) + (records.moment(executor) or 0.0)
    peak = limits.highest(children.ru_maxrss * 1024)
    return {"cpu_seconds": round(seconds, 3), "peak_memory_bytes": peak or None}


def tail(files: records.AttemptFiles) -> str:
    """The last few lines of the log. The job may have put something else in its place."""
    try:
        with os.fdopen(inside.open_file(files.job_dir, files.log.relative_to(files.job_dir)), "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _LOG_TAIL_BYTES))
            return file.read(_LOG_TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""

"""Pictures of the widgets as HTML that needs nothing but a browser. Everything that people named is escaped."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from html import escape
from typing import Any

from studio_ext.core.plain_text import plain
from studio_ext.core.units import format_duration

SHAPES = {
    "Pending": "◌",
    "Starting": "◌",
    "InProgress": "▶",
    "Stopping": "◌",
    "Completed": "✔",
    "Failed": "✖",
    "Stopped": "■",
}
_BAR = 20
_PRE = "white-space:pre-wrap;overflow-wrap:anywhere;text-align:left;margin:4px 0"
_CELL = "text-align:left;vertical-align:top"


def jobs_words(state: dict[str, Any]) -> str:
    """Jobs, a line each."""
    return "\n".join(_job_line(job) for job in state["jobs"])


def _job_line(job: dict[str, Any]) -> str:
    why = f": {job['end']['message']}" if job["end"] else ""
    return f"{job['id']} {job['name']} {_status(job)}{why}"


def _status(job: dict[str, Any]) -> str:
    if job["gone"]:
        return "deleted"
    parts = [job["status"]]
    if job["total"] and not job["over"]:
        cell = f"cell {job['current'] or job['done']} of {job['total']}"
        parts.append(f"{cell}: {job['label']}" if job["label"] else cell)
    elif job["total"]:
        parts.append(f"{job['done']} of {job['total']} cells")
    if job["started"] is not None and job["ended"] is not None:
        parts.append(f"after {format_duration(job['ended'] - job['started'])}")
    return ", ".join(parts)


def jobs_picture(state: dict[str, Any]) -> str:
    """Jobs as a table, with the reason and the traceback of those that failed."""
    rows = "".join(_job_rows(job) for job in state["jobs"])
    return f"<table><tbody>{rows}</tbody></table>{as_of(state['over'])}"


def _job_rows(job: dict[str, Any]) -> str:
    rows = {"": f"<b>{SHAPES.get(job['status'], '')} {escape(job['name'])}</b> <code>{escape(job['id'])}</code>"}
    rows["status"] = escape(_status(job))
    if job["total"] and not job["over"]:
        full = round(_BAR * job["done"] / job["total"])
        rows["status"] += f" <code>{'█' * full}{'░' * (_BAR - full)}</code>"
    elif job["message"]:
        rows["status"] += f": {escape(job['message'])}"
    if job["metrics"]:
        rows["metrics"] = escape(", ".join(f"{name} {digits(value)}" for name, value in job["metrics"]))
    rows["experiment"] = escape(job["experiment"])
    if job["end"]:
        rows["end"] = escape(job["end"]["message"]) + _failure(job["end"])
        rows["next"] = escape(job["end"]["next"])
    return "".join(
        f'<tr><th style="{_CELL}">{escape(key)}</th><td style="{_CELL}">{value}</td></tr>'
        for key, value in rows.items()
    )


def _failure(end: dict[str, Any]) -> str:
    if not end["traceback"]:
        return ""
    source = f'<pre style="{_PRE}">{escape(end["source"])}</pre>' if end["source"] else ""
    cell = f"Cell {end['cell']}" if end["cell"] else "Traceback"
    return f'<details><summary>{cell}</summary>{source}<pre style="{_PRE}">{escape(end["traceback"])}</pre></details>'


def as_of(over: bool) -> str:
    """When a picture of something that goes on was taken."""
    if over:
        return ""
    moment = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    return f'<div style="opacity:.7;font-size:90%">As of {escape(moment)}</div>'


def digits(value: float | str | None) -> str:
    """A number with as many digits as say something: ``0.0123``, ``48,210``, ``1.2e-7``."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    size = abs(value)
    if value == 0:
        return "0"
    if size < 1e-4 or size >= 1e15:
        return re.sub(r"\.?0*e([+-])0*(\d)", r"e\1\2", f"{value:.2e}").replace("e+", "e")
    if size >= 10_000:
        return f"{value:,.0f}"
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.{5 if size >= 1 else 3}g}" if size < 1000 else f"{value:,.1f}"


def log_lines(text: str, *, whole: bool) -> str:
    """The end of a log: of each line what a terminal would still show; the first may have lost its beginning."""
    lines = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in plain(text).split("\n")]
    if not whole:
        lines[0] = f"…{lines[0]}"
    return "\n".join(lines).rstrip("\n")


def table(head: Iterable[str], rows: Iterable[Iterable[str]], caption: str = "") -> str:
    """A table of texts."""
    top = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"

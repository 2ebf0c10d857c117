"""Jobs and trials as small tables in a notebook. Everything that people named is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from studio_ext.contract.jobs import Job
from studio_ext.core.plain_text import one_line
from studio_ext.core.units import format_duration

if TYPE_CHECKING:
    from studio_ext.sdk.handles import Trial


def job_html(job: Job) -> str:
    """A job."""
    rows = {"status": str(job.status)}
    if job.progress.total:
        label = f" · {job.progress.label}" if job.progress.label and job.ended is None else ""
        rows["progress"] = f"cell {job.progress.done} of {job.progress.total}{label}"
    if job.started is not None and job.ended is not None:
        rows["duration"] = format_duration(job.ended - job.started)
    if job.exit and job.exit.message:
        rows["end"] = job.exit.message
    rows["experiment"] = job.trial.experiment
    if job.parameters:
        rows["parameters"] = ", ".join(f"{key}={value}" for key, value in job.parameters.items())
    return _table(f"Job {job.name}", job.id, rows)


def trial_html(trial: Trial) -> str:
    """A trial."""
    rows = {"status": trial.status, "experiment": trial.experiment}
    rows.update({f"params.{key}": value for key, value in trial.parameters.items()})
    rows.update({f"metrics.{key}": f"{value:.6g}" for key, value in trial.metrics.items()})
    return _table(f"Trial {trial.name}", trial.run_id, rows)


def _table(title: str, identity: str, rows: dict[str, str]) -> str:
    body = "".join(
        f'<tr><th style="text-align:left">{_shown(key)}</th><td style="text-align:left">{_shown(value)}</td></tr>'
        for key, value in rows.items()
    )
    return f"<table><caption>{_shown(title)} <code>{_shown(identity)}</code></caption><tbody>{body}</tbody></table>"


def _shown(text: str) -> str:
    return escape(one_line(text), quote=True)

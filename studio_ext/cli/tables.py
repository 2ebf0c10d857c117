"""Tables for people. Everything that people named is shown as plain text: no markup, no escape sequences."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from studio_ext.contract.experiments import Experiment, Trial
from studio_ext.contract.jobs import ImageChoice, Job, JobDetail
from studio_ext.contract.models import ModelVersion, RegisteredModel
from studio_ext.contract.trial_detail import MetricSummary
from studio_ext.contract.workspace import Diagnosis
from studio_ext.core.plain_text import one_line
from studio_ext.core.states import FINAL
from studio_ext.core.units import format_duration, format_size

if TYPE_CHECKING:
    from studio_ext.sdk.comparison import Comparison

_STYLES = {
    "Completed": "green",
    "FINISHED": "green",
    "ok": "green",
    "Failed": "red",
    "FAILED": "red",
    "problem": "red",
    "Stopped": "yellow",
    "KILLED": "yellow",
    "warning": "yellow",
    "InProgress": "cyan",
    "RUNNING": "cyan",
}
_PIPE_WIDTH = 200
"""Columns of a table that does not go to a terminal: nothing there says how wide it is."""

_MOST_PARAMETERS = 12
"""In the table of trials."""
_MOST_METRICS = 4
"""In the table of versions."""
_ABOUT_WIDTH = 70
"""Characters for what every trial has: name, state, times."""
_LONGEST_VALUE = 24
"""Of a parameter that is shown unasked where there are many: the description of a pipeline would leave no room."""


def console() -> Console:
    """Where tables go."""
    return Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False, markup=False, emoji=False)


def table(*headings: str) -> Table:
    """An empty table; headings that end in ``>`` are right-aligned."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        right = heading.endswith(">")
        made.add_column(
            Text(one_line(heading.removesuffix(">"))),
            justify="right" if right else "left",
            overflow="ellipsis",
            no_wrap=True,
        )
    return made


def _cell(value: Any, style: str = "") -> Text:
    return Text(one_line(str(value)), style=style)


def _state(word: str) -> Text:
    return _cell(word, _STYLES.get(word, ""))


def when(seconds: float | None) -> str:
    """A moment, short; empty for none."""
    if seconds is None:
        return ""
    moment = datetime.fromtimestamp(seconds)
    return moment.strftime("%H:%M:%S" if time.time() - seconds < 43_200 else "%Y-%m-%d %H:%M")


def _elapsed(started: float | None, ended: float | None) -> str:
    return "" if started is None else format_duration((ended or time.time()) - started)


def _number(value: float | None) -> str:
    return "nan" if value is None else f"{value:.6g}" if abs(value) < 1e6 else f"{value:,.0f}"


def print_jobs(jobs: Sequence[Job], total: int) -> None:
    """The job list."""
    if not jobs:
        console().print("No jobs. Submit one: studio submit NOTEBOOK")
        return
    out = table("ID", "NAME", "STATUS", "CELLS>", "EXPERIMENT", "CREATED", "ELAPSED>", "")
    for job in jobs:
        cells = f"{job.progress.done}/{job.progress.total}" if job.progress.total else ""
        why = job.exit.message if job.exit and job.status != "Completed" else job.progress.label
        out.add_row(
            _cell(job.id),
            _cell(job.name),
            _state(job.status),
            cells,
            _cell(job.trial.experiment),
            when(job.created),
            _elapsed(job.started, job.ended),
            _cell(why if job.status != "Completed" else "", "dim"),
        )
    console().print(out)
    if total > len(jobs):
        console().print(f"{len(jobs)} of {total}; --limit shows more.")


def print_job(job: JobDetail) -> None:
    """Everything about a job."""
    rows: list[tuple[str, Any]] = [
        ("job", job.id),
        ("name", job.name),
        ("status", _state(job.status)),
        ("detail", job.secondary_status if str(job.secondary_status) != str(job.status) else ""),
        ("message", job.exit.message if job.exit and job.exit.message else job.message),
        ("cells", f"{job.progress.done} of {job.progress.total}" if job.progress.total else ""),
        ("running", job.progress.label if job.ended is None else ""),
        ("notebook", job.notebook),
        ("output", job.output_notebook or ""),
        ("experiment", job.trial.experiment),
        ("trial", job.trial.run_id or ""),
        ("runs in", job.environment.summary or f"{job.runner} · {job.environment.display_name}"),
        ("limits", _limits(job)),
        ("created", when(job.created)),
        ("started", when(job.started)),
        ("ended", when(job.ended)),
        ("elapsed", _elapsed(job.started, job.ended)),
        ("directory", job.directory),
    ]
    rows += [(f"-p {name}", value) for name, value in job.parameters.items()]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        if value != "":
            grid.add_row(_cell(name, "dim"), value if isinstance(value, Text) else _cell(value))
    console().print(grid)
    if job.transitions:
        out = table("STATUS", "DETAIL", "SINCE", "FOR>", "")
        for step in job.transitions:
            took = _elapsed(step.started, step.ended) if step.ended and step.status not in FINAL else ""
            out.add_row(_state(step.status), step.secondary_status, when(step.started), took, _cell(step.message))
        console().print()
        console().print(out)


def _limits(job: JobDetail) -> str:
    resources = job.resources
    parts = []
    if resources.cpus is not None:
        parts.append(f"{resources.cpus:g} CPUs")
    if resources.gpus is not None:
        parts.append(f"{resources.gpus} GPUs")
    if resources.memory_bytes is not None:
        parts.append(format_size(resources.memory_bytes))
    if resources.time_limit_seconds is not None:
        parts.append(format_duration(resources.time_limit_seconds))
    return ", ".join(parts)


def print_trials(
    trials: Sequence[Trial], *, parameters: Iterable[str] | None = None, empty: str = "No trials yet."
) -> None:
    """The trials table; ``parameters``: which ones (default: all where they are few, else those that differ)."""
    if not trials:
        console().print(empty)
        return
    names = list(dict.fromkeys(key for trial in trials for key in trial.parameters))
    shown = _telling(trials, names) if parameters is None else [key for key in parameters if key in names]
    metrics = list(dict.fromkeys(key for trial in trials for key in trial.metrics))
    if parameters is None and len(names) > _MOST_PARAMETERS:  # a library logged them: what the notebook says goes first
        room = console().width - _ABOUT_WIDTH
        own_first = sorted(metrics, key=lambda key: key.startswith("training_"))
        metrics, room = _fitting(dict.fromkeys(own_first, 10), room)
        values = {key: max(len(trial.parameters.get(key, "")) for trial in trials) for key in shown}
        shown, _ = _fitting(values, room)
    headings = [f"{key}>" for key in (*shown, *metrics)]
    out = table("TRIAL", "STATUS", "STARTED", "DURATION>", *headings)
    for trial in trials:
        out.add_row(
            _cell(trial.name),
            _state(trial.status),
            when(trial.started),
            _elapsed(trial.started, trial.ended) if trial.ended else "",
            *(_cell(trial.parameters.get(key, "")) for key in shown),
            *(_number(trial.metrics[key]) if key in trial.metrics else "" for key in metrics),
        )
    console().print(out)


def print_comparison(comparison: Comparison) -> None:
    """Trials side by side, a column each."""
    if not comparison.trials:
        console().print("No trials to compare.")
    elif comparison.rows:
        out = table("", *(f"{head}>" for head in comparison.heads[1:]))
        for row, texts, best in comparison.lines():
            marked = [f"{text} *" if at in best else text for at, text in enumerate(texts)]
            out.add_row(_cell(row.name), *(_cell(each) for each in marked))
        console().print(out)
    if comparison.note:
        console().print(comparison.note)


def _telling(trials: Sequence[Trial], names: Sequence[str]) -> list[str]:
    """Parameters that tell trials apart, where there are more than fit: libraries log dozens that are all the same."""
    if len(names) <= _MOST_PARAMETERS:
        return list(names)
    names = [key for key in names if all(len(trial.parameters.get(key, "")) <= _LONGEST_VALUE for trial in trials)]
    differing = [key for key in names if len({trial.parameters.get(key) for trial in trials}) > 1]
    return (differing or list(names))[:_MOST_PARAMETERS]


def _fitting(columns: Mapping[str, int], room: int) -> tuple[list[str], int]:
    """Those of the columns (heading and width of what is below it) that have room, whole, and what is left of it."""
    fitting = []
    for key, width in columns.items():
        needed = max(len(key), width) + 2
        if needed <= room:
            fitting.append(key)
            room -= needed
    return fitting, room


def metric_table(metrics: Sequence[MetricSummary]) -> Table:
    """What the values of each metric amount to."""
    out = table("METRIC", "LAST>", "SMALLEST>", "LARGEST>", "VALUES>", "STEP>")
    for each in metrics:
        summed = each.count is not None
        out.add_row(
            _cell(each.name),
            _number(each.last),
            *(_number(value) if summed else "" for value in (each.min, each.max)),
            "" if each.count is None else f"{each.count:,}",
            f"{each.step:,}",
        )
    return out


def print_experiments(experiments: Sequence[Experiment]) -> None:
    """The list of experiments."""
    if not experiments:
        console().print("No experiments yet.")
        return
    out = table("EXPERIMENT", "TRIALS>", "UPDATED")
    for experiment in experiments:
        count = "" if experiment.trials is None else str(experiment.trials)
        out.add_row(_cell(experiment.name), count, when(experiment.updated))
    console().print(out)


def print_models(models: Sequence[RegisteredModel]) -> None:
    """The list of registered models."""
    if not models:
        console().print("No models yet. Register one: studio models register RUN_ID NAME")
        return
    out = table("MODEL", "VERSION>", "ALIASES", "CHANGED")
    for model in models:
        aliases = ", ".join(f"{alias}={version}" for alias, version in sorted(model.aliases.items()))
        out.add_row(_cell(model.name), _cell(model.latest or ""), _cell(aliases), when(model.updated))
    console().print(out)


def print_versions(versions: Sequence[ModelVersion]) -> None:
    """The versions of a model, with the trials that they came from."""
    if not versions:
        console().print("It has no version.")
        return
    metrics = list(dict.fromkeys(name for version in versions for name in version.metrics))[:_MOST_METRICS]
    out = table(
        "VERSION>", "ALIASES", "TRIAL", "RUN", "EXPERIMENT", *(f"{name}>" for name in metrics), "CREATED", "NOTE"
    )
    for version in versions:
        trial = f"{version.trial} (deleted)" if version.is_trial_deleted else version.trial
        out.add_row(
            version.version,
            _cell(", ".join(version.aliases)),
            _cell(trial),
            _cell(version.run_id or ""),
            _cell(version.experiment),
            *(_number(version.metrics[name]) if name in version.metrics else "" for name in metrics),
            when(version.created),
            _cell(version.description, "dim"),
        )
    console().print(out)


def print_images(images: Sequence[ImageChoice], default: str) -> None:
    """The images that jobs may run in; a star marks the default one."""
    if not images:
        console().print("No images. Build one: studio image build")
        return
    out = table("", "IMAGE", "ID", "SIZE>", "AGE>", "PROFILE", "INSIDE")
    for image in images:
        parts = image.summary.split(" · ")
        out.add_row(
            "*" if image.reference == default else "",
            _cell(image.reference),
            _cell(image.image_id.removeprefix("sha256:")[:12]),
            format_size(image.size_bytes),
            format_duration(time.time() - image.created) if image.created else "",
            _cell(image.profile),
            _cell(parts[2] if len(parts) > 2 else "", "dim"),
        )
    console().print(out)


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """What works, and what to do about the rest."""
    to = console()
    to.print(f"Studio {diagnosis.version}, workspace {one_line(diagnosis.workspace)}")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for check in diagnosis.checks:
        message = _cell(check.message)
        if check.hint and check.status != "ok":
            message.append(f"\n{one_line(check.hint)}", style="dim")
        grid.add_row(_state(check.status), _cell(check.name), message)
    to.print(grid)

"""Shows how far jobs are: a live table in a terminal, plain lines elsewhere, one changing table in a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from studio_ext.contract.jobs import Job as JobRow
from studio_ext.core.plain_text import one_line
from studio_ext.core.states import FINAL
from studio_ext.core.units import format_duration

if TYPE_CHECKING:
    from studio_ext.sdk.handles import Job


def describe(job: JobRow) -> str:
    """One plain line that says how far a job is."""
    progress = job.progress
    if job.status in FINAL:
        took = f" after {format_duration(job.ended - job.started)}" if job.started and job.ended else ""
        return f"{job.status}{took}" + _because(job)
    if progress.total and progress.current:
        label = one_line(progress.label)
        return f"{job.status}: cell {progress.current}/{progress.total}" + (f": {label}" if label else "")
    return f"{job.status}" + (f": {one_line(job.message)}" if job.message else "")


def describe_briefly(job: JobRow) -> str:
    """The same beside a bar that shows cells and time."""
    if job.status in FINAL:
        return f"{job.status}{_because(job)}"
    return one_line(job.progress.label if job.progress.current else job.message) or str(job.status)


def _because(job: JobRow) -> str:
    why = job.exit.message if job.exit and job.exit.message else job.message
    return f": {one_line(why)}" if why and job.status != "Completed" else ""


class PlainProgress:
    """Prints a line whenever what there is to say of a job has changed."""

    def __init__(self, stream: TextIO, *, names: bool = False) -> None:
        self._stream = stream
        self._names = names
        self._said: dict[str, str] = {}

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def __call__(self, job: JobRow) -> None:
        """Say how far ``job`` is."""
        line = describe(job)
        if self._said.get(job.id) != line:
            self._said[job.id] = line
            who = f"{job.id} {one_line(job.name)}" if self._names else job.id
            print(f"{who} {line}", file=self._stream, flush=True)


class LiveProgress:
    """A table in a terminal that redraws itself, one row a job."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        self._rows: dict[str, JobRow] = {}
        self._live = Live(console=Console(file=stream), refresh_per_second=8, get_renderable=self._table)

    def __enter__(self) -> LiveProgress:
        self._live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._live.__exit__(*error)

    def __call__(self, job: JobRow) -> None:
        """Show how far ``job`` is."""
        self._rows[job.id] = job

    def _table(self) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for job in self._rows.values():
            progress = job.progress
            style = {"Completed": "green", "Failed": "red", "Stopped": "yellow"}.get(job.status, "cyan")
            bar = ProgressBar(total=max(progress.total, 1), completed=progress.done, width=12)
            end = job.ended or time.time()
            took = format_duration(end - job.started) if job.started else ""
            table.add_row(
                Text(job.id, style="dim"),
                Text(one_line(job.name), style="bold", overflow="ellipsis", no_wrap=True),
                bar,
                Text(f"{progress.done}/{progress.total}" if progress.total else ""),
                Text(took),
                Text(describe_briefly(job), style=style, overflow="ellipsis", no_wrap=True),
            )
        return table


def shown_on(stream: TextIO, *, names: bool = False) -> LiveProgress | PlainProgress:
    """What suits the stream: live in a terminal, plain lines elsewhere."""
    return LiveProgress(stream) if stream.isatty() else PlainProgress(stream, names=names)


@contextmanager
def reporter(progress: bool | Callable[[Job], None] | None, job: Job) -> Iterator[Callable[[Job], None]]:
    """What :meth:`Job.wait` calls after each change."""
    if callable(progress):
        yield progress
    elif progress is False or (progress is None and not (_in_notebook() or sys.stderr.isatty())):
        yield lambda job: None
    elif _in_notebook():
        from studio_ext.sdk.showing import show_job

        if show_job(job):
            yield lambda job: None  # the widget looks for itself
        else:
            from IPython.display import display

            # The table, which a display can replace: not what the job does to show itself.
            handle = display(_Table(job), display_id=True)
            yield lambda job: handle.update(_Table(job))
    else:
        with shown_on(sys.stderr) as show:
            yield lambda job: show(job._row)


class _Table:
    """A job as a table."""

    def __init__(self, job: Job) -> None:
        self._html, self._text = job._repr_html_(), repr(job)

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        return self._text


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")

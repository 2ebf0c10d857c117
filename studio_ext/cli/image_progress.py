"""Shows how far a build or a pull is: one changing line in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from studio_ext.core.plain_text import one_line
from studio_ext.core.units import format_duration

if TYPE_CHECKING:
    from studio_ext.adapters.docker_runner.build import Step

_PLAIN_PARTS = 10
"""Without a terminal, a pull says something at every tenth of the way."""
_PLAIN_WIDTH = 100
_QUICK = ("ARG", "LABEL", "ENV", "WORKDIR", "CMD")
"""Steps of a build that take no time: nobody waits for them."""


class ImageProgress:
    """What to call while an image is built or fetched. ``verbose`` prints everything that the engine says."""

    def __init__(self, what: str, *, verbose: bool = False) -> None:
        self._what = what
        self._verbose = verbose
        self._started = time.monotonic()
        self._said: tuple[Any, ...] = ()
        self._bar: Any = None
        self._task: Any = None

    @property
    def elapsed(self) -> str:
        """Time since it began."""
        return format_duration(time.monotonic() - self._started)

    def __enter__(self) -> ImageProgress:
        if sys.stderr.isatty() and not self._verbose:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
            from rich.table import Column

            last = Column(no_wrap=True, overflow="ellipsis", ratio=1)
            self._bar = Progress(
                SpinnerColumn(),
                BarColumn(bar_width=20),
                TextColumn("{task.fields[at]}", markup=False),
                TimeElapsedColumn(),
                TextColumn("{task.description}", style="dim", markup=False, table_column=last),
                console=Console(stderr=True, markup=False, emoji=False, highlight=False),
                transient=True,
                expand=True,
            )
            self._bar.__enter__()
            self._task = self._bar.add_task(self._what, total=None, at="")
        return self

    def __exit__(self, *error: Any) -> None:
        if self._bar is not None:
            self._bar.__exit__(*error)

    def step(self, step: Step) -> None:
        """A line of a build."""
        at = f"step {step.number}/{step.total}" if step.total else ""
        self._show(step.line, step.part, at, (step.number, step.total) if step.total else (step.line,))

    def pulling(self, line: str, part: float | None) -> None:
        """A line of a pull."""
        at = "" if part is None else f"{part:4.0%}"
        self._show(line, part, at, (line.partition(":")[0], None if part is None else int(part * _PLAIN_PARTS)))

    def _show(self, line: str, part: float | None, at: str, said: tuple[Any, ...]) -> None:
        line = one_line(line)
        if self._bar is not None:
            total = None if part is None else 1.0
            self._bar.update(self._task, description=line, total=total, completed=part or 0.0, at=at)
        elif self._verbose or (said != self._said and line.partition(" ")[0] not in _QUICK):
            self._said = said
            shown = line if self._verbose or len(line) <= _PLAIN_WIDTH else f"{line[:_PLAIN_WIDTH]} …"
            click.echo(f"{f'[{at.strip()}] ' if at else ''}{shown}", err=True)

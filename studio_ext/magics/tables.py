"""What magics return and show: as a table in a notebook, as text in a terminal. Everything people named is escaped."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from html import escape
from typing import Any

from studio_ext.core.plain_text import one_line
from studio_ext.core.units import format_duration
from studio_ext.sdk.handles import Job
from studio_ext.sdk.progress import describe_briefly
from studio_ext.sdk.text_tables import html_table, shown, text_table


class ExperimentName(str):
    """The name of an experiment: a text, which in JupyterLab leads to its trials."""

    def _repr_html_(self) -> str:
        return f"Experiment {experiment_link(self)}"

    def __repr__(self) -> str:
        return f"Experiment {one_line(self)!r}"


def experiment_link(name: str) -> str:
    """HTML that opens the trials of an experiment where there is a Studio panel; elsewhere it is the name."""
    arguments = escape(json.dumps({"name": name}), quote=True)
    return (
        f'<a href="#" title="Show its trials" data-commandlinker-command="studio-experiments:open" '
        f'data-commandlinker-args="{arguments}">{shown(name)}</a>'
    )


class Summary:
    """What became of the cell of a trial."""

    def __init__(
        self,
        name: str,
        experiment: str,
        status: str,
        seconds: float,
        parameters: dict[str, Any],
        metrics: dict[str, float],
    ) -> None:
        self._head = f"Trial {one_line(name)!r}"
        self._experiment = experiment
        values = [f"{one_line(key)} = {number(value)}" for key, value in list(metrics.items())[:4]]
        values += [f"{len(metrics) - 4} more metrics"] if len(metrics) > 4 else []
        count = len(parameters)
        kept = f"{count} parameter{'' if count == 1 else 's'}" if count else ""
        self._tail = " · ".join([f"{status} in {format_duration(seconds)}", *filter(None, [kept, *values])])

    def __repr__(self) -> str:
        place = f" in {one_line(self._experiment)!r}" if self._experiment else ""
        return f"{self._head}{place}: {self._tail}"

    def _repr_html_(self) -> str:
        place = f" in {experiment_link(self._experiment)}" if self._experiment else ""
        return f"<small>{shown(self._head)}{place}: {shown(self._tail)}</small>"


class JobTable(list[Job]):
    """Jobs, newest first; each is a handle: ``jobs[0].stop()``."""

    def __init__(self, jobs: Sequence[Job], total: int) -> None:
        super().__init__(jobs)
        self.total = total
        """How many there are in all."""

    def _rows(self) -> list[list[str]]:
        rows = []
        for job in self:
            row = job._row
            cells = f"{row.progress.done}/{row.progress.total}" if row.progress.total else ""
            took = format_duration((row.ended or time.time()) - row.started) if row.started else ""
            why = describe_briefly(row) if row.status not in ("Completed", "Pending") else ""
            why = why.removeprefix(f"{row.status}: ") if why != row.status else ""
            values = (row.id, row.name, str(row.status), cells, row.trial.experiment, took, why)
            rows.append([one_line(value) for value in values])
        return rows

    def _rest(self) -> str:
        return f"{len(self)} of {self.total}; -n shows more." if self.total > len(self) else ""

    def __repr__(self) -> str:
        if not self:
            return "No jobs."
        return "\n".join([text_table(_JOBS, self._rows(), right={3, 5}), *filter(None, [self._rest()])])

    def _repr_html_(self) -> str:
        if not self:
            return "No jobs. <code>%submit NOTEBOOK</code> submits one."
        return html_table(_JOBS, self._rows(), right={3, 5}, note=self._rest())


_JOBS = ["id", "name", "status", "cells", "experiment", "time", ""]


def number(value: float | None) -> str:
    """Six digits at most; None is what JSON has for NaN."""
    return "nan" if value is None else f"{value:.6g}"

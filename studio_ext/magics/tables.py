"""What magics return and show: as a table in a notebook, as text in a terminal. Everything people named is escaped."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from studio_ext.core.metric_direction import better
from studio_ext.core.plain_text import one_line
from studio_ext.core.units import format_duration
from studio_ext.sdk.handles import Job
from studio_ext.sdk.progress import describe_briefly
from studio_ext.sdk.text_tables import html_table, shown, text_table

if TYPE_CHECKING:
    import pandas as pd

    from studio_ext.contract.experiments import Trial

_SAID_BEST = {1: "highest", -1: "lowest"}
_WORDS = {"FINISHED": "Completed", "FAILED": "Failed", "KILLED": "Stopped", "RUNNING": "InProgress"}


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


class Comparison:
    """Trials side by side: a column each; rows are parameters and metrics. A star marks the best value of a metric."""

    def __init__(
        self, experiment: str, trials: Sequence[Trial], *, metric: str | None, best: int | None, differing: bool
    ) -> None:
        """``best``: 1 where high values of ``metric`` are good, -1 where low ones are; None: told by its name."""
        self.experiment = experiment
        self.trials = list(trials)
        """As they are shown, from left to right."""
        self._metric = metric
        self._best = best
        self._differing = differing
        if metric is not None:
            sign = best or direction(metric) or 1
            self.trials.sort(key=lambda trial: _rank(trial.metrics.get(metric), sign))

    @property
    def frame(self) -> pd.DataFrame:
        """The trials as a DataFrame, a row each; the columns are those of ``studio.trials``."""
        from studio_ext.sdk.frames import trials_frame

        return trials_frame(self.trials)

    def _rows(self) -> tuple[list[list[str]], set[tuple[int, int]]]:
        """Rows of texts, and the places of the best values, as row and column."""
        rows = [
            ["status", *(_WORDS.get(trial.status, trial.status) for trial in self.trials)],
            ["duration", *(_duration(trial) for trial in self.trials)],
        ]
        for name in _keys([trial.parameters for trial in self.trials]):
            values = [trial.parameters.get(name, "") for trial in self.trials]
            if len(set(values)) > 1 or len(self.trials) == 1 or not self._differing:
                rows.append([name, *values])
        best: set[tuple[int, int]] = set()
        metrics = _keys([trial.metrics for trial in self.trials])
        if self._metric in metrics:
            metrics = [self._metric, *(name for name in metrics if name != self._metric)]
        for name in metrics:
            values = [number(trial.metrics[name]) if name in trial.metrics else "" for trial in self.trials]
            if self._differing and len(set(values)) == 1 and len(self.trials) > 1:
                continue
            sign = self._best if name == self._metric and self._best else direction(name)
            ranks = [_rank(trial.metrics.get(name), sign or 1) for trial in self.trials]
            if sign and len(set(ranks)) > 1:
                best |= {(len(rows), place + 1) for place, rank in enumerate(ranks) if rank == min(ranks)}
            rows.append([name, *values])
        return [[one_line(value) for value in row] for row in rows], best

    def _heads(self) -> list[str]:
        return ["", *(one_line(trial.name) for trial in self.trials)]

    def __repr__(self) -> str:
        if not self.trials:
            return f"No trials in {one_line(self.experiment)!r} yet."
        rows, best = self._rows()
        marked = [
            [f"{value} *" if (r, c) in best else value for c, value in enumerate(row)] for r, row in enumerate(rows)
        ]
        return text_table(self._heads(), marked, right=set(range(1, len(self.trials) + 1)))

    def _repr_html_(self) -> str:
        if not self.trials:
            return f"No trials in {experiment_link(self.experiment)} yet."
        rows, best = self._rows()
        table = html_table(self._heads(), rows, right=set(range(1, len(self.trials) + 1)), best=best)
        return f"{table}<small>{len(self.trials)} trials of {experiment_link(self.experiment)}</small>"


def direction(metric: str) -> int:
    """1 where high values of a metric are good, -1 where low ones are, as far as its name tells; else 0."""
    return {"higher": 1, "lower": -1}.get(better(metric) or "", 0)


def number(value: float | None) -> str:
    """Six digits at most; None is what JSON has for NaN."""
    return "nan" if value is None else f"{value:.6g}"


def _keys(mappings: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


def _rank(value: float | None, sign: int) -> float:
    """Smaller is better; what is no number comes last."""
    return math.inf if value is None or not math.isfinite(value) else -sign * value


def _duration(trial: Trial) -> str:
    return format_duration(trial.ended - trial.started) if trial.started and trial.ended else ""

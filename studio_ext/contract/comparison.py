"""Wire types of a comparison: what some trials have in common, what differs, and what mattered."""

from __future__ import annotations

from pydantic import Field, StrictBool, StrictInt

from studio_ext.contract.base import Wire
from studio_ext.contract.trial_table import IndexState, KeyText, Value
from studio_ext.contract.views import MAX_SOURCES, TrialSource, ViewChart

MAX_COMPARED_ROWS = 1_000
"""Most rows in one answer."""


class CompareQuery(Wire):
    """Which trials are compared, and which rows are asked for."""

    sources: list[TrialSource] = Field(min_length=1, max_length=MAX_SOURCES)
    text: str = Field(default="", max_length=250)
    """What the name of a row has to hold; upper and lower case are the same."""
    only_differences: StrictBool = False
    keys: list[KeyText] = Field(default=[], max_length=100)
    """Rows that are answered whatever ``text`` and ``only_differences`` say: those that charts need."""
    limit: StrictInt = Field(default=200, ge=0, le=MAX_COMPARED_ROWS)
    """Most rows besides ``keys``."""
    suited: StrictBool = False
    """Whether charts that suit the trials are asked for, too."""


class ComparedTrial(Wire):
    """One of the trials: a column of the comparison."""

    run_id: str
    experiment: str
    name: str
    status: str
    """MLflow's word."""
    started: float | None = None
    ended: float | None = None
    job_id: str | None = None


class ComparedRow(Wire):
    """One parameter, metric, tag or attribute of all the trials."""

    key: str
    kind: str
    """``attribute``, ``parameter``, ``metric`` or ``tag``."""
    name: str
    numeric: bool
    """Whether every value is a number."""
    differs: bool
    """Whether the trials do not all have the same value; one that has none differs from one that has."""
    better: str | None = None
    """Which values of a metric are better, as far as its name tells: ``lower``, ``higher``, or null."""
    values: list[Value]
    """In the order of the trials; of a metric the last value."""
    lows: list[float | None] = []
    """Of a metric: its smallest finite value in each trial. Else empty."""
    highs: list[float | None] = []
    """Of a metric: its largest finite value in each trial. Else empty."""


class Comparison(Wire):
    """Some trials side by side."""

    trials: list[ComparedTrial]
    """In the order of the sources; each once."""
    rows: list[ComparedRow]
    """Parameters first, then metrics, tags and attributes; those that differ before the others."""
    total_rows: int
    """Rows that match."""
    differing_rows: int
    """How many of all rows differ."""
    missing: list[str]
    """Run ids that are not there: deleted, or of another store."""
    left_out: int = 0
    """Trials that were found, but are more than a comparison takes."""
    charts: list[ViewChart] = []
    """Where they were asked for: charts that suit the trials, for a view that names none."""
    index: IndexState


class ImportanceQuery(Wire):
    """For which metric, and out of which trials, the importance of parameters is asked.

    Of a source with a filter all trials that match count, whatever its ``limit``."""

    sources: list[TrialSource] = Field(min_length=1, max_length=MAX_SOURCES)
    metric: KeyText


class ParameterImportance(Wire):
    """How much one parameter matters."""

    key: str
    name: str
    importance: float
    """Share of what all parameters explain, 0 to 1."""
    spread: float
    """Standard deviation of ``importance`` over repetitions."""
    correlation: float | None = None
    """Spearman's, -1 to 1; None for a parameter that is no number."""


class Importance(Wire):
    """How much each parameter matters for a metric."""

    metric: str
    """Its column."""
    name: str
    """What it is called."""
    trials: int
    """Trials with a finite value of the metric."""
    items: list[ParameterImportance]
    """Most important first."""
    score: float | None = None
    """How well the metric of a trial is told from the parameters of the others: cross-validated R², at most 1; below 0
    it tells nothing."""
    left_out: int = 0
    """Parameters that differ, but are more than are looked at."""
    thin: str = ""
    """Why nothing can be said, or why little is to be made of it, in a sentence; empty: it can be relied on."""

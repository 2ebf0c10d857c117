"""Wire types of views: which trials are compared, and how they are drawn. A ``.studio-view`` file holds one as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StringConstraints

from studio_ext.contract.base import Wire
from studio_ext.contract.trial_table import MAX_FILTER, KeyText, SortKey

VERSION: Literal[1] = 1
"""Version of the format that is written."""
MAX_TRIALS = 200
"""Most trials in one view."""
MAX_SOURCES = 20
MAX_CHARTS = 100

_NO_NUL = r"^[^\x00]*$"
"""Not every database can be asked for a text with a NUL in it, and none of MLflow's names has one."""

RunId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_NO_NUL)]
ChartId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
MetricName = Annotated[str, StringConstraints(min_length=1, max_length=250, pattern=_NO_NUL)]


class TrialSource(Wire):
    """Trials of one experiment: those that are named, else those that a filter finds now."""

    experiment: str = Field(min_length=1, max_length=250)
    run_ids: list[RunId] = Field(default=[], max_length=MAX_TRIALS)
    """Where there are any, these and no others, in this order."""
    filter: str = Field(default="", max_length=MAX_FILTER)
    """In the filter language; empty: all."""
    sort: list[SortKey] = Field(default=[], max_length=5)
    """Empty: newest first."""
    limit: StrictInt = Field(default=20, ge=1, le=MAX_TRIALS)
    """Most trials that the filter finds."""


class ChartSpec(Wire):
    """What all charts have."""

    id: ChartId
    """Unique in its view."""
    title: str = Field(default="", max_length=250)
    """Empty: what is drawn."""
    wide: StrictBool = False
    """Whether it takes the whole width."""


class LineChartSpec(ChartSpec):
    """Histories of metrics, a line for each trial (and metric)."""

    type: Literal["line"]
    metrics: list[MetricName] = Field(min_length=1, max_length=20)
    x: Literal["step", "time", "relative", "metric"] = "step"
    """``time``: of day; ``relative``: since the trial began."""
    x_metric: MetricName | None = None
    """With ``x`` of ``metric``: the metric whose value at the same step is the place."""
    log_x: StrictBool = False
    log_y: StrictBool = False
    smoothing: StrictInt | StrictFloat = Field(default=0.0, ge=0.0, lt=1.0)
    """Weight of what came before in an exponential mean, corrected for its beginning; 0: none."""
    group_by: KeyText | None = None
    """Column whose equal values make a group, drawn as mean and envelope."""


class ScatterChartSpec(ChartSpec):
    """A point for each trial."""

    type: Literal["scatter"]
    x: KeyText
    y: KeyText
    colour: KeyText | None = None
    """Column that colours the points; none: each trial has its own colour."""
    size: KeyText | None = None
    log_x: StrictBool = False
    log_y: StrictBool = False


class ParallelChartSpec(ChartSpec):
    """A line for each trial through an axis for each column."""

    type: Literal["parallel"]
    keys: list[KeyText] = Field(min_length=1, max_length=30)
    log: list[KeyText] = Field(default=[], max_length=30)
    """Columns whose axis is logarithmic."""
    colour: KeyText | None = None


class BoxChartSpec(ChartSpec):
    """The spread of a column for each value of another."""

    type: Literal["box"]
    by: KeyText
    value: KeyText
    log: StrictBool = False


class HistogramChartSpec(ChartSpec):
    """How often values of a column occur."""

    type: Literal["histogram"]
    value: KeyText
    bins: StrictInt | None = Field(default=None, ge=1, le=200)
    """None: as many as suit the values."""


class HeatMapChartSpec(ChartSpec):
    """The mean of a column for each pair of values of two others."""

    type: Literal["heatmap"]
    x: KeyText
    y: KeyText
    value: KeyText


class ImportanceChartSpec(ChartSpec):
    """How much each parameter matters for a metric."""

    type: Literal["importance"]
    metric: KeyText


ViewChart = Annotated[
    LineChartSpec
    | ScatterChartSpec
    | ParallelChartSpec
    | BoxChartSpec
    | HistogramChartSpec
    | HeatMapChartSpec
    | ImportanceChartSpec,
    Field(discriminator="type"),
]


class View(Wire):
    """Trials that are compared, and how they are drawn."""

    version: Literal[1] = VERSION
    title: str = Field(default="", max_length=250)
    notes: str = Field(default="", max_length=20_000)
    """Markdown, shown above the charts."""
    sources: list[TrialSource] = Field(default=[], max_length=MAX_SOURCES)
    baseline: RunId | None = None
    """Trial that the others are held against."""
    hidden: list[RunId] = Field(default=[], max_length=MAX_TRIALS)
    """Trials that are listed, but not drawn."""
    only_differences: StrictBool = True
    """Whether the table leaves out what is the same in all trials."""
    charts: list[ViewChart] | None = Field(default=None, max_length=MAX_CHARTS)
    """None: those that suit the trials."""


class ViewText(Wire):
    """What a file says that is to be a view."""

    text: str = Field(max_length=1_000_000)

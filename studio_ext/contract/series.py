"""Wire types of histories: metrics of many trials over steps or time, sampled for charts."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from studio_ext.contract.base import Wire
from studio_ext.contract.live import MAX_POINTS, MetricSeries
from studio_ext.contract.views import MAX_TRIALS, MetricName, RunId

MAX_METRICS = 50
"""Most metrics in one question."""
MAX_ANSWERED = 2_000_000
"""Most points of all series in one answer. Where there are more, each series gets fewer than were asked for."""

PACKED = "application/vnd.studio.series"
"""Media type of an answer with arrays in the place of lists, see :mod:`studio_ext.core.packed_series`."""

PREVIEWED = -1
"""What is known of a series of which there is a preview."""

Counts = Annotated[list[Annotated[StrictInt, Field(ge=PREVIEWED, le=2**53)]], Field(max_length=MAX_METRICS)]


Place = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class SeriesQuery(Wire):
    """Which metrics of which trials, and how many points of each."""

    run_ids: list[RunId] = Field(min_length=1, max_length=MAX_TRIALS)
    metrics: list[MetricName] = Field(min_length=1, max_length=MAX_METRICS)
    x: Literal["step", "time", "relative"] = "step"
    """What values are placed by, and what ``low`` and ``high`` count: steps, seconds since the epoch, or seconds since
    the trial began."""
    low: Place | None = None
    """The part that is asked for begins here; with it comes the value before, so that lines go to the edge."""
    high: Place | None = None
    """It ends here, likewise."""
    both: StrictBool = False
    """Whether points have their step and their time, and not only that of the two by which they are placed."""
    max_points: StrictInt = Field(default=1_000, ge=4, le=MAX_POINTS)
    """Most points of one series."""
    known: list[Counts] = Field(default=[], max_length=MAX_TRIALS)
    """For each trial a number for each metric: ``count`` of the series as far as it is known; 0: not at all; -1: a
    preview of it. Only what came after is answered; after a preview, all of it once it is read; of a series that is
    not known and not read yet, a preview where the store has one. Empty: nothing is known, and there are no previews.
    Where all are 0 the answer comes soon: with previews, or, where the store has none, with what was read until there
    is something of each metric. Not together with ``low`` and ``high``."""
    generation: str = Field(default="", max_length=64)
    """Of the answer from which ``known`` is. When it is another one now, everything is answered."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must be less than high")
        if self.known:
            if [len(each) for each in self.known] != [len(self.metrics)] * len(self.run_ids):
                raise ValueError("known must have a list for each of run_ids, with a number for each of metrics")
            if self.low is not None or self.high is not None:
                raise ValueError("known cannot be combined with low and high")
        return self


class SampledSeries(MetricSeries):
    """A metric of a trial in the order of steps or times.

    Not more points than were asked for: of groups of neighbours those with the smallest and the largest value, and
    always the first and the last. Unless ``both`` was asked for, ``step`` is empty unless ``x`` was ``step``, and
    ``time`` if it was. With ``x`` of ``relative`` the time counts from the beginning of the trial.
    """

    shown: int
    """Values that the points stand for: those of the part that was asked for, or what came after ``first``."""
    preview: bool = False
    """Whether these are only some values, about equally far apart in steps, of a series that is still to be read: the
    smallest and the largest need not be among them, and ``count``, ``not_finite`` and ``shown`` are of those alone."""
    first: int = 0
    """Where this is only what came after what was known: how many values those are, whose points it is to be added
    to. 0: it takes their place."""


class SeriesPage(Wire):
    """Histories. Trials that did not log a metric have no series of it."""

    series: list[SampledSeries]
    """By trial and metric, in the order in which they were asked for; those without anything new are left out."""
    generation: str
    """To be sent with what is known of this answer."""
    more: bool = False
    """Whether to ask again at once: long histories are read in several turns, and not all of them is here yet."""
    read: int = 0
    """Values that were read of the trials that are not read to the end; a sign of life while there is ``more``."""
    waiting: int = 0
    """Trials that are not read to the end."""
    complete: bool = False
    """Whether nothing can come any more: all trials are over, and read."""
    missing: list[str] = []
    """Run ids that are not there: deleted, or of another store."""
    message: str = ""
    """Why this may be old (the tracking store is away), in a sentence; empty: it is as it should be."""

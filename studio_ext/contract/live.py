"""Wire types of what is shown of a run while it runs: its metrics, and what its job uses."""

from __future__ import annotations

from studio_ext.contract.base import Wire

MAX_POINTS = 5_000
"""Most points of one series in one answer."""


class MetricSeries(Wire):
    """The values of one metric of one run, in the order in which they were logged.

    Of a series that has more values than were asked for, neighbours are put into groups of which the smallest and
    the largest value are kept; every point is one that was logged.
    """

    run_id: str
    name: str
    count: int
    """Values that were logged so far."""
    not_finite: int = 0
    """How many of them were NaN or infinite."""
    last: float | None = None
    """The value that was logged last; None when it was NaN or infinite."""
    step: list[int]
    time: list[float]
    """Seconds since the epoch."""
    value: list[float | None]
    """None stands for NaN and infinities, which JSON lacks."""


class MetricHistory(Wire):
    """The metrics of a job, or of one run."""

    series: list[MetricSeries]
    """In the order in which they were first logged; the job's own run first."""
    whole: bool = True
    """False: only what came after the cursor that was asked with, to be added to what is known."""
    cursor: str
    """Ask again with it for what came after."""
    more: bool = False
    """Whether there is more to ask for at once: a long journal is read in several turns."""
    complete: bool = False
    """Whether nothing can come any more."""
    left_out: int = 0
    """Metrics that are not shown because there are too many."""

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


class GpuSamples(Wire):
    """One GPU of the machine that the job runs on, as long as the job did."""

    index: int
    name: str = ""
    memory_total_bytes: int | None = None
    utilization: list[float | None]
    """Percent of the time in which it was busy; None where it was not told."""
    memory_bytes: list[int | None]


class ResourceUsage(Wire):
    """What the last attempt of a job used while it ran: one entry a sample in each list.

    Of more samples than were asked for, those with the smallest and the largest figures of each group of neighbours are
    kept.
    """

    count: int
    """Samples that were taken so far."""
    time: list[float]
    """Seconds since the epoch."""
    cpus: list[float]
    """Processors that were busy with the job since the sample before, on average."""
    memory_bytes: list[int]
    """What the memory limit is held against."""
    processes: list[int]
    read_bytes: list[int | None]
    """Read from disks since the attempt began; None where nobody tells."""
    written_bytes: list[int | None]
    gpus: list[GpuSamples] = []
    cpu_seconds: float | None = None
    """CPU time of the attempt so far."""
    peak_memory_bytes: int | None = None
    """The most memory at any moment, also between two samples."""
    cpus_limit: float | None = None
    memory_limit_bytes: int | None = None
    machine_cpus: int | None = None
    machine_memory_bytes: int | None = None
    measured_by: str = ""
    """What told the figures: ``cgroup v2``, ``cgroup v1`` or ``sampling``."""
    whole: bool = True
    """False: only what came after the cursor that was asked with, to be added to what is known."""
    cursor: str
    complete: bool = False
    """Whether nothing can come any more."""


class LiveChanged(Wire):
    """Event ``studio live changed``: there is more of jobs that somebody looks at; a hint to ask again, never data."""

    metrics: list[str] = []
    """Jobs that logged metrics, at most 50."""
    resources: list[str] = []
    """Jobs with new samples, at most 50."""

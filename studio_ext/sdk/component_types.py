"""What a trial component consists of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class TrialComponentStatus:
    """What became of a component."""

    primary_status: str
    """InProgress, Completed, Failed or Stopped."""
    message: str = ""


@dataclass(frozen=True)
class TrialComponentSource:
    """Where a component comes from."""

    source_arn: str
    """``job/<id>``, or the script or notebook that recorded it."""
    source_type: str
    """Job, Script, Notebook or Project."""


@dataclass(frozen=True)
class TrialComponentArtifact:
    """An input or output: where it lies, and what it is."""

    value: str
    media_type: str | None = None


@dataclass(frozen=True)
class TrialComponentMetricSummary:
    """All values of one metric. ``count`` is that of values which are numbers; without any, the others are NaN."""

    metric_name: str
    max: float
    min: float
    last: float
    """Value of the highest step."""
    count: int
    avg: float
    std_dev: float
    """Population standard deviation."""
    time_stamp: datetime
    """When the last value was logged."""

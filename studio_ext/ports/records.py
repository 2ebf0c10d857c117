"""The records port: experiments, runs and what is logged to them, as the SDK's entities and trackers need it.

Where the tracking port serves jobs and tables, this one serves people who write records themselves. It speaks of
MLflow's things: experiments and runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class ExperimentRecord:
    """An experiment."""

    experiment_id: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    created: float | None = None
    """Seconds since the epoch."""
    updated: float | None = None


@dataclass(frozen=True)
class MetricLast:
    """Where a metric stands: the value of its highest step."""

    value: float
    timestamp: float
    """Seconds since the epoch."""
    step: int


@dataclass(frozen=True)
class RunRecord:
    """A run."""

    run_id: str
    experiment_id: str
    name: str
    status: str
    """MLflow's word: RUNNING, SCHEDULED, FINISHED, FAILED or KILLED."""
    artifact_uri: str
    started: float | None = None
    ended: float | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, MetricLast] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Place (path or address) of the data that was read, by name."""


@dataclass(frozen=True)
class Moments:
    """What the values of one metric of one run amount to; of those that are numbers."""

    count: int
    min: float
    max: float
    avg: float
    std_dev: float
    """Of all values as they are (divided by ``count``); 0 for a single one."""


class Records(Protocol):
    """Thread-safe. Raises ``Unavailable`` while the store is away."""

    def experiment(self, name: str) -> ExperimentRecord:
        """An active experiment by name. Raises ``NotFound``."""

    def experiment_by_id(self, experiment_id: str) -> ExperimentRecord:
        """An experiment by id. Raises ``NotFound``."""

    def experiments(self) -> list[ExperimentRecord]:
        """All active experiments, last updated first."""

    def create_experiment(self, name: str, tags: Mapping[str, str]) -> ExperimentRecord:
        """Make an experiment. Raises ``Conflict`` if the name is taken, ``InvalidRequest`` if it will not do."""

    def tag_experiment(self, experiment_id: str, key: str, value: str) -> None:
        """Set a tag."""

    def delete_experiment(self, experiment_id: str) -> None:
        """Delete it the way MLflow does (restorable)."""

    def create_run(self, experiment_id: str, name: str, tags: Mapping[str, str], started: float) -> RunRecord:
        """Make a run."""

    def run(self, run_id: str) -> RunRecord:
        """An active run. Raises ``NotFound``."""

    def runs(self, experiment_ids: Sequence[str], filter_: str = "") -> Iterator[RunRecord]:
        """Active runs, newest first; ``filter_`` in MLflow's language."""

    def update_run(self, run_id: str, *, status: str = "", ended: float | None = None, name: str = "") -> None:
        """Change what is given."""

    def log(self, run_id: str, body: Mapping[str, Any]) -> None:
        """``metrics``, ``params`` and ``tags`` in MLflow's spelling, within MLflow's limits, at once."""

    def delete_tag(self, run_id: str, key: str) -> None:
        """Take a tag away. Raises ``NotFound`` where there is none."""

    def delete_run(self, run_id: str) -> None:
        """Delete it the way MLflow does (restorable)."""

    def moments(self, runs: Sequence[RunRecord]) -> dict[str, dict[str, Moments]]:
        """Of every metric of these runs, by run id and metric."""

    def history(self, run_id: str, metric: str) -> list[MetricLast]:
        """All values of a metric by step and time."""

    def log_artifact(self, run: RunRecord, source: Path, name: str) -> None:
        """Copy a file to ``name`` below the run's artefacts. It appears whole or not at all."""


class LogSink(Protocol):
    """Takes what a process logs to one run. One thread at a time."""

    def write(self, body: bytes) -> None:
        """Take the body of one ``runs/log-batch`` call, whole or not at all. Raises ``Unavailable``."""

    def sync(self) -> None:
        """When this returns, everything taken survives the end of the process, and of the machine."""

    def applied(self) -> bool:
        """Whether the store has everything that was taken."""

    def refused(self) -> list[str]:
        """Sentences about what the store refused."""

    def close(self, status: str, message: str) -> None:
        """Nothing more comes from this process. ``status``: MLflow's word to end the run with; empty: do not."""


class Recorder(Protocol):
    """Where trackers record: a place for records and for what is logged."""

    records: Records
    job_run: str | None
    """Id of the job's run inside a job; there a run ends with the job or by its tracker, never by us."""
    tracking_uri: str
    """What MLflow's own client has to talk to, to find these records."""

    def open_sink(self, run: RunRecord, *, ends: bool) -> LogSink:
        """A sink of this process. ``ends``: the run ends with this process, if nobody says how, as failed."""

"""The tracking port: where trials are recorded (MLflow)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from studio_ext.contract.experiments import Experiment, Trial
from studio_ext.core.log_calls import LoggedValue


@dataclass(frozen=True)
class RunStart:
    """What is recorded of a job before it starts."""

    experiment: str
    name: str
    started: float
    user: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunHandle:
    """A run that exists in the store."""

    run_id: str
    experiment_id: str
    artifact_uri: str


@dataclass(frozen=True)
class DataInput:
    """Data that a run read."""

    name: str
    digest: str
    """Which version of it; at most 36 characters."""
    kind: str
    """``local``, ``http``, or the scheme of an address (``s3``, ...)."""
    source: str
    """Path or address."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    """What is known of it: ``size_bytes``, ``sha256``, ``num_rows``, ``num_columns``, ``num_files``, ..."""


class Tracking(Protocol):
    """Reads and writes trials. Raises ``Unavailable`` while the store is away. Thread-safe."""

    def start_run(self, job_id: str, start: RunStart) -> RunHandle:
        """Make the run of a job, and the experiment where there is none.

        Idempotent by ``job_id`` (tag ``studio.job_id``): called again after a crash it returns the same run.
        """

    def find_run(self, job_id: str, experiment: str) -> RunHandle | None:
        """The run that :meth:`start_run` made for a job in an experiment, whatever its status; None where there is
        none, or it was deleted. Makes nothing.
        """

    def end_run(self, run_id: str, status: str, ended: float, tags: Mapping[str, str]) -> None:
        """Close the run with MLflow's ``FINISHED``, ``FAILED`` or ``KILLED``; children still RUNNING too.

        A tag that is empty is written only over one that is there.
        """

    def log_artifacts(self, run_id: str, source: Path, artifact_path: str = "") -> None:
        """Move what lies below ``source`` (a file or a folder) to the run's artefacts."""

    def log_inputs(self, run_id: str, inputs: Sequence[DataInput]) -> None:
        """Add data to what the run read. Idempotent. A run that was deleted meanwhile is left alone."""

    def inputs(self, run_id: str) -> list[DataInput]:
        """Data that a run read, as :meth:`log_inputs` or MLflow's own calls recorded it. Raises ``NotFound``."""

    def show_tables(self, run_id: str, paths: Sequence[str]) -> None:
        """Have artefacts (JSON with ``columns`` and ``data``) shown as tables. Idempotent; as above."""

    def delete_run(self, run_id: str) -> None:
        """Delete a run and its children the way MLflow does (restorable)."""

    def restore_run(self, run_id: str) -> None:
        """Restore a deleted run and its children. One that is not deleted stays as it is. Raises ``NotFound``."""

    def experiments(self) -> list[Experiment]:
        """All active experiments, last updated first."""

    def create_experiment(self, name: str) -> Experiment:
        """Make an experiment. Raises ``Conflict`` if it exists, ``InvalidRequest`` if the name will not do."""

    def trial(self, run_id: str) -> Trial:
        """One trial. Raises ``NotFound``."""

    def metric_history(self, run_id: str) -> Iterator[LoggedValue]:
        """Every value of every metric of a run but those of the system, one metric after the other.

        Raises ``NotFound``.
        """

    def log_values(self, run_id: str, values: Sequence[LoggedValue]) -> None:
        """Log values of metrics of one run. Those that the store has already change nothing, and neither do those of a
        run that was deleted."""


class Relay(Protocol):
    """Applies the MLflow calls that a job appended to its journal, and answers them."""

    def pump(self, job_id: str, directory: Path, attempt: int, run: RunHandle) -> int:
        """Apply what is new in ``attempts/<n>/calls.jsonl``; returns how many calls were applied.

        Keeps its own position beside the journal, so that a new process goes on where the last one ended and
        applies no call twice (a crash between applying and noting may repeat at most one batch of idempotent
        log calls). Raises ``Unavailable`` while the store is away, having lost and reordered nothing.
        """

    def finish(self, job_id: str, directory: Path, attempt: int, run: RunHandle) -> None:
        """Apply the rest of the journal and move the artefacts that the job logged. Idempotent."""

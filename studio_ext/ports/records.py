"""The records port: experiments, runs and what is logged to them, as the SDK's entities and trackers need it.

Where the tracking port serves jobs and tables, this one serves people who write records themselves. It speaks of
MLflow's things: experiments and runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from studio_ext.contract.records import (
    ArtifactEntry,
    ExperimentRecord,
    HistoryPage,
    JournalState,
    LogCall,
    MetricLast,
    Moments,
    RunPage,
    RunRecord,
)
from studio_ext.contract.trial_detail import ArtifactPreview
from studio_ext.ports.contents import Download


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

    def tag_experiment(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        """Set tags. Raises ``NotFound``."""

    def delete_experiment(self, experiment_id: str) -> None:
        """Delete it the way MLflow does (restorable). Raises ``NotFound``."""

    def create_run(self, experiment_id: str, name: str, tags: Mapping[str, str], started: float) -> RunRecord:
        """Make a run."""

    def run(self, run_id: str) -> RunRecord:
        """An active run. Raises ``NotFound``."""

    def run_page(
        self,
        experiment_ids: Sequence[str],
        filter_: str = "",
        *,
        order_by: Sequence[str] = (),
        limit: int = 1000,
        cursor: str = "",
    ) -> RunPage:
        """A page of active runs, newest first; ``filter_`` and ``order_by`` in MLflow's language.

        Raises ``InvalidRequest`` for what MLflow does not understand.
        """

    def runs(
        self, experiment_ids: Sequence[str], filter_: str = "", *, order_by: Sequence[str] = ()
    ) -> Iterator[RunRecord]:
        """All of them, page by page."""

    def update_run(self, run_id: str, *, status: str = "", ended: float | None = None, name: str = "") -> None:
        """Change what is given."""

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags, at once."""

    def delete_tag(self, run_id: str, key: str) -> None:
        """Take a tag away. One that is not there is no error."""

    def delete_run(self, run_id: str) -> None:
        """Delete it the way MLflow does (restorable)."""

    def moments(self, run_ids: Sequence[str]) -> dict[str, dict[str, Moments]]:
        """By run id and metric. A metric all of whose values are no numbers may be missing."""

    def history_page(self, run_id: str, metric: str, cursor: str = "") -> HistoryPage:
        """A part of the values of a metric."""

    def history(self, run_id: str, metric: str) -> list[MetricLast]:
        """All values of a metric by step and time."""

    def log_artifact(self, run: RunRecord, source: Path, name: str, *, move: bool = False) -> None:
        """Copy a file to ``name`` below the run's artefacts. It appears whole or not at all.

        ``move``: the source is not needed any more.
        """

    def artifacts(self, run: RunRecord, folder: str = "") -> list[ArtifactEntry]:
        """What lies in a folder of the run's artefacts, by name; of one that is not there, nothing."""

    def open_artifact(self, run: RunRecord, name: str) -> AbstractContextManager[Download]:
        """A file of the artefacts. Raises ``NotFound``, and ``InvalidRequest`` for a path that leads elsewhere."""

    def preview(self, run: RunRecord, name: str) -> ArtifactPreview:
        """The beginning of a file of the artefacts. Raises as :meth:`open_artifact`."""


class LogSink(Protocol):
    """Takes what a process logs to one run. One thread at a time."""

    def write(self, body: bytes) -> None:
        """Take the body of one ``runs/log-batch`` call, whole or not at all. Raises ``Unavailable``."""

    def sync(self) -> None:
        """When this returns, everything taken survives the end of the process, and of the machine."""

    def applied(self) -> bool:
        """Whether the store has everything that was taken."""

    def behind(self) -> int:
        """How many of the calls that were taken the store has not got yet, as far as this process can know."""

    def refused(self) -> list[str]:
        """Sentences about what the store refused."""

    def close(self, status: str, message: str) -> None:
        """Nothing more comes from this process. ``status``: MLflow's word to end the run with; empty: do not."""


class Recorder(Protocol):
    """Where trackers record: a place for records and for what is logged."""

    records: Records
    job_run: str | None
    """Id of the job's run inside a job; there a run ends with the job or by its tracker, never by us."""
    tracking_uri: str | None
    """What MLflow's own client has to talk to, to find these records; None: nothing that this process could reach."""

    def open_sink(self, run: RunRecord, *, ends: bool) -> LogSink:
        """A sink of this process. ``ends``: the run ends with this process, if nobody says how, as failed."""


class Journals(Protocol):
    """Journals of clients elsewhere, one for each client and run. Whatever was answered is on the disk.

    A client names itself by 32 hexadecimal digits of chance. One that is not heard of for ``lease_seconds`` is taken
    for gone: its journal is closed, and its run ends as failed if it was to end with it. Thread-safe.
    """

    def open(self, run: RunRecord, client_id: str, *, ends: bool) -> JournalState:
        """Open a journal. One that is open already stays as it is."""

    def append(self, run_id: str, client_id: str, first: int, calls: Sequence[LogCall]) -> JournalState:
        """Take calls, the first of which has the number ``first``; those that are there already are left out.

        Without calls it is a sign of life. Raises ``NotFound`` where no journal is open any more, ``Conflict`` when
        numbers are missing in between.
        """

    def state(self, run_id: str, client_id: str) -> JournalState:
        """How far a journal is, open or closed. Raises ``NotFound`` when it is gone: then all of it was applied."""

    def close(self, run_id: str, client_id: str, status: str, message: str, ended: float) -> None:
        """Nothing more comes. ``status``: as :meth:`LogSink.close`; ``ended`` in seconds since the epoch.

        Raises ``NotFound`` where no journal is open any more.
        """


class HostRecorder(Protocol):
    """What a Jupyter server records with for clients elsewhere."""

    records: Records
    journals: Journals
    uploads: Path
    """Folder for files on their way; on the disk of the artefacts where these are on this machine."""


__all__ = [
    "ArtifactEntry",
    "ExperimentRecord",
    "HistoryPage",
    "HostRecorder",
    "JournalState",
    "Journals",
    "LogCall",
    "LogSink",
    "MetricLast",
    "Moments",
    "Recorder",
    "Records",
    "RunPage",
    "RunRecord",
]

"""The client port: everything that the SDK, the magics and the command line can ask for.

Two adapters keep the same promises: ``local`` (the workspace on this machine) and ``http`` (a Jupyter server).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from studio_ext.contract.comparison import CompareQuery, Comparison, Importance, ImportanceQuery
from studio_ext.contract.experiments import Experiment, Trial
from studio_ext.contract.jobs import (
    FileEntry,
    Job,
    JobDetail,
    JobsDelta,
    JobStatus,
    LogChunk,
    NotebookInspection,
    SubmitOptions,
    SubmitRequest,
)
from studio_ext.contract.live import LiveChanged, MetricHistory, ResourceUsage
from studio_ext.contract.page import Page
from studio_ext.contract.series import SeriesPage, SeriesQuery
from studio_ext.contract.trial_detail import TrialChildren, TrialDetail, UpdateTrial
from studio_ext.contract.trial_diff import DiffPart, TrialDiff
from studio_ext.contract.trial_table import (
    ColumnPage,
    ExportFormat,
    FilterCheck,
    FilterQuery,
    TrialQuery,
    TrialTablePage,
)
from studio_ext.contract.views import View
from studio_ext.contract.workspace import Diagnosis, ServerInfo
from studio_ext.ports.models import ModelsClient


class Client(ModelsClient, Protocol):
    """Raises :class:`studio_ext.contract.errors.StudioError`; never anything else for a foreseeable fault."""

    def submit(self, request: SubmitRequest) -> JobDetail:
        """Commit a job. When this returns, the job survives everything that follows."""

    def inspect(self, notebook: str) -> NotebookInspection:
        """Parameters, kernel and cells of a notebook."""

    def options(self) -> SubmitOptions:
        """What can be chosen at submission."""

    def job(self, job_id: str) -> JobDetail:
        """One job. A prefix of the id that names one job only will do."""

    def jobs(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        statuses: Sequence[JobStatus] = (),
        experiment: str | None = None,
        text: str = "",
    ) -> Page[Job]:
        """Jobs, newest first."""

    def changes(self, since: int, *, limit: int = 200) -> JobsDelta:
        """What changed in the job list after a revision."""

    def stop(self, job_id: str) -> JobDetail:
        """Ask a job to stop; asked again, kill it. A job that is over stays as it is."""

    def delete(self, job_id: str, *, trial: bool = False) -> None:
        """Delete a finished job and its directory (after a while in which it can be restored)."""

    def restore(self, job_id: str) -> JobDetail:
        """Undo a deletion."""

    def log(self, job_id: str, *, offset: int = 0, limit: int = 262_144, attempt: int | None = None) -> LogChunk:
        """A range of the log; a negative offset counts from the end. At most 262,144 bytes a call."""

    def files(self, job_id: str, path: str = "") -> list[FileEntry]:
        """What lies in the job directory."""

    def metrics(self, job_id: str, *, max_points: int = 500, cursor: str | None = None) -> MetricHistory:
        """The metrics of a job's runs, also while it runs. At most ``max_points`` points (4 to 5,000) of each.

        ``cursor``: of an earlier answer, for what came after it (see :attr:`MetricHistory.whole`).
        """

    def resources(self, job_id: str, *, max_points: int = 500, cursor: str | None = None) -> ResourceUsage:
        """What a job uses, also while it runs. ``max_points`` and ``cursor`` as for :meth:`metrics`."""

    def experiments(self) -> list[Experiment]:
        """All experiments, last updated first."""

    def create_experiment(self, name: str) -> Experiment:
        """Make an experiment."""

    def trials(
        self,
        experiment: str,
        *,
        limit: int = 50,
        cursor: str | None = None,
        sort: str = "started",
        descending: bool = True,
        filter: str = "",
    ) -> Page[Trial]:
        """A page of trials that a filter matches (see :mod:`studio_ext.core.trial_filter`).

        ``sort``: a column, named as :mod:`studio_ext.core.trial_keys` says. Raises ``InvalidRequest`` with the field
        ``filter`` for a filter that is wrong; :meth:`check_filter` says where.
        """

    def trial(self, run_id: str) -> Trial:
        """One trial."""

    def trial_metrics(self, run_id: str, *, max_points: int = 500, cursor: str | None = None) -> MetricHistory:
        """As :meth:`metrics` for one run, whoever records it: a job, a tracker, or somebody else."""

    def trial_detail(self, run_id: str) -> TrialDetail:
        """Everything about one trial, also of one that was deleted and can be restored. Raises ``NotFound``."""

    def trial_children(self, run_id: str, *, cursor: str = "", limit: int = 50) -> TrialChildren:
        """Trials below one, newest first. Raises ``NotFound``."""

    def update_trial(self, run_id: str, change: UpdateTrial) -> TrialDetail:
        """Change name, note or tags of a trial.

        Raises ``Conflict`` for a deleted trial, and where ``if_note`` is not the note that is there: the error's field
        ``note`` then holds that one. Raises ``InvalidRequest`` for tags that Studio or MLflow write themselves.
        """

    def trial_series(self, query: SeriesQuery) -> SeriesPage:
        """Histories of metrics of many trials, sampled. Where a long one has to be read first, it is answered in
        several turns: ask again while there is ``more``. Trials that are gone are named, and no error."""

    def trial_diff(self, first: str, second: str, part: DiffPart, *, path: str = "") -> TrialDiff:
        """One part of what differs between two trials beyond numbers. What is not recorded is a sentence in the answer
        and no error.

        ``path``: of the artefacts only this one, with the differences of its text. Raises ``NotFound`` for a trial or
        an artefact that is not there.
        """

    def trial_table(self, query: TrialQuery) -> TrialTablePage:
        """Some rows of the table of trials. Raises as :meth:`trials`."""

    def compare(self, query: CompareQuery) -> Comparison:
        """Trials side by side. Those that are not there are named in the answer. Raises as :meth:`trials`."""

    def importance(self, query: ImportanceQuery) -> Importance:
        """How much each parameter matters for a metric; may take seconds. Raises as :meth:`trials`."""

    def export_view(self, view: View, colours: Mapping[str, int] | None = None) -> bytes:
        """A view as one HTML file that needs no server. ``colours``: places of trials in the list of colours, by run
        id, where they are shown already. Raises as :meth:`trials`, and for a file that would be too large."""

    def trial_columns(
        self, experiment: str, *, text: str = "", kinds: Sequence[str] = (), offset: int = 0, limit: int = 100
    ) -> ColumnPage:
        """Parameters, metrics and tags whose name holds a text. ``kinds``: ``parameter``, ``metric``, ``tag``; none:
        all. At most 500 an answer. By kind and name; without a text, metrics whose name tells which values are better
        come before the others."""

    def check_filter(self, query: FilterQuery) -> FilterCheck:
        """What is wrong with a filter, what it says, and what can stand at the caret."""

    def export_trials(self, query: TrialQuery, format: ExportFormat) -> Iterator[bytes]:
        """All trials that a query matches as a file, in pieces. No ``columns``: all. Raises before the first piece."""

    def delete_trials(self, run_ids: Sequence[str]) -> None:
        """Delete trials and the runs that their jobs made beside them, the way MLflow does.

        What is gone already is no error."""

    def restore_trials(self, run_ids: Sequence[str]) -> None:
        """Undo :meth:`delete_trials`. Raises ``NotFound`` for a trial that is gone for good."""

    def doctor(self) -> Diagnosis:
        """What works here, what does not, and what to do about it."""

    def close(self) -> None:
        """Let go of connections."""


class HostClient(Client, Protocol):
    """What a Jupyter server asks of the workspace it runs beside, on top of what people ask. Thread-safe."""

    def info(self) -> ServerInfo:
        """Versions, places and the revision of the job list."""

    def trial_series_packed(self, query: SeriesQuery) -> bytes:
        """As :meth:`trial_series`, in the form of :mod:`studio_ext.core.packed_series`."""

    def expect_series(self, run_ids: Sequence[str], metrics: Sequence[str]) -> None:
        """Begin to read histories that are about to be asked for, where that is quick; nobody waits for it."""

    def data_version(self) -> int:
        """Changes when anything in the workspace database changed. Costs microseconds."""

    def grown(self) -> LiveChanged:
        """Of which jobs there is more than at the last call, among those whose metrics or resources were asked for of
        late. A few system calls a job."""

    def warm(self) -> None:
        """Import and open what the first submission and the first comparison need. Takes about a second; idempotent."""

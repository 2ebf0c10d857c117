"""The part of the local client that is about experiments, trials and models."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from studio_ext._version import __version__
from studio_ext.adapters.local_live import LocalLive
from studio_ext.adapters.local_workspace import LocalWorkspace
from studio_ext.adapters.pages import page_size
from studio_ext.contract.comparison import CompareQuery, Comparison, Importance, ImportanceQuery
from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.experiments import Experiment, Trial
from studio_ext.contract.live import MetricHistory
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
from studio_ext.core.workspace import Workspace
from studio_ext.ports.models import KnownJob, ModelStore
from studio_ext.ports.tracking import Tracking
from studio_ext.services import lag
from studio_ext.services.models_client import StoreModels

if TYPE_CHECKING:
    from studio_ext.adapters.local_trial_detail import LocalTrialDetail
    from studio_ext.adapters.local_trials import LocalTrials
    from studio_ext.adapters.series.histories import Histories
    from studio_ext.ports.trial_index import TrialIndex


class LocalRecord(LocalWorkspace, StoreModels):
    """What was recorded: in the tracking store, in the index of its trials, and in journals that are ahead of it."""

    def __init__(self, workspace: Workspace | None = None, *, index: TrialIndex | None = None) -> None:
        """``index``: where trials are looked for; None: the index of the workspace."""
        super().__init__(workspace)
        self._tracking_lock = threading.Lock()  # its own: opening a new database may take a minute
        self._tracking: Tracking | None = None
        self._live = LocalLive(self.workspace, lambda job_id: self.store.get(job_id), lambda: self.tracking)
        self._index = index
        self._found: LocalTrials | None = None
        self._models_found: ModelStore | None = None
        self._trials_lock = threading.Lock()
        self._looked_at: LocalTrialDetail | None = None
        self._read: Histories | None = None

    # -- experiments and trials -------------------------------------------------------------------------------

    def experiments(self) -> list[Experiment]:
        """All experiments, last updated first."""
        return self.tracking.experiments()

    def create_experiment(self, name: str) -> Experiment:
        """Make an experiment."""
        name = name.strip()
        if not name:
            raise InvalidRequest.field("name", "an experiment needs a name")
        return self.tracking.create_experiment(name)

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
        """A page of trials."""
        page = self._trials.page(
            experiment,
            limit=page_size(limit),
            cursor=cursor,
            sort=sort,
            descending=descending,
            filter=filter,
        )
        return page.model_copy(update={"items": [self._with_lag(trial) for trial in page.items]})

    def trial(self, run_id: str) -> Trial:
        """One trial."""
        return self._with_lag(self.tracking.trial(run_id))

    def trial_metrics(self, run_id: str, *, max_points: int = 500, cursor: str | None = None) -> MetricHistory:
        """The metrics of one run."""
        return self._live.trial_metrics(run_id, max_points=max_points, cursor=cursor)

    def trial_detail(self, run_id: str) -> TrialDetail:
        """Everything about one trial."""
        return self._details.detail(run_id)

    def trial_children(self, run_id: str, *, cursor: str = "", limit: int = 50) -> TrialChildren:
        """Trials below one."""
        return self._details.children(run_id, cursor=cursor, limit=page_size(limit))

    def update_trial(self, run_id: str, change: UpdateTrial) -> TrialDetail:
        """Change a trial."""
        return self._details.update(run_id, change)

    def trial_series(self, query: SeriesQuery) -> SeriesPage:
        """Histories of metrics of many trials."""
        return self._histories.page(query)

    def trial_series_packed(self, query: SeriesQuery) -> bytes:
        """The same, for a browser."""
        return self._histories.packed(query)

    def expect_series(self, run_ids: Sequence[str], metrics: Sequence[str]) -> None:
        """Histories that are about to be asked for."""
        self._histories.expect(run_ids, metrics)

    def trial_diff(self, first: str, second: str, part: DiffPart, *, path: str = "") -> TrialDiff:
        """One part of what differs between two trials."""
        from studio_ext.adapters.git_commits import GitRepositories
        from studio_ext.adapters.mlflow_backend import open_backend
        from studio_ext.adapters.mlflow_records import MlflowRecords
        from studio_ext.services.trial_diff import TrialDiffs

        records = MlflowRecords(open_backend(self.workspace.tracking_uri, self.workspace.artifacts))
        diffs = TrialDiffs(records, self.tracking, self.store.get, GitRepositories())
        return diffs.diff(first, second, part, path)

    def trial_table(self, query: TrialQuery) -> TrialTablePage:
        """Some rows of the table of trials."""
        return self._trials.table(query)

    def compare(self, query: CompareQuery) -> Comparison:
        """Trials side by side."""
        return self._trials.compare(query)

    def importance(self, query: ImportanceQuery) -> Importance:
        """Which parameters matter."""
        return self._trials.importance(query)

    def export_view(self, view: View, colours: Mapping[str, int] | None = None) -> bytes:
        """A view as a file."""
        from studio_ext.adapters.report_page import report_page
        from studio_ext.services.view_report import view_report

        return report_page(view_report(self, view, __version__, colours=colours, now=time.time()))

    def trial_columns(
        self, experiment: str, *, text: str = "", kinds: Sequence[str] = (), offset: int = 0, limit: int = 100
    ) -> ColumnPage:
        """Parameters, metrics and tags whose name holds a text."""
        return self._trials.columns(experiment, text, kinds, offset, limit)

    def check_filter(self, query: FilterQuery) -> FilterCheck:
        """A filter, looked at."""
        return self._trials.check(query)

    def export_trials(self, query: TrialQuery, format: ExportFormat) -> Iterator[bytes]:
        """Trials as a file."""
        return self._trials.export(query, format)

    def delete_trials(self, run_ids: Sequence[str]) -> None:
        """Delete trials and what belongs to them."""
        self._trials.delete(run_ids)

    def restore_trials(self, run_ids: Sequence[str]) -> None:
        """Undo it."""
        self._trials.restore(run_ids)

    # -- where it is ------------------------------------------------------------------------------------------

    @property
    def tracking(self) -> Tracking:
        """The tracking store."""
        from studio_ext.adapters.mlflow_tracking import MlflowTracking

        with self._tracking_lock:
            if self._tracking is None:
                self._tracking = MlflowTracking(self.workspace.tracking_uri, self.workspace.artifacts)
            return self._tracking

    @property
    def model_store(self) -> ModelStore:
        """The models of the tracking store."""
        from studio_ext.adapters.mlflow_backend import open_backend
        from studio_ext.adapters.mlflow_models import MlflowModels

        with self._tracking_lock:
            if self._models_found is None:
                backend = open_backend(self.workspace.tracking_uri, self.workspace.artifacts)
                self._models_found = MlflowModels(backend)
            return self._models_found

    def known_job(self, job_id: str) -> KnownJob | None:
        """A job by its whole id."""
        try:
            job = self.store.get(job_id)
        except (NotFound, InvalidRequest):
            return None
        # The beginning of an id finds a job, too, but is not its name.
        return KnownJob(job.name, job.status, job.created) if job.id == job_id else None

    @property
    def _trials(self) -> LocalTrials:
        """The index of trials; numpy is imported with it."""
        from studio_ext.adapters.local_trials import LocalTrials

        with self._trials_lock:
            if self._found is None:
                self._found = LocalTrials(self._opened_index(), lambda: self.tracking)
            return self._found

    def _opened_index(self) -> TrialIndex:
        from studio_ext.adapters.trial_index import open_trial_index

        if self._index is None:
            self._index = open_trial_index(self.workspace, self._launcher.ensure)
        return self._index

    @property
    def _details(self) -> LocalTrialDetail:
        from studio_ext.adapters.local_trial_detail import LocalTrialDetail

        with self._trials_lock:
            if self._looked_at is None:
                self._looked_at = LocalTrialDetail(
                    self.workspace, self._opened_index(), lambda each: self.store.get(each)
                )
            return self._looked_at

    @property
    def _histories(self) -> Histories:
        """Histories of metrics; numpy is imported with them."""
        from studio_ext.adapters.series import open_histories

        with self._trials_lock:
            if self._read is None:
                self._read = open_histories(self.workspace, self._recorded_jobs)
            return self._read

    def _with_lag(self, trial: Trial) -> Trial:
        waiting = lag.run_lag_bytes(self.workspace.trackers, trial.run_id)
        return trial.model_copy(update={"lag_bytes": waiting}) if waiting else trial

"""The client port on the workspace of this machine."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from studio_ext._version import __version__
from studio_ext.adapters.controller_launcher import DetachedController
from studio_ext.adapters.host import user_name
from studio_ext.adapters.kernel_specs import KernelSpecs
from studio_ext.adapters.local_live import LocalLive
from studio_ext.adapters.notebook_files import NotebookFiles, import_papermill
from studio_ext.adapters.snapshots import FolderSnapshots
from studio_ext.adapters.sql_store import SqlStore
from studio_ext.adapters.sql_store.migrate import HEAD, KNOWN, schema_of, unknown_schema
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.comparison import CompareQuery, Comparison, Importance, ImportanceQuery
from studio_ext.contract.errors import InvalidRequest, NotFound, Unavailable
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
from studio_ext.contract.page import MAX_PAGE, Page
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
from studio_ext.core.workspace import Workspace
from studio_ext.ports.models import KnownJob, ModelStore
from studio_ext.ports.runner import Runner
from studio_ext.ports.submission import Images
from studio_ext.ports.tracking import Tracking
from studio_ext.services import job_files, lag
from studio_ext.services.models_client import StoreModels
from studio_ext.services.submission import Submission

if TYPE_CHECKING:
    from studio_ext.adapters.local_trial_detail import LocalTrialDetail
    from studio_ext.adapters.local_trials import LocalTrials
    from studio_ext.adapters.series.histories import Histories
    from studio_ext.ports.trial_index import TrialIndex

log = logging.getLogger(__name__)

J = TypeVar("J", bound=Job)

_SCHEMA_SECONDS = 60.0
_LOOK_SECONDS = 2.0


class LocalClient(StoreModels):
    """Talks to the database and the files of a workspace; starts its controller when there is something to do.

    ``root`` is what relative notebook paths are relative to (default: the current directory).
    """

    def __init__(
        self, workspace: Workspace | None = None, root: Path | None = None, *, index: TrialIndex | None = None
    ) -> None:
        """``index``: where trials are looked for; None: the index of the workspace."""
        self.workspace = workspace or open_workspace()
        self._root = root
        self._launcher = DetachedController(self.workspace)
        self._next_look = 0.0
        self._looks = 0
        self._environments = KernelSpecs()
        self._notebooks = NotebookFiles()
        self._store_lock = threading.Lock()
        self._tracking_lock = threading.Lock()  # its own: opening a new database may take a minute
        self._store: SqlStore | None = None
        self._tracking: Tracking | None = None
        self._installed: dict[str, Runner] | None = None
        self._image_list: Images | None = None
        self._runners_lock = threading.Lock()
        self._live = LocalLive(self.workspace, lambda job_id: self.store.get(job_id), lambda: self.tracking)
        self._index = index
        self._found: LocalTrials | None = None
        self._models_found: ModelStore | None = None
        self._trials_lock = threading.Lock()
        self._looked_at: LocalTrialDetail | None = None
        self._read: Histories | None = None

    # -- submitting -------------------------------------------------------------------------------------------

    def submit(self, request: SubmitRequest) -> JobDetail:
        """Commit a job and see to it that a controller runs."""
        path = self._path(request.notebook)
        if self._root is None:  # the current directory of the submitter says nothing to anybody else
            request = request.model_copy(update={"notebook": str(path)})
        job = self._submission().submit(request, path, user_name())
        self._launcher.ensure()
        return job

    def inspect(self, notebook: str) -> NotebookInspection:
        """Parameters, kernel and cells of a notebook."""
        return self._submission().inspect(self._path(notebook), notebook)

    def options(self) -> SubmitOptions:
        """What can be chosen at submission; no experiments while the tracking store is away."""
        try:
            experiments = [each.name for each in self.experiments()]
        except Unavailable:
            experiments = []
        runners = [runner.info() for runner in self._runners().values()]
        images = self._images()
        return SubmitOptions(
            runners=sorted(runners, key=lambda each: each.has_images),
            images=images.choices() if any(each.has_images and each.available for each in runners) else [],
            default_image=images.default(),
            image_hint=images.how_to_get(images.default()),
            kernels=self._environments.kernels(),
            default_kernel=self._environments.default(),
            experiments=experiments,
            autolog=self.workspace.autolog,
            cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            memory_bytes=_memory_bytes(),
        )

    # -- jobs -------------------------------------------------------------------------------------------------

    def job(self, job_id: str) -> JobDetail:
        """One job, by id or the beginning of it."""
        self._revive()
        job = self._seen_from_root(self.store.get(job_id))
        waiting = lag.lag_bytes(Path(job.directory), job.attempt)
        return job.model_copy(update={"lag_bytes": waiting}) if waiting else job

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
        self._revive()
        page = self.store.jobs(
            limit=_page_size(limit), cursor=cursor, statuses=statuses, experiment=experiment, text=text
        )
        return page.model_copy(update={"items": [self._seen_from_root(job) for job in page.items]})

    def changes(self, since: int, *, limit: int = MAX_PAGE) -> JobsDelta:
        """What changed in the job list after a revision."""
        delta = self.store.changed(since, _page_size(limit))
        return delta.model_copy(update={"items": [self._seen_from_root(job) for job in delta.items]})

    def data_version(self) -> int:
        """Changes when anything in the workspace database does; costs microseconds."""
        self._revive()
        return self.store.data_version()

    def stop(self, job_id: str) -> JobDetail:
        """Ask a job to stop; asked again, kill it."""
        job = self.store.request_stop(self.store.get(job_id).id)
        self._launcher.ensure()
        return job

    def delete(self, job_id: str, *, trial: bool = False) -> None:
        """Delete a finished job; its directory goes a while later."""
        self.store.delete(self.store.get(job_id).id, trial=trial)

    def restore(self, job_id: str) -> JobDetail:
        """Undo a deletion."""
        return self.store.restore(job_id)

    def log(
        self, job_id: str, *, offset: int = 0, limit: int = job_files.MAX_CHUNK, attempt: int | None = None
    ) -> LogChunk:
        """A range of the log."""
        return job_files.read_log(self.store.get(job_id), offset=offset, limit=limit, attempt=attempt)

    def files(self, job_id: str, path: str = "") -> list[FileEntry]:
        """What lies in the job directory."""
        return job_files.list_files(self.store.get(job_id), path)

    def metrics(self, job_id: str, *, max_points: int = 500, cursor: str | None = None) -> MetricHistory:
        """The metrics of a job's runs, from its journal."""
        return self._live.metrics(self.store.get(job_id), max_points=max_points, cursor=cursor)

    def resources(self, job_id: str, *, max_points: int = 500, cursor: str | None = None) -> ResourceUsage:
        """What a job uses, also while it runs."""
        return self._live.resources(self.store.get(job_id), max_points=max_points, cursor=cursor)

    # -- experiments ------------------------------------------------------------------------------------------

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
            limit=_page_size(limit),
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
        return self._details.children(run_id, cursor=cursor, limit=_page_size(limit))

    def update_trial(self, run_id: str, change: UpdateTrial) -> TrialDetail:
        """Change a trial."""
        return self._details.update(run_id, change)

    def trial_series(self, query: SeriesQuery) -> SeriesPage:
        """Histories of metrics of many trials."""
        return self._histories.page(query)

    def trial_series_packed(self, query: SeriesQuery) -> bytes:
        """The same, for a browser."""
        return self._histories.packed(query)

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

    def export_view(self, view: View) -> bytes:
        """A view as a file."""
        from studio_ext.adapters.report_page import report_page
        from studio_ext.services.view_report import view_report

        return report_page(view_report(self, view, __version__, now=time.time()))

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

    # -- the workspace ----------------------------------------------------------------------------------------

    def doctor(self) -> Diagnosis:
        """What works here, what does not, and what to do about it."""
        from studio_ext.adapters.doctor_checks import diagnose

        return diagnose(self.workspace)

    def info(self) -> ServerInfo:
        """What the front end asks first."""
        return ServerInfo(
            version=__version__,
            workspace=str(self.workspace.home),
            tracking_uri=self.workspace.tracking_uri_shown,
            controller_running=self._launcher.running(),
            jobs_revision=self.store.revision(),
            user=user_name(),
            lag=lag.recording_lag(self.workspace.trackers, self._recorded_jobs()),
        )

    def grown(self) -> LiveChanged:
        """Of which jobs that somebody looks at there is more."""
        return self._live.grown()

    def warm(self) -> None:
        """Import what the first submission needs, and open the store; meant for a thread at start-up."""
        with contextlib.suppress(Unavailable):
            self._submission()
        import_papermill()

    def close(self) -> None:
        """Let go of the database."""
        with self._store_lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    # -- inside -----------------------------------------------------------------------------------------------

    def _revive(self) -> None:
        """Start a controller where there is something to do and none runs: it was killed, or the machine restarted.

        Looks every few seconds at most, and less often when controllers do not last.
        """
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS * 2 ** min(self._looks, 5)
        if self._launcher.starting():
            return
        if not self.store.has_work():
            self._looks = 0
            return
        log.info("starting a controller: there are jobs that nobody looks after")
        self._looks += 1
        self._launcher.ensure()

    @property
    def store(self) -> SqlStore:
        """The database; on first use of a new workspace the controller is started to make it."""
        with self._store_lock:
            if self._store is None:
                self._store = self._open_store()
            return self._store

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

    def _open_store(self) -> SqlStore:
        schema = schema_of(self.workspace.database)
        if schema is not None and schema not in KNOWN:
            raise unknown_schema(schema)
        if schema != HEAD:
            # Only a controller makes or migrates the schema. One that runs already and does not know HEAD
            # is of another version; SqlStore says so.
            self._launcher.ensure()
            deadline = time.monotonic() + _SCHEMA_SECONDS
            while not self._is_ready() and time.monotonic() < deadline:
                time.sleep(0.02)
                if not self._launcher.starting():
                    break
        return SqlStore(self.workspace.database)

    def _is_ready(self) -> bool:
        try:
            return schema_of(self.workspace.database) == HEAD
        except Unavailable:  # it is just being made
            return False

    def _submission(self) -> Submission:
        return Submission(
            workspace=self.workspace,
            store=self.store,
            notebooks=self._notebooks,
            environments=self._environments,
            snapshots=FolderSnapshots(),
            images=self._images(),
            runners=self._runners(),
        )

    def _runners(self) -> dict[str, Runner]:
        with self._runners_lock:
            if self._installed is None:
                self._installed = load_runners(self.workspace)
            return self._installed

    def _images(self) -> Images:
        from studio_ext.adapters.docker_runner.engine import Engine
        from studio_ext.adapters.docker_runner.images import DockerImages
        from studio_ext.adapters.docker_runner.settings import DockerSettings, read_settings

        with self._runners_lock:
            if self._image_list is None:
                try:
                    settings = read_settings(self.workspace.config_file)
                except InvalidRequest:  # the runner says so; what needs no images goes on
                    settings = DockerSettings()
                self._image_list = DockerImages(Engine(settings))
            return self._image_list

    def _recorded_jobs(self) -> list[tuple[Path, int]]:
        jobs = [*self.store.active(), *self.store.unfinished_recording()]
        return [(Path(job.directory), job.attempt) for job in jobs]

    def _with_lag(self, trial: Trial) -> Trial:
        waiting = lag.run_lag_bytes(self.workspace.trackers, trial.run_id)
        return trial.model_copy(update={"lag_bytes": waiting}) if waiting else trial

    def _seen_from_root(self, job: J) -> J:
        """The job with its notebook named relative to the root where it lies there, to be opened and run again."""
        if self._root is None or not job.notebook.startswith("/"):
            return job
        try:
            return job.model_copy(update={"notebook": str(Path(job.notebook).relative_to(self._root))})
        except ValueError:
            return job

    def _path(self, notebook: str) -> Path:
        if not notebook or "\0" in notebook:
            raise InvalidRequest.field("notebook", "is not a path")
        if self._root is not None:  # what comes from outside is taken literally: "~" may be a folder
            return self._root / notebook
        try:
            return Path.cwd() / Path(notebook).expanduser()
        except RuntimeError as error:  # ~somebody who is not there
            raise InvalidRequest.field("notebook", f"there is no home for {notebook.partition('/')[0]}") from error


def load_runners(workspace: Workspace) -> dict[str, Runner]:
    """All installed runners, found by entry points. One that cannot be loaded is left out: the others go on."""
    runners: dict[str, Runner] = {}
    for point in entry_points(group="studio_ext.runners"):
        try:
            runners[point.name] = point.load()(workspace)
        except Exception:
            log.exception("the runner %s (%s) cannot be loaded", point.name, point.value)
    if not runners:  # a source tree that was not installed
        from studio_ext.adapters.process_runner import ProcessRunner

        runners["process"] = ProcessRunner(workspace)
    return runners


def _page_size(limit: int) -> int:
    if limit < 1:
        raise InvalidRequest.field("limit", "must be at least 1")
    return min(limit, MAX_PAGE)


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

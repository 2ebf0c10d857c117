"""The client port on the workspace of this machine."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from studio_ext._version import __version__
from studio_ext.adapters.host import user_name
from studio_ext.adapters.kernel_specs import KernelSpecs
from studio_ext.adapters.local_record import LocalRecord
from studio_ext.adapters.notebook_files import NotebookFiles, import_papermill
from studio_ext.adapters.pages import page_size
from studio_ext.adapters.snapshots import FolderSnapshots
from studio_ext.contract.errors import InvalidRequest, Unavailable
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
from studio_ext.contract.workspace import Diagnosis, ServerInfo
from studio_ext.core.workspace import Workspace
from studio_ext.ports.runner import Runner
from studio_ext.ports.submission import Images
from studio_ext.services import job_files, lag
from studio_ext.services.submission import Submission

if TYPE_CHECKING:
    from studio_ext.ports.trial_index import TrialIndex

log = logging.getLogger(__name__)

J = TypeVar("J", bound=Job)

_LOOK_SECONDS = 2.0


class LocalClient(LocalRecord):
    """Talks to the database and the files of a workspace; starts its controller when there is something to do.

    ``root`` is what relative notebook paths are relative to (default: the current directory).
    """

    def __init__(
        self, workspace: Workspace | None = None, root: Path | None = None, *, index: TrialIndex | None = None
    ) -> None:
        """``index``: where trials are looked for; None: the index of the workspace."""
        super().__init__(workspace, index=index)
        self._root = root
        self._next_look = 0.0
        self._looks = 0
        self._environments = KernelSpecs()
        self._notebooks = NotebookFiles()
        self._installed: dict[str, Runner] | None = None
        self._image_list: Images | None = None
        self._runners_lock = threading.Lock()

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
            limit=page_size(limit), cursor=cursor, statuses=statuses, experiment=experiment, text=text
        )
        return page.model_copy(update={"items": [self._seen_from_root(job) for job in page.items]})

    def changes(self, since: int, *, limit: int = MAX_PAGE) -> JobsDelta:
        """What changed in the job list after a revision."""
        delta = self.store.changed(since, page_size(limit))
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
        """Import what the first submission and the first comparison need, and open the store; meant for a thread at
        start-up."""
        with contextlib.suppress(Unavailable):
            self._submission()
        with contextlib.suppress(Unavailable):
            _ = self._histories
        import_papermill()

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


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

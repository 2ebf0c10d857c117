"""Everything about one trial of the workspace of this machine: what MLflow knows, and what became of its job."""

from __future__ import annotations

from collections.abc import Callable

from studio_ext.adapters.mlflow_backend import open_backend
from studio_ext.adapters.mlflow_trial_detail import MlflowTrialDetails
from studio_ext.contract.errors import NotFound
from studio_ext.contract.jobs import JobDetail, JobStatus
from studio_ext.contract.trial_detail import TrialChildren, TrialDetail, TrialJob, UpdateTrial
from studio_ext.core.workspace import Workspace
from studio_ext.ports.trial_index import TrialIndex
from studio_ext.services import lag


class LocalTrialDetail:
    """The part of the client port that is about one trial. Thread-safe."""

    def __init__(self, workspace: Workspace, index: TrialIndex, job: Callable[[str], JobDetail]) -> None:
        """``job`` finds a job by its id or raises ``NotFound``."""
        self._workspace = workspace
        self._index = index
        self._job = job
        backend = open_backend(workspace.tracking_uri, workspace.artifacts)
        self._mlflow = MlflowTrialDetails(backend, shown_uri=workspace.tracking_uri_shown)

    def detail(self, run_id: str) -> TrialDetail:
        """Everything about a trial."""
        found = self._mlflow.detail(run_id)
        if waiting := lag.run_lag_bytes(self._workspace.trackers, run_id):
            found.trial.lag_bytes = waiting
        if found.trial.job_id:
            found.job, why = self._job_of(found.trial.job_id)
            if found.trial.status == "FAILED" and not found.failure:
                found.failure = why
        return found

    def children(self, run_id: str, *, cursor: str, limit: int) -> TrialChildren:
        """Trials below one."""
        return self._mlflow.children(run_id, cursor=cursor, limit=limit)

    def update(self, run_id: str, change: UpdateTrial) -> TrialDetail:
        """Change a trial; the index of trials is told."""
        self._mlflow.update(run_id, change)
        self._index.look_at([run_id])
        self._index.catch_up()
        return self.detail(run_id)

    def _job_of(self, job_id: str) -> tuple[TrialJob, str]:
        try:
            job = self._job(job_id)
        except NotFound:
            return TrialJob(id=job_id, is_there=False), ""
        why = job.message if job.status is JobStatus.Failed else ""
        return TrialJob(id=job.id, is_there=True, status=job.status, name=job.name), why

"""What grows while runs go on, read from the files of a workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePath

from studio_ext.contract.errors import NotFound
from studio_ext.contract.jobs import JobDetail
from studio_ext.contract.live import MetricHistory
from studio_ext.core.states import FINAL
from studio_ext.core.workspace import Workspace
from studio_ext.ports.tracking import Tracking
from studio_ext.services.live_metrics import LiveMetrics, of_values

_ENDED = ("FINISHED", "FAILED", "KILLED")


class LocalLive:
    """Metrics and resources of jobs and trackers of a workspace. Thread-safe; keeps what it has read."""

    def __init__(self, workspace: Workspace, job: Callable[[str], JobDetail], tracking: Callable[[], Tracking]) -> None:
        """``job`` finds a job by its id or raises ``NotFound``."""
        self._trackers = workspace.trackers
        self._job = job
        self._tracking = tracking
        self._metrics = LiveMetrics()

    def metrics(
        self, job: JobDetail, *, max_points: int, cursor: str | None, run_id: str | None = None
    ) -> MetricHistory:
        """The metrics of the runs of a job, or of one of them."""
        history = self._metrics.read(
            f"job {job.id}",
            Path(job.directory),
            [PurePath("attempts", str(number), "calls.jsonl") for number in range(1, job.attempt + 1)],
            over=job.status in FINAL,
            max_points=max_points,
            cursor=cursor,
            run_id=run_id,
        )
        history.series.sort(key=lambda each: each.run_id != job.trial.run_id)
        return history

    def trial_metrics(self, run_id: str, *, max_points: int, cursor: str | None) -> MetricHistory:
        """The metrics of a run: of the journals of trackers or of its job, else of the tracking store."""
        key = f"tracker {run_id}"
        if journals := self._journals(run_id):
            return self._metrics.read(
                key,
                self._trackers / run_id,
                journals,
                over=False,
                max_points=max_points,
                cursor=cursor,
                past=lambda: self._tracking().metric_history(run_id),
            )
        self._metrics.forget(key)
        trial = self._tracking().trial(run_id)
        if trial.job_id:
            try:
                job = self._job(trial.job_id)
            except NotFound:  # it was deleted, its trial was not
                pass
            else:
                return self.metrics(job, max_points=max_points, cursor=cursor, run_id=run_id)
        history = of_values(self._tracking().metric_history(run_id), max_points)
        return history.model_copy(update={"complete": trial.status in _ENDED})

    def _journals(self, run_id: str) -> list[PurePath]:
        """Journals that the controller has not cleared away yet, oldest first."""
        if not run_id.isalnum():
            return []
        try:
            names = [each.name for each in (self._trackers / run_id / "attempts").iterdir()]
        except OSError:
            return []
        numbers = sorted(int(name) for name in names if name.isascii() and name.isdigit())
        return [PurePath("attempts", str(number), "calls.jsonl") for number in numbers]

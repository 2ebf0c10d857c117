"""What grows while runs go on, read from the files of a workspace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath

from studio_ext.contract.errors import NotFound
from studio_ext.contract.experiments import Trial
from studio_ext.contract.jobs import JobDetail
from studio_ext.contract.live import LiveChanged, MetricHistory, ResourceUsage
from studio_ext.core.states import FINAL
from studio_ext.core.workspace import Workspace
from studio_ext.ports.tracking import Tracking
from studio_ext.services.line_tail import LineTail
from studio_ext.services.live_metrics import LiveMetrics, of_values
from studio_ext.services.resource_usage import Resources

_ENDED = ("FINISHED", "FAILED", "KILLED")
_WATCH_SECONDS = 120.0
"""How long after a question whoever asked is told of more."""
_MAX_IDS = 50
_STORED_SECONDS = 2.0
"""How long an answer that came from the tracking store is given again,"""
_STORED_SHARE = 10.0
"""and at least so many times as long as it took."""
_MAX_STORED = 24


@dataclass
class _Watched:
    asked: float
    file: LineTail
    size: int


class LocalLive:
    """Metrics and resources of jobs and trackers of a workspace. Thread-safe; keeps what it has read."""

    def __init__(self, workspace: Workspace, job: Callable[[str], JobDetail], tracking: Callable[[], Tracking]) -> None:
        """``job`` finds a job by its id or raises ``NotFound``."""
        self._trackers = workspace.trackers
        self._job = job
        self._tracking = tracking
        self._metrics = LiveMetrics()
        self._resources = Resources()
        self._watched: dict[tuple[str, str], _Watched] = {}
        """By the kind of what was asked for and the job."""
        self._stored: dict[tuple[str, int, str], tuple[float, MetricHistory | None]] = {}
        """Answers from the tracking store, and until when (monotonic seconds) they are given again."""
        self._lock = threading.Lock()

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
        self._watch("metrics", job, "calls.jsonl", history.complete)
        return history

    def resources(self, job: JobDetail, *, max_points: int, cursor: str | None) -> ResourceUsage:
        """What a job uses."""
        usage = self._resources.read(job, max_points=max_points, cursor=cursor)
        self._watch("resources", job, "resources.jsonl", usage.complete)
        return usage

    def grown(self) -> LiveChanged:
        """See :meth:`studio_ext.ports.client.HostClient.grown`."""
        oldest = time.monotonic() - _WATCH_SECONDS
        with self._lock:
            self._watched = {key: each for key, each in self._watched.items() if each.asked > oldest}
            watched = list(self._watched.items())
        grown: dict[str, list[str]] = {"metrics": [], "resources": []}
        for (kind, job_id), each in watched:
            size = each.file.size()
            if size != each.size and len(grown[kind]) < _MAX_IDS:
                each.size = size
                grown[kind].append(job_id)
        return LiveChanged(**grown)

    def _watch(self, kind: str, job: JobDetail, name: str, over: bool) -> None:
        """Remember that somebody looks at a file of a job, which may have grown since it was read."""
        with self._lock:
            if over:
                self._watched.pop((kind, job.id), None)
                return
            file = LineTail(Path(job.directory), PurePath("attempts", str(job.attempt), name))
            known = self._watched.get((kind, job.id))
            size = known.size if known and known.file.path == file.path else 0
            self._watched[kind, job.id] = _Watched(time.monotonic(), file, size)

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
        return self._stored_metrics(trial, max_points)

    def _stored_metrics(self, trial: Trial, max_points: int) -> MetricHistory:
        """Those of a run that only the store knows. Read whole each time, so not at every look of a page."""
        key = (trial.run_id, max_points, trial.status)
        with self._lock:
            until, kept = self._stored.get(key, (0.0, None))
        began = time.monotonic()
        if kept is not None and began < until:
            return kept
        history = of_values(self._tracking().metric_history(trial.run_id), max_points)
        history = history.model_copy(update={"complete": trial.status in _ENDED})
        now = time.monotonic()
        with self._lock:
            self._stored[key] = now + max(_STORED_SECONDS, _STORED_SHARE * (now - began)), history
            while len(self._stored) > _MAX_STORED:
                del self._stored[next(iter(self._stored))]
        return history

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

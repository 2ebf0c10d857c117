"""A client whose jobs exist in memory only. Each look at a job moves it one step on."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound
from studio_ext.contract.experiments import Experiment, Trial
from studio_ext.contract.jobs import (
    CELLS_TAG,
    Autolog,
    Container,
    ContainerProfile,
    Exit,
    ExitReason,
    FileEntry,
    Job,
    JobDetail,
    JobKind,
    JobsDelta,
    JobStatus,
    KernelChoice,
    KernelEnvironment,
    LogChunk,
    NotebookInspection,
    NotebookParameter,
    Progress,
    RunnerInfo,
    SecondaryStatus,
    SubmitOptions,
    SubmitRequest,
    TrialRef,
)
from studio_ext.contract.live import MetricHistory, ResourceUsage
from studio_ext.contract.page import Page
from studio_ext.contract.workspace import Check, CheckStatus, Diagnosis
from studio_ext.core.ids import new_id
from studio_ext.core.states import FINAL, outcome, run_status
from studio_ext.testing.fake_trials import FakeTrials

CELLS = 3


def _container(request: SubmitRequest) -> Container | None:
    if request.runner == "process":
        return None
    return Container(
        image=request.image or "studio/notebook:1",
        profile=ContainerProfile.notebook,
        network_access=request.network_access,
        pull=request.pull,
    )


class FakeClient(FakeTrials):
    """Keeps the promises of :class:`studio_ext.ports.client.Client` without running anything.

    A job goes Pending, Starting, InProgress (a look a cell), and ends for ``reason``. ``hold``: jobs stay in
    the first cell until they are stopped.
    """

    def __init__(self, *, reason: ExitReason = ExitReason.completed, message: str = "", hold: bool = False) -> None:
        super().__init__()
        self.reason = reason
        self.message = message
        self.hold = hold
        self.parameters: list[NotebookParameter] = []
        """What :meth:`inspect` finds."""
        self.requests: list[SubmitRequest] = []
        self.log_text = "one\ntwo\nthree\n"
        self.diagnosis = [Check(name="python", status=CheckStatus.ok, message="Python")]
        self.closed = False
        self._deleted: dict[str, JobDetail] = {}
        self._keys: dict[str, str] = {}

    def submit(self, request: SubmitRequest) -> JobDetail:
        """Keep a job; parameters whose value is the text ``bad`` are refused."""
        for key, value in request.parameters.items():
            if value == "bad":
                raise InvalidRequest.field(f"parameters.{key}", "'bad' is not a number", hint="Write a number.")
        if not request.notebook.endswith(".ipynb"):
            raise NotFound(f"There is no notebook {request.notebook}.", hint="Look at the path.")
        if request.idempotency_key in self._keys:
            return self._jobs[self._keys[request.idempotency_key]]
        self.requests.append(request)
        now = time.time()
        stem = PurePath(request.notebook).stem
        experiment = request.experiment or stem
        self._experiments.setdefault(experiment, Experiment(id=str(len(self._experiments) + 1), name=experiment))
        job_id = new_id(now)
        job = JobDetail(
            id=job_id,
            name=request.name or stem,
            kind=JobKind.notebook,
            status=JobStatus.Pending,
            secondary_status=SecondaryStatus.Pending,
            runner=request.runner,
            attempt=1,
            created=now,
            progress=Progress(total=CELLS),
            trial=TrialRef(experiment=experiment),
            notebook=request.notebook,
            parameters=request.parameters,
            user="someone",
            revision=self._next(),
            resources=request.resources,
            environment=KernelEnvironment(
                kernel=request.kernel or "python3",
                display_name="Python 3",
                language="python",
                argv=[],
                prefix="",
                container=_container(request),
            ),
            directory=f"/nowhere/jobs/{job_id}",
            notebook_sha256="0" * 64,
            autolog=request.autolog or Autolog.on,
            tags=request.tags | ({CELLS_TAG: "true"} if request.document or request.cells_of else {}),
        )
        self._jobs[job_id] = job
        if request.idempotency_key:
            self._keys[request.idempotency_key] = job_id
        return job

    def inspect(self, notebook: str) -> NotebookInspection:
        """What ``parameters`` says."""
        return NotebookInspection(
            notebook=notebook,
            suggested_name=PurePath(notebook).stem,
            experiment=PurePath(notebook).stem,
            parameters=self.parameters,
            has_parameters_cell=bool(self.parameters),
            kernel="python3",
            kernel_wanted="python3",
            language="python",
            cells=CELLS,
        )

    def options(self) -> SubmitOptions:
        """One runner, one kernel."""
        return SubmitOptions(
            runners=[RunnerInfo(name="process", display_name="Process", available=True)],
            kernels=[KernelChoice(name="python3", display_name="Python 3", language="python", fast=True)],
            default_kernel="python3",
            experiments=list(self._experiments),
            cpus=2,
            memory_bytes=2**32,
        )

    def _find(self, job_id: str) -> JobDetail:
        found = [job for key, job in self._jobs.items() if key.startswith(job_id)]
        if len(found) != 1 or not job_id:
            raise NotFound(f"There is no job {job_id!r}.", hint="List the jobs.")
        return found[0]

    def _set(self, job: JobDetail, **changes: Any) -> JobDetail:
        fresh = job.model_copy(update={**changes, "revision": self._next()})
        self._jobs[job.id] = fresh
        return fresh

    def job(self, job_id: str) -> JobDetail:
        """The job as it is now; the next look finds it one step on."""
        job = self._find(job_id)
        self._step(job)
        return job

    def _step(self, job: JobDetail) -> None:
        now = time.time()
        if job.status in FINAL:
            return
        if job.status is JobStatus.Stopping:
            self._end(job, ExitReason.stopped, "Stopped by a person.")
        elif job.status is JobStatus.Pending:
            run_id = f"run{job.id}"
            self.add_trial(
                Trial(
                    run_id=run_id,
                    experiment=job.trial.experiment,
                    name=job.name,
                    status="RUNNING",
                    started=now,
                    parameters={key: _text(value) for key, value in job.parameters.items()},
                    notebook=job.notebook,
                    job_id=job.id,
                )
            )
            trial = job.trial.model_copy(update={"run_id": run_id})
            self._set(job, status=JobStatus.Starting, secondary_status=SecondaryStatus.Starting, trial=trial)
        elif job.status is JobStatus.Starting or (not self.hold and job.progress.done < CELLS):
            done = 0 if job.status is JobStatus.Starting else job.progress.done + 1
            progress = Progress(done=done, total=CELLS, current=min(done + 1, CELLS), label=f"# Cell {done + 1}")
            self._set(
                job,
                status=JobStatus.InProgress,
                secondary_status=SecondaryStatus.Running,
                started=job.started or now,
                progress=progress,
                output_notebook=f"{job.directory}/output/{PurePath(job.notebook).name}",
            )
        elif not self.hold:
            self._end(job, self.reason, self.message)

    def _end(self, job: JobDetail, reason: ExitReason, message: str) -> None:
        status, secondary = outcome(reason)
        now = time.time()
        ok = reason is ExitReason.completed
        self._set(
            job,
            status=status,
            secondary_status=secondary,
            ended=now,
            exit=Exit(code=0 if ok else 1, reason=reason, message=message, cell=None if ok else 2),
            message=message,
        )
        if job.trial.run_id:
            metrics: dict[str, float | None] = {"rmse": 1.5} if ok else {}
            update = {"status": run_status(status), "ended": now, "metrics": metrics}
            self._trials[job.trial.run_id] = self._trials[job.trial.run_id].model_copy(update=update)

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
        rows = [
            job
            for job in sorted(self._jobs.values(), key=lambda job: (job.created, job.id), reverse=True)
            if (not statuses or job.status in statuses)
            and (experiment is None or job.trial.experiment == experiment)
            and text.lower() in job.name.lower()
        ]
        start = int(cursor or 0)
        items = [_row(job) for job in rows[start : start + limit]]
        more = start + limit < len(rows)
        return Page[Job](items=items, next_cursor=str(start + limit) if more else None, total=len(rows))

    def changes(self, since: int, *, limit: int = 200) -> JobsDelta:
        """Jobs whose revision is larger."""
        rows = sorted((job for job in self._jobs.values() if job.revision > since), key=lambda job: job.revision)
        revision = rows[limit - 1].revision if len(rows) > limit else self._revision
        return JobsDelta(revision=revision, items=[_row(job) for job in rows[:limit]], more=len(rows) > limit)

    def stop(self, job_id: str) -> JobDetail:
        """Stopping; asked again, Stopped. A job that is over stays as it is."""
        job = self._find(job_id)
        if job.status in FINAL:
            return job
        if job.stop_requested:
            self._end(job, ExitReason.stopped, "Killed by a person.")
            return self._jobs[job.id]
        return self._set(job, status=JobStatus.Stopping, secondary_status=SecondaryStatus.Stopping, stop_requested=True)

    def delete(self, job_id: str, *, trial: bool = False) -> None:
        """Forget a finished job."""
        job = self._find(job_id)
        if job.status not in FINAL:
            raise Conflict(f"Job {job.id} is {job.status}.", hint="Stop it first.")
        self._deleted[job.id] = self._jobs.pop(job.id)
        if trial and job.trial.run_id:
            self._trials.pop(job.trial.run_id)

    def restore(self, job_id: str) -> JobDetail:
        """Remember it."""
        if job_id not in self._deleted:
            raise NotFound(f"There is no deleted job {job_id!r}.")
        self._jobs[job_id] = self._deleted.pop(job_id)
        return self._set(self._jobs[job_id])

    def log(self, job_id: str, *, offset: int = 0, limit: int = 262_144, attempt: int | None = None) -> LogChunk:
        """A range of ``log_text``."""
        job = self._find(job_id)
        data = self.log_text.encode()
        start = max(len(data) + offset, 0) if offset < 0 else min(offset, len(data))
        piece = data[start : start + limit]
        end = start + len(piece)
        self._step(job)
        return LogChunk(
            text=piece.decode("utf-8", "replace"),
            offset=start,
            next_offset=end,
            size=len(data),
            complete=job.status in FINAL and end == len(data),
        )

    def files(self, job_id: str, path: str = "") -> list[FileEntry]:
        """Nothing."""
        self._find(job_id)
        return []

    def metrics(self, job_id: str, *, max_points: int = 500, cursor: str | None = None) -> MetricHistory:
        """What its trial has, as series of one value."""
        job = self._find(job_id)
        if job.trial.run_id is None:
            return MetricHistory(series=[], cursor="0")
        history = self.trial_metrics(job.trial.run_id, max_points=max_points, cursor=cursor)
        return history.model_copy(update={"complete": job.status in FINAL})

    def resources(self, job_id: str, *, max_points: int = 500, cursor: str | None = None) -> ResourceUsage:
        """One sample of a small job; nothing new after a cursor."""
        job = self._find(job_id)
        once: list[Any] = [] if cursor else [1]
        return ResourceUsage(
            count=1,
            time=[job.created for _ in once],
            cpus=[0.5 for _ in once],
            memory_bytes=[2**26 for _ in once],
            processes=once,
            read_bytes=[None for _ in once],
            written_bytes=[None for _ in once],
            peak_memory_bytes=2**26,
            cpus_limit=job.resources.cpus,
            memory_limit_bytes=job.resources.memory_bytes,
            measured_by="sampling",
            whole=not cursor,
            cursor="1",
            complete=job.status in FINAL,
        )

    def doctor(self) -> Diagnosis:
        """What ``diagnosis`` says."""
        return Diagnosis(version="0", workspace="/nowhere", checks=self.diagnosis)

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


def _row(job: JobDetail) -> Job:
    return Job.model_validate({name: getattr(job, name) for name in Job.model_fields})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)

"""A client whose jobs exist in memory only. Each look at a job moves it one step on."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from studio_ext.contract.comparison import CompareQuery, Comparison, Importance, ImportanceQuery
from studio_ext.contract.errors import Conflict, FieldError, InvalidRequest, NotFound
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
from studio_ext.contract.live import MetricHistory, MetricSeries, ResourceUsage
from studio_ext.contract.page import Page
from studio_ext.contract.series import SampledSeries, SeriesPage, SeriesQuery
from studio_ext.contract.trial_detail import (
    MetricSummary,
    TrialChildren,
    TrialCode,
    TrialDetail,
    TrialEnvironment,
    TrialJob,
    TrialRelative,
    UpdateTrial,
)
from studio_ext.contract.trial_diff import DiffPart, DiffTrial, TrialDiff
from studio_ext.contract.trial_table import (
    ColumnPage,
    ExportFormat,
    FilterCheck,
    FilterQuery,
    IndexPhase,
    IndexState,
    TrialQuery,
    TrialTablePage,
)
from studio_ext.contract.views import View
from studio_ext.contract.workspace import Check, CheckStatus, Diagnosis
from studio_ext.core.ids import new_id
from studio_ext.core.states import FINAL, outcome, run_status
from studio_ext.core.trial_facts import NOTE_TAG, check_tags
from studio_ext.ports.models import KnownJob, ModelStore, SourceTrial
from studio_ext.services.comparison import Comparisons
from studio_ext.services.importance import Importances
from studio_ext.services.models_client import StoreModels
from studio_ext.services.trial_query.export import export
from studio_ext.services.trial_query.lookup import check, column_page
from studio_ext.services.trial_query.records import trial_page
from studio_ext.services.trial_query.tables import TrialTables
from studio_ext.services.view_report import view_report
from studio_ext.testing.memory_columns import MemoryColumns, MemoryTrial
from studio_ext.testing.memory_models import MemoryModels

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


class FakeClient(StoreModels):
    """Keeps the promises of :class:`studio_ext.ports.client.Client` without running anything.

    A job goes Pending, Starting, InProgress (a look a cell), and ends for ``reason``. ``hold``: jobs stay in
    the first cell until they are stopped.
    """

    def __init__(self, *, reason: ExitReason = ExitReason.completed, message: str = "", hold: bool = False) -> None:
        self.reason = reason
        self.message = message
        self.hold = hold
        self.parameters: list[NotebookParameter] = []
        """What :meth:`inspect` finds."""
        self.requests: list[SubmitRequest] = []
        self.log_text = "one\ntwo\nthree\n"
        self.diagnosis = [Check(name="python", status=CheckStatus.ok, message="Python")]
        self.closed = False
        self._jobs: dict[str, JobDetail] = {}
        self._deleted: dict[str, JobDetail] = {}
        self._keys: dict[str, str] = {}
        self._trials: dict[str, Trial] = {}
        self._gone: dict[str, Trial] = {}
        self.registry = MemoryModels(self._source_trial)
        self._experiments: dict[str, Experiment] = {}
        self._revision = 0

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

    def _next(self) -> int:
        self._revision += 1
        return self._revision

    def add_trial(self, trial: Trial) -> None:
        """Put a trial into the record."""
        self._trials[trial.run_id] = trial
        self._experiments.setdefault(trial.experiment, Experiment(id="9", name=trial.experiment))

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

    def trial_metrics(self, run_id: str, *, max_points: int = 500, cursor: str | None = None) -> MetricHistory:
        """What the trial has, as series of one value; nothing new after a cursor."""
        trial = self.trial(run_id)
        values = {} if cursor else trial.metrics
        series = [
            MetricSeries(
                run_id=run_id, name=name, count=1, last=value, step=[0], time=[trial.started or 0.0], value=[value]
            )
            for name, value in values.items()
        ]
        return MetricHistory(series=series, whole=not cursor, cursor="1", complete=trial.ended is not None)

    def trial_series(self, query: SeriesQuery) -> SeriesPage:
        """Series of one value."""
        there = [self._trials[each] for each in dict.fromkeys(query.run_ids) if each in self._trials]
        is_step = query.x == "step"
        series = []
        for trial in there:
            for name in dict.fromkeys(query.metrics):
                if name not in trial.metrics:
                    continue
                value, moment = trial.metrics[name], 0.0 if query.x == "relative" else (trial.started or 0.0)
                series.append(
                    SampledSeries(
                        run_id=trial.run_id,
                        name=name,
                        count=1,
                        last=value,
                        step=[0] if is_step else [],
                        time=[] if is_step else [moment],
                        value=[value],
                        shown=1,
                    )
                )
        return SeriesPage(
            series=[] if query.known and query.generation == "1" else series,
            generation="1",
            complete=all(trial.ended is not None for trial in there),
            missing=[each for each in dict.fromkeys(query.run_ids) if each not in self._trials],
        )

    def experiments(self) -> list[Experiment]:
        """All experiments."""
        return list(self._experiments.values())

    def create_experiment(self, name: str) -> Experiment:
        """Make an experiment."""
        if not name.strip():
            raise InvalidRequest.field("name", "an experiment needs a name")
        if name in self._experiments:
            raise Conflict(f"There is an experiment {name!r} already.")
        made = self._experiments[name] = Experiment(id=str(len(self._experiments) + 1), name=name)
        return made

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
        return trial_page(
            TrialTables(self),
            experiment,
            limit=limit,
            cursor=cursor,
            sort=sort,
            descending=descending,
            filter=filter,
        )

    def open(self, experiment: str) -> MemoryColumns:
        """Its trials as columns: the fake is its own index."""
        if experiment not in self._experiments:
            raise NotFound(f"There is no experiment {experiment!r}.", hint="List the experiments.")
        found = [_recorded(each) for each in self._trials.values() if each.experiment == experiment]
        gone = [_recorded(each, deleted=True) for each in self._gone.values() if each.experiment == experiment]
        return MemoryColumns([*found, *gone], self._revision)

    def state(self, experiment: str | None = None) -> IndexState:
        """Ready."""
        return IndexState(phase=IndexPhase.ready)

    def look_at(self, run_ids: Sequence[str]) -> None:
        """Nothing to look at."""

    def catch_up(self, seconds: float = 1.0) -> bool:
        """It always is."""
        return True

    def trial_diff(self, first: str, second: str, part: DiffPart, *, path: str = "") -> TrialDiff:
        """Nothing is recorded here, so nothing is known."""
        sides = [
            DiffTrial(run_id=each.run_id, name=each.name, experiment=each.experiment, job_id=each.job_id)
            for each in (self.trial(first), self.trial(second))
        ]
        if path:
            raise NotFound(f"Neither trial has an artefact {path!r}.")
        return TrialDiff(
            first=sides[0], second=sides[1], part=part, state="unknown", message="Nothing is recorded here."
        )

    def trial_table(self, query: TrialQuery) -> TrialTablePage:
        """Some rows of the table."""
        return TrialTables(self).page(query)

    def compare(self, query: CompareQuery) -> Comparison:
        """Trials side by side."""
        return Comparisons(self, TrialTables(self)).compare(query)

    def importance(self, query: ImportanceQuery) -> Importance:
        """Which parameters matter."""
        return Importances(self, TrialTables(self)).importance(query)

    def export_view(self, view: View, colours: Mapping[str, int] | None = None) -> bytes:
        """A view as a file."""
        from studio_ext.adapters.report_page import report_page

        return report_page(view_report(self, view, "0", colours=colours, now=0.0))

    def trial_columns(
        self, experiment: str, *, text: str = "", kinds: Sequence[str] = (), offset: int = 0, limit: int = 100
    ) -> ColumnPage:
        """Columns whose name holds a text."""
        return column_page(self, experiment, text, kinds, offset, limit)

    def check_filter(self, query: FilterQuery) -> FilterCheck:
        """A filter, looked at."""
        return check(self, query)

    def export_trials(self, query: TrialQuery, format: ExportFormat) -> Iterator[bytes]:
        """Trials as a file."""
        return export(TrialTables(self), query, format, time.time())

    def delete_trials(self, run_ids: Sequence[str]) -> None:
        """Forget trials."""
        for each in run_ids:
            if each in self._trials:
                self._gone[each] = self._trials.pop(each)
                self._next()

    def restore_trials(self, run_ids: Sequence[str]) -> None:
        """Remember them."""
        for each in run_ids:
            if each in self._gone:
                self._trials[each] = self._gone.pop(each)
                self._next()
            elif each not in self._trials:
                raise NotFound(f"There is no trial {each!r}.")

    def trial(self, run_id: str) -> Trial:
        """One trial."""
        if run_id not in self._trials:
            raise NotFound(f"There is no trial {run_id!r}.")
        return self._trials[run_id]

    @property
    def model_store(self) -> ModelStore:
        """In memory."""
        return self.registry

    def known_job(self, job_id: str) -> KnownJob | None:
        """A job that was not deleted."""
        job = self._jobs.get(job_id)
        return None if job is None else KnownJob(job.name, job.status, job.created)

    def _source_trial(self, run_id: str) -> SourceTrial | None:
        trial = self._trials.get(run_id) or self._gone.get(run_id)
        if trial is None:
            return None
        return SourceTrial(
            run_id=run_id,
            name=trial.name,
            experiment=trial.experiment,
            status=trial.status,
            started=trial.started,
            job_id=trial.job_id,
            parent=trial.parent_run_id,
            is_deleted=run_id in self._gone,
            metrics=trial.metrics,
        )

    def trial_detail(self, run_id: str) -> TrialDetail:
        """What the trial says, and nothing that MLflow would know on top of it."""
        trial = self._gone.get(run_id) or self.trial(run_id)
        job = self._jobs.get(trial.job_id or "")
        return TrialDetail(
            trial=trial,
            experiment_id=self._experiments[trial.experiment].id,
            is_deleted=run_id in self._gone,
            note=str(trial.tags.get(NOTE_TAG, "")),
            metrics=[MetricSummary(name=name, last=value, step=0) for name, value in trial.metrics.items()],
            inputs=[],
            code=TrialCode(notebook=trial.notebook or "", commit=trial.commit or "", dirty=trial.dirty),
            environment=TrialEnvironment(),
            job=TrialJob(id=trial.job_id, is_there=job is not None, status=job.status if job else "")
            if trial.job_id
            else None,
            models=[],
            versions=[],
            parent=TrialRelative(run_id=trial.parent_run_id) if trial.parent_run_id else None,
            children=self.trial_children(run_id),
            artifact_uri="",
        )

    def trial_children(self, run_id: str, *, cursor: str = "", limit: int = 50) -> TrialChildren:
        """Trials that name it as their parent, on one page."""
        found = [each for each in self._trials.values() if each.parent_run_id == run_id]
        return TrialChildren(
            items=[TrialRelative(run_id=each.run_id, name=each.name, status=each.status) for each in found[:limit]]
        )

    def update_trial(self, run_id: str, change: UpdateTrial) -> TrialDetail:
        """Change a trial."""
        check_tags(change.tags, change.removed_tags)
        if run_id in self._gone:
            raise Conflict("This trial was deleted.", hint="Restore it to change it.")
        trial = self.trial(run_id)
        tags = {name: text for name, text in trial.tags.items() if name not in change.removed_tags} | change.tags
        if change.note is not None:
            there = str(tags.get(NOTE_TAG, ""))
            if change.if_note is not None and there not in (change.if_note, change.note):
                raise Conflict("Somebody else changed it.", fields=[FieldError(field="note", message=there)])
            tags[NOTE_TAG] = change.note
        self._trials[run_id] = trial.model_copy(update={"tags": tags, "name": change.name or trial.name})
        self._next()
        return self.trial_detail(run_id)

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


def _recorded(trial: Trial, deleted: bool = False) -> MemoryTrial:
    return MemoryTrial(
        run_id=trial.run_id,
        name=trial.name,
        status=trial.status,
        started=trial.started,
        ended=trial.ended,
        params=trial.parameters,
        metrics={name: [math.nan if value is None else value] for name, value in trial.metrics.items()},
        tags=trial.tags,
        notebook=trial.notebook,
        commit=trial.commit,
        dirty=trial.dirty,
        user=trial.user,
        job=trial.job_id,
        parent=trial.parent_run_id,
        deleted=deleted,
    )

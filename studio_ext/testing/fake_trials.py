"""Trials that exist in memory only: the part of the fake client that is about what was recorded."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence

from studio_ext.contract.comparison import CompareQuery, Comparison, Importance, ImportanceQuery
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound
from studio_ext.contract.experiments import Experiment, Trial
from studio_ext.contract.jobs import JobDetail
from studio_ext.contract.live import MetricHistory, MetricSeries
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
from studio_ext.core.notes import check_seen
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


class FakeTrials(StoreModels):
    """Keeps the promises about trials of :class:`studio_ext.ports.client.Client`. It is its own index of them."""

    def __init__(self) -> None:
        self._jobs: dict[str, JobDetail] = {}
        self._trials: dict[str, Trial] = {}
        self._gone: dict[str, Trial] = {}
        self.registry = MemoryModels(self._source_trial)
        self._experiments: dict[str, Experiment] = {}
        self._revision = 0

    def _next(self) -> int:
        self._revision += 1
        return self._revision

    def add_trial(self, trial: Trial) -> None:
        """Put a trial into the record."""
        self._trials[trial.run_id] = trial
        self._experiments.setdefault(trial.experiment, Experiment(id="9", name=trial.experiment))

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
                has_step, has_time = query.both or is_step, query.both or not is_step
                series.append(
                    SampledSeries(
                        run_id=trial.run_id,
                        name=name,
                        count=1,
                        last=value,
                        step=[0] if has_step else [],
                        time=[moment] if has_time else [],
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
            check_seen("note", there, change.if_note, change.note)
            tags[NOTE_TAG] = change.note
        self._trials[run_id] = trial.model_copy(update={"tags": tags, "name": change.name or trial.name})
        self._next()
        return self.trial_detail(run_id)


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

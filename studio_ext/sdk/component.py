"""Trial components: one recorded run with its parameters, metrics, inputs and outputs."""

from __future__ import annotations

import builtins
import math
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from studio_ext.contract.errors import InvalidRequest, StudioError, Unavailable
from studio_ext.core.plain_text import one_line
from studio_ext.core.record_names import SYSTEM
from studio_ext.ports.records import RunRecord
from studio_ext.sdk import entities, listing
from studio_ext.sdk.component_types import (
    TrialComponentArtifact,
    TrialComponentMetricSummary,
    TrialComponentSource,
    TrialComponentStatus,
)
from studio_ext.sdk.recording_place import recorder

if TYPE_CHECKING:
    from studio_ext.sdk.tracker import Tracker

STATUS = {
    "RUNNING": "InProgress",
    "SCHEDULED": "InProgress",
    "FINISHED": "Completed",
    "FAILED": "Failed",
    "KILLED": "Stopped",
}
"""A component's word for each of MLflow's."""
_TAGS_A_CALL = 100
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


class TrialComponent:
    """One recorded run."""

    def __init__(self, record: RunRecord) -> None:
        self._run = record
        self._kept: dict[str, dict[str, Any]] = {}
        """What was read and may be changed before :meth:`save`."""

    @classmethod
    def create(
        cls,
        display_name: str,
        experiment_name: str | None = None,
        *,
        tags: Mapping[str, str] | None = None,
    ) -> TrialComponent:
        """Make a component that nothing records to by itself; a tracker loads it.

        ``experiment_name`` None: MLflow's own.
        """
        experiment = entities.experiment_for(experiment_name)
        name = entities.checked_label(display_name, "display_name")
        given = entities.new_run_tags() | {entities.KIND: "component"} | entities.checked_tags(tags)
        return cls(recorder().records.create_run(experiment.experiment_id, name, given, time.time()))

    @classmethod
    def load(cls, trial_component_name: str, experiment_name: str | None = None) -> TrialComponent:
        """A component by its run id, or by its display name. Raises ``NotFound``, and ``InvalidRequest`` when several
        have the name.
        """
        return cls(entities.find_run(trial_component_name, experiment_name))

    @classmethod
    def list(
        cls,
        experiment_name: str | None = None,
        *,
        trial_name: str | None = None,
        source_arn: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        sort_by: str = "CreationTime",
        sort_order: str = "Descending",
        max_results: int | None = None,
    ) -> Iterator[TrialComponent]:
        """Components of an experiment (None: of all), also those of other experiments that are in its trials.

        Read page by page, as they are asked for.

        :param trial_name: only those of this trial.
        :param source_arn: only those of this job, as ``job/<id>``.
        :param sort_by: ``CreationTime``, ``EndTime``, ``Name``, ``Status``, ``metrics.<name>`` (its last value) or
            ``parameters.<name>``.
        :param sort_order: ``Descending`` or ``Ascending``.
        :raises studio_ext.contract.errors.NotFound: when there is no such experiment or trial.
        """
        choice = listing.Choice(created_after, created_before, sort_by, sort_order, max_results)
        trial = None if trial_name is None else entities.find_run(trial_name, experiment_name, trials_first=True)
        experiments = listing.experiments_of(experiment_name)

        def wanted(run: RunRecord) -> bool:
            return (
                entities.is_component(run)
                and (trial is None or trial.run_id in entities.trials_of(run))
                and (source_arn is None or source_arn == cls(run).source)
            )

        return (cls(run) for run in listing.components(experiments, choice, wanted, trial))

    # -- what it is

    @property
    def trial_component_name(self) -> str:
        """The run id, which names it for good."""
        return self._run.run_id

    @property
    def run_id(self) -> str:
        """MLflow run id."""
        return self._run.run_id

    @property
    def display_name(self) -> str:
        """The name that people gave it. To set it is to rename it, at once."""
        return self._run.name

    @display_name.setter
    def display_name(self, text: str) -> None:
        self.rename(text)

    @property
    def experiment_name(self) -> str:
        """Name of the experiment that it was made in."""
        return recorder().records.experiment_by_id(self._run.experiment_id).name

    @property
    def created_by(self) -> str | None:
        """Who recorded it, as the system there named that person."""
        return self._run.tags.get("mlflow.user")

    @property
    def status(self) -> TrialComponentStatus:
        """What became of it."""
        tags = self._run.tags
        message = tags.get(entities.MESSAGE) or tags.get("studio.exit_message") or ""
        return TrialComponentStatus(STATUS.get(self._run.status, self._run.status), message)

    @property
    def start_time(self) -> datetime | None:
        """When it began (UTC)."""
        return _time(self._run.started)

    @property
    def end_time(self) -> datetime | None:
        """When it ended (UTC)."""
        return _time(self._run.ended)

    @property
    def parameters(self) -> dict[str, float | str]:
        """Parameters; texts that are numbers are numbers. Of one that was logged twice, the later value.

        What is changed here is recorded by :meth:`save`.
        """
        later = {
            key.removeprefix(entities.PARAMETER): value
            for key, value in self._run.tags.items()
            if key.startswith(entities.PARAMETER)
        }
        found = {key: number_or_text(value) for key, value in {**self._run.parameters, **later}.items()}
        return self._kept.setdefault("parameters", found)

    @property
    def input_artifacts(self) -> dict[str, TrialComponentArtifact]:
        """What it read: data that MLflow lists, and what a tracker logged as input.

        What is changed here is recorded by :meth:`save`.
        """
        read = {name: TrialComponentArtifact(place) for name, place in self._run.inputs.items()}
        return self._kept.setdefault("inputs", read | self._artifacts(entities.INPUT, entities.INPUT_TYPE))

    @property
    def output_artifacts(self) -> dict[str, TrialComponentArtifact]:
        """What it made. What is changed here is recorded by :meth:`save`."""
        return self._kept.setdefault("outputs", self._artifacts(entities.OUTPUT, entities.OUTPUT_TYPE))

    def _artifacts(self, prefix: str, types: str) -> dict[str, TrialComponentArtifact]:
        tags = self._run.tags
        return {
            (name := key.removeprefix(prefix)): TrialComponentArtifact(value, tags.get(types + name))
            for key, value in tags.items()
            if key.startswith(prefix)
        }

    @property
    def metrics(self) -> builtins.list[TrialComponentMetricSummary]:
        """A summary for each metric, by name. Computed by the store when asked for."""
        return summaries([self._run])[self._run.run_id]

    @property
    def source(self) -> str | None:
        """The job that it comes from, as ``job/<id>``; None: no job."""
        job = self._run.tags.get("studio.job_id") or self._run.tags.get("studio.child_of_job")
        return f"job/{job}" if job else None

    @property
    def sources(self) -> builtins.list[TrialComponentSource]:
        """The job, and the script or notebook, that it comes from; as far as they are known."""
        found = [TrialComponentSource(self.source, "Job")] if self.source else []
        script = self._run.tags.get("studio.notebook") or self._run.tags.get("mlflow.source.name")
        if script:
            kind = "Notebook" if script.endswith(".ipynb") else self._run.tags.get("mlflow.source.type", "")
            kinds = {"Notebook": "Notebook", "NOTEBOOK": "Notebook", "PROJECT": "Project"}
            found.append(TrialComponentSource(script, kinds.get(kind, "Script")))
        return found

    @property
    def tags(self) -> dict[str, str]:
        """Tags of the run."""
        return dict(self._run.tags)

    @property
    def trials(self) -> builtins.list[str]:
        """Run ids of the trials that it is in; its own if it is in no other."""
        return entities.trials_of(self._run)

    # -- what can be done with it

    def refresh(self) -> TrialComponent:
        """Look at it anew; returns it."""
        entities.settle()
        self._run = recorder().records.run(self._run.run_id)
        self._kept.clear()
        return self

    def update(
        self,
        *,
        display_name: str | None = None,
        parameters: Mapping[str, object] | None = None,
        parameters_to_remove: Sequence[str] = (),
        input_artifacts: Mapping[str, TrialComponentArtifact] | None = None,
        input_artifacts_to_remove: Sequence[str] = (),
        output_artifacts: Mapping[str, TrialComponentArtifact] | None = None,
        output_artifacts_to_remove: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        tags_to_remove: Sequence[str] = (),
    ) -> TrialComponent:
        """Change what is given; returns it, read anew. Nothing is changed when something of it will not do.

        MLflow removes no parameters: of one that was logged twice the later value goes, a first value stays. That is
        ``InvalidRequest``, as is a tag that says how a run came about (``studio.``).
        """
        from studio_ext.sdk.changes import changes

        set_tags, removed = changes(
            self._run,
            parameters or {},
            parameters_to_remove,
            (input_artifacts or {}, input_artifacts_to_remove),
            (output_artifacts or {}, output_artifacts_to_remove),
            entities.checked_tags(tags),
            tags_to_remove,
        )
        if display_name is not None:
            self.rename(display_name)
        records = recorder().records
        names = list(set_tags)
        for first in range(0, len(names), _TAGS_A_CALL):
            records.set_tags(self.run_id, {name: set_tags[name] for name in names[first : first + _TAGS_A_CALL]})
        for name in removed:
            records.delete_tag(self.run_id, name)
        return self.refresh()

    def save(self) -> TrialComponent:
        """Record what was changed in ``parameters``, ``input_artifacts`` and ``output_artifacts``; see :meth:`update`.

        Returns it, read anew.
        """
        kept, self._kept = self._kept, {}
        before: builtins.list[dict[str, Any]] = [self.parameters, self.input_artifacts, self.output_artifacts]
        now = [kept.get(name, was) for name, was in zip(("parameters", "inputs", "outputs"), before, strict=True)]
        changed = [
            (
                {key: value for key, value in new.items() if old.get(key) != value},
                [key for key in old if key not in new],
            )
            for old, new in zip(before, now, strict=True)
        ]
        try:
            return self.update(
                parameters=changed[0][0],
                parameters_to_remove=changed[0][1],
                input_artifacts=changed[1][0],
                input_artifacts_to_remove=changed[1][1],
                output_artifacts=changed[2][0],
                output_artifacts_to_remove=changed[2][1],
            )
        except StudioError:
            self._kept = kept  # to be mended and saved again
            raise

    def list_artifacts(self) -> builtins.list[str]:
        """Paths of all files among its artefacts."""
        records = recorder().records
        found: builtins.list[str] = []
        folders = [""]
        while folders:
            for entry in records.artifacts(self._run, folders.pop()):
                (folders if entry.is_folder else found).append(entry.path)
        return sorted(found)

    def download_artifact(self, name: str, folder: str | os.PathLike[str] = ".") -> Path:
        """Copy a file of its artefacts below a folder; returns its path. It appears whole or not at all.

        Raises ``NotFound`` when it has none of this name.
        """
        target = Path(folder) / PurePosixPath(name)
        with recorder().records.open_artifact(self._run, name) as download:
            target.parent.mkdir(parents=True, exist_ok=True)
            spare = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
            try:
                with spare.open("wb") as file:
                    for chunk in download.chunks:
                        file.write(chunk)
                if spare.stat().st_size != download.size_bytes:
                    raise Unavailable(f"{name!r} did not come whole.", hint="Try again.")
                spare.replace(target)
            finally:
                spare.unlink(missing_ok=True)
        return target

    def rename(self, display_name: str) -> None:
        """Give it another display name."""
        recorder().records.update_run(self.run_id, name=entities.checked_label(display_name, "display_name"))
        self.refresh()

    def delete(self) -> None:
        """Delete it the way MLflow does (restorable), with all that says it is in a trial."""
        recorder().records.delete_run(self.run_id)

    def __repr__(self) -> str:
        return f"<TrialComponent {one_line(self.display_name)!r} {self.status.primary_status}>"


def summaries(runs: list[RunRecord], *, system_metrics: bool = False) -> dict[str, list[TrialComponentMetricSummary]]:
    """Summaries of the metrics of runs, by run id; of those of the system only if asked for."""
    if not system_metrics:
        runs = [
            run.model_copy(
                update={"metrics": {key: each for key, each in run.metrics.items() if not key.startswith(SYSTEM)}}
            )
            for run in runs
        ]
    moments = recorder().records.moments([run.run_id for run in runs if run.metrics])
    return {
        run.run_id: [_summary(run, key, moments.get(run.run_id, {})) for key in sorted(run.metrics)] for run in runs
    }


def _summary(run: RunRecord, key: str, moments: Mapping[str, object]) -> TrialComponentMetricSummary:
    from studio_ext.core.moments import unbounded
    from studio_ext.ports.records import Moments

    found, last = moments.get(key), run.metrics[key]
    if not isinstance(found, Moments):
        found = Moments(count=0, min=math.nan, max=math.nan, avg=math.nan, std_dev=math.nan)
    return TrialComponentMetricSummary(
        metric_name=key,
        max=found.max,
        min=found.min,
        last=unbounded(last.value),
        count=found.count,
        avg=found.avg,
        std_dev=found.std_dev,
        time_stamp=datetime.fromtimestamp(last.timestamp, UTC),
    )


def component_id(component: str | TrialComponent | Tracker) -> str:
    """The run id of a component that is named or given."""
    if isinstance(component, str):
        return entities.find_run(component).run_id
    run_id = getattr(component, "run_id", None)
    if not isinstance(run_id, str):
        raise InvalidRequest.field("component", "must be a trial component, a tracker or a name")
    return run_id


def number_or_text(value: str) -> float | str:
    """MLflow keeps parameters as texts. ``007``, ``nan`` and ``1_0`` stay texts."""
    return float(value) if _NUMBER.fullmatch(value) else value


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

"""Trial components: one recorded run with its parameters, metrics, inputs and outputs."""

from __future__ import annotations

import builtins
import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.plain_text import one_line
from studio_ext.ports.records import RunRecord
from studio_ext.sdk import entities
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
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class TrialComponentStatus:
    """What became of a component."""

    primary_status: str
    """InProgress, Completed, Failed or Stopped."""
    message: str = ""


@dataclass(frozen=True)
class TrialComponentArtifact:
    """An input or output: where it lies, and what it is."""

    value: str
    media_type: str | None = None


@dataclass(frozen=True)
class TrialComponentMetricSummary:
    """All values of one metric. ``count`` is that of values which are numbers; without any, the others are NaN."""

    metric_name: str
    max: float
    min: float
    last: float
    """Value of the highest step."""
    count: int
    avg: float
    std_dev: float
    """Population standard deviation."""
    time_stamp: datetime
    """When the last value was logged."""


class TrialComponent:
    """One recorded run."""

    def __init__(self, record: RunRecord) -> None:
        self._run = record

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
    def list(cls, experiment_name: str) -> Iterator[TrialComponent]:
        """The components of an experiment, newest first."""
        experiment = recorder().records.experiment(experiment_name)
        return (cls(run) for run in entities.runs_of(experiment.experiment_id) if entities.is_component(run))

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
        """The name that people gave it."""
        return self._run.name

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
        """Parameters; texts that are numbers are numbers. Of one that was logged twice, the later value."""
        later = {
            key.removeprefix(entities.PARAMETER): value
            for key, value in self._run.tags.items()
            if key.startswith(entities.PARAMETER)
        }
        return {key: number_or_text(value) for key, value in {**self._run.parameters, **later}.items()}

    @property
    def input_artifacts(self) -> dict[str, TrialComponentArtifact]:
        """What it read."""
        return self._artifacts(entities.INPUT, entities.INPUT_TYPE)

    @property
    def output_artifacts(self) -> dict[str, TrialComponentArtifact]:
        """What it made."""
        return self._artifacts(entities.OUTPUT, entities.OUTPUT_TYPE)

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
        return self

    def rename(self, display_name: str) -> None:
        """Give it another display name."""
        recorder().records.update_run(self.run_id, name=entities.checked_label(display_name, "display_name"))
        self.refresh()

    def delete(self) -> None:
        """Delete it the way MLflow does (restorable), with all that says it is in a trial."""
        recorder().records.delete_run(self.run_id)

    def __repr__(self) -> str:
        return f"<TrialComponent {one_line(self.display_name)!r} {self.status.primary_status}>"


def summaries(runs: list[RunRecord]) -> dict[str, list[TrialComponentMetricSummary]]:
    """Summaries of the metrics of runs, by run id."""
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

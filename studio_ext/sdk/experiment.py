"""Experiments as Python objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from studio_ext.core.plain_text import one_line
from studio_ext.core.record_names import MAX_TAG, sound_text
from studio_ext.ports.records import ExperimentRecord
from studio_ext.sdk import entities, listing
from studio_ext.sdk.component import TrialComponent
from studio_ext.sdk.recording_place import recorder
from studio_ext.sdk.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

_DESCRIPTION = "mlflow.note.content"


class Experiment:
    """A question, and the trials that try to answer it."""

    def __init__(self, record: ExperimentRecord) -> None:
        self._record = record

    @classmethod
    def create(
        cls, experiment_name: str, description: str = "", *, tags: Mapping[str, str] | None = None
    ) -> Experiment:
        """Make an experiment. Raises ``Conflict`` if there is one; in a job it is always the job's."""
        given = entities.checked_tags(tags)
        if user := entities.user_name():
            given[entities.CREATED_BY] = user
        if description:
            given[_DESCRIPTION] = sound_text(description)[:MAX_TAG]
        name = entities.checked_label(experiment_name, "experiment_name")
        return cls(recorder().records.create_experiment(name, given))

    @classmethod
    def load(cls, experiment_name: str) -> Experiment:
        """An experiment by name. Raises ``NotFound``."""
        return cls(recorder().records.experiment(experiment_name))

    @classmethod
    def list(
        cls,
        *,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        sort_by: str = "LastModifiedTime",
        sort_order: str = "Descending",
        max_results: int | None = None,
    ) -> Iterator[Experiment]:
        """All experiments.

        :param sort_by: ``LastModifiedTime``, ``CreationTime`` or ``Name``.
        :param sort_order: ``Descending`` or ``Ascending``.
        """
        choice = listing.Choice(created_after, created_before, sort_by, sort_order, max_results)
        return (cls(record) for record in choice.experiments(recorder().records.experiments()))

    @property
    def experiment_name(self) -> str:
        """Name of the experiment."""
        return self._record.name

    @property
    def experiment_id(self) -> str:
        """MLflow's id of it."""
        return self._record.experiment_id

    @property
    def description(self) -> str:
        """What it is about."""
        return self._record.tags.get(_DESCRIPTION, "")

    @description.setter
    def description(self, text: str) -> None:
        self.update(description=text)

    @property
    def created_by(self) -> str | None:
        """Who made it here; None: not known, MLflow does not keep it."""
        return self._record.tags.get(entities.CREATED_BY)

    @property
    def creation_time(self) -> datetime | None:
        """When it was made (UTC)."""
        return None if self._record.created is None else datetime.fromtimestamp(self._record.created, UTC)

    @property
    def last_modified_time(self) -> datetime | None:
        """When it was last changed (UTC); to record in it is no change."""
        return None if self._record.updated is None else datetime.fromtimestamp(self._record.updated, UTC)

    def update(self, *, description: str | None = None, tags: Mapping[str, str] | None = None) -> Experiment:
        """Change what is given; returns it, read anew. MLflow takes no tag of an experiment away."""
        changed = entities.checked_tags(tags)
        if description is not None:
            changed[_DESCRIPTION] = sound_text(description)[:MAX_TAG]
        if changed:
            recorder().records.tag_experiment(self.experiment_id, changed)
        self._record = recorder().records.experiment_by_id(self.experiment_id)
        return self

    def save(self) -> Experiment:
        """Read it anew: what is set is recorded at once. There so that scripts that call it work."""
        return self.update()

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return {
            key: value for key, value in self._record.tags.items() if key not in (_DESCRIPTION, entities.CREATED_BY)
        }

    def create_trial(self, trial_name: str, *, tags: Mapping[str, str] | None = None) -> Trial:
        """Make a trial in it; see :meth:`Trial.create`."""
        return Trial.create(trial_name, self.experiment_name, tags=tags)

    def list_trials(self, **choice: Any) -> Iterator[Trial]:
        """Its trials, newest first; order and limits as for :meth:`Trial.list`."""
        return Trial.list(self.experiment_name, **choice)

    def list_trial_components(self, **choice: Any) -> Iterator[TrialComponent]:
        """Its components, newest first; order and limits as for :meth:`TrialComponent.list`."""
        return TrialComponent.list(self.experiment_name, **choice)

    def delete(self) -> None:
        """Delete it the way MLflow does (restorable). Raises ``Conflict`` while there are trials in it."""
        trials = sum(1 for _ in self.list_trials())
        if trials:
            raise entities.has_parts(f"The experiment {self.experiment_name!r}", trials, "trials")
        recorder().records.delete_experiment(self.experiment_id)

    def to_frame(
        self,
        *,
        parameter_names: Sequence[str] | None = None,
        metric_names: Sequence[str] | None = None,
        artifact_names: Sequence[str] | None = None,
        system_metrics: bool = False,
        sort_by: str = "CreationTime",
        sort_order: str = "Descending",
        max_results: int | None = None,
    ) -> pd.DataFrame:
        """A row a trial component.

        Columns: ``TrialComponentName`` (the run id), ``DisplayName``, ``SourceArn`` (``job/<id>``, or None), one for
        each parameter, ``<metric> - Min``, ``- Max``, ``- Avg``, ``- StdDev``, ``- Last``, ``- Count`` for each metric,
        ``<artifact> - MediaType`` and ``- Value`` for each input and output, ``Trials`` and ``Experiments`` (lists of
        names). A name that is that of another column gets its kind behind it, as in ``Trials (parameter)``.

        :param parameter_names: only these parameters, in this order; also those that no component has. None: all.
        :param metric_names: only these metrics, likewise; the others are not summed up.
        :param artifact_names: only these inputs and outputs, likewise.
        :param system_metrics: with the metrics ``system/...`` too, which say what runs used of their machine.
        :param sort_by: as for :meth:`TrialComponent.list`, also ``sort_order`` and ``max_results``.
        """
        from studio_ext.sdk.analytics import Columns, components_frame

        wanted = Columns(parameter_names, metric_names, artifact_names, system_metrics=system_metrics)
        choice = listing.Choice(sort_by=sort_by, sort_order=sort_order, max_results=max_results)
        return components_frame(self._record, choice, wanted)

    def _ipython_display_(self) -> None:
        from studio_ext.sdk.showing import show_experiment

        if not show_experiment(self):
            raise NotImplementedError  # IPython then takes the text

    def __repr__(self) -> str:
        return f"<Experiment {one_line(self.experiment_name)!r}>"

"""Experiments as Python objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from studio_ext.core.plain_text import one_line
from studio_ext.core.record_names import MAX_TAG, sound_text
from studio_ext.ports.records import ExperimentRecord
from studio_ext.sdk import entities
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
        if description:
            given[_DESCRIPTION] = sound_text(description)[:MAX_TAG]
        name = entities.checked_label(experiment_name, "experiment_name")
        return cls(recorder().records.create_experiment(name, given))

    @classmethod
    def load(cls, experiment_name: str) -> Experiment:
        """An experiment by name. Raises ``NotFound``."""
        return cls(recorder().records.experiment(experiment_name))

    @classmethod
    def list(cls) -> Iterator[Experiment]:
        """All experiments, last updated first."""
        return (cls(record) for record in recorder().records.experiments())

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
        recorder().records.tag_experiment(self.experiment_id, _DESCRIPTION, sound_text(text)[:MAX_TAG])
        self._record = recorder().records.experiment_by_id(self.experiment_id)

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return {key: value for key, value in self._record.tags.items() if key != _DESCRIPTION}

    def create_trial(self, trial_name: str, *, tags: Mapping[str, str] | None = None) -> Trial:
        """Make a trial in it; see :meth:`Trial.create`."""
        return Trial.create(trial_name, self.experiment_name, tags=tags)

    def list_trials(self) -> Iterator[Trial]:
        """Its trials, newest first."""
        return Trial.list(self.experiment_name)

    def list_trial_components(self) -> Iterator[TrialComponent]:
        """Its components, newest first."""
        return TrialComponent.list(self.experiment_name)

    def delete(self) -> None:
        """Delete it the way MLflow does (restorable). Raises ``Conflict`` while there are trials in it."""
        trials = sum(1 for _ in self.list_trials())
        if trials:
            raise entities.has_parts(f"The experiment {self.experiment_name!r}", trials, "trials")
        recorder().records.delete_experiment(self.experiment_id)

    def to_frame(self) -> pd.DataFrame:
        """A row a trial component, newest first.

        Columns: ``TrialComponentName`` (the run id), ``DisplayName``, ``SourceArn`` (``job/<id>``, or None), one for
        each parameter, ``<metric> - Min``, ``- Max``, ``- Avg``, ``- StdDev``, ``- Last``, ``- Count`` for each metric,
        ``<artifact> - MediaType`` and ``- Value`` for each input and output, ``Trials`` and ``Experiments`` (lists of
        names).
        """
        from studio_ext.sdk.analytics import components_frame

        return components_frame(self._record)

    def _ipython_display_(self) -> None:
        from studio_ext.sdk.showing import show_experiment

        if not show_experiment(self):
            raise NotImplementedError  # IPython then takes the text

    def __repr__(self) -> str:
        return f"<Experiment {one_line(self.experiment_name)!r}>"

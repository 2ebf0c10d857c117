"""Trials as Python objects: a recorded run, and what belongs to it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from studio_ext.contract import experiments as wire
from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.trial_detail import MAX_NOTE
from studio_ext.core.plain_text import one_line
from studio_ext.core.trial_facts import NOTE_TAG
from studio_ext.sdk import entities, listing
from studio_ext.sdk.recording_place import recorder

if TYPE_CHECKING:
    from studio_ext.sdk.component import TrialComponent
    from studio_ext.sdk.tracker import Tracker


class Trial:
    """One recorded run."""

    def __init__(self, data: wire.Trial) -> None:
        self.data = data
        """The whole document."""

    @property
    def run_id(self) -> str:
        """MLflow run id."""
        return self.data.run_id

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.data.name

    @property
    def experiment(self) -> str:
        """Name of the experiment."""
        return self.data.experiment

    @property
    def status(self) -> str:
        """RUNNING, SCHEDULED, FINISHED, FAILED or KILLED."""
        return self.data.status

    @property
    def metrics(self) -> dict[str, float]:
        """Last value of each metric."""
        return {key: float("nan") if value is None else value for key, value in self.data.metrics.items()}

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters as MLflow keeps them: texts."""
        return dict(self.data.parameters)

    @property
    def tags(self) -> dict[str, Any]:
        """Tags of the run."""
        return dict(self.data.tags)

    @property
    def started(self) -> datetime | None:
        """When it began (UTC)."""
        return _time(self.data.started)

    @property
    def ended(self) -> datetime | None:
        """When it ended (UTC)."""
        return _time(self.data.ended)

    # -- the words of experiments -----------------------------------------------------------------------------

    @classmethod
    def create(cls, trial_name: str, experiment_name: str, *, tags: Mapping[str, str] | None = None) -> Trial:
        """Make a trial in an experiment, which is made if there is none. It is a run of its own; what belongs to it is
        nested below it. Raises ``Conflict`` if the experiment has a trial of this name.
        """
        records = recorder().records
        experiment = entities.experiment_for(experiment_name)
        name = entities.checked_label(trial_name, "trial_name")
        entities.refuse_second_trial(experiment, name)
        given = entities.checked_tags(tags)
        run = records.create_run(
            experiment.experiment_id, name, entities.new_run_tags() | {entities.KIND: "trial"} | given, time.time()
        )
        if recorder().job_run is None:  # a group is not something that runs
            records.update_run(run.run_id, status="FINISHED", ended=time.time())
        return cls.load(run.run_id)

    @classmethod
    def load(cls, trial_name: str, experiment_name: str | None = None) -> Trial:
        """A trial by its run id, or by its name in an experiment (None: in all). Raises ``NotFound``, and
        ``InvalidRequest`` when several have the name.
        """
        run = entities.find_run(trial_name, experiment_name, trials_first=True)
        return cls(entities.wire_trial(run, recorder().records.experiment_by_id(run.experiment_id).name))

    @classmethod
    def list(
        cls,
        experiment_name: str | None = None,
        *,
        trial_component_name: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        sort_by: str = "CreationTime",
        sort_order: str = "Descending",
        max_results: int | None = None,
    ) -> Iterator[Trial]:
        """Trials of an experiment (None: of all): those that were made as trials, and runs that are in none.

        Read page by page, as they are asked for. Order and limits as for :meth:`TrialComponent.list`.

        :param trial_component_name: only those that this component is in.
        """
        choice = listing.Choice(created_after, created_before, sort_by, sort_order, max_results)
        experiments = listing.experiments_of(experiment_name)
        names = {each.experiment_id: each.name for each in experiments}
        only = None
        if trial_component_name is not None:
            only = set(entities.trials_of(entities.find_run(trial_component_name)))
        found = (
            cls(entities.wire_trial(run, names[run.experiment_id]))
            for run in listing.runs(experiments, choice)
            if entities.is_trial(run) and (only is None or run.run_id in only)
        )
        return choice.cut(found)

    @property
    def trial_name(self) -> str:
        """Name of the trial. To set it is to rename it, at once."""
        return self.name

    @trial_name.setter
    def trial_name(self, text: str) -> None:
        self.update(display_name=text)

    @property
    def display_name(self) -> str:
        """Name of the trial; another word for :attr:`trial_name`."""
        return self.name

    @display_name.setter
    def display_name(self, text: str) -> None:
        self.update(display_name=text)

    @property
    def note(self) -> str:
        """What people wrote about it, in Markdown; MLflow shows it as the run's description.

        To set it is to save it, at once; an empty text takes it away.
        """
        return str(self.data.tags.get(NOTE_TAG, ""))

    @note.setter
    def note(self, text: str) -> None:
        if not isinstance(text, str):
            raise InvalidRequest.field("note", "must be a text")
        if len(text) > MAX_NOTE:
            raise InvalidRequest.field("note", f"has {len(text)} characters; at most {MAX_NOTE} are kept")
        records = recorder().records
        if text:
            records.set_tags(self.run_id, {NOTE_TAG: text})
        else:
            records.delete_tag(self.run_id, NOTE_TAG)
        self.data = self.data.model_copy(update={"tags": {**self.data.tags, NOTE_TAG: text}})

    @property
    def created_by(self) -> str | None:
        """Who made it, as the system there named that person."""
        return self.data.user

    def update(
        self,
        *,
        display_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        tags_to_remove: Sequence[str] = (),
    ) -> Trial:
        """Change what is given; returns it, read anew. Raises ``Conflict`` if another trial there has the name."""
        from studio_ext.sdk.component import TrialComponent

        records = recorder().records
        run = records.run(self.run_id)
        if display_name is not None and display_name != self.name:
            name = entities.checked_label(display_name, "display_name")
            entities.refuse_second_trial(records.experiment_by_id(run.experiment_id), name)
            display_name = name
        TrialComponent(run).update(display_name=display_name, tags=tags, tags_to_remove=tags_to_remove)
        self.data = entities.wire_trial(records.run(self.run_id), self.experiment)
        return self

    def save(self) -> Trial:
        """Read it anew: what is set is recorded at once. There so that scripts that call it work."""
        return self.update()

    @property
    def experiment_name(self) -> str:
        """Name of the experiment."""
        return self.experiment

    def add_trial_component(self, component: str | TrialComponent | Tracker) -> None:
        """Put a component (or a tracker's) into this trial as well. Once it is there, nothing changes.

        One of another experiment stays a run of that experiment; a tag says that it is here as well.
        """
        from studio_ext.sdk.component import component_id

        records = recorder().records
        run = records.run(component_id(component))
        entities.add_membership(run, records.run(self.run_id))

    def remove_trial_component(self, component: str | TrialComponent | Tracker) -> None:
        """Take a component out of this trial; it stays where else it is. One that is not in it is no error.

        Raises ``InvalidRequest`` for a component that was made in this trial: its run is nested below it.
        """
        from studio_ext.sdk.component import component_id

        records = recorder().records
        entities.remove_membership(records.run(component_id(component)), records.run(self.run_id))

    def list_trial_components(self) -> Iterator[TrialComponent]:
        """Its components, newest first; a job's run is a component of the trial that it is."""
        from studio_ext.sdk.component import TrialComponent

        return TrialComponent.list(self.experiment_name, trial_name=self.run_id)

    def delete(self) -> None:
        """Delete the trial. Raises ``Conflict`` while it has components other than itself."""
        others = [each for each in self.list_trial_components() if each.run_id != self.run_id]
        if others:
            raise entities.has_parts(f"The trial {self.name!r}", len(others), "components")
        recorder().records.delete_run(self.run_id)

    def __repr__(self) -> str:
        shown = ", ".join(f"{one_line(key)}={value:.6g}" for key, value in list(self.metrics.items())[:6])
        return f"<Trial {one_line(self.name)!r} {self.status} {shown}".rstrip() + ">"

    def _repr_html_(self) -> str:
        from studio_ext.sdk.html import trial_html

        return trial_html(self)


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

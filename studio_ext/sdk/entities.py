"""How the words of experiments lie on MLflow: which run is a trial, which trials a component is in."""

from __future__ import annotations

import getpass
import math
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from studio_ext.contract import experiments as wire
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound
from studio_ext.core.record_names import MAX_TAG, SYSTEM, checked_name, refuse_reserved, sound_text
from studio_ext.ports.records import ExperimentRecord, RunRecord
from studio_ext.sdk.recording_place import recorder

KIND = "tracker.kind"
"""Tag of runs that were made as trials: ``trial``; of those that trackers made: ``component``."""
TRIAL = "tracker.trial."
"""Beginning of tags that put a component into a trial; the trial's run id follows, the value is its name."""
EXPERIMENT = "tracker.experiment."
"""Beginning of tags that say in which other experiments a component is in a trial; the id follows, the value is its
name."""
PARAMETER = "tracker.parameter."
"""Beginning of tags with the later value of a parameter, which MLflow does not overwrite."""
INPUT, OUTPUT = "tracker.input.", "tracker.output."
INPUT_TYPE, OUTPUT_TYPE = "tracker.input_media_type.", "tracker.output_media_type."
MESSAGE = "tracker.status_message"
CREATED_BY = "tracker.created_by"
"""Tag of experiments with who made them."""
PARENT = "mlflow.parentRunId"
UNASSIGNED = "Default"
"""MLflow's experiment for what was given none."""
MAX_LABEL = 250

_SETTLE_SECONDS = 15.0


def checked_label(name: object, what: str) -> str:
    """The name of an experiment or a run: any text of 1 to 250 characters."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidRequest.field(what, "needs a name")
    name = sound_text(name.strip())
    if len(name) > MAX_LABEL:
        raise InvalidRequest.field(what, f"the name has {len(name)} characters; at most {MAX_LABEL} are allowed")
    return name


def checked_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Tags as MLflow will take them. Raises ``InvalidRequest``."""
    refuse_reserved(tags or {})
    return {checked_name(key, "tags"): sound_text(value)[:MAX_TAG] for key, value in (tags or {}).items()}


def new_run_tags() -> dict[str, str]:
    """Where a run comes from that no job made; in a job the relay knows better, and it lies below the job's run."""
    job_run = recorder().job_run
    if job_run is not None:
        return {PARENT: job_run}
    tags = {"mlflow.source.type": "LOCAL"}
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    tags["mlflow.source.name"] = str(Path(script).absolute()) if script else "notebook or interactive"
    if user := user_name():
        tags["mlflow.user"] = user
    return tags


def user_name() -> str:
    """Name of who runs this process; empty for a user without one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""


def experiment_for(name: str | None) -> ExperimentRecord:
    """The experiment of this name, made if there is none; None: MLflow's own. In a job the job's, whatever the name."""
    records = recorder().records
    name = UNASSIGNED if name is None else checked_label(name, "experiment_name")
    try:
        return records.experiment(name)
    except NotFound:
        try:
            return records.create_experiment(name, {})
        except Conflict:  # another process was faster, or it was deleted: the answer says which
            return records.experiment(name)


def runs_of(experiment_id: str) -> Iterator[RunRecord]:
    """Active runs of an experiment, with what trackers of this process logged."""
    settle()
    return recorder().records.runs([experiment_id])


def is_trial(run: RunRecord) -> bool:
    """Whether a run stands for a trial: it was made as one, or it is in none and so is its own."""
    return run.tags.get(KIND) == "trial" or (PARENT not in run.tags and not _memberships(run))


def is_component(run: RunRecord) -> bool:
    """Whether a run stands for a component: all do but those made as trials."""
    return run.tags.get(KIND) != "trial"


def trials_of(run: RunRecord) -> list[str]:
    """Run ids of the trials that a component is in: the run that it is nested in, those of its tags, else itself."""
    if not is_component(run):
        return []
    parent = run.tags.get(PARENT)
    return list(dict.fromkeys([*([parent] if parent else []), *_memberships(run)])) or [run.run_id]


def _memberships(run: RunRecord) -> list[str]:
    return [key.removeprefix(TRIAL) for key in run.tags if key.startswith(TRIAL)]


def add_membership(run: RunRecord, trial: RunRecord) -> None:
    """Put a component into a trial, of any experiment."""
    if not is_component(run):
        raise InvalidRequest(f"{run.name!r} is a trial, not a component.")
    if trial.run_id in trials_of(run) and run.run_id != trial.run_id:
        return
    tags = {TRIAL + trial.run_id: trial.name}
    if run.experiment_id != trial.experiment_id:
        tags[EXPERIMENT + trial.experiment_id] = recorder().records.experiment_by_id(trial.experiment_id).name
    recorder().records.set_tags(run.run_id, tags)


def remove_membership(run: RunRecord, trial: RunRecord) -> None:
    """Take a component out of a trial."""
    if run.tags.get(PARENT) == trial.run_id:
        raise InvalidRequest(
            f"The component {run.name!r} was made in this trial and cannot leave it.", hint="Delete the component."
        )
    records = recorder().records
    records.delete_tag(run.run_id, TRIAL + trial.run_id)
    if EXPERIMENT + trial.experiment_id in run.tags:
        left = [each for each in _memberships(run) if each != trial.run_id]
        if not any(_experiment_of(each) == trial.experiment_id for each in left):
            records.delete_tag(run.run_id, EXPERIMENT + trial.experiment_id)


def _experiment_of(run_id: str) -> str:
    try:
        return recorder().records.run(run_id).experiment_id
    except NotFound:
        return ""


def experiments_of(run: RunRecord) -> dict[str, str]:
    """Ids and names of other experiments in whose trials a component is."""
    return {key.removeprefix(EXPERIMENT): name for key, name in run.tags.items() if key.startswith(EXPERIMENT)}


def refuse_second_trial(experiment: ExperimentRecord, name: str) -> None:
    """Raise ``Conflict`` if the experiment has a trial of this name."""
    for run in recorder().records.runs([experiment.experiment_id], f"tags.`{KIND}` = 'trial'"):
        if run.name == name:
            raise Conflict(
                f"There is a trial named {name!r} in the experiment {experiment.name!r} already.",
                hint="Trial.load loads it.",
            )


def find_run(name: str, experiment_name: str | None = None, *, trials_first: bool = False) -> RunRecord:
    """A run by id or name. Raises ``NotFound``, or ``InvalidRequest`` when several have the name."""
    settle()
    records = recorder().records
    if len(name) == 32 and not set(name) - set("0123456789abcdef"):
        return records.run(name)
    if experiment_name is None:
        places = [each.experiment_id for each in records.experiments()]
    else:
        places = [records.experiment(experiment_name).experiment_id]
    # Names may hold both kinds of quotes, which MLflow's filters cannot say: compared here.
    filter_ = f"attributes.run_name = '{name}'" if not set(name) & set("'\\\"") else ""
    found = [run for run in records.runs(places, filter_) if run.name == name] if places else []
    made = [run for run in found if is_component(run) != trials_first]
    found = made or found
    if not found:
        where = f" in the experiment {experiment_name!r}" if experiment_name else ""
        raise NotFound(f"There is no {'trial' if trials_first else 'trial component'} named {name!r}{where}.")
    if len(found) > 1:
        raise InvalidRequest(
            f"{len(found)} runs are named {name!r}.", hint=f"Name one by its id, for example {found[0].run_id}."
        )
    return found[0]


def wire_trial(run: RunRecord, experiment: str) -> wire.Trial:
    """A run as the document of a trial."""
    return wire.Trial(
        run_id=run.run_id,
        experiment=experiment,
        name=run.name,
        status=run.status,
        started=run.started,
        ended=run.ended,
        parameters=dict(run.parameters),
        metrics={
            key: each.value if math.isfinite(each.value) else None
            for key, each in run.metrics.items()
            if not key.startswith(SYSTEM)
        },
        notebook=run.tags.get("studio.notebook"),
        commit=run.tags.get("mlflow.source.git.commit"),
        job_id=run.tags.get("studio.job_id") or run.tags.get("studio.child_of_job"),
        parent_run_id=run.tags.get(PARENT),
        user=run.tags.get("mlflow.user"),
        tags=dict(run.tags),
    )


def has_parts(what: str, count: int, parts: str) -> Conflict:
    """Deletion is bottom-up."""
    return Conflict(f"{what} has {count} {parts}.", hint="Delete them, or take them out, first.")


def settle() -> None:
    """Wait a moment until the store has what trackers of this process logged: who writes and then reads sees it.

    Warns when it does not have it after that moment: what is read then is not all that was logged.
    """
    from studio_ext.sdk.tracker import open_trackers

    deadline = time.monotonic() + _SETTLE_SECONDS
    done = [tracker.flush(applied=True, timeout=max(0.0, deadline - time.monotonic())) for tracker in open_trackers()]
    if not all(done):
        message = "MLflow has not caught up yet with what was logged here; it is safe, and will be there in a while."
        warnings.warn(message, UserWarning, stacklevel=4)

"""The experiment that this process records to where none is named."""

from __future__ import annotations

import os

from studio_ext.contract.errors import Conflict
from studio_ext.sdk import connection, entities

_name: str | None = None


def set_experiment(name: str | None) -> str | None:
    """Record what is submitted and tracked from here on in this experiment, wherever none is named; returns its name.

    In a job nothing changes: what it records is in the job's experiment, whose name is returned.

    :param name: made if there is none; None: as at the beginning (the name of the notebook's folder for jobs, MLflow's
        own experiment for trackers).
    :raises studio_ext.contract.errors.Conflict: when it was deleted, which MLflow can undo.
    """
    global _name
    if (of_job := job_experiment()) is not None:
        return of_job
    if name is not None:
        name = entities.checked_label(name, "experiment")
        client = connection.current()
        if all(each.name != name for each in client.experiments()):
            try:
                client.create_experiment(name)
            except Conflict:  # another process was faster, or it was deleted: a second look says which
                if all(each.name != name for each in client.experiments()):
                    raise
    _name = name
    return name


def current_experiment() -> str | None:
    """The name that :func:`set_experiment` was given last."""
    return _name


def job_experiment() -> str | None:
    """Name of the experiment of the job that this process is part of; None: it is part of none."""
    from studio_ext.adapters.recorders import in_job
    from studio_ext.sdk.recording_place import recorder

    if not in_job(os.environ):
        return None
    place = recorder()
    return place.records.experiment_by_id(place.records.run(str(place.job_run)).experiment_id).name

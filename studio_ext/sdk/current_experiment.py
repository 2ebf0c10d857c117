"""The experiment that this process records to where none is named."""

from __future__ import annotations

from studio_ext.contract.errors import Conflict
from studio_ext.sdk import connection, entities

_name: str | None = None


def set_experiment(name: str | None) -> str | None:
    """Record what is submitted and tracked from here on in this experiment, wherever none is named; returns its name.

    :param name: made if there is none; None: as at the beginning (the name of the notebook's folder for jobs, MLflow's
        own experiment for trackers).
    :raises studio_ext.contract.errors.Conflict: when it was deleted, which MLflow can undo.
    """
    global _name
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

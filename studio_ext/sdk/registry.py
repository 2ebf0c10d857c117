"""Models of trials: registering them, and listing what is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.models import (
    MAX_DESCRIPTION,
    MAX_NAME,
    ModelVersion,
    RegisteredModel,
    RegisterModel,
    SetAlias,
)
from studio_ext.sdk.connection import current
from studio_ext.sdk.handles import Job

if TYPE_CHECKING:
    from studio_ext.sdk.tracker import Tracker
    from studio_ext.sdk.trial import Trial


def register_model(
    trial: str | Trial | Job | Tracker | Any,
    name: str,
    *,
    alias: str | None = None,
    path: str | None = None,
    description: str = "",
) -> ModelVersion:
    """Make a version of a model out of a trial's model; the model is made when there is none of that name.

    :param trial: a run id, or what has one: a trial, a job, a tracker.
    :param name: name of the model, without ``/`` and ``:``.
    :param alias: alias, such as ``"champion"``, that stands for the new version from then on.
    :param path: which model of the trial: the name under which it was logged, its id, or the folder of the trial's
        artefacts; None: the only one.
    :param description: a note on the version.
    :returns: the version; ``mlflow.pyfunc.load_model(f"models:/{name}/{version.version}")`` loads it.
    :raises studio_ext.contract.errors.InvalidRequest: for a trial without a model, or with several where none is named.
    :raises studio_ext.contract.errors.NotFound: for a trial that is not there.
    """
    from studio_ext.sdk.entities import settle

    for field, value, most in (("name", name, MAX_NAME), ("description", description, MAX_DESCRIPTION)):
        if not isinstance(value, str) or len(value) > most:
            raise InvalidRequest.field(field, f"must be a text of at most {most:,} characters")
    if not name:
        raise InvalidRequest.field("name", "a model needs a name")
    if alias is not None and (not isinstance(alias, str) or len(alias) > MAX_NAME):
        raise InvalidRequest.field("alias", f"must be a text of at most {MAX_NAME} characters")
    settle()
    request = RegisterModel(run_id=_run_id(trial), name=name, alias=alias, path=path, description=description)
    return current().register_model(request)


def models() -> list[RegisteredModel]:
    """All registered models, last changed first."""
    return current().models()


def model_versions(name: str) -> list[ModelVersion]:
    """The versions of a model, newest first, each with the trial that it came from and its main metrics."""
    return current().model_versions(name).items


def set_alias(name: str, alias: str, version: str | int) -> RegisteredModel:
    """Let an alias of a model stand for one of its versions, whatever it stood for before."""
    return current().set_model_alias(name, alias, SetAlias(version=str(version)))


def _run_id(trial: Any) -> str:
    found = trial.trial.run_id if isinstance(trial, Job) else getattr(trial, "run_id", trial)
    if not isinstance(found, str) or not found or len(found) > MAX_NAME:
        raise InvalidRequest.field(
            "trial", "is not a trial, and no run id", hint="trial.run_id, or the column run_id of studio.trials(...)."
        )
    return found

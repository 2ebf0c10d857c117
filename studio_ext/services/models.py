"""Models of trials: registering them, moving aliases, and telling which trial a version came from."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from weakref import WeakValueDictionary

from studio_ext.contract.errors import Conflict, FieldError, InvalidRequest, NotFound
from studio_ext.contract.models import (
    MAX_VERSIONS,
    LoggedModel,
    ModelVersion,
    ModelVersions,
    RegisteredModel,
    RegisterModel,
    SetAlias,
    TrialModels,
    UpdateModel,
)
from studio_ext.core.metric_direction import better
from studio_ext.core.model_names import alias_name, model_name, version_number
from studio_ext.core.notes import check_seen
from studio_ext.ports.models import ModelStore, NewVersion, SourceTrial

_METRICS = 4
"""Metrics of a trial that stand beside a version."""
_SHOWN = 5
"""Names that an error lists."""


_locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
_mutex = threading.Lock()


@contextlib.contextmanager
def _changing(name: str) -> Iterator[None]:
    """Looking at a model and changing it is one step: two requests to this process never overwrite each other unseen.

    MLflow itself cannot be asked to compare. Other models do not wait: a server that hangs has patience for each call.
    """
    with _mutex:
        lock = _locks.setdefault(name, threading.Lock())
    with lock:
        yield


class Models:
    """Use cases of the registry. Raises what :class:`studio_ext.ports.models.ModelsClient` says."""

    def __init__(self, store: ModelStore) -> None:
        self._store = store

    def all(self) -> list[RegisteredModel]:
        """All models, last changed first."""
        return self._store.models()

    def model(self, name: str) -> RegisteredModel:
        """One model."""
        return self._store.model(name)

    def versions(self, name: str) -> ModelVersions:
        """Versions of a model with what is known of their trials."""
        found = self._store.versions(name, MAX_VERSIONS + 1)
        return ModelVersions(items=self._with_trials(found[:MAX_VERSIONS]), more=len(found) > MAX_VERSIONS)

    def version(self, name: str, version: str) -> ModelVersion:
        """One version."""
        return self._with_trials([self._store.version(name, version_number(version))])[0]

    def of_trial(self, run_id: str) -> TrialModels:
        """What of a trial can be registered, and what was."""
        trial = self._trial(run_id)
        versions = self._with_trials(self._store.versions_of([run_id]))
        return TrialModels(run_id=run_id, models=self._store.logged_models(trial), versions=versions)

    def register(self, request: RegisterModel) -> ModelVersion:
        """Make a version. All that can be wrong is found before anything is changed."""
        name = model_name(request.name)
        alias = alias_name(request.alias) if request.alias and request.alias.strip() else None
        trial = self._trial(request.run_id)
        model = _chosen(trial, self._store.logged_models(trial), request.path)
        with _changing(name):
            if alias is not None and request.held_by is not None:
                _check_holder(alias, self._holder(name, alias), request.held_by)
            made = self._store.create_version(NewVersion(name, trial, model.path, request.description))
            if alias is not None:
                self._store.set_alias(name, alias, made.version)
        return self.version(name, made.version)

    def describe(self, name: str, change: UpdateModel) -> RegisteredModel:
        """Say what a model is."""
        with _changing(name):
            if change.if_description is not None:
                there = self._store.model(name).description
                check_seen("description", there, change.if_description, change.description)
            self._store.describe_model(name, change.description)
        return self._store.model(name)

    def describe_version(self, name: str, version: str, change: UpdateModel) -> ModelVersion:
        """Say what a version is."""
        version = version_number(version)
        with _changing(name):
            if change.if_description is not None:
                there = self._store.version(name, version).description
                check_seen("description", there, change.if_description, change.description)
            self._store.describe_version(name, version, change.description)
        return self.version(name, version)

    def set_alias(self, name: str, alias: str, request: SetAlias) -> RegisteredModel:
        """Let an alias stand for a version."""
        alias, version = alias_name(alias), version_number(request.version)
        with _changing(name):
            self._store.version(name, version)
            if request.held_by is not None:
                _check_holder(alias, self._holder(name, alias), request.held_by)
            self._store.set_alias(name, alias, version)
        return self._store.model(name)

    def delete_alias(self, name: str, alias: str, held_by: str | None = None) -> RegisteredModel:
        """Remove an alias, where it still stands for ``held_by``."""
        with _changing(name):
            model = self._store.model(name)
            if alias not in model.aliases:
                return model
            if held_by is not None:
                _check_holder(alias, model.aliases[alias], held_by)
            self._store.delete_alias(name, alias)
        return self._store.model(name)

    def delete_version(self, name: str, version: str) -> None:
        """Remove a version."""
        self._store.delete_version(name, version_number(version))

    def delete(self, name: str) -> None:
        """Remove a model that has no version."""
        with _changing(name):
            if (latest := self._store.model(name).latest) is not None:
                raise Conflict(
                    f"The model {name!r} has versions, the newest is {latest}.", hint="Delete its versions first."
                )
            self._store.delete_model(name)

    def _trial(self, run_id: str) -> SourceTrial:
        trial = self._store.trial(run_id)
        if trial is None:
            raise NotFound(f"There is no trial {run_id}.", hint="It may have been deleted for good in MLflow.")
        if trial.is_deleted:
            raise NotFound(f"The trial {trial.name!r} was deleted.", hint="Restore it first.")
        return trial

    def _holder(self, name: str, alias: str) -> str:
        """Which version an alias stands for; empty: for none."""
        try:
            return self._store.model(name).aliases.get(alias, "")
        except NotFound:
            return ""

    def _with_trials(self, versions: Sequence[ModelVersion]) -> list[ModelVersion]:
        trials = self._store.trials([each.run_id for each in versions if each.run_id])
        return [_completed(each, trials) for each in versions]


def _check_holder(alias: str, holder: str, seen: str) -> None:
    """MLflow moves aliases without a question; whoever decided by what they saw must not undo another's move."""
    if holder != seen:
        now = f"stands for version {holder} now" if holder else "stands for no version now"
        said = f"Somebody else moved {alias!r}: it {now}."
        raise Conflict(said, hint="Look again, then decide.", fields=[FieldError(field="alias", message=said)])


def _chosen(trial: SourceTrial, models: Sequence[LoggedModel], path: str | None) -> LoggedModel:
    """The model that a request means: by its path, else by its name. Raises ``InvalidRequest``, ``Conflict``."""
    if not models:
        raise InvalidRequest(
            f"The trial {trial.name!r} has no model.",
            hint="Log one in the notebook, such as mlflow.sklearn.log_model(model, name='model'), and run it again.",
        )
    if path:
        path = path if path == "." else path.strip("/")
        found = [each for each in models if each.path == path] or [each for each in models if each.name == path]
    else:
        found = list(models)
    if len(found) == 1:
        if found[0].status != "READY":
            raise Conflict(f"The model {found[0].name!r} was not logged to its end.", hint="Wait, or log it again.")
        return found[0]
    shown = ", ".join(each.path for each in models[:_SHOWN]) + (", ..." if len(models) > _SHOWN else "")
    what = "there are several models" if found else f"the trial has no model {path!r}"
    raise InvalidRequest.field("path", what, hint=f"Name one of these: {shown}.")


def _completed(version: ModelVersion, trials: Mapping[str, SourceTrial]) -> ModelVersion:
    trial = trials.get(version.run_id or "")
    if trial is None:  # what it was called is kept with the version
        return version.model_copy(update={"is_trial_deleted": version.run_id is not None})
    return version.model_copy(
        update={
            "trial": trial.name,
            "experiment": trial.experiment,
            "job_id": trial.job_id,
            "is_trial_deleted": trial.is_deleted,
            "metrics": important(trial.metrics),
        }
    )


def important(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    """The few metrics that say most: not of the training data, and with names that tell what is better, first.

    Short names go before long ones: ``rmse`` before ``root_mean_squared_error_X_test``.
    """

    def rank(name: str) -> tuple[bool, bool, int, str]:
        return name.startswith("train"), better(name) is None, len(name), name

    return {name: metrics[name] for name in sorted(metrics, key=rank)[:_METRICS]}

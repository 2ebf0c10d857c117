"""The ports of models: what people ask of the registry and of lineage, and what these ask of the tracking store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from studio_ext.contract.lineage import Lineage, LineageKind
from studio_ext.contract.models import (
    LoggedModel,
    ModelVersion,
    ModelVersions,
    RegisteredModel,
    RegisterModel,
    SetAlias,
    TrialModels,
    UpdateModel,
)


class ModelsClient(Protocol):
    """The part of the client port that is about models. Raises ``StudioError`` as the rest of it.

    No call ever loads a model: what a model holds may be anybody's code.
    """

    def models(self) -> list[RegisteredModel]:
        """All registered models, last changed first."""

    def model(self, name: str) -> RegisteredModel:
        """One registered model. Raises ``NotFound``."""

    def model_versions(self, name: str) -> ModelVersions:
        """Versions of a model, newest first. Raises ``NotFound``."""

    def model_version(self, name: str, version: str) -> ModelVersion:
        """One version. Raises ``NotFound``."""

    def trial_models(self, run_id: str) -> TrialModels:
        """What of a trial can be registered, and what was. Raises ``NotFound``."""

    def register_model(self, request: RegisterModel) -> ModelVersion:
        """Make a version out of a trial's model, and the registered model where there is none.

        Raises ``NotFound`` for a trial that is not there, ``InvalidRequest`` for one without a model or with several
        of which none is named, ``Conflict`` for a model whose files are not there yet, and for an alias that was moved
        meanwhile.
        """

    def describe_model(self, name: str, change: UpdateModel) -> RegisteredModel:
        """Say what a model is.

        Raises ``NotFound``, and ``Conflict`` where ``if_description`` is not the description that is there: the error's
        field ``description`` then holds that one.
        """

    def describe_model_version(self, name: str, version: str, change: UpdateModel) -> ModelVersion:
        """Say what a version is. Raises as :meth:`describe_model`."""

    def set_model_alias(self, name: str, alias: str, request: SetAlias) -> RegisteredModel:
        """Let an alias stand for a version. Raises ``NotFound``, and ``Conflict`` when it was moved meanwhile."""

    def delete_model_alias(self, name: str, alias: str, *, held_by: str | None = None) -> RegisteredModel:
        """Remove an alias. What is gone already is no error.

        ``held_by``: the version that it stands for as far as the caller knows; None: whatever it stands for. Raises
        ``Conflict`` when it stands for another one.
        """

    def delete_model_version(self, name: str, version: str) -> None:
        """Remove a version and its aliases for good; the trial and its files stay. Raises ``NotFound``."""

    def delete_model(self, name: str) -> None:
        """Remove a model that has no version. Raises ``NotFound``, and ``Conflict`` for one that has."""

    def lineage(self, kind: LineageKind, id: str, *, depth: int = 3) -> Lineage:
        """What a thing came from and what came from it, ``depth`` steps each way. Raises ``NotFound``."""


@dataclass(frozen=True)
class DataRef:
    """Data that a trial read, as the tracking store names it."""

    name: str
    digest: str
    source: str = ""
    """Path or address; empty where there is none."""


@dataclass(frozen=True)
class SourceTrial:
    """What models and lineage want to know of a trial."""

    run_id: str
    name: str
    experiment: str
    status: str
    """MLflow's word."""
    started: float | None = None
    experiment_id: str = ""
    artifact_uri: str = ""
    job_id: str | None = None
    parent: str | None = None
    """Run id of the trial that it is a component of."""
    is_deleted: bool = False
    metrics: dict[str, float | None] = field(default_factory=dict)
    inputs: tuple[DataRef, ...] = ()


@dataclass(frozen=True)
class KnownJob:
    """What lineage says of a job that is there."""

    name: str
    status: str
    created: float


@dataclass(frozen=True)
class NewVersion:
    """A version to be made."""

    name: str
    trial: SourceTrial
    path: str
    """As :attr:`LoggedModel.path`."""
    description: str


class ModelStore(Protocol):
    """Models in the tracking store. Raises ``Unavailable`` while it is away. Thread-safe."""

    def models(self) -> list[RegisteredModel]:
        """All registered models, last changed first."""

    def model(self, name: str) -> RegisteredModel:
        """One model. Raises ``NotFound``."""

    def versions(self, name: str, limit: int) -> list[ModelVersion]:
        """The newest versions of a model, without what is known of their trials beyond their tags."""

    def version(self, name: str, version: str) -> ModelVersion:
        """One version, as :meth:`versions`. Raises ``NotFound``."""

    def versions_of(self, run_ids: Sequence[str]) -> list[ModelVersion]:
        """The versions that came from some trials, newest first, as :meth:`versions`."""

    def logged_models(self, trial: SourceTrial) -> list[LoggedModel]:
        """What can be registered of a trial, newest first."""

    def create_version(self, new: NewVersion) -> ModelVersion:
        """Make a version, and the model where there is none. Raises ``Conflict`` when the files are not there."""

    def describe_model(self, name: str, description: str) -> None:
        """Say what a model is. Raises ``NotFound``."""

    def describe_version(self, name: str, version: str, description: str) -> None:
        """Say what a version is. Raises ``NotFound``."""

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Let an alias stand for a version. Raises ``NotFound``."""

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias. What is gone already is no error."""

    def delete_version(self, name: str, version: str) -> None:
        """Remove a version and its aliases. Raises ``NotFound``."""

    def delete_model(self, name: str) -> None:
        """Remove a model and all its versions. Raises ``NotFound``."""

    # ---- trials

    def trial(self, run_id: str) -> SourceTrial | None:
        """A trial, deleted or not; None for one that is gone for good."""

    def trials(self, run_ids: Sequence[str]) -> dict[str, SourceTrial]:
        """Some trials by run id, deleted or not. Those that are gone for good are left out."""

    def trials_of_job(self, job_id: str, limit: int) -> list[SourceTrial]:
        """Trials that a job made, so many at most."""

    def components_of(self, run_id: str, limit: int) -> list[SourceTrial]:
        """Trials that are components of one, so many at most."""

    def readers_of(self, digest: str, name: str, limit: int) -> list[SourceTrial]:
        """Trials that read data, newest first. Empty ``name``: whatever it was called."""

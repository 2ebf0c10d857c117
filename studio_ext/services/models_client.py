"""What clients offer of models and lineage, over any store of models."""

from __future__ import annotations

from studio_ext.contract.lineage import Lineage, LineageKind
from studio_ext.contract.models import (
    ModelVersion,
    ModelVersions,
    RegisteredModel,
    RegisterModel,
    SetAlias,
    TrialModels,
    UpdateModel,
)
from studio_ext.ports.models import KnownJob, ModelStore
from studio_ext.services import lineage
from studio_ext.services.models import Models


class StoreModels:
    """Keeps the promises of :class:`studio_ext.ports.models.ModelsClient` for clients that have a store at hand."""

    @property
    def model_store(self) -> ModelStore:
        """Where the models are."""
        raise NotImplementedError

    def known_job(self, job_id: str) -> KnownJob | None:
        """A job by its whole id; None for one that is not there."""
        raise NotImplementedError

    @property
    def _models(self) -> Models:
        return Models(self.model_store)

    def models(self) -> list[RegisteredModel]:
        """All registered models."""
        return self._models.all()

    def model(self, name: str) -> RegisteredModel:
        """One registered model."""
        return self._models.model(name)

    def model_versions(self, name: str) -> ModelVersions:
        """Versions of a model."""
        return self._models.versions(name)

    def model_version(self, name: str, version: str) -> ModelVersion:
        """One version."""
        return self._models.version(name, version)

    def trial_models(self, run_id: str) -> TrialModels:
        """The models of a trial."""
        return self._models.of_trial(run_id)

    def register_model(self, request: RegisterModel) -> ModelVersion:
        """Make a version."""
        return self._models.register(request)

    def describe_model(self, name: str, change: UpdateModel) -> RegisteredModel:
        """Say what a model is."""
        return self._models.describe(name, change)

    def describe_model_version(self, name: str, version: str, change: UpdateModel) -> ModelVersion:
        """Say what a version is."""
        return self._models.describe_version(name, version, change)

    def set_model_alias(self, name: str, alias: str, request: SetAlias) -> RegisteredModel:
        """Let an alias stand for a version."""
        return self._models.set_alias(name, alias, request)

    def delete_model_alias(self, name: str, alias: str, *, held_by: str | None = None) -> RegisteredModel:
        """Remove an alias."""
        return self._models.delete_alias(name, alias, held_by)

    def delete_model_version(self, name: str, version: str) -> None:
        """Remove a version."""
        self._models.delete_version(name, version)

    def delete_model(self, name: str) -> None:
        """Remove a model without versions."""
        self._models.delete(name)

    def lineage(self, kind: LineageKind, id: str, *, depth: int = 3) -> Lineage:
        """What a thing came from and what came from it."""
        return lineage.lineage(self.model_store, self.known_job, kind, id, depth)

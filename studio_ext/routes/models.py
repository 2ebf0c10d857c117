"""The model registry, and lineage."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from jupyter_server.auth.decorator import authorized
from pydantic import Field
from tornado import web

from studio_ext.contract.errors import Conflict, NotFound
from studio_ext.contract.lineage import MAX_DEPTH, Lineage, LineageKind
from studio_ext.contract.models import (
    ModelVersion,
    ModelVersions,
    RegisteredModel,
    RegisterModel,
    SetAlias,
    TrialModels,
    UpdateModel,
)
from studio_ext.routes.base import Query, StudioHandler
from studio_ext.routes.calls import Lane
from studio_ext.routes.operation import operation
from studio_ext.routes.trials import RunId

Name = Annotated[str, Field(description="Name of the registered model.")]
Version = Annotated[str, Field(description="Number of the version.")]
Alias = Annotated[str, Field(description="Name of the alias.")]


class LineageQuery(Query):
    """Query of lineage."""

    kind: LineageKind
    """What is asked about."""
    id: str = Field(min_length=1, max_length=600)
    """As in the nodes of an answer."""
    depth: int = Field(default=3, ge=1, le=MAX_DEPTH)
    """Steps that are walked each way."""


class AliasQuery(Query):
    """Query of the removal of an alias."""

    held_by: str | None = Field(default=None, max_length=20)
    """Version that the alias stands for as far as the caller knows. Left out: whatever it stands for."""


class ModelsHandler(StudioHandler):
    """The registered models."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self) -> list[RegisteredModel]:
        """All registered models, last changed first."""
        return self.parts.client().models()

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.CREATED, errors=[NotFound, Conflict])
    def post(self, body: RegisterModel) -> ModelVersion:
        """Make a version of a model out of a trial's model."""
        return self.parts.client().register_model(body)


class ModelHandler(StudioHandler):
    """One registered model."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, name: Name) -> RegisteredModel:
        """The model and its aliases."""
        return self.parts.client().model(name)

    @web.authenticated
    @authorized
    @operation(errors=[Conflict])
    def patch(self, name: Name, body: UpdateModel) -> RegisteredModel:
        """Say what the model is.

        A conflict: the description is not ``if_description``; the error's field ``description`` then is the one that is
        there.
        """
        return self.parts.client().describe_model(name, body)

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.NO_CONTENT, errors=[Conflict])
    def delete(self, name: Name) -> None:
        """Remove a model that has no version."""
        self.parts.client().delete_model(name)


class ModelVersionsHandler(StudioHandler):
    """The versions of a model."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, name: Name) -> ModelVersions:
        """Versions, newest first, each with the trial that it came from."""
        return self.parts.client().model_versions(name)


class ModelVersionHandler(StudioHandler):
    """One version of a model."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, name: Name, version: Version) -> ModelVersion:
        """The version, with the trial that it came from."""
        return self.parts.client().model_version(name, version)

    @web.authenticated
    @authorized
    @operation(errors=[Conflict])
    def patch(self, name: Name, version: Version, body: UpdateModel) -> ModelVersion:
        """Say what the version is. A conflict: as for the description of the model."""
        return self.parts.client().describe_model_version(name, version, body)

    @web.authenticated
    @authorized
    @operation(status=HTTPStatus.NO_CONTENT)
    def delete(self, name: Name, version: Version) -> None:
        """Remove a version and its aliases for good; the trial stays."""
        self.parts.client().delete_model_version(name, version)


class ModelAliasHandler(StudioHandler):
    """An alias of a model."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation(errors=[Conflict])
    def put(self, name: Name, alias: Alias, body: SetAlias) -> RegisteredModel:
        """Let the alias stand for a version."""
        return self.parts.client().set_model_alias(name, alias, body)

    @web.authenticated
    @authorized
    @operation(errors=[Conflict])
    def delete(self, name: Name, alias: Alias, query: AliasQuery) -> RegisteredModel:
        """Remove the alias; what is gone already is no error. A conflict: it does not stand for ``held_by``."""
        return self.parts.client().delete_model_alias(name, alias, held_by=query.held_by)


class TrialModelsHandler(StudioHandler):
    """The models of a trial."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation()
    def get(self, run_id: RunId) -> TrialModels:
        """What of the trial can be registered, and what was."""
        return self.parts.client().trial_models(run_id)


class LineageHandler(StudioHandler):
    """What came from what."""

    lane = Lane.tracking

    @web.authenticated
    @authorized
    @operation(errors=[NotFound])
    def get(self, query: LineageQuery) -> Lineage:
        """What a thing came from and what came from it."""
        return self.parts.client().lineage(query.kind, query.id, depth=query.depth)


HANDLERS = [
    ("models", ModelsHandler),
    ("models/{name}", ModelHandler),
    ("models/{name}/versions", ModelVersionsHandler),
    ("models/{name}/versions/{version}", ModelVersionHandler),
    ("models/{name}/aliases/{alias}", ModelAliasHandler),
    ("trials/{run_id}/models", TrialModelsHandler),
    ("lineage", LineageHandler),
]

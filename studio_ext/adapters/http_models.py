"""Models and lineage over HTTP: the part of the HTTP client that is about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote

from studio_ext.contract.errors import InvalidRequest
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

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class _Asks(Protocol):
    """What of the HTTP client is used here."""

    def ask(
        self, answer: type[T], method: str, path: str, *, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> T:
        """The answer to a request."""

    def send(self, method: str, path: str) -> httpx.Response:
        """Send a request whose answer says nothing."""


class HttpModels:
    """Keeps the promises of :class:`studio_ext.ports.models.ModelsClient` by asking a Jupyter server."""

    def models(self: _Asks) -> list[RegisteredModel]:
        """All registered models."""
        return self.ask(list[RegisteredModel], "GET", "models")

    def model(self: _Asks, name: str) -> RegisteredModel:
        """One registered model."""
        return self.ask(RegisteredModel, "GET", _path(name))

    def model_versions(self: _Asks, name: str) -> ModelVersions:
        """Versions of a model."""
        return self.ask(ModelVersions, "GET", _path(name, "versions"))

    def model_version(self: _Asks, name: str, version: str) -> ModelVersion:
        """One version."""
        return self.ask(ModelVersion, "GET", _path(name, "versions", version))

    def trial_models(self: _Asks, run_id: str) -> TrialModels:
        """The models of a trial."""
        return self.ask(TrialModels, "GET", f"trials/{_segment(run_id)}/models")

    def register_model(self: _Asks, request: RegisterModel) -> ModelVersion:
        """Make a version. Not sent again after a lost connection: it would make two."""
        return self.ask(ModelVersion, "POST", "models", body=request.model_dump(mode="json"))

    def describe_model(self: _Asks, name: str, change: UpdateModel) -> RegisteredModel:
        """Say what a model is."""
        return self.ask(RegisteredModel, "PATCH", _path(name), body=change.model_dump(mode="json"))

    def describe_model_version(self: _Asks, name: str, version: str, change: UpdateModel) -> ModelVersion:
        """Say what a version is."""
        body = change.model_dump(mode="json")
        return self.ask(ModelVersion, "PATCH", _path(name, "versions", version), body=body)

    def set_model_alias(self: _Asks, name: str, alias: str, request: SetAlias) -> RegisteredModel:
        """Let an alias stand for a version."""
        return self.ask(RegisteredModel, "PUT", _path(name, "aliases", alias), body=request.model_dump(mode="json"))

    def delete_model_alias(self: _Asks, name: str, alias: str, *, held_by: str | None = None) -> RegisteredModel:
        """Remove an alias."""
        params = {} if held_by is None else {"held_by": held_by}
        return self.ask(RegisteredModel, "DELETE", _path(name, "aliases", alias), params=params)

    def delete_model_version(self: _Asks, name: str, version: str) -> None:
        """Remove a version."""
        self.send("DELETE", _path(name, "versions", version))

    def delete_model(self: _Asks, name: str) -> None:
        """Remove a model without versions."""
        self.send("DELETE", _path(name))

    def lineage(self: _Asks, kind: LineageKind, id: str, *, depth: int = 3) -> Lineage:
        """What a thing came from and what came from it."""
        return self.ask(Lineage, "GET", "lineage", params={"kind": str(kind), "id": id, "depth": depth})


def _path(name: str, *rest: str) -> str:
    return "/".join(["models", *map(_segment, (name, *rest))])


def _segment(text: str) -> str:
    if not text or text in (".", ".."):
        raise InvalidRequest(f"{text!r} names no model.", hint="Look at the list of models.")
    return quote(text, safe="")

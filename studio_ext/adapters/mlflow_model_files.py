"""Files of the models that a run logged. MLflow keeps them beside the run's artefacts, and shows them below them."""

from __future__ import annotations

from typing import Any

from studio_ext.adapters.mlflow_backend import Backend, post
from studio_ext.core.paths import relative
from studio_ext.ports.records import ArtifactEntry, RunRecord

_MOST = 100


def model_places(backend: Backend, run: RunRecord) -> dict[str, str]:
    """Where the files of each model lie, by the model's name; of several of a name, of the newest."""
    request: dict[str, Any] = {
        "experiment_ids": [run.experiment_id],
        "filter": f"source_run_id = '{run.run_id}'",
        "max_results": _MOST,
    }
    reply = post(backend, "logged-models/search", **request) if run.run_id.isalnum() else None
    found = reply.json().get("models", []) if reply is not None and reply.ok else []  # a store before MLflow 3
    infos = sorted((each["info"] for each in found), key=lambda info: int(info.get("creation_timestamp_ms") or 0))
    return {str(info.get("name", "")): str(info.get("artifact_uri", "")) for info in infos if info.get("artifact_uri")}


def split(path: str) -> tuple[str, str]:
    """Name of the model that a path below a run's artefacts may lie in, and the path within."""
    name, _, rest = relative(path).as_posix().partition("/")
    return name, rest


def folders(places: dict[str, str], own: list[ArtifactEntry]) -> list[ArtifactEntry]:
    """A folder for each model whose name no artefact has."""
    known = {each.path for each in own}
    return [ArtifactEntry(path=name, is_folder=True) for name in places if name not in known and name == split(name)[0]]

"""Models in MLflow: the registry, and what of a trial can be registered. Nothing here ever loads a model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from studio_ext.adapters.mlflow_artifact_files import listing
from studio_ext.adapters.mlflow_calls import API, Backend, Reply, checked, get, post, seconds
from studio_ext.adapters.mlflow_relay_policy import CHILD_TAG
from studio_ext.adapters.mlflow_source_trials import SourceTrials, is_id
from studio_ext.contract.errors import Conflict, NotFound
from studio_ext.contract.models import LoggedModel, ModelVersion, RegisteredModel
from studio_ext.core.plain_text import masked
from studio_ext.core.record_names import RESERVED
from studio_ext.ports.models import NewVersion, SourceTrial

_PAGE = 200
_RUNS = 100
"""Ids in one query."""
_MODELS = 100
"""Logged models of a trial that are offered."""
_FOLDERS = 50
"""Folders of a trial's artefacts that are looked into: each is a call where they lie elsewhere."""
_FILE = "MLmodel"
"""What makes a folder a model of MLflow's."""
_TRIAL_TAG, _EXPERIMENT_TAG, _JOB_TAG = "studio.trial", "studio.experiment", "studio.job_id"


class MlflowModels(SourceTrials):
    """Implements :class:`studio_ext.ports.models.ModelStore`. Opens nothing before the first call."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self._backend = backend

    # ---- reading

    def models(self) -> list[RegisteredModel]:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        query = {"max_results": str(_PAGE), "order_by": "last_updated_timestamp DESC"}
        return [_model(each) for each in self._pages("registered-models/search", "registered_models", query)]

    def model(self, name: str) -> RegisteredModel:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        return _model(self._found(get(self._backend, "registered-models/get", name=name), name)["registered_model"])

    def versions(self, name: str, limit: int) -> list[ModelVersion]:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        model = self.model(name)
        if "'" in name and '"' in name:  # MLflow's filters cannot name it
            pages: Iterator[dict[str, Any]]
            numbers = range(int(model.latest or 0), 0, -1)
            found = (get(self._backend, "model-versions/get", name=name, version=str(each)) for each in numbers)
            pages = iter(reply.json()["model_version"] for reply in found if reply.ok)
        else:
            mark = '"' if "'" in name else "'"
            query = {"filter": f"name = {mark}{name}{mark}", "max_results": str(min(limit, _PAGE))}
            pages = self._pages("model-versions/search", "model_versions", query | _NEWEST)
        versions: list[ModelVersion] = []
        for each in pages:
            if len(versions) == limit:
                break
            versions.append(_version(each, model.aliases))
        return sorted(versions, key=lambda each: -int(each.version))

    def version(self, name: str, version: str) -> ModelVersion:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        model = self.model(name)
        reply = get(self._backend, "model-versions/get", name=name, version=version)
        return _version(self._found(reply, name, version)["model_version"], model.aliases)

    def versions_of(self, run_ids: Sequence[str]) -> list[ModelVersion]:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        known, found = [each for each in run_ids if is_id(each)], []
        for first in range(0, len(known), _RUNS):
            listed = ", ".join(f"'{each}'" for each in known[first : first + _RUNS])
            query = {"filter": f"run_id IN ({listed})", "max_results": str(_PAGE)}
            found += list(self._pages("model-versions/search", "model_versions", query))
        aliases = {name: self.model(name).aliases for name in dict.fromkeys(each["name"] for each in found)}
        versions = [_version(each, aliases[each["name"]]) for each in found]
        return sorted(versions, key=lambda each: (each.created or 0.0, int(each.version)), reverse=True)

    def logged_models(self, trial: SourceTrial) -> list[LoggedModel]:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        found = [_logged(each) for each in self._logged(trial)]
        folders = [
            LoggedModel(path=folder, name=folder if folder != "." else trial.name, created=trial.started)
            for folder in self._model_folders(trial)
        ]
        return sorted(found, key=lambda each: each.created or 0.0, reverse=True) + folders

    def _logged(self, trial: SourceTrial) -> list[dict[str, Any]]:
        request = {"experiment_ids": [trial.experiment_id], "filter": f"source_run_id = '{trial.run_id}'"}
        reply = post(self._backend, "logged-models/search", **request, max_results=_MODELS)
        return [] if reply.status == 404 else list(checked(reply).get("models", []))  # 404: a server of MLflow 2

    def _model_folders(self, trial: SourceTrial) -> Iterator[str]:
        """Folders of the artefacts that are models, as MLflow 2 laid them down."""
        waiting, looked = [""], 0
        while waiting and looked < _FOLDERS and trial.artifact_uri:
            folder = waiting.pop(0)
            looked += 1
            entries = listing(trial.artifact_uri, folder, self._backend.uri)
            if any(not each.is_folder and each.path.rpartition("/")[2] == _FILE for each in entries):
                yield folder or "."
            else:
                waiting += [each.path for each in entries if each.is_folder]

    # ---- changing

    def create_version(self, new: NewVersion) -> ModelVersion:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        fields = self._source(new)
        reply = post(self._backend, "registered-models/create", name=new.name)
        is_made = reply.ok
        if reply.error_code != "RESOURCE_ALREADY_EXISTS":
            checked(reply)
        trial = new.trial
        tags = {_TRIAL_TAG: trial.name, _EXPERIMENT_TAG: trial.experiment, _JOB_TAG: trial.job_id or ""}
        fields |= {"name": new.name, "run_id": trial.run_id, "description": new.description}
        fields["tags"] = [{"key": key, "value": value} for key, value in tags.items() if value]
        reply = post(self._backend, "model-versions/create", **fields)
        if not reply.ok and is_made and self.model(new.name).latest is None:  # somebody may have added a version
            self.delete_model(new.name)  # or an empty one would be left
        return _version(checked(reply)["model_version"], {})

    def _source(self, new: NewVersion) -> dict[str, Any]:
        """Where the files of a model are. With its address (``models:/<id>``) MLflow would look in the store that
        is the process's default.
        """
        root, fields = new.trial.artifact_uri, {}
        source, folder = f"{root.rstrip('/')}/{new.path}", new.path
        for each in self._logged(new.trial):
            if each["info"]["model_id"] == new.path:
                root, folder, fields = each["info"]["artifact_uri"], "", {"model_id": new.path}
                source = root
        if folder == ".":
            source, folder = root, ""
        entries = listing(root, folder, self._backend.uri)
        if not any(each.path.rpartition("/")[2] == _FILE for each in entries):
            raise Conflict(
                f"The files of the model {new.path!r} are not in the store.",
                hint="While its job runs they are with the job: register it when the job is over.",
            )
        return {"source": source, **fields}

    def describe_model(self, name: str, description: str) -> None:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        self._found(self._call("PATCH", "registered-models/update", name=name, description=description), name)

    def describe_version(self, name: str, version: str, description: str) -> None:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        fields = {"name": name, "version": version, "description": description}
        self._found(self._call("PATCH", "model-versions/update", **fields), name, version)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        reply = post(self._backend, "registered-models/alias", name=name, alias=alias, version=version)
        self._found(reply, name, version)

    def delete_alias(self, name: str, alias: str) -> None:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        reply = self._call("DELETE", "registered-models/alias", name=name, alias=alias)
        if reply.error_code != "RESOURCE_DOES_NOT_EXIST":
            checked(reply)

    def delete_version(self, name: str, version: str) -> None:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        self._found(self._call("DELETE", "model-versions/delete", name=name, version=version), name, version)

    def delete_model(self, name: str) -> None:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        self._found(self._call("DELETE", "registered-models/delete", name=name), name)

    # ---- MLflow

    def _call(self, verb: str, method: str, **fields: str) -> Reply:
        return self._backend.call(verb, API + method, json.dumps(fields).encode())

    def _pages(self, method: str, key: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        token: str | None = ""
        while token is not None:
            text = urlencode({**query, **({"page_token": token} if token else {})}, quote_via=quote)
            answer = checked(self._backend.call("GET", f"{API}{method}?{text}"))
            yield from answer.get(key, [])
            token = answer.get("next_page_token") or None

    @staticmethod
    def _found(reply: Reply, name: str, version: str = "") -> dict[str, Any]:
        # MLflow says of names that no model can have that they are wrong: whoever asks for one wants to hear the same.
        is_impossible = not reply.ok and (not name.strip(" .") or any(mark in name for mark in "/:"))
        if reply.error_code == "RESOURCE_DOES_NOT_EXIST" or is_impossible:
            if version and not is_impossible and "version" in reply.message.lower():
                raise NotFound(f"The model {name!r} has no version {version}.", hint="It may have been deleted.")
            raise NotFound(f"There is no model named {name!r}.", hint="Register one from a trial.")
        return checked(reply)


_NEWEST = {"order_by": "version_number DESC"}


def _model(found: dict[str, Any]) -> RegisteredModel:
    latest = max((int(each["version"]) for each in found.get("latest_versions", [])), default=None)
    return RegisteredModel(
        name=found["name"],
        description=found.get("description") or "",
        tags=_tags(found),
        created=seconds(found.get("creation_timestamp")),
        updated=seconds(found.get("last_updated_timestamp")),
        latest=None if latest is None else str(latest),
        aliases={each["alias"]: str(each["version"]) for each in found.get("aliases", [])},
    )


def _version(found: dict[str, Any], aliases: dict[str, str]) -> ModelVersion:
    tags, number = _tags(found), str(found["version"])
    return ModelVersion(
        name=found["name"],
        version=number,
        description=found.get("description") or "",
        aliases=sorted(alias for alias, version in aliases.items() if version == number),
        status=found.get("status") or "READY",
        status_message=found.get("status_message") or "",
        created=seconds(found.get("creation_timestamp")),
        updated=seconds(found.get("last_updated_timestamp")),
        source=masked(found.get("source") or ""),
        run_id=found.get("run_id") or None,
        trial=tags.get(_TRIAL_TAG, ""),
        experiment=tags.get(_EXPERIMENT_TAG, ""),
        job_id=tags.get(_JOB_TAG) or tags.get(CHILD_TAG),  # the notebook of a job may register by itself
        tags={key: value for key, value in tags.items() if not key.startswith(RESERVED)},
    )


def _logged(found: dict[str, Any]) -> LoggedModel:
    info = found["info"]
    return LoggedModel(
        path=info["model_id"],
        name=info.get("name") or info["model_id"],
        model_type=info.get("model_type") or "",
        status=str(info.get("status", "")).removeprefix("LOGGED_MODEL_").removeprefix("UPLOAD_") or "READY",
        created=seconds(info.get("creation_timestamp_ms")),
    )


def _tags(found: dict[str, Any]) -> dict[str, str]:
    return {str(each["key"]): str(each.get("value", "")) for each in found.get("tags", [])}


__all__ = ["MlflowModels"]

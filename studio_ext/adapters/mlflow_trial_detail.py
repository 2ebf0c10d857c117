"""Everything that MLflow knows about one trial, and what a person may change of it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from studio_ext.adapters.mlflow_backend import Backend, Reply, get, post
from studio_ext.adapters.mlflow_records import MlflowRecords
from studio_ext.adapters.mlflow_tracking import run_error, trial_of
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, StudioError
from studio_ext.contract.records import RunRecord
from studio_ext.contract.trial_detail import (
    MAX_RELATIVES,
    LoggedModelRef,
    MetricSummary,
    ModelVersionRef,
    TrialChildren,
    TrialDetail,
    TrialRelative,
    UpdateTrial,
)
from studio_ext.core import trial_facts
from studio_ext.core.notes import check_seen
from studio_ext.core.plain_text import masked
from studio_ext.core.record_names import SYSTEM

T = TypeVar("T")

_MOST_MODELS = 50
_FEW = 50
"""Children that come with the rest."""
_FOLDERS = ("code", "environment", "notebook")
"""Folders of the artefacts whose files the trial names."""


class MlflowTrialDetails:
    """Reads and changes single trials. Thread-safe."""

    def __init__(self, backend: Backend, *, shown_uri: str) -> None:
        """``shown_uri``: the address of the store without credentials."""
        self._backend = backend
        self._records = MlflowRecords(backend)
        self._shown_uri = shown_uri
        self._changing = threading.Lock()

    def detail(self, run_id: str) -> TrialDetail:
        """Everything about a trial, also of a deleted one. Raises ``NotFound``.

        What of it cannot be read just now is told in ``missing``.
        """
        run = self._run(run_id)
        info = run["info"]
        experiment_id = str(info["experiment_id"])
        experiment = self._json(get(self._backend, "experiments/get", experiment_id=experiment_id))["experiment"][
            "name"
        ]
        tags = {tag["key"]: str(tag["value"]) for tag in run.get("data", {}).get("tags", [])}
        is_deleted = info.get("lifecycle_stage") == "deleted"
        missing: list[str] = []

        def tried(what: Callable[[], T], otherwise: T) -> T:
            try:
                return what()
            except StudioError as error:
                missing.append(error.message)
                return otherwise

        nothing: frozenset[str] = frozenset()
        artifacts = nothing if is_deleted else tried(lambda: self._known_artifacts(run), nothing)
        return TrialDetail(
            trial=trial_of(run, experiment),
            experiment_id=experiment_id,
            is_deleted=is_deleted,
            note=tags.get(trial_facts.NOTE_TAG, ""),
            failure=trial_facts.failure(tags),
            metrics=tried(lambda: self._metrics(run), []),
            inputs=list(trial_facts.inputs(run)),
            code=trial_facts.code(tags, artifacts),
            environment=trial_facts.environment(tags, artifacts),
            models=tried(lambda: list(self._models(run)), []),
            versions=tried(lambda: self._versions(run_id), []),
            parent=tried(lambda: self._parent(tags.get("mlflow.parentRunId", ""), experiment), None),
            children=tried(lambda: self._children(experiment_id, run_id, "", _FEW), TrialChildren(items=[])),
            artifact_uri=masked(info.get("artifact_uri", "")),
            mlflow_url=self._page(experiment_id, run_id),
            mlflow_command=self._command(),
            missing=list(dict.fromkeys(missing)),
        )

    def children(self, run_id: str, *, cursor: str, limit: int) -> TrialChildren:
        """A page of the trials below one. Raises ``NotFound``, ``InvalidRequest`` for a cursor that is none."""
        run = self._run(run_id)
        return self._children(str(run["info"]["experiment_id"]), run_id, cursor, min(limit, MAX_RELATIVES))

    def update(self, run_id: str, change: UpdateTrial) -> None:
        """Change name, note or tags.

        Raises ``Conflict`` for a deleted trial, and when ``if_note`` is not the note that is there; then the error's
        field ``note`` is the one that is. Two requests to this process never overwrite each other unseen; MLflow
        itself cannot be asked to compare.
        """
        trial_facts.check_tags(change.tags, change.removed_tags)
        if change.name is not None and not change.name.strip():
            raise InvalidRequest.field("name", "a trial needs a name")
        with self._changing:
            run = self._run(run_id)
            if run["info"].get("lifecycle_stage") == "deleted":
                raise Conflict("This trial was deleted.", hint="Restore it to change it.")
            tags = dict(change.tags)
            removed = [key for key in change.removed_tags if key not in tags]
            if change.note is not None:
                self._compare(run, change)
                if change.note:
                    tags[trial_facts.NOTE_TAG] = change.note
                else:
                    removed.append(trial_facts.NOTE_TAG)
            if change.name is not None:
                self._records.update_run(run_id, name=change.name)
            self._records.set_tags(run_id, tags)
            for key in removed:
                self._records.delete_tag(run_id, key)

    @staticmethod
    def _compare(run: dict[str, Any], change: UpdateTrial) -> None:
        tags = {tag["key"]: str(tag["value"]) for tag in run.get("data", {}).get("tags", [])}
        there = tags.get(trial_facts.NOTE_TAG, "")
        check_seen("note", there, change.if_note, change.note or "")

    # ---- parts

    def _run(self, run_id: str) -> dict[str, Any]:
        reply = get(self._backend, "runs/get", run_id=run_id)
        if reply.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise NotFound(f"There is no trial {run_id[:80]}.", hint="It may have been deleted for good in MLflow.")
        return dict(self._json(reply)["run"])

    def _known_artifacts(self, run: dict[str, Any]) -> frozenset[str]:
        record = _record(run)
        folders = {each.path for each in self._records.artifacts(record) if each.is_folder}
        return frozenset(
            each.path
            for folder in _FOLDERS
            if folder in folders
            for each in self._records.artifacts(record, folder)
            if not each.is_folder
        )

    def _metrics(self, run: dict[str, Any]) -> list[MetricSummary]:
        found = {
            each["key"]: each for each in run.get("data", {}).get("metrics", []) if not each["key"].startswith(SYSTEM)
        }
        # A server elsewhere would have to send whole histories: that is for whoever asks for the charts.
        rows = self._backend.metric_sums([run["info"]["run_id"]]) if found else None
        sums = {name: rest for _, name, *rest in rows or ()}
        return [_summary(found[name], sums.get(name)) for name in sorted(found)]

    def _models(self, run: dict[str, Any]) -> Iterator[LoggedModelRef]:
        outputs = (run.get("outputs") or {}).get("model_outputs") or []
        for each in list({str(each.get("model_id")): None for each in outputs})[:_MOST_MODELS]:
            reply = get(self._backend, f"logged-models/{quote(each, safe='')}")
            info = reply.json().get("model", {}).get("info") if reply.ok else None
            if not info:  # deleted, or of a store that knows no such models
                continue
            yield LoggedModelRef(
                model_id=each,
                name=str(info.get("name", "")),
                status=str(info.get("status", "")),
                kind=str(info.get("model_type", "")),
                created=int(info.get("creation_timestamp_ms") or 0) / 1000 or None,
            )

    def _versions(self, run_id: str) -> list[ModelVersionRef]:
        if not run_id.isalnum():
            return []
        reply = get(
            self._backend, "model-versions/search", filter=f"run_id='{run_id}'", max_results=str(2 * _MOST_MODELS)
        )
        if not reply.ok:  # a store without a registry
            return []
        return [
            ModelVersionRef(
                name=each["name"],
                version=str(each["version"]),
                status=str(each.get("status", "")),
                aliases=[str(alias) for alias in each.get("aliases") or []],
            )
            for each in reply.json().get("model_versions", [])
        ]

    def _parent(self, run_id: str, experiment: str) -> TrialRelative | None:
        if not run_id:
            return None
        try:
            run = self._run(run_id)
        except NotFound:
            return TrialRelative(run_id=run_id)
        if run["info"].get("lifecycle_stage") == "deleted":
            return TrialRelative(run_id=run_id, name=run["info"].get("run_name", ""))
        return _relative(run, experiment)

    def _children(self, experiment_id: str, run_id: str, cursor: str, limit: int) -> TrialChildren:
        if not run_id.isalnum():
            return TrialChildren(items=[])
        request: dict[str, Any] = {
            "experiment_ids": [experiment_id],
            "filter": f"tags.`mlflow.parentRunId` = '{run_id}'",
            "max_results": limit,
        }
        if cursor:
            request["page_token"] = cursor
        answer = self._json(post(self._backend, "runs/search", **request))
        return TrialChildren(
            items=[_relative(each, "") for each in answer.get("runs", [])],
            next_cursor=answer.get("next_page_token") or None,
        )

    # ---- MLflow's own pages

    def _page(self, experiment_id: str, run_id: str) -> str:
        address = self._shown_uri.replace("://***@", "://").rstrip("/")
        if urlsplit(address).scheme not in ("http", "https"):
            return ""
        return f"{address}/#/experiments/{quote(experiment_id)}/runs/{quote(run_id)}"

    def _command(self) -> str:
        if urlsplit(self._shown_uri).scheme in ("http", "https"):
            return ""
        quoted = "'" + self._shown_uri.replace("'", "'\\''") + "'"
        return f"mlflow ui --backend-store-uri {quoted}"

    @staticmethod
    def _json(reply: Reply) -> dict[str, Any]:
        if reply.ok:
            return reply.json()
        raise run_error(reply)


def _record(run: dict[str, Any]) -> RunRecord:
    """As far as its artefacts need it."""
    info = run["info"]
    return RunRecord(
        run_id=info["run_id"],
        experiment_id=str(info["experiment_id"]),
        name="",
        status=info.get("status", ""),
        artifact_uri=info.get("artifact_uri", ""),
    )


def _summary(metric: dict[str, Any], sums: Sequence[Any] | None) -> MetricSummary:
    """``sums``: count, minimum, maximum, mean, ..."""
    count, low, high, mean = sums[:4] if sums else (None, None, None, None)
    return MetricSummary(
        name=metric["key"],
        last=_finite(metric.get("value")),
        step=int(metric.get("step") or 0),
        count=count,
        min=_finite(low),
        max=_finite(high),
        mean=_finite(mean),
    )


def _finite(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _relative(run: dict[str, Any], experiment: str) -> TrialRelative:
    trial = trial_of(run, experiment)
    return TrialRelative(
        run_id=trial.run_id,
        experiment=experiment,
        name=trial.name,
        status=trial.status,
        started=trial.started,
        ended=trial.ended,
    )


__all__ = ["MlflowTrialDetails"]

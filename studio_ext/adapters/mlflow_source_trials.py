"""Trials of MLflow as models and lineage see them: deleted ones too, over all experiments."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from studio_ext.adapters.mlflow_calls import Backend, checked, get, post, seconds
from studio_ext.adapters.mlflow_relay_policy import CHILD_TAG
from studio_ext.core.record_names import SYSTEM
from studio_ext.core.trial_facts import inputs
from studio_ext.ports.models import DataRef, SourceTrial

_PAGE = 1_000
_RUNS = 100
"""Ids in one query."""
_JOB_TAG, _PARENT_TAG = "studio.job_id", "mlflow.parentRunId"
_ID = re.compile(r"[0-9A-Za-z_-]+", re.ASCII)


class SourceTrials:
    """The part of :class:`studio_ext.ports.models.ModelStore` that is about trials."""

    def __init__(self, backend: Backend) -> None:
        self._store = backend
        self._experiments: dict[str, str] = {}

    def trial(self, run_id: str) -> SourceTrial | None:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        if not is_id(run_id):
            return None
        reply = get(self._store, "runs/get", run_id=run_id)
        if reply.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        return self._trial(checked(reply)["run"])

    def trials(self, run_ids: Sequence[str]) -> dict[str, SourceTrial]:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        known = [each for each in dict.fromkeys(run_ids) if is_id(each)]
        found: dict[str, SourceTrial] = {}
        for first in range(0, len(known), _RUNS):
            part = known[first : first + _RUNS]
            listed = ", ".join(f"'{each}'" for each in part)
            runs = self._search(f"attributes.run_id IN ({listed})", len(part), view="ALL")
            found |= {each.run_id: each for each in runs}
        return found

    def trials_of_job(self, job_id: str, limit: int) -> list[SourceTrial]:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        found = self._tagged(_JOB_TAG, job_id, limit)
        return found + self._tagged(CHILD_TAG, job_id, limit - len(found))

    def components_of(self, run_id: str, limit: int) -> list[SourceTrial]:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        return self._tagged(_PARENT_TAG, run_id, limit)

    def readers_of(self, digest: str, name: str, limit: int) -> list[SourceTrial]:
        """See :class:`~studio_ext.ports.models.ModelStore`."""
        if "'" in digest:
            return []
        # By the digest alone: MLflow's filters cannot hold every name.
        found = self._search(f"dataset.digest = '{digest}'", _PAGE if name else limit)
        if name:
            found = [each for each in found if any((data.digest, data.name) == (digest, name) for data in each.inputs)]
        return found[:limit]

    def _tagged(self, key: str, value: str, limit: int) -> list[SourceTrial]:
        if limit <= 0 or not is_id(value):
            return []
        known = self._store.tagged_runs(key, value)
        if known is None:
            found = self._search(f"tags.`{key}` = '{value}'", limit)
        else:
            found = []
            for first in range(0, len(known), _RUNS):  # deleted ones are among them
                some = self.trials(known[first : first + _RUNS]).values()
                found += [each for each in some if not each.is_deleted]
                if len(found) >= limit:
                    break
            found = found[:limit]
        return sorted(found, key=lambda each: each.started or 0.0, reverse=True)

    def _search(self, filter_: str, limit: int, view: str = "ACTIVE_ONLY") -> list[SourceTrial]:
        self._experiments = {str(each["experiment_id"]): each["name"] for each in self._all_experiments()}
        if not self._experiments:
            return []
        request = {"experiment_ids": list(self._experiments), "filter": filter_, "run_view_type": view}
        answer = checked(post(self._store, "runs/search", **request, max_results=max(limit, 1)))
        return [self._trial(each) for each in answer.get("runs", [])]

    def _all_experiments(self) -> Iterator[dict[str, Any]]:
        token: str | None = ""
        while token is not None:
            request: dict[str, Any] = {"max_results": _PAGE, "view_type": "ALL"}
            if token:
                request["page_token"] = token
            answer = checked(post(self._store, "experiments/search", **request))
            yield from answer.get("experiments", [])
            token = answer.get("next_page_token") or None

    def _trial(self, run: dict[str, Any]) -> SourceTrial:
        info, data = run["info"], run.get("data", {})
        tags = {tag["key"]: tag["value"] for tag in data.get("tags", [])}
        return SourceTrial(
            run_id=info["run_id"],
            name=info.get("run_name") or tags.get("mlflow.runName", ""),
            experiment=self._experiment(str(info["experiment_id"])),
            status=info.get("status", "RUNNING"),
            started=seconds(info.get("start_time")),
            experiment_id=str(info["experiment_id"]),
            artifact_uri=info.get("artifact_uri", ""),
            job_id=tags.get(_JOB_TAG) or tags.get(CHILD_TAG),
            parent=tags.get(_PARENT_TAG),
            is_deleted=info.get("lifecycle_stage") == "deleted",
            metrics=dict(_metrics(data.get("metrics", []))),
            inputs=tuple(_inputs(run)),
        )

    def _experiment(self, identity: str) -> str:
        if identity not in self._experiments:
            reply = get(self._store, "experiments/get", experiment_id=identity)
            self._experiments[identity] = checked(reply)["experiment"]["name"] if reply.ok else ""
        return self._experiments[identity]


def is_id(text: str) -> bool:
    """Whether it can be an id of MLflow's or ours, and so stand in a filter."""
    return _ID.fullmatch(text) is not None


def _metrics(found: Iterable[dict[str, Any]]) -> Iterator[tuple[str, float | None]]:
    for each in found:
        if not each["key"].startswith(SYSTEM):
            number = float(each.get("value", math.nan))
            yield each["key"], number if math.isfinite(number) else None


def _inputs(run: dict[str, Any]) -> Iterator[DataRef]:
    for each in inputs(run):
        if each.name and each.digest:
            yield DataRef(each.name, each.digest, each.place)

"""The records port over MLflow's REST interface: the local store, a server, or the relay of a job."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from studio_ext.adapters import mlflow_model_files as model_files
from studio_ext.adapters.mlflow_artifact_files import LargerThanAsked, listing, open_file, put_file
from studio_ext.adapters.mlflow_calls import Backend, checked, get, post, seconds
from studio_ext.adapters.pages import every, whole_history
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound
from studio_ext.contract.trial_detail import ArtifactPreview
from studio_ext.core.moments import moments
from studio_ext.ports.contents import Download
from studio_ext.ports.records import (
    ArtifactEntry,
    ExperimentRecord,
    HistoryPage,
    MetricLast,
    Moments,
    RunPage,
    RunRecord,
)

_PAGE = 1000
_RUNS_A_QUERY = 400
_TAGS_A_CALL = 100
_OVERFLOWS = 1e150
"""From here on squares overflow, and the history is summed up here instead of in the database."""


class MlflowRecords:
    """Implements :class:`studio_ext.ports.records.Records`. Opens nothing before the first call."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    # ---- experiments

    def experiment(self, name: str) -> ExperimentRecord:
        """See :class:`~studio_ext.ports.records.Records`."""
        reply = get(self._backend, "experiments/get-by-name", experiment_name=name)
        if not reply.ok and reply.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise NotFound(f"There is no experiment named {name!r}.", hint="Experiment.create makes one.")
        found = checked(reply)["experiment"]
        if found.get("lifecycle_stage") == "deleted":
            raise NotFound(f"The experiment {name!r} was deleted.", hint="Restore it in MLflow or choose another name.")
        return _experiment(found)

    def experiment_by_id(self, experiment_id: str) -> ExperimentRecord:
        """See :class:`~studio_ext.ports.records.Records`."""
        return _experiment(checked(get(self._backend, "experiments/get", experiment_id=experiment_id))["experiment"])

    def experiments(self) -> list[ExperimentRecord]:
        """See :class:`~studio_ext.ports.records.Records`."""
        request = {"max_results": _PAGE, "order_by": ["last_update_time DESC"]}
        return [_experiment(each) for each in self._pages("experiments/search", "experiments", request)]

    def create_experiment(self, name: str, tags: Mapping[str, str]) -> ExperimentRecord:
        """See :class:`~studio_ext.ports.records.Records`."""
        reply = post(self._backend, "experiments/create", name=name, tags=_tags(tags))
        if reply.error_code == "RESOURCE_ALREADY_EXISTS":
            hint = "Experiment.load loads it; one that was deleted keeps its name until it is restored in MLflow."
            raise Conflict(f"There is an experiment named {name!r} already.", hint=hint)
        if reply.error_code == "INVALID_PARAMETER_VALUE":
            raise InvalidRequest.field("experiment_name", reply.message)
        return self.experiment_by_id(checked(reply)["experiment_id"])

    def tag_experiment(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        for key, value in tags.items():
            fields = {"experiment_id": experiment_id, "key": key, "value": value}
            checked(post(self._backend, "experiments/set-experiment-tag", **fields))

    def delete_experiment(self, experiment_id: str) -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        checked(post(self._backend, "experiments/delete", experiment_id=experiment_id))

    # ---- runs

    def create_run(self, experiment_id: str, name: str, tags: Mapping[str, str], started: float) -> RunRecord:
        """See :class:`~studio_ext.ports.records.Records`."""
        given = _tags(tags)
        fields = {"experiment_id": experiment_id, "run_name": name, "start_time": int(started * 1000)}
        run = _run(checked(post(self._backend, "runs/create", **fields, tags=given[:_TAGS_A_CALL]))["run"])
        for first in range(_TAGS_A_CALL, len(given), _TAGS_A_CALL):
            checked(post(self._backend, "runs/log-batch", run_id=run.run_id, tags=given[first : first + _TAGS_A_CALL]))
        return run

    def run(self, run_id: str) -> RunRecord:
        """See :class:`~studio_ext.ports.records.Records`."""
        reply = get(self._backend, "runs/get", run_id=run_id)
        if reply.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise NotFound(f"There is no run {run_id}.", hint="It may have been deleted for good in MLflow.")
        found = checked(reply)["run"]
        if found["info"].get("lifecycle_stage") == "deleted":
            raise NotFound(f"The run {run_id} was deleted.", hint="Restore it in MLflow.")
        return _run(found)

    def run_page(
        self,
        experiment_ids: Sequence[str],
        filter_: str = "",
        *,
        order_by: Sequence[str] = (),
        limit: int = _PAGE,
        cursor: str = "",
    ) -> RunPage:
        """See :class:`~studio_ext.ports.records.Records`."""
        request: dict[str, Any] = {"experiment_ids": list(experiment_ids), "filter": filter_, "max_results": limit}
        if order_by:
            request["order_by"] = list(order_by)
        if cursor:
            request["page_token"] = cursor
        answer = checked(post(self._backend, "runs/search", **request))
        return RunPage(
            items=[_run(each) for each in answer.get("runs", [])], next_cursor=answer.get("next_page_token") or None
        )

    def runs(
        self, experiment_ids: Sequence[str], filter_: str = "", *, order_by: Sequence[str] = ()
    ) -> Iterator[RunRecord]:
        """See :class:`~studio_ext.ports.records.Records`."""
        return every(lambda cursor: self.run_page(experiment_ids, filter_, order_by=order_by, cursor=cursor))

    def update_run(self, run_id: str, *, status: str = "", ended: float | None = None, name: str = "") -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        fields: dict[str, Any] = {"run_id": run_id}
        if status:
            fields["status"] = status
        if ended is not None:
            fields["end_time"] = int(ended * 1000)
        if name:
            fields["run_name"] = name
        checked(post(self._backend, "runs/update", **fields))

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        if tags:
            checked(post(self._backend, "runs/log-batch", run_id=run_id, tags=_tags(tags)))

    def delete_tag(self, run_id: str, key: str) -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        reply = post(self._backend, "runs/delete-tag", run_id=run_id, key=key)
        if reply.error_code == "RESOURCE_DOES_NOT_EXIST":
            self.run(run_id)  # it is the tag that does not exist, unless this says otherwise
            return
        checked(reply)

    def delete_run(self, run_id: str) -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        checked(post(self._backend, "runs/delete", run_id=run_id))

    # ---- metrics

    def moments(self, run_ids: Sequence[str]) -> dict[str, dict[str, Moments]]:
        """See :class:`~studio_ext.ports.records.Records`. Databases sum up by themselves."""
        found: dict[str, dict[str, Moments]] = {run_id: {} for run_id in run_ids}
        for first in range(0, len(run_ids), _RUNS_A_QUERY):
            part = list(run_ids[first : first + _RUNS_A_QUERY])
            sums = self._backend.metric_sums(part)
            if sums is None:
                for run_id in part:
                    for key in self.run(run_id).metrics:
                        found[run_id][key] = self._summed_here(run_id, key)
                continue
            for run_id, key, count, low, high, mean, squares in sums:
                small = max(abs(low), abs(high)) < _OVERFLOWS
                found[run_id][key] = (
                    Moments(count=count, min=low, max=high, avg=mean, std_dev=(max(squares, 0.0) / count) ** 0.5)
                    if small
                    else self._summed_here(run_id, key)
                )
        return found

    def _summed_here(self, run_id: str, key: str) -> Moments:
        count, low, high, mean, deviation = moments(each.value for each in self.history(run_id, key))
        return Moments(count=count, min=low, max=high, avg=mean, std_dev=deviation)

    def history_page(self, run_id: str, metric: str, cursor: str = "") -> HistoryPage:
        """See :class:`~studio_ext.ports.records.Records`."""
        fields = {"run_id": run_id, "metric_key": metric, "max_results": "25000"}
        if cursor:
            fields["page_token"] = cursor
        answer = checked(get(self._backend, "metrics/get-history", **fields))
        return HistoryPage(
            items=[_metric(each) for each in answer.get("metrics", [])],
            next_cursor=answer.get("next_page_token") or None,
        )

    def history(self, run_id: str, metric: str) -> list[MetricLast]:
        """See :class:`~studio_ext.ports.records.Records`."""
        return whole_history(lambda cursor: self.history_page(run_id, metric, cursor))

    # ---- artefacts

    def log_artifact(self, run: RunRecord, source: Path, name: str, *, move: bool = False) -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        put_file(run.artifact_uri, source, name, self._backend.uri, move=move)

    def artifacts(self, run: RunRecord, folder: str = "") -> list[ArtifactEntry]:
        """See :class:`~studio_ext.ports.records.Records`. Those of models are found below the model's name."""
        own = listing(run.artifact_uri, folder, self._backend.uri)
        if folder and own:
            return own
        places = model_files.model_places(self._backend, run)
        if not folder:
            return sorted([*own, *model_files.folders(places, own)], key=lambda each: each.path)
        model, rest = model_files.split(folder)
        if model not in places:
            return own
        found = listing(places[model], rest, self._backend.uri)
        return [each.model_copy(update={"path": f"{model}/{each.path}"}) for each in found]

    def open_artifact(self, run: RunRecord, name: str) -> contextlib.AbstractContextManager[Download]:
        """See :class:`~studio_ext.ports.records.Records`."""
        return self._opened(run, name)

    @contextlib.contextmanager
    def _opened(self, run: RunRecord, name: str, most: int | None = None) -> Iterator[Download]:
        with contextlib.ExitStack() as stack:
            try:
                opened = stack.enter_context(open_file(run.artifact_uri, name, self._backend.uri, most=most))
            except NotFound:
                model, rest = model_files.split(name)
                place = model_files.model_places(self._backend, run).get(model) if rest else None
                if place is None:
                    raise
                opened = stack.enter_context(open_file(place, rest, self._backend.uri, most=most))
            yield opened

    def preview(self, run: RunRecord, name: str) -> ArtifactPreview:
        """See :class:`~studio_ext.ports.records.Records`."""
        from studio_ext.services.artifact_preview import LARGEST_FETCHED, not_fetched, preview

        try:
            with self._opened(run, name, LARGEST_FETCHED) as download:
                return preview(name, download)
        except LargerThanAsked as error:
            return not_fetched(name, error.size_bytes)

    def _pages(self, method: str, key: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        token: str | None = ""
        while token is not None:
            answer = checked(post(self._backend, method, **request, **({"page_token": token} if token else {})))
            yield from answer.get(key, [])
            token = answer.get("next_page_token") or None


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _experiment(found: dict[str, Any]) -> ExperimentRecord:
    return ExperimentRecord(
        experiment_id=str(found["experiment_id"]),
        name=found["name"],
        tags={tag["key"]: tag["value"] for tag in found.get("tags", [])},
        created=seconds(found.get("creation_time")),
        updated=seconds(found.get("last_update_time")),
    )


def _run(run: dict[str, Any]) -> RunRecord:
    info, data = run["info"], run.get("data", {})
    tags = {tag["key"]: tag["value"] for tag in data.get("tags", [])}
    return RunRecord(
        run_id=info["run_id"],
        experiment_id=str(info["experiment_id"]),
        name=info.get("run_name") or tags.get("mlflow.runName", ""),
        status=info.get("status", "RUNNING"),
        artifact_uri=info.get("artifact_uri", ""),
        started=seconds(info.get("start_time")),
        ended=seconds(info.get("end_time")),
        parameters={each["key"]: each["value"] for each in data.get("params", [])},
        metrics={each["key"]: _metric(each) for each in data.get("metrics", [])},
        tags=tags,
        inputs=dict(_inputs(run)),
    )


def _inputs(run: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Data that a run read; what autologging says of data in memory has no place."""
    for each in (run.get("inputs") or {}).get("dataset_inputs") or []:
        dataset = each.get("dataset") or {}
        try:
            source = json.loads(dataset["source"])
            place = source.get("uri") or source.get("url")
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if isinstance(place, str) and place:
            yield dataset["name"], place


def _metric(found: dict[str, Any]) -> MetricLast:
    value = found.get("value")
    number = float("nan")
    with contextlib.suppress(TypeError, ValueError):
        number = float(value)  # type: ignore[arg-type]
    return MetricLast(value=number, timestamp=int(found.get("timestamp") or 0) / 1000, step=int(found.get("step") or 0))


__all__ = ["MlflowRecords"]

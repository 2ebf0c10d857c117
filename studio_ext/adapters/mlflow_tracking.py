"""The tracking port on MLflow: runs of jobs, and the trials that people look at."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from studio_ext.adapters.mlflow_artifacts import move_artifacts
from studio_ext.adapters.mlflow_backend import Backend, Reply, get, open_backend, post
from studio_ext.adapters.mlflow_relay_policy import CHILD_TAG
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, StudioError, Unavailable
from studio_ext.contract.experiments import Experiment, Trial
from studio_ext.core.log_calls import LoggedValue
from studio_ext.core.record_names import SYSTEM
from studio_ext.ports.tracking import DataInput, RunHandle, RunStart

_JOB_TAG = "studio.job_id"
_MAX_PARAM_VALUE = 6000  # MLflow's limits
_MAX_TAG_VALUE = 5000
_MAX_KEY = 250
_MAX_DATA_NAME = 500
_MAX_DIGEST = 36
_BATCH = 100
_PAGE = 1000
_METRICS = 1_000
"""Values in one call of MLflow's."""
_HISTORY = 25_000
"""Values of a metric in one answer of MLflow's."""
_HIDDEN_TAGS = frozenset({"mlflow.log-model.history", "mlflow.runName", _JOB_TAG})
_CONTEXT_TAG = "mlflow.data.context"
_TABLES_TAG = "mlflow.loggedArtifacts"
_Entry = TypeVar("_Entry")


class MlflowTracking:
    """Implements :class:`studio_ext.ports.tracking.Tracking`. Thread-safe; opens nothing before the first call."""

    def __init__(self, tracking_uri: str, artifact_root: Path, *, lean: bool = False) -> None:
        """``lean``: see :func:`studio_ext.adapters.mlflow_backend.open_backend`."""
        self._backend: Backend = open_backend(tracking_uri, artifact_root, lean=lean)
        self._experiment_ids: dict[str, str] = {}

    # ---- runs of jobs

    def start_run(self, job_id: str, start: RunStart) -> RunHandle:
        """See :class:`~studio_ext.ports.tracking.Tracking`. One call to look, one to make, one for parameters."""
        try:
            info = self._start_run(job_id, start, self._make_experiment(start.experiment))
        except (NotFound, InvalidRequest):
            # The experiment may have been deleted since we looked it up.
            if self._experiment_ids.pop(start.experiment, None) is None:
                raise
            info = self._start_run(job_id, start, self._make_experiment(start.experiment))
        return RunHandle(info["run_id"], info["experiment_id"], info["artifact_uri"])

    def _start_run(self, job_id: str, start: RunStart, experiment_id: str) -> dict[str, Any]:
        parameters, cut = _parameters(start.parameters)
        info = self._find_run(job_id, experiment_id)
        if info is None:
            tags = {"mlflow.user": start.user, **start.tags, _JOB_TAG: job_id}
            if cut:
                tags["studio.shortened_parameters"] = ", ".join(cut)
            reply = post(
                self._backend,
                "runs/create",
                experiment_id=experiment_id,
                user_id=start.user,
                run_name=start.name,
                start_time=int(start.started * 1000),
                tags=_tags(tags),
            )
            info = self._json(reply)["run"]["info"]
        for chunk in _chunks(parameters):
            self._json(post(self._backend, "runs/log-batch", run_id=info["run_id"], params=chunk))
        return dict(info)

    def find_run(self, job_id: str, experiment: str) -> RunHandle | None:
        """See :class:`~studio_ext.ports.tracking.Tracking`."""
        try:
            found = self._find_experiment(experiment)
        except NotFound:
            return None
        if found.get("lifecycle_stage") == "deleted":
            return None  # and its runs with it
        info = self._find_run(job_id, str(found["experiment_id"]))
        return None if info is None else RunHandle(info["run_id"], info["experiment_id"], info["artifact_uri"])

    def _find_run(self, job_id: str, experiment_id: str) -> dict[str, Any] | None:
        """The run that an earlier call made for a job."""
        known = self._backend.tagged_runs(_JOB_TAG, job_id)
        if known is None:
            filter_ = f"tags.`{_JOB_TAG}` = '{_quoted(job_id)}'"
            found = [run["info"] for run in self._search([experiment_id], filter_)]
        else:
            found = [self._run(run_id)["info"] for run_id in known]
        return next((info for info in found if info.get("lifecycle_stage") != "deleted"), None)

    def end_run(self, run_id: str, status: str, ended: float, tags: Mapping[str, str]) -> None:
        """See :class:`~studio_ext.ports.tracking.Tracking`. A run that was deleted meanwhile is left alone."""
        try:
            run = self._run(run_id)
        except NotFound:
            return
        if run["info"].get("lifecycle_stage") == "deleted":
            return
        known = {tag["key"] for tag in run["data"].get("tags", [])}
        for chunk in _chunks(_tags({key: value for key, value in tags.items() if value or key in known})):
            self._json(post(self._backend, "runs/log-batch", run_id=run_id, tags=chunk))
        end_time = int(ended * 1000)
        for child in self._children(run, "attributes.status = 'RUNNING'"):
            self._json(post(self._backend, "runs/update", run_id=child, status=status, end_time=end_time))
        self._json(post(self._backend, "runs/update", run_id=run_id, status=status, end_time=end_time))

    def log_artifacts(self, run_id: str, source: Path, artifact_path: str = "") -> None:
        """See :class:`~studio_ext.ports.tracking.Tracking`."""
        move_artifacts(source, self._run(run_id)["info"]["artifact_uri"], artifact_path, self._backend.uri)

    def log_inputs(self, run_id: str, inputs: Sequence[DataInput]) -> None:
        """See :class:`~studio_ext.ports.tracking.Tracking`."""
        datasets = [{"dataset": _dataset(each), "tags": _tags({_CONTEXT_TAG: "input"})} for each in inputs]
        for chunk in _chunks(datasets):
            if not self._change(post(self._backend, "runs/log-inputs", run_id=run_id, datasets=chunk), run_id):
                return

    def inputs(self, run_id: str) -> list[DataInput]:
        """See :class:`~studio_ext.ports.tracking.Tracking`."""
        found = (self._run(run_id).get("inputs") or {}).get("dataset_inputs") or []
        return [_data_input(each.get("dataset") or {}) for each in found]

    def show_tables(self, run_id: str, paths: Sequence[str]) -> None:
        """See :class:`~studio_ext.ports.tracking.Tracking`. MLflow keeps the list in a tag of the run."""
        tags = {tag["key"]: tag["value"] for tag in self._run(run_id)["data"].get("tags", [])}
        try:
            shown = json.loads(tags.get(_TABLES_TAG) or "[]")
            known = {each.get("path") for each in shown}
        except (ValueError, AttributeError, TypeError):
            shown, known = [], set()  # the notebook's own word, and none
        shown += [{"path": path, "type": "table"} for path in paths if path not in known]
        while len(json.dumps(shown)) > _MAX_TAG_VALUE:
            shown.pop()
        value = json.dumps(shown)
        self._change(post(self._backend, "runs/set-tag", run_id=run_id, key=_TABLES_TAG, value=value), run_id)

    def _change(self, reply: Reply, run_id: str) -> bool:
        """Whether a change was made; it is not in a run that was deleted."""
        if reply.ok:
            return True
        try:
            if self._run(run_id)["info"].get("lifecycle_stage") == "deleted":
                return False
        except NotFound:
            return False
        raise run_error(reply)

    def delete_run(self, run_id: str) -> None:
        """See :class:`~studio_ext.ports.tracking.Tracking`. Deleting what is gone already is no error."""
        try:
            run = self._run(run_id)
        except NotFound:
            return
        for each in [*self._children(run), run_id]:
            with contextlib.suppress(NotFound):
                self._json(post(self._backend, "runs/delete", run_id=each))

    def restore_run(self, run_id: str) -> None:
        """See :class:`~studio_ext.ports.tracking.Tracking`."""
        run = self._run(run_id)
        own = [run_id] if run["info"].get("lifecycle_stage") == "deleted" else []
        for each in [*own, *self._children(run, view="DELETED_ONLY")]:
            self._json(post(self._backend, "runs/restore", run_id=each))

    def _children(self, run: dict[str, Any], condition: str = "", view: str = "ACTIVE_ONLY") -> list[str]:
        """Runs that the job of a run made beside it."""
        tags = {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}
        if _JOB_TAG not in tags:
            return []
        filter_ = f"tags.`{CHILD_TAG}` = '{_quoted(tags[_JOB_TAG])}'" + (f" and {condition}" if condition else "")
        found = self._search([run["info"]["experiment_id"]], filter_, view)
        return [each["info"]["run_id"] for each in found]

    # ---- experiments

    def experiments(self) -> list[Experiment]:
        """See :class:`~studio_ext.ports.tracking.Tracking`. Trials of a server elsewhere are not counted: it would list
        them all."""
        found: list[Experiment] = []
        token: str | None = ""
        while token is not None:
            request: dict[str, Any] = {"max_results": _PAGE, "order_by": ["last_update_time DESC"]}
            answer = self._json(
                post(self._backend, "experiments/search", **request, **({"page_token": token} if token else {}))
            )
            found += [_experiment(each) for each in answer.get("experiments", [])]
            token = answer.get("next_page_token") or None
        activity = self._backend.activity()
        if activity is not None:
            for each in found:
                each.trials, ran = activity.get(each.id, (0, None))
                each.updated = max(filter(None, (each.updated, ran)), default=None)
        return sorted(found, key=lambda each: each.updated or 0.0, reverse=True)

    def create_experiment(self, name: str) -> Experiment:
        """See :class:`~studio_ext.ports.tracking.Tracking`."""
        if not name.strip():
            raise InvalidRequest.field("name", "an experiment needs a name")
        reply = post(self._backend, "experiments/create", name=name)
        if reply.error_code == "RESOURCE_ALREADY_EXISTS":
            if self._find_experiment(name).get("lifecycle_stage") == "deleted":
                hint = "Restore it in MLflow, or choose another name."
                raise Conflict(f"An experiment named {name!r} was deleted and still keeps its name.", hint=hint)
            raise Conflict(f"There is an experiment named {name!r} already.", hint="Use it, or choose another name.")
        if reply.error_code == "INVALID_PARAMETER_VALUE":
            raise InvalidRequest.field("name", reply.message)
        found = get(self._backend, "experiments/get", experiment_id=self._json(reply)["experiment_id"])
        return _experiment(self._json(found)["experiment"])

    def _make_experiment(self, name: str) -> str:
        """Id of an experiment, made or restored if need be: whoever submits to a name wants it."""
        if name in self._experiment_ids:
            return self._experiment_ids[name]
        try:
            experiment = self._find_experiment(name)
            if experiment.get("lifecycle_stage") == "deleted":
                self._json(post(self._backend, "experiments/restore", experiment_id=experiment["experiment_id"]))
            identity = str(experiment["experiment_id"])
        except NotFound:
            try:
                identity = self.create_experiment(name).id
            except Conflict:  # another process was faster
                identity = str(self._find_experiment(name)["experiment_id"])
        self._experiment_ids[name] = identity
        return identity

    def _find_experiment(self, name: str) -> dict[str, Any]:
        reply = get(self._backend, "experiments/get-by-name", experiment_name=name)
        if reply.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise NotFound(f"There is no experiment named {name!r}.", hint="studio experiments lists those there are.")
        return dict(self._json(reply)["experiment"])

    # ---- trials

    def trial(self, run_id: str) -> Trial:
        """See :class:`~studio_ext.ports.tracking.Tracking`."""
        run = self._run(run_id)
        if run["info"].get("lifecycle_stage") == "deleted":
            raise NotFound(f"The trial {run_id} was deleted.", hint="Restore it in MLflow.")
        experiment = get(self._backend, "experiments/get", experiment_id=run["info"]["experiment_id"])
        return trial_of(run, self._json(experiment)["experiment"]["name"])

    def metric_history(self, run_id: str) -> Iterator[LoggedValue]:
        """See :class:`~studio_ext.ports.tracking.Tracking`."""
        for metric in self._run(run_id)["data"].get("metrics", []):
            if metric["key"].startswith(SYSTEM):
                continue
            fields = {"run_id": run_id, "metric_key": metric["key"], "max_results": str(_HISTORY)}
            while True:
                answer = self._json(get(self._backend, "metrics/get-history", **fields))
                for each in answer.get("metrics", []):
                    time_, step = int(each.get("timestamp") or 0) / 1000, int(each.get("step") or 0)
                    yield LoggedValue(run_id, metric["key"], step, time_, float(each.get("value", math.nan)))
                if not (token := answer.get("next_page_token")):
                    break
                fields["page_token"] = token

    def log_values(self, run_id: str, values: Sequence[LoggedValue]) -> None:
        """See :class:`~studio_ext.ports.tracking.Tracking`."""
        entries = [
            {"key": each.name, "value": each.value, "timestamp": int(each.time * 1000), "step": each.step}
            for each in values
        ]
        for first in range(0, len(entries), _METRICS):
            with contextlib.suppress(NotFound, InvalidRequest):  # the run was deleted, here or for good
                part = entries[first : first + _METRICS]
                self._json(post(self._backend, "runs/log-batch", run_id=run_id, metrics=part))

    def close(self) -> None:
        """Let go of connections."""
        self._backend.close()

    # ---- MLflow

    def _run(self, run_id: str) -> dict[str, Any]:
        reply = get(self._backend, "runs/get", run_id=run_id)
        if reply.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise NotFound(f"There is no trial {run_id}.", hint="It may have been deleted for good in MLflow.")
        return dict(self._json(reply)["run"])

    def _search(self, experiment_ids: list[str], filter_: str, view: str = "ACTIVE_ONLY") -> Iterator[dict[str, Any]]:
        """Runs, newest first; ``view``: which, in MLflow's words."""
        token: str | None = ""
        while token is not None:
            request: dict[str, Any] = {"experiment_ids": experiment_ids, "filter": filter_, "max_results": _PAGE}
            request["run_view_type"] = view
            if token:
                request["page_token"] = token
            answer = self._json(post(self._backend, "runs/search", **request))
            yield from answer.get("runs", [])
            token = answer.get("next_page_token") or None

    @staticmethod
    def _json(reply: Reply) -> dict[str, Any]:
        if reply.ok:
            return reply.json()
        raise run_error(reply)


def run_error(reply: Reply) -> StudioError:
    """What an answer of MLflow's about a run means."""
    if reply.status == 404 and reply.error_code == "RESOURCE_DOES_NOT_EXIST":
        return NotFound(reply.message)
    if reply.status in (400, 404):
        return InvalidRequest(f"MLflow refuses this: {reply.message}")
    return Unavailable(f"MLflow answers HTTP {reply.status}: {reply.message[:300]}")


def _quoted(value: str) -> str:
    if "'" in value or "\\" in value:
        raise InvalidRequest(f"{value!r} is not an id.")
    return value


def _parameters(parameters: Mapping[str, str]) -> tuple[list[dict[str, str]], list[str]]:
    """Parameters within MLflow's limits, and the names of those that had to be cut."""
    cut = [name for name, value in parameters.items() if len(value) > _MAX_PARAM_VALUE or len(name) > _MAX_KEY]
    return [{"key": key[:_MAX_KEY], "value": value[:_MAX_PARAM_VALUE]} for key, value in parameters.items()], cut


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key[:_MAX_KEY], "value": str(value)[:_MAX_TAG_VALUE]} for key, value in tags.items()]


def _dataset(data: DataInput) -> dict[str, str]:
    source = {"url" if data.kind == "http" else "uri": data.source}
    return {
        "name": data.name[-_MAX_DATA_NAME:],
        "digest": data.digest[:_MAX_DIGEST],
        "source_type": data.kind,
        "source": json.dumps(source, ensure_ascii=False),
        "profile": json.dumps(dict(data.profile)),
    }


def _data_input(dataset: Mapping[str, Any]) -> DataInput:
    """What anybody's client said of data: what is not of the right shape is left out."""
    source, profile = _document(dataset.get("source")), _document(dataset.get("profile"))
    place = source.get("uri") or source.get("url") or source.get("path") or ""
    return DataInput(
        name=str(dataset.get("name") or ""),
        digest=str(dataset.get("digest") or ""),
        kind=str(dataset.get("source_type") or ""),
        source=place if isinstance(place, str) else "",
        profile=profile,
    )


def _document(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _chunks(entries: list[_Entry]) -> Iterator[list[_Entry]]:
    for first in range(0, len(entries), _BATCH):
        yield entries[first : first + _BATCH]


def _experiment(found: dict[str, Any]) -> Experiment:
    updated = found.get("last_update_time")
    return Experiment(
        id=str(found["experiment_id"]), name=found["name"], updated=int(updated) / 1000 if updated else None
    )


def trial_of(run: dict[str, Any], experiment: str) -> Trial:
    """The trial that a run in MLflow's JSON is."""
    info, data = run["info"], run.get("data", {})
    tags = {tag["key"]: tag["value"] for tag in data.get("tags", [])}
    notebook = tags.get("studio.notebook")
    if notebook is None and tags.get("mlflow.source.type") == "NOTEBOOK":
        notebook = tags.get("mlflow.source.name")
    dirty = tags.get("studio.git_dirty")
    return Trial(
        run_id=info["run_id"],
        experiment=experiment,
        name=info.get("run_name") or tags.get("mlflow.runName", ""),
        status=info.get("status", "RUNNING"),
        started=_seconds(info.get("start_time")),
        ended=_seconds(info.get("end_time")),
        parameters={each["key"]: each["value"] for each in data.get("params", [])},
        metrics={
            each["key"]: _finite(each.get("value"))
            for each in data.get("metrics", [])
            if not each["key"].startswith(SYSTEM)
        },
        notebook=notebook,
        commit=tags.get("mlflow.source.git.commit"),
        dirty=None if dirty is None else dirty.lower() == "true",
        job_id=tags.get(_JOB_TAG) or tags.get(CHILD_TAG),
        parent_run_id=tags.get("mlflow.parentRunId"),
        user=tags.get("mlflow.user") or info.get("user_id") or None,
        tags={key: value for key, value in tags.items() if key not in _HIDDEN_TAGS},
    )


def _seconds(milliseconds: Any) -> float | None:
    return int(milliseconds) / 1000 if milliseconds else None


def _finite(value: Any) -> float | None:
    number = float(value) if value is not None else math.nan
    return number if math.isfinite(number) else None


__all__ = ["MlflowTracking", "run_error", "trial_of"]

"""What a job may ask of the tracking store, and what its questions are turned into.

An allow-list: whatever has no rule here is refused. A job writes to its own run, to runs and logged models that
it made, and to model versions that it registered. It reads its experiment and the model registry. It deletes
nothing. Whatever experiment a notebook names, its job's experiment is meant.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from studio_ext.adapters.mlflow_backend import API, Backend, Reply, get, post
from studio_ext.adapters.mlflow_relay_batches import Batch, parse_log_call
from studio_ext.adapters.mlflow_relay_journal import AUTOLOG, NOTEBOOK, Call, Own
from studio_ext.adapters.mlflow_relay_paths import Locations, artifact_path
from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.record_names import RESERVED
from studio_ext.ports.tracking import RunHandle

log = logging.getLogger(__name__)

CHILD_TAG = "studio.child_of_job"
"""Tag of what a job made beside its own run (runs, models, versions): the job's id. No job can write it."""
CALL_TAG = "studio.call"
"""Tag that tells which call made a run, model or version, so that none is made twice after a crash."""

AUTOLOGGING = "mlflow.autologging"
"""Tag of runs that MLflow's autologging starts: its name for the library."""

_INVALID = "INVALID_PARAMETER_VALUE"
_PATH = re.compile(r"^/(?:ajax-)?api/([23])\.0/mlflow/(.+?)/?$")
_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")
# How the job's run came about is known better than the notebook's client knows it.
_KEPT_TAGS = re.compile(r"^(?:studio\.|mlflow\.(?:user$|source\.|parentRunId$|rootRunId$))")
# A table of trials shows the same provenance for all runs of a job.
_INHERITED_TAGS = re.compile(
    r"^(?:studio\.(?:notebook|notebook_sha256|git_dirty|runner|kernel)|mlflow\.(?:user|source\..+))$"
)


class Refused(Exception):
    """A call that a job may not make."""

    def __init__(self, message: str, status: int = 403, code: str = "PERMISSION_DENIED") -> None:
        super().__init__(message)
        self.reply = Reply(status, json.dumps({"error_code": code, "message": message}).encode())


@dataclass
class Answer:
    """Reply to a call."""

    reply: Reply
    took_run: str = ""
    """Who was given the job's run: the notebook, or MLflow's autologging."""


@dataclass
class Question:
    """A call with its fields taken apart."""

    call: Call
    version: str
    name: str
    """For example ``runs/create``."""
    fields: dict[str, Any]
    doubtful: bool
    """Whether it may have been carried out before."""
    tail: str = ""
    """What follows the id in the path, for example ``/tags``."""


@dataclass
class Policy:
    """The rules for one attempt of one job."""

    backend: Backend
    job_id: str
    attempt: int
    run: RunHandle
    own: Own
    locations: Locations
    taken: set[str] = field(default_factory=set)
    """Who was given the job's run in this attempt: the notebook, MLflow's autologging."""
    _readable: set[str] = field(default_factory=set)
    _experiment_named: str = ""
    _inherited: dict[str, str] | None = None

    def answer(self, call: Call, *, doubtful: bool) -> Answer:
        """Carry out a call. ``doubtful``: it may have been carried out before. Raises ``Unavailable``."""
        try:
            question, rule = self._match(call, doubtful)
            answer = rule(self, question)
        except Refused as refusal:
            return Answer(refusal.reply)
        except InvalidRequest as error:
            return Answer(Refused(error.message, 400, _INVALID).reply)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            # A field of a type that the rule did not expect: the calls that come after it must not wait for ever.
            log.debug("call %s of job %s is malformed", call.number, self.job_id, exc_info=True)
            return Answer(Refused("The request is malformed.", 400, _INVALID).reply)
        if answer.reply.body[:1] != b"{":
            message = f"MLflow does not answer {call.method} {urlsplit(call.path).path} (HTTP {answer.reply.status})."
            body = json.dumps({"error_code": "ENDPOINT_NOT_FOUND", "message": message}).encode()
            answer.reply = Reply(max(answer.reply.status, 400), body)
        elif answer.reply.ok:
            body = json.dumps(self.locations.to_job(answer.reply.json())).encode()
            answer.reply = Reply(answer.reply.status, body)
        return answer

    def restore(self) -> None:
        """Learn from the store what the job made before this process knew of it. Raises ``Unavailable``."""
        filter_ = f"tags.`{CHILD_TAG}` = '{self.job_id}'"
        experiments = {"experiment_ids": [self.run.experiment_id], "filter": filter_}
        for run in self._pages("POST", "runs/search", "runs", experiments):
            self.own.runs[run["info"]["run_id"]] = run["info"]["artifact_uri"]
        for model in self._pages("POST", "logged-models/search", "models", experiments):
            self.own.models[model["info"]["model_id"]] = model["info"]["artifact_uri"]
        for model in self._pages("GET", "registered-models/search", "registered_models", {"filter": filter_}):
            self.own.registered.add(model["name"])
        for version in self._pages("GET", "model-versions/search", "model_versions", {"filter": filter_}):
            self.own.versions.add((version["name"], str(version["version"])))

    def _pages(self, method: str, name: str, key: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        token: str | None = ""
        while token is not None:
            fields = request | ({"page_token": token} if token else {})
            reply = get(self.backend, name, **fields) if method == "GET" else post(self.backend, name, **fields)
            answer = reply.json() if reply.ok else {}  # MLflow 2 has no logged models
            yield from answer.get(key, [])
            token = answer.get("next_page_token") or None

    def may_log(self, run_id: str) -> bool:
        """Whether the job may log to a run."""
        return run_id in self.own.runs

    def _match(self, call: Call, doubtful: bool) -> tuple[Question, Rule]:
        parts = urlsplit(call.path)
        match = _PATH.match(parts.path)
        if match is None:
            raise Refused(f"{parts.path} is not offered inside a job.", 404, "ENDPOINT_NOT_FOUND")
        fields = _fields(call, parts.query)
        version, name = match.groups()
        for method, pattern, rule in _RULES:
            if method == call.method and (found := pattern.fullmatch(name)):
                tail = ""
                if found.groups():
                    fields["model_id"], tail = found.group(1), found.group(2)
                return Question(call, version, name, fields, doubtful, tail), rule
        if any(pattern.fullmatch(name) for _, pattern, _ in _RULES) or name.startswith(("runs/", "experiments/")):
            raise Refused(f"A job may not call {call.method} {name}: it logs to its own runs and reads its experiment.")
        raise Refused(
            f"{call.method} {name} is not offered inside a job: only runs, metrics, artifacts and models are.",
            404 if call.method == "GET" else 403,
            "ENDPOINT_NOT_FOUND" if call.method == "GET" else "PERMISSION_DENIED",
        )

    def send(self, question: Question) -> Reply:
        """The call with its fields as they are now."""
        path = f"/api/{question.version}.0/mlflow/{question.name}"
        if question.call.method == "GET":
            return self.backend.call("GET", f"{path}?{urlencode(question.fields, doseq=True)}")
        return self.backend.call(question.call.method, path, json.dumps(question.fields).encode())

    def own_run(self, question: Question) -> str:
        """The run that a call wants to change. Raises ``Refused`` unless the job made it."""
        run_id = question.fields.get("run_id")
        if not isinstance(run_id, str) or run_id not in self.own.runs:
            raise Refused(f"Run {run_id} was not made by this job. A job may change only the runs that it made.")
        return run_id

    def readable_run(self, run_id: Any) -> Reply | None:
        """Check that a run is the job's or in its experiment; the answer of ``runs/get`` where it was asked."""
        if not isinstance(run_id, str):
            raise Refused("Missing value for required parameter 'run_id'.", 400, _INVALID)
        if run_id in self.own.runs or run_id in self._readable:
            return None
        reply = get(self.backend, "runs/get", run_id=run_id)
        if reply.ok:
            if reply.json()["run"]["info"]["experiment_id"] != self.run.experiment_id:
                raise Refused(f"Run {run_id} belongs to another experiment. A job may read the runs of its own one.")
            self._readable.add(run_id)
        return reply

    def made_by(self, question: Question) -> tuple[list[dict[str, str]], str]:
        """Tags for what a call makes, and the filter that finds it."""
        call = f"{self.job_id}/{self.attempt}/{question.call.number}"
        tags = [{"key": CHILD_TAG, "value": self.job_id}, {"key": CALL_TAG, "value": call}]
        return tags, f"tags.`{CALL_TAG}` = '{call}'"

    def inherited_tags(self) -> dict[str, str]:
        """What a run that the job makes has of the job's run: where it comes from and whose it is."""
        if self._inherited is None:
            reply = get(self.backend, "runs/get", run_id=self.run.run_id)
            tags = reply.json().get("run", {}).get("data", {}).get("tags", [])
            self._inherited = {tag["key"]: tag["value"] for tag in tags if _INHERITED_TAGS.match(tag["key"])}
        return self._inherited

    def note_experiment(self, name: str) -> None:
        """Keep the name of the experiment that the notebook asked for."""
        if name and name != self._experiment_named:
            key, run_id = "studio.notebook_experiment", self.run.run_id
            post(self.backend, "runs/set-tag", run_id=run_id, key=key, value=name[:5000])
            self._experiment_named = name


Rule = Callable[[Policy, Question], Answer]


def _fields(call: Call, query: str) -> dict[str, Any]:
    """Fields of a call from its query or its JSON, in MLflow's spelling and without aliases."""
    fields: dict[str, Any] = {}
    if call.method == "GET" and query:
        for key, value in parse_qsl(query, keep_blank_values=True):
            fields[key] = (
                [*fields[key], value]
                if isinstance(fields.get(key), list)
                else ([fields[key], value] if key in fields else value)
            )
    elif call.body:
        try:
            fields = json.loads(call.body)
        except (ValueError, RecursionError):
            fields = []  # type: ignore[assignment]
        if not isinstance(fields, dict):
            raise Refused("The request is not a JSON object.", 400, _INVALID)
        if b"\\u" in call.body:
            try:
                json.dumps(fields, ensure_ascii=False).encode()
            except UnicodeEncodeError:  # half a character: stores stumble over it
                raise Refused("The request holds text that is not valid Unicode.", 400, _INVALID) from None
    result: dict[str, Any] = {}
    for key, value in fields.items():
        snake = _CAMEL.sub(lambda match: "_" + match.group(1).lower(), key)
        if snake in result and result[snake] != value:
            raise Refused(f"The request names '{snake}' twice.", 400, _INVALID)
        result[snake] = value
    legacy = result.pop("run_uuid", None)
    if legacy and not result.get("run_id"):
        result["run_id"] = legacy
    return result


def tag_list(value: Any) -> list[dict[str, str]]:
    """Tags of a request, without those that are ours to write. Raises ``Refused`` when they are malformed."""
    if value is None:
        return []
    try:
        return [tag for tag in value if not tag["key"].startswith(RESERVED)]
    except (TypeError, KeyError, AttributeError):
        raise Refused("Invalid value for parameter 'tags'.", 400, _INVALID) from None


def path_field(question: Question, name: str) -> str:
    """A path below artefacts that a call names, empty for none. Raises ``InvalidRequest`` if it may lead elsewhere."""
    path = question.fields.get(name, "")
    if not isinstance(path, str):  # a query may name it twice, and what is checked must be what is asked for
        raise InvalidRequest(f"Invalid value for parameter '{name}'.")
    artifact_path(path)
    return path


# ---- experiments


def _experiment(policy: Policy, question: Question) -> Answer:
    """Whatever experiment is asked for, the answer is the job's."""
    reply = get(policy.backend, "experiments/get", experiment_id=policy.run.experiment_id)
    named = str(question.fields.get("experiment_name", ""))
    if reply.ok and named != reply.json()["experiment"]["name"]:
        policy.note_experiment(named)
    return Answer(reply)


def _create_experiment(policy: Policy, question: Question) -> Answer:
    policy.note_experiment(str(question.fields.get("name", "")))
    return Answer(_json_reply({"experiment_id": policy.run.experiment_id}))


def _search_experiments(policy: Policy, _: Question) -> Answer:
    reply = get(policy.backend, "experiments/get", experiment_id=policy.run.experiment_id)
    return Answer(_json_reply({"experiments": [reply.json()["experiment"]]}) if reply.ok else reply)


def _tag_experiment(policy: Policy, question: Question) -> Answer:
    """The experiment is not the job's to change: the tag is kept with the job's run."""
    key, value = str(question.fields.get("key", ""))[:200], str(question.fields.get("value", ""))
    name = f"studio.notebook_experiment.{key}"
    return Answer(post(policy.backend, "runs/set-tag", run_id=policy.run.run_id, key=name, value=value))


# ---- runs


def _create_run(policy: Policy, question: Question) -> Answer:
    """The first run that a notebook starts is the job's run, and so is that of the first fit that MLflow logs by
    itself: what belongs to the job stands in one row. Later ones become its children."""
    fields = question.fields
    tags = {tag["key"]: tag for tag in tag_list(fields.get("tags"))}
    parent = tags.get("mlflow.parentRunId", {}).get("value")
    flavor = tags.get(AUTOLOGGING, {}).get("value")
    who = NOTEBOOK if flavor is None else AUTOLOG
    if parent is None and who not in policy.taken:
        return _take_run(policy, fields, tags, who)
    if parent is None and flavor is not None and not fields.get("run_name"):
        fields["run_name"] = f"{str(flavor)[:100]} fit {len(policy.own.runs) + 1}"
    if parent not in policy.own.runs:
        parent = policy.run.run_id
    made_by, filter_ = policy.made_by(question)
    tags |= {key: {"key": key, "value": value} for key, value in policy.inherited_tags().items()}
    tags["mlflow.parentRunId"] = {"key": "mlflow.parentRunId", "value": parent}
    fields |= {"experiment_id": policy.run.experiment_id, "tags": [*tags.values(), *made_by]}
    reply = None
    if question.doubtful:
        found = post(policy.backend, "runs/search", experiment_ids=[policy.run.experiment_id], filter=filter_)
        if runs := found.json().get("runs"):
            reply = _json_reply({"run": runs[0]})
    reply = reply or policy.send(question)
    if not reply.ok:
        return Answer(reply)
    info = reply.json()["run"]["info"]
    policy.own.runs[info["run_id"]] = info["artifact_uri"]
    return Answer(reply)


def _take_run(policy: Policy, fields: dict[str, Any], tags: dict[str, dict[str, str]], who: str) -> Answer:
    run_id = policy.run.run_id
    wanted = [tag for key, tag in tags.items() if not _KEPT_TAGS.match(key)]
    for first in range(0, len(wanted), 100):
        reply = post(policy.backend, "runs/log-batch", run_id=run_id, tags=wanted[first : first + 100])
        if not reply.ok:
            return Answer(reply)
    if name := fields.get("run_name"):
        reply = post(policy.backend, "runs/update", run_id=run_id, run_name=name)
        if not reply.ok:
            return Answer(reply)
    return Answer(get(policy.backend, "runs/get", run_id=run_id), took_run=who)


def _update_run(policy: Policy, question: Question) -> Answer:
    """A run of the notebook ends when the notebook says so; the job's run ends with the job."""
    run_id, fields = policy.own_run(question), question.fields
    if run_id != policy.run.run_id:
        return Answer(policy.send(question))
    status = fields.pop("status", None)
    fields.pop("end_time", None)
    if status and NOTEBOOK in policy.taken:
        word = str(status)
        reply = post(policy.backend, "runs/set-tag", run_id=run_id, key="studio.notebook_status", value=word)
        if not reply.ok:
            return Answer(reply)
    if fields.get("run_name"):
        reply = policy.send(question)
        if not reply.ok:
            return Answer(reply)
    reply = get(policy.backend, "runs/get", run_id=run_id)
    if not reply.ok:
        return Answer(reply)
    info = reply.json()["run"]["info"]
    return Answer(_json_reply({"run_info": info | ({"status": status} if status else {})}))


def _get_run(policy: Policy, question: Question) -> Answer:
    run_id = question.fields.get("run_id")
    return Answer(policy.readable_run(run_id) or get(policy.backend, "runs/get", run_id=str(run_id)))


def _search_in_experiment(policy: Policy, question: Question) -> Answer:
    question.fields["experiment_ids"] = [policy.run.experiment_id]
    return Answer(policy.send(question))


def _write_run(policy: Policy, question: Question) -> Answer:
    policy.own_run(question)
    if str(question.fields.get("key", "")).startswith(RESERVED):
        raise Refused(f"Tags that start with '{RESERVED}' are Studio's own.")
    return Answer(policy.send(question))


def _log(policy: Policy, question: Question) -> Answer:
    """A log call that was not acknowledged in the job."""
    run_id = policy.own_run(question)
    log = parse_log_call(question.call)
    if log is None:
        raise Refused("The request is malformed.", 400, _INVALID)
    if log.run_id != run_id:  # what was checked must be what is written
        raise Refused("The request names two runs in two spellings.")
    batch = Batch(log.run_id)
    batch.add(log)
    request = batch.request()
    return Answer(policy.backend.log_batch(request) if request else _json_reply({}))


def _record_model(policy: Policy, question: Question) -> Answer:
    """``runs/log-model`` adds to a list in a tag: a call that may have been made is looked for there first."""
    run_id = policy.own_run(question)
    if question.doubtful:
        run = get(policy.backend, "runs/get", run_id=run_id).json().get("run", {})
        tags = {tag["key"]: tag["value"] for tag in run.get("data", {}).get("tags", [])}
        try:
            uuid = json.loads(question.fields["model_json"])["model_uuid"]
            if uuid in {model.get("model_uuid") for model in json.loads(tags["mlflow.log-model.history"])}:
                return Answer(_json_reply({}))
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
    return Answer(policy.send(question))


def _history(policy: Policy, question: Question) -> Answer:
    checked = policy.readable_run(question.fields.get("run_id"))
    return Answer(checked) if checked is not None and not checked.ok else Answer(policy.send(question))


def _list_artifacts(policy: Policy, question: Question) -> Answer:
    run_id, path = question.fields.get("run_id"), path_field(question, "path")
    checked = policy.readable_run(run_id)
    if checked is not None and not checked.ok:
        return Answer(checked)
    if run_id in policy.own.runs:
        return Answer(_json_reply(policy.locations.listing(str(run_id), path)))
    return Answer(policy.send(question))


def _json_reply(value: dict[str, Any]) -> Reply:
    return Reply(200, json.dumps(value).encode())


_RULES: list[tuple[str, re.Pattern[str], Rule]] = []


def rules(table: dict[str, Rule]) -> None:
    """Add rules: ``METHOD name`` with a regular expression for the name."""
    for text, rule in table.items():
        method, _, pattern = text.partition(" ")
        _RULES.append((method, re.compile(pattern), rule))


rules(
    {
        "GET experiments/(?:get|get-by-name)": _experiment,
        "POST experiments/create": _create_experiment,
        "GET experiments/search": _search_experiments,
        "POST experiments/search": _search_experiments,
        "POST experiments/set-experiment-tag": _tag_experiment,
        "POST runs/create": _create_run,
        "POST runs/update": _update_run,
        "GET runs/get": _get_run,
        "POST runs/search": _search_in_experiment,
        "POST runs/(?:log-metric|log-parameter|set-tag|log-batch)": _log,
        "POST runs/(?:delete-tag|log-inputs|outputs)": _write_run,
        "POST runs/log-model": _record_model,
        "GET metrics/get-history": _history,
        "GET artifacts/list": _list_artifacts,
    }
)

__all__ = ["API", "CHILD_TAG", "Answer", "Policy", "Question", "Refused", "rules", "tag_list"]

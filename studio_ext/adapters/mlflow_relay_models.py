"""The rules for logged models and the model registry. Importing this module adds them to the policy."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from studio_ext.adapters.mlflow_backend import Reply, get, post
from studio_ext.adapters.mlflow_relay_policy import Answer, Policy, Question, Refused, path_field, rules, tag_list
from studio_ext.core.record_names import RESERVED

_ID = "([A-Za-z0-9_-]+)"
"""An id in an address: nothing that a server on the way could take for a folder above."""


def _pass_on(policy: Policy, question: Question) -> Answer:
    return Answer(policy.send(question))


# ---- logged models


def _create_model(policy: Policy, question: Question) -> Answer:
    fields, (made_by, filter_) = question.fields, policy.made_by(question)
    run_id = fields.get("source_run_id")
    if not run_id:
        fields["source_run_id"] = policy.run.run_id  # else nothing would lead from the trial to the model
    elif run_id not in policy.own.runs:
        raise Refused(f"Run {run_id} was not made by this job, so the job cannot log a model to it.")
    fields["experiment_id"] = policy.run.experiment_id
    fields["tags"] = [*tag_list(fields.get("tags")), *made_by]
    reply = None
    if question.doubtful:
        where = [policy.run.experiment_id]
        found = post(policy.backend, "logged-models/search", experiment_ids=where, filter=filter_)
        if models := found.json().get("models"):
            reply = Reply(200, json.dumps({"model": models[0]}).encode())
    reply = reply or policy.send(question)
    if not reply.ok:
        return Answer(reply)
    info = reply.json()["model"]["info"]
    policy.own.models[info["model_id"]] = info["artifact_uri"]
    return Answer(reply)


def _write_model(policy: Policy, question: Question) -> Answer:
    model_id = question.fields["model_id"]
    if model_id not in policy.own.models:
        raise Refused(f"Model {model_id} was not logged by this job. A job may change only the models that it logged.")
    if "tags" in question.fields:
        question.fields["tags"] = tag_list(question.fields["tags"])
    if question.tail.startswith("/tags/"):
        key = unquote(question.tail.removeprefix("/tags/"))
        if key.startswith(RESERVED) or ".." in key.split("/"):
            raise Refused(f"The tag {key!r} is not the job's to remove.")
    reply = policy.send(question)
    if question.doubtful and not reply.ok and question.tail == "/params":
        return Answer(Reply(200, b"{}"))  # MLflow refuses parameters that are there already
    return Answer(reply)


def _list_model(policy: Policy, question: Question) -> Answer:
    model_id, path = question.fields["model_id"], path_field(question, "artifact_directory_path")
    if model_id in policy.own.models:
        return Answer(Reply(200, json.dumps(policy.locations.listing(model_id, path)).encode()))
    del question.fields["model_id"]
    return Answer(policy.send(question))


# ---- registry


def _register(policy: Policy, question: Question) -> Answer:
    fields, (made_by, filter_) = question.fields, policy.made_by(question)
    fields["tags"] = [*tag_list(fields.get("tags")), *made_by]
    reply = policy.send(question)
    if question.doubtful and reply.error_code == "RESOURCE_ALREADY_EXISTS":
        found = get(policy.backend, "registered-models/search", filter=filter_).json().get("registered_models")
        if found:
            reply = Reply(200, json.dumps({"registered_model": found[0]}).encode())
    if reply.ok:
        policy.own.registered.add(str(fields.get("name", "")))
    return Answer(reply)


def _create_version(policy: Policy, question: Question) -> Answer:
    fields, (made_by, filter_) = question.fields, policy.made_by(question)
    source = str(fields.get("source", ""))
    if not source.startswith("models:/"):  # a copy of a registered version names the run that made the original
        for key, own in (("run_id", policy.own.runs), ("model_id", policy.own.models)):
            if fields.get(key) and fields[key] not in own:
                raise Refused(f"The {key} {fields[key]} is not this job's. A job may register only what it logged.")
    fields["source"] = policy.locations.to_store(source)
    fields["tags"] = [*tag_list(fields.get("tags")), *made_by]
    reply, name = None, str(fields.get("name", ""))
    if question.doubtful:
        versions = get(policy.backend, "model-versions/search", filter=filter_)
        if found := versions.json().get("model_versions"):
            reply = Reply(200, json.dumps({"model_version": found[0]}).encode())
    reply = reply or policy.send(question)
    if not reply.ok:
        return Answer(reply)
    policy.own.versions.add((name, str(reply.json()["model_version"]["version"])))
    return Answer(reply)


def _own_version(policy: Policy, question: Question) -> Answer:
    name, version = str(question.fields.get("name")), str(question.fields.get("version"))
    if (name, version) not in policy.own.versions:
        raise Refused(f"Version {version} of model '{name}' was not registered by this job; the job cannot change it.")
    _no_reserved_key(question)
    return Answer(policy.send(question))


def _own_registered(policy: Policy, question: Question) -> Answer:
    name = str(question.fields.get("name"))
    if name not in policy.own.registered:
        raise Refused(f"The registered model '{name}' was not made by this job; the job cannot change it.")
    _no_reserved_key(question)
    return Answer(policy.send(question))


def _no_reserved_key(question: Question) -> None:
    key: Any = question.fields.get("key")
    if isinstance(key, str) and key.startswith(RESERVED):
        raise Refused(f"Tags that start with '{RESERVED}' are Studio's own.")


def _search_models(policy: Policy, question: Question) -> Answer:
    question.fields["experiment_ids"] = [policy.run.experiment_id]
    return Answer(policy.send(question))


def _get_model(policy: Policy, question: Question) -> Answer:
    """Also models of other experiments: a registered model leads to them."""
    del question.fields["model_id"]
    return Answer(policy.send(question))


rules(
    {
        "POST logged-models": _create_model,
        "POST logged-models/search": _search_models,
        f"GET logged-models/{_ID}()": _get_model,
        f"PATCH logged-models/{_ID}((?:/tags)?)": _write_model,
        f"POST logged-models/{_ID}(/params)": _write_model,
        f"DELETE logged-models/{_ID}(/tags/[^/]+)": _write_model,
        f"GET logged-models/{_ID}(/artifacts/directories)": _list_model,
        "POST registered-models/create": _register,
        "GET registered-models/(?:get|search|alias|get-latest-versions)": _pass_on,
        "POST registered-models/get-latest-versions": _pass_on,
        "PATCH registered-models/update": _own_registered,
        "POST registered-models/set-tag": _own_registered,
        "DELETE registered-models/delete-tag": _own_registered,
        "POST registered-models/alias": _own_version,
        "POST model-versions/create": _create_version,
        "GET model-versions/(?:get|search|get-download-uri)": _pass_on,
        "PATCH model-versions/update": _own_version,
        "POST model-versions/(?:set-tag|transition-stage)": _own_version,
        "DELETE model-versions/delete-tag": _own_version,
    }
)

"""Whatever a client sends to a live server: no answer is a fault of ours, and each is one that the document describes.

The document is ``docs/developers/openapi.json``; schemathesis makes requests of it: limits of every field, random ones
that fit and random ones that do not, and chains in which an answer is used for the next request. They are the same
every time, so that a change is not blamed for what chance has found. ``STUDIO_FUZZ_SECONDS=600`` goes on with other
ones for so long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from studio_ext.adapters.http_client import HttpClient
from studio_ext.contract.jobs import JobDetail, JobStatus, SubmitRequest
from studio_ext.core.states import ACTIVE, FINAL
from studio_ext.routes.table import describe
from studio_ext.testing.client_suite import write_notebook
from studio_ext.testing.live_server import LiveServer
from studio_ext.testing.workspaces import temporary_workspace

EXAMPLES = 8
"""Random requests that each operation gets."""
LONG = int(os.environ.get("STUDIO_FUZZ_SECONDS", "0"))
SECONDS = 600 + LONG
"""Nothing here takes longer, even on a slow machine."""

NOTEBOOK = "one.ipynb"
EXPERIMENT = "known"

# One request for every operation that succeeds, in this order. A new operation must be entered here.
SUCCEEDS: dict[str, tuple[str, Any]] = {
    "GET /jobs": ("jobs?status=Completed,Failed&limit=5&text=one", None),
    "GET /jobs/changes": ("jobs/changes?since=0", None),
    "GET /jobs/{job_id}": ("jobs/{job}", None),
    "GET /jobs/{job_id}/log": ("jobs/{job}/log?offset=-10&attempt=1", None),
    "GET /jobs/{job_id}/files": ("jobs/{job}/files?path=output", None),
    "GET /jobs/{job_id}/metrics": ("jobs/{job}/metrics?max_points=100&cursor=a:1", None),
    "GET /jobs/{job_id}/resources": ("jobs/{job}/resources?max_points=100&cursor=a:1", None),
    "POST /jobs": ("jobs", {"notebook": NOTEBOOK, "experiment": EXPERIMENT, "parameters": {"depth": 5}}),
    "POST /jobs/{job_id}/stop": ("jobs/{job}/stop", None),
    "DELETE /jobs/{job_id}": ("jobs/{job}?trial=false", None),
    "POST /jobs/{job_id}/restore": ("jobs/{job}/restore", None),
    "POST /notebooks/inspect": ("notebooks/inspect", {"notebook": NOTEBOOK}),
    "GET /options": ("options", None),
    "GET /experiments": ("experiments", None),
    "POST /experiments": ("experiments", {"name": "new"}),
    "GET /trials": (f"trials?experiment={EXPERIMENT}&sort=duration&limit=1", None),
    "POST /trials/table": (
        "trials/table",
        {
            "experiment": EXPERIMENT,
            "filter": "params.depth >= 0 or name ~ one",
            "sort": [{"key": "metrics.score", "descending": True}],
            "columns": ["params.depth", "started"],
            "group_by": "status",
            "tree": True,
            "expanded": ["group:none"],
            "offset": 0,
            "limit": 5,
            "result": "none",
        },
    ),
    "POST /trials/compare": (
        "trials/compare",
        {
            "sources": [
                {"experiment": EXPERIMENT, "run_ids": ["{run}"]},
                {"experiment": EXPERIMENT, "filter": "params.depth >= 0", "sort": [{"key": "started"}], "limit": 5},
            ],
            "text": "d",
            "only_differences": True,
            "keys": ["metrics.score", "params.depth"],
            "limit": 10,
        },
    ),
    "POST /trials/importance": (
        "trials/importance",
        {
            "sources": [
                {"experiment": EXPERIMENT, "run_ids": ["{run}"]},
                {"experiment": EXPERIMENT, "filter": "params.depth >= 0"},
            ],
            "metric": "metrics.score",
        },
    ),
    "POST /trials/series": (
        "trials/series",
        {
            "run_ids": ["{run}", "none"],
            "metrics": ["score"],
            "x": "relative",
            "low": -1.5,
            "high": 1e6,
            "max_points": 100,
        },
    ),
    "GET /trials/columns": (f"trials/columns?experiment={EXPERIMENT}&text=d&kind=parameter,tag&offset=0&limit=5", None),
    "POST /trials/filter": (
        "trials/filter",
        {
            "experiment": EXPERIMENT,
            "filter": "status = ",
            "cursor": 9,
            "conditions": [{"key": "status", "operator": "=", "values": ["failed"]}],
        },
    ),
    "POST /trials/export": (
        "trials/export?format=csv",
        {"experiment": EXPERIMENT, "columns": ["name", "params.depth"]},
    ),
    "POST /trials/delete": ("trials/delete", {"run_ids": ["{other}"]}),
    "POST /trials/restore": ("trials/restore", {"run_ids": ["{other}"]}),
    "GET /trials/{run_id}": ("trials/{run}", None),
    "GET /trials/{run_id}/detail": ("trials/{run}/detail", None),
    "GET /trials/{run_id}/children": ("trials/{run}/children?limit=5", None),
    "PATCH /trials/{run_id}": (
        "trials/{run}",
        {"name": "one", "note": "# Best", "if_note": "", "tags": {"stage": "x"}, "removed_tags": ["none"]},
    ),
    "GET /trials/{run_id}/metrics": ("trials/{run}/metrics?max_points=100&cursor=a:1", None),
    "GET /trials/{run_id}/diff/{other_id}": ("trials/{run}/diff/{run}?part=artifacts", None),
    "POST /views/read": ("views/read", {"text": '{"title": "mine"}'}),
    "POST /views/export": (
        "views/export",
        {
            "view": {
                "title": "mine",
                "sources": [{"experiment": EXPERIMENT, "run_ids": ["{run}"]}],
                "charts": [{"id": "a", "type": "line", "metrics": ["score"]}],
            },
            "colours": {"a": 3},
        },
    ),
    "GET /trials/{run_id}/models": ("trials/{with_model}/models", None),
    "POST /models": ("models", {"run_id": "{with_model}", "name": "m", "path": "model", "alias": "b", "held_by": ""}),
    "GET /models": ("models", None),
    "GET /models/{name}": ("models/m", None),
    "PATCH /models/{name}": ("models/m", {"description": "what it is", "if_description": ""}),
    "GET /models/{name}/versions": ("models/m/versions", None),
    "GET /models/{name}/versions/{version}": ("models/m/versions/1", None),
    "PATCH /models/{name}/versions/{version}": ("models/m/versions/1", {"description": "what it is"}),
    "PUT /models/{name}/aliases/{alias}": ("models/m/aliases/b", {"version": "1", "held_by": "1"}),
    "DELETE /models/{name}/aliases/{alias}": ("models/m/aliases/b?held_by=1", None),
    "GET /lineage": ("lineage?kind=trial&id={with_model}&depth=2", None),
    "DELETE /models/{name}/versions/{version}": ("models/m/versions/1", None),
    "DELETE /models/{name}": ("models/m", None),
    "GET /records/experiments": (f"records/experiments?name={EXPERIMENT}", None),
    "POST /records/experiments": ("records/experiments", {"name": "recorded", "tags": {"team": "red"}}),
    "GET /records/experiments/{experiment_id}": ("records/experiments/0", None),
    "PATCH /records/experiments/{experiment_id}": ("records/experiments/0", {"tags": {"team": "red"}}),
    "DELETE /records/experiments/{experiment_id}": ("records/experiments/{spare}", None),
    "GET /records/runs": ("records/runs?experiments=0&limit=5&filter=attributes.status%3D'FINISHED'", None),
    "POST /records/runs": ("records/runs", {"experiment_id": "0", "name": "r", "tags": {}, "started": 1.0}),
    "GET /records/runs/{run_id}": ("records/runs/{run}", None),
    "PATCH /records/runs/{run_id}": ("records/runs/{run}", {"tags": {"team": "red"}, "removed_tags": ["none"]}),
    "GET /records/runs/{run_id}/history": ("records/runs/{run}/history?metric=loss", None),
    "PUT /records/runs/{run_id}/journals/{client_id}": ("records/runs/{run}/journals/{client}", {"ends": False}),
    "POST /records/runs/{run_id}/journals/{client_id}": (
        "records/runs/{run}/journals/{client}",
        {"first": 1, "calls": [{"metrics": [{"key": "loss", "value": "NaN", "timestamp": 1, "step": 0}]}]},
    ),
    "GET /records/runs/{run_id}/journals/{client_id}": ("records/runs/{run}/journals/{client}", None),
    "DELETE /records/runs/{run_id}/journals/{client_id}": ("records/runs/{run}/journals/{client}", None),
    "PUT /records/runs/{run_id}/artifacts/{path}": ("records/runs/{run}/artifacts/a.txt", "text"),
    "GET /records/runs/{run_id}/artifacts": ("records/runs/{run}/artifacts?folder=", None),
    "GET /records/runs/{run_id}/artifacts/{path}": ("records/runs/{run}/artifacts/a.txt", None),
    "GET /trials/{run_id}/preview/{path}": ("trials/{run}/preview/a.txt", None),
    "GET /records/moments": ("records/moments?runs={run}", None),
    "DELETE /records/runs/{run_id}": ("records/runs/{other}", None),
    "GET /contents": ("contents?content=0", None),
    "GET /contents/{path}": (f"contents/{{job}}/output/{NOTEBOOK}?hash=1", None),
    "GET /files/{path}": (f"files/{{job}}/output/{NOTEBOOK}", None),
    "GET /info": ("info", None),
    "GET /doctor": ("doctor", None),
    "GET /openapi.json": ("openapi.json", None),
}

OPERATIONS = {
    f"{verb.upper()} {path}": each for path, verbs in describe()["paths"].items() for verb, each in verbs.items()
}

# What a schema cannot say of a valid request: here a 400 is a right answer also to one that fits the document.
MORE_RULES = {
    "POST /jobs": "paths must not lead out; the notebook and its kernel have a say in parameters and limits",
    "POST /notebooks/inspect": "paths must not lead out",
    "GET /jobs/{job_id}": "the beginning of an id must name one job only",
    "DELETE /jobs/{job_id}": "as above",
    "POST /jobs/{job_id}/stop": "as above",
    "POST /jobs/{job_id}/restore": "as above",
    "GET /jobs/{job_id}/log": "as above",
    "GET /jobs/{job_id}/files": "as above, and paths must not lead out",
    "GET /jobs/{job_id}/metrics": "as above",
    "GET /jobs/{job_id}/resources": "as above",
    "POST /experiments": "a name is not made of spaces only",
    "GET /trials": "columns and filters are of a language, and cursors come from the list",
    "POST /trials/table": "as above",
    "POST /trials/compare": "as above",
    "POST /trials/importance": "as above",
    "POST /trials/series": "what is known goes with trials and metrics, and a part begins before it ends",
    "POST /views/export": "as for comparing, and it has to find trials",
    "POST /views/read": "the text has to be a view",
    "GET /trials/columns": "there are three kinds",
    "POST /trials/filter": "conditions are of the language, too",
    "POST /trials/export": "as for the table",
    "GET /trials/{run_id}/diff/{other_id}": "only artefacts have a path, and it must not lead out",
    "GET /trials/{run_id}/models": "MLflow has a say in ids",
    "POST /models": "a trial has models of certain paths, and MLflow has a say in names",
    "GET /models/{name}": "MLflow has a say in names",
    "PATCH /models/{name}": "as above",
    "DELETE /models/{name}": "as above",
    "GET /models/{name}/versions": "as above",
    "GET /models/{name}/versions/{version}": "versions are numbers",
    "PATCH /models/{name}/versions/{version}": "as above",
    "DELETE /models/{name}/versions/{version}": "as above",
    "PUT /models/{name}/aliases/{alias}": "as above, and MLflow has a say in aliases",
    "DELETE /models/{name}/aliases/{alias}": "as above",
    "GET /lineage": "ids of models end in a number",
    "PATCH /trials/{run_id}": "MLflow has a say in names, and some tags are not a person's",
    "GET /trials/{run_id}/children": "cursors come from the list",
    "GET /trials/{run_id}/preview/{path}": "paths must not lead out",
    "GET /records/experiments": "a name is not made of spaces only",
    "POST /records/experiments": "a name is not made of spaces only, and MLflow has a say in names",
    "GET /records/experiments/{experiment_id}": "MLflow's ids are numbers",
    "PATCH /records/experiments/{experiment_id}": "as above, and MLflow has a say in names",
    "DELETE /records/experiments/{experiment_id}": "as above",
    "GET /records/runs": "filter and order are of a language, and cursors come from the list",
    "POST /records/runs": "MLflow has a say in names and ids",
    "PATCH /records/runs/{run_id}": "MLflow has a say in names",
    "GET /records/runs/{run_id}/history": "cursors come from the list, and MLflow has a say in names",
    "GET /records/runs/{run_id}/journals/{client_id}": "a client's id has 32 digits",
    "PUT /records/runs/{run_id}/journals/{client_id}": "as above",
    "POST /records/runs/{run_id}/journals/{client_id}": "as above",
    "DELETE /records/runs/{run_id}/journals/{client_id}": "as above",
    "GET /records/runs/{run_id}/artifacts": "paths must not lead out",
    "GET /records/runs/{run_id}/artifacts/{path}": "paths must not lead out",
    "PUT /records/runs/{run_id}/artifacts/{path}": "paths must not lead out",
    "GET /contents": "a folder is not read as a file",
    "GET /contents/{path}": "as above, and paths must not lead out",
    "GET /files/{path}": "as above",
}

# Values that have made servers stumble. Each is put into every place of every operation.
STRANGE = [
    "\0", "\u00b2:", "\u0663:", "9" * 5000 + ":", "..", "../x", "/etc/passwd", "a\\b", "%00", "%2e%2e%2f", "a" * 201,
    "'", '"', 'metrics."', "metrics.'", "metrics.`", "`", "%", "_", "\r\n", "\u202e", "\U0001f680", "{0}", "<b>", " ",
    "",
]  # fmt: skip
LARGE = [2**31, 2**53, 2**63 - 1, 2**63, 2**64, 10**30, -(2**63) - 1]
NUMBERS = [*map(str, LARGE), "1" * 5000, "1.0", "1e3", "\u0663", "\u00b2", " 5 ", "1_0", "NaN", "null"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = tmp_path_factory.mktemp("any")
    write_notebook(base / "root" / NOTEBOOK, ["print('one')"])
    with (
        temporary_workspace(base / "home") as workspace,
        LiveServer(base / "root", workspace.home) as live,
    ):
        yield live


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Iterator[HttpClient]:
    client = HttpClient(server.url, server.token)
    yield client
    client.close()


@pytest.fixture(scope="module")
def job(client: HttpClient) -> JobDetail:
    """A job that has completed."""
    job = client.submit(SubmitRequest(notebook=NOTEBOOK, name="one", experiment=EXPERIMENT))
    deadline = time.monotonic() + 90
    while (job := client.job(job.id)).status not in FINAL:
        assert time.monotonic() < deadline, f"{job.status}: {job.message}"
        time.sleep(0.1)
    assert job.status == JobStatus.Completed, job.message
    return job


@pytest.fixture(scope="module")
def names(server: LiveServer, job: JobDetail) -> dict[str, str]:
    """What stands for the names in ``SUCCEEDS``: of things that are there, some of which will be deleted."""
    with server.session() as session:
        spare = session.post("records/experiments", json={"name": "spare"}).json()["experiment_id"]
        run = session.post("records/runs", json={"experiment_id": "0", "name": "other", "started": 1.0}).json()[
            "run_id"
        ]
        with_model = session.post("records/runs", json={"experiment_id": "0", "name": "m", "started": 1.0}).json()[
            "run_id"
        ]
        put = session.put(f"records/runs/{with_model}/artifacts/model/MLmodel", content=b"flavors: {}")
        assert put.status_code == 204, put.text
    known = {"job": job.id, "run": str(job.trial.run_id), "spare": spare, "other": run, "with_model": with_model}
    return {**known, "client": "c0ffee" * 5 + "00"}


def settings(job: JobDetail, names: dict[str, str]) -> str:
    """What schemathesis is told: names of things that are there, names that have made servers stumble, exceptions."""
    output = f"{job.id}/output"
    words = {
        "ids": [job.id],
        "runs": [job.trial.run_id, names["other"], names["with_model"]],
        "models": ["m"],
        "versions": ["1", "2"],
        "clients": [names["client"]],
        "experiment_ids": ["0", names["spare"]],
        "notebooks": [NOTEBOOK],
        "experiments": [EXPERIMENT],
        "paths": [job.id, output, f"{output}/{NOTEBOOK}", f"{output}/{NOTEBOOK}/checkpoints", f"{job.id}/job.json"],
        "strange": STRANGE,
        "large": LARGE,
    }
    used = """
[parameters]
"path.job_id" = { dictionary = "ids", probability = 0.5 }
"path.run_id" = { dictionary = "runs", probability = 0.5 }
"path.name" = { dictionary = "models", probability = 0.5 }
"path.version" = { dictionary = "versions", probability = 0.5 }
"path.other_id" = { dictionary = "runs", probability = 0.5 }
"path.client_id" = { dictionary = "clients", probability = 0.5 }
"path.experiment_id" = { dictionary = "experiment_ids", probability = 0.5 }
"path.path" = { dictionary = "paths", probability = 0.5 }
"query.experiment" = { dictionary = "experiments", probability = 0.5 }
"body.notebook" = { dictionary = "notebooks", probability = 0.5 }

[generation.dictionaries]
string = { dictionary = "strange", probability = 0.2 }
integer = { dictionary = "large", probability = 0.2 }
"""
    # A list in JSON is one in TOML too, but for the halves of characters that JSON makes of some.
    lists = [f"[dictionaries.{name}]\nvalues = {json.dumps(each, ensure_ascii=False)}" for name, each in words.items()]
    lenient = "checks.positive_data_acceptance.enabled = false"
    exceptions = [f'[[operations]]\ninclude-name = "{label}"\n{lenient}' for label in MORE_RULES]
    return "\n".join([used, *lists, *exceptions])


@pytest.fixture(scope="module")
def transport(as_documented: Any) -> Any:
    """Compares each answer with the document; knows which answers it has seen."""
    return as_documented()


@pytest.fixture(scope="module")
def session(server: LiveServer, transport: Any) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"token {server.token}"}
    base = f"{server.url}studio/api/"
    with httpx.Client(base_url=base, headers=headers, transport=transport, timeout=60) as session:
        yield session


def filled(body: Any, names: dict[str, str]) -> Any:
    """A body in which names stand for what they name."""
    if isinstance(body, dict):
        return {key: filled(value, names) for key, value in body.items()}
    if isinstance(body, list):
        return [filled(each, names) for each in body]
    is_name = isinstance(body, str) and body.startswith("{") and body.strip("{}") in names
    return names[body.strip("{}")] if is_name else body


def test_every_operation_succeeds_as_described(session: httpx.Client, transport: Any, names: dict[str, str]) -> None:
    described = {label: int(next(iter(each["responses"]))) for label, each in OPERATIONS.items()}
    assert set(SUCCEEDS) == set(described), "enter a request that succeeds in SUCCEEDS"
    for label, (address, body) in SUCCEEDS.items():
        reply = session.request(label.split()[0], address.format(**names), json=filled(body, names))
        assert reply.status_code == described[label], f"{label}: {reply.status_code} {reply.text}"
    assert transport.seen == set(described.items())


def strange_requests(names: dict[str, str]) -> Iterator[tuple[str, str, Any]]:
    """Verb, address and body of requests that would succeed, but for one strange value."""
    known = {"job_id": names["job"], "run_id": names["run"], "path": names["job"]}
    known |= {"client_id": names["client"], "experiment_id": names["spare"], "other_id": names["run"]}
    known |= {"name": "m", "version": "1", "alias": "b"}
    for label, (succeeds, template) in SUCCEEDS.items():
        body = filled(template, names)
        verb, path = label.split()
        address, _, query = succeeds.format(**names).partition("?")
        for value in [*STRANGE, *NUMBERS]:
            quoted = quote(value, safe="")
            for parameter in OPERATIONS[label]["parameters"]:
                name = parameter["name"]
                if parameter["in"] == "query":
                    yield verb, f"{address}?{query}&{name}={quoted}", body
                else:
                    # Dots are escaped as well, or the client itself would go up a folder.
                    parts = known | {name: quoted.replace("..", "%2E%2E")}
                    yield verb, path.lstrip("/").format(**parts), body
            if label == "POST /jobs":
                if value in STRANGE:  # One job for all fields that take any text: it is to run to its end.
                    texts = {"name": value, "experiment": value, "idempotency_key": value, "tags": {value: value}}
                    yield verb, address, {**body, **texts, "parameters": {"label": value}}
                for name in ("notebook", "runner", "kernel", "image"):
                    yield verb, address, {**body, name: value}
                yield verb, address, {**body, "variables": [value]}
                yield verb, address, {**body, "parameters": {value: value}}
            elif isinstance(body, dict):
                for name in body:
                    yield verb, address, {**body, name: value}
        if label == "POST /jobs":
            for limit in ("cpus", "memory_bytes", "time_limit_seconds", "gpus"):
                for number in [*LARGE, 0, 1e-300, 1e308]:
                    yield verb, address, {**body, "resources": {limit: number}}


@pytest.mark.timeout(SECONDS)
def test_strange_values_get_answers_that_are_described(session: httpx.Client, names: dict[str, str]) -> None:
    wrong = []
    for verb, address, body in strange_requests(names):
        try:
            session.request(verb, address, json=body)
        except AssertionError as failure:
            wrong.append(f"{verb} {address[:200]} {str(body)[:200]}: {failure}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(SECONDS)
def test_any_request_gets_an_answer_that_is_described(
    server: LiveServer, job: JobDetail, names: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(describe()))
    (tmp_path / "schemathesis.toml").write_text(settings(job, names))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", "openapi.json"]
    command += ["--url", f"{server.url}studio/api", "--header", f"Authorization: Bearer {server.token}"]
    command += ["--max-examples", str(EXAMPLES), "--continue-on-failure", "--no-color"]
    once = ["--seed", "1", "--generation-deterministic"]
    command += ["--max-time", str(LONG), "--generation-database", "none"] if LONG else once
    command += ["--report", "json", "--report-json-path", "report.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["operations"]["tested"], report["failures"]) == (len(OPERATIONS), [])


@pytest.mark.timeout(SECONDS)
def test_whatever_was_accepted_comes_to_an_end(client: HttpClient) -> None:
    """Names, tags and limits of all kinds were accepted above: none of them stops a job, or those behind it."""
    jobs = client.jobs(limit=200).items
    assert len(jobs) > 1
    deadline = time.monotonic() + SECONDS - 10
    while client.jobs(limit=1, statuses=sorted(ACTIVE)).total:
        assert time.monotonic() < deadline, client.jobs(statuses=sorted(ACTIVE)).items
        time.sleep(0.2)
    ended = [client.job(job.id) for job in jobs]
    assert {job.status for job in ended} <= {JobStatus.Completed, JobStatus.Stopped}, [
        (job.id, job.message, job.name) for job in ended if job.status == JobStatus.Failed
    ]

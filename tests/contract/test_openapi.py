"""docs/developers/openapi.json describes every address of the server, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.web import RequestHandler

from studio_ext.contract.jobs import Job, SubmitRequest
from studio_ext.core.ids import is_id, new_id
from studio_ext.routes.base import StudioHandler
from studio_ext.routes.jobs import JobId
from studio_ext.routes.openapi import document
from studio_ext.routes.operation import operation
from studio_ext.routes.table import ADDRESSES, PREFIX, describe
from studio_ext.testing.live_server import FakeHostClient, LiveServer

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "developers" / "openapi.json"
VERBS = [verb.lower() for verb in RequestHandler.SUPPORTED_METHODS if verb != "OPTIONS"]

# Verbs that only refuse, with a better sentence than "method not allowed": the document leaves them out.
REFUSED = {
    "contents": {"post", "put", "patch", "delete"},
    "contents/{path}": {"post", "put", "patch", "delete"},
    "{path}": {"get", "post", "put", "patch", "delete"},
}


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def operations(described: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(path, verb): each for path, verbs in described["paths"].items() for verb, each in verbs.items()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = tmp_path_factory.mktemp("openapi")
    (base / "root").mkdir()
    with LiveServer(base / "root", base / "home", client=FakeHostClient()) as live:
        yield live


def test_the_committed_document_is_the_one_that_the_code_describes() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "studio_ext.routes"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert COMMITTED.read_text("utf-8") == printed.stdout, (
        "the routes or the wire types have changed: run jlpm contract, "
        "or python -m studio_ext.routes > docs/developers/openapi.json"
    )


def test_every_route_is_in_the_document_and_the_other_way_round() -> None:
    written = {
        (f"/{address}", verb)
        for address, handler in ADDRESSES
        for verb in VERBS
        if getattr(handler, verb) is not RequestHandler._unimplemented_method
        if verb not in REFUSED.get(address, set())
    }
    assert set(operations(json.loads(COMMITTED.read_text("utf-8")))) == written


def test_a_verb_that_declares_nothing_is_told_what_to_do() -> None:
    class Forgetful(StudioHandler):
        @web.authenticated
        @authorized
        async def get(self) -> None:
            """Something new."""

    with pytest.raises(TypeError, match=r"Forgetful\.get .* @operation\(\)"):
        document([("new", Forgetful)], "/")


def test_a_verb_that_ignores_a_part_of_its_address_is_told() -> None:
    class Deaf(StudioHandler):
        @web.authenticated
        @authorized
        @operation()
        def get(self) -> str:
            """Something new."""
            return ""

    with pytest.raises(TypeError, match=r"Deaf\.get answers 'new/{name}' and does not take 'name'"):
        document([("new/{name}", Deaf)], "/")


def test_the_document_is_valid() -> None:
    schemathesis.openapi.from_dict(describe()).validate()
    broken = json.loads(json.dumps(describe()))
    del broken["paths"]["/info"]["get"]["responses"]["200"]["description"]
    with pytest.raises(Exception, match="description"):
        schemathesis.openapi.from_dict(broken).validate()


def test_everything_that_is_named_is_there_and_nothing_is_left_over() -> None:
    described = describe()
    named = set(references(described))
    there = {
        f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in described["components"][kind]
    }
    assert named == there


def test_each_operation_can_be_told_apart_and_says_what_it_does() -> None:
    found = operations(describe())
    assert len({each["operationId"] for each in found.values()}) == len(found)
    for (path, verb), each in found.items():
        assert each["summary"], (path, verb)
        parts = [p["name"] for p in each["parameters"] if p["in"] == "path"]
        assert parts == re.findall(r"{(\w+)}", path), (path, verb)
        undescribed = [p["name"] for p in each["parameters"] if not p.get("description")]
        assert not undescribed, f"{verb} {path}: write a line below the field {undescribed}"


def test_every_operation_tells_its_errors() -> None:
    described = describe()
    body = {"$ref": "#/components/schemas/ErrorBody"}
    for (path, verb), each in operations(described).items():
        errors = {status: reply for status, reply in each["responses"].items() if int(status) >= 400}
        assert {"400", "403", "500", "503"} <= set(errors), (path, verb)
        assert ("404" in errors) or "{" not in path, (path, verb)
        assert ("413" in errors) == ("requestBody" in each), (path, verb)
        for reply in errors.values():
            shared = described["components"]["responses"][reply["$ref"].rpartition("/")[2]]
            assert shared["content"]["application/json"]["schema"] == body
            assert shared["description"]


def test_requests_may_leave_out_what_has_a_default_and_replies_carry_everything() -> None:
    schemas = describe()["components"]["schemas"]
    assert set(schemas["SubmitRequest"]["properties"]) == set(SubmitRequest.model_fields)
    assert schemas["SubmitRequest"]["required"] == ["notebook"]
    assert "required" not in schemas["ResourcesInput"]
    assert set(schemas["Job"]["required"]) == set(schemas["Job"]["properties"]) == set(Job.model_fields)
    assert set(schemas["Resources"]["required"]) == set(schemas["ResourcesInput"]["properties"])


@pytest.mark.parametrize(
    "text", [pytest.param(new_id(1.0), id="new"), "0", "z" * 12, "z" * 13, "", "A", "a-b", "a\n", "\u0663"]
)
def test_the_shape_of_an_id_is_described_as_it_is_checked(text: str) -> None:
    pattern = JobId.__metadata__[0].json_schema_extra["pattern"].replace("$", r"\Z")  # JSON Schema's $ is the end
    assert (re.search(pattern, text) is not None) == is_id(text)


def test_the_server_describes_itself(server: LiveServer) -> None:
    with server.session() as session:
        served = session.get("openapi.json").json()
    assert served == {**describe(), "servers": [{"url": f"{server.app.base_url}{PREFIX.rstrip('/')}"}]}


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ("Bearer {}", None, 200),
        ("token {}", None, 200),
        (None, "{}", 200),
        (None, None, 403),
        ("Bearer not-{}", None, 403),
        (None, "not-{}", 403),
    ],
)
def test_the_document_says_how_to_get_in(
    server: LiveServer, headers: str | None, query: str | None, status: int
) -> None:
    described = describe(server.app.base_url)
    schemes = described["components"]["securitySchemes"]
    assert (schemes["token"]["scheme"], schemes["token_in_query"]["name"]) == ("bearer", "token")
    reply = httpx.get(
        f"http://127.0.0.1:{server.app.port}{described['servers'][0]['url']}/info",
        headers={"Authorization": headers.format(server.token)} if headers else {},
        params={"token": query.format(server.token)} if query else {},
    )
    assert reply.status_code == status


def test_a_verb_that_is_not_known_names_those_that_are(server: LiveServer) -> None:
    with server.session() as session:
        for path, verbs in describe()["paths"].items():
            address = re.sub(r"{\w+}", new_id(1.0), path).lstrip("/")
            reply = session.request("TRACE", address)
            assert reply.status_code == 405
            assert set(reply.headers["Allow"].lower().split(", ")) == {*verbs, "options"}
        assert session.put("contents").headers["Allow"] == "GET, OPTIONS"

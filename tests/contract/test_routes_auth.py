"""Every verb of every route is for people who are logged in, authorized and on our own pages; reads change nothing."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tornado.web import RequestHandler

from studio_ext.contract.errors import ErrorBody
from studio_ext.core.ids import new_id
from studio_ext.routes.base import StudioHandler
from studio_ext.routes.calls import Lane
from studio_ext.routes.operation import verbs
from studio_ext.routes.table import ADDRESSES, pattern
from studio_ext.testing.live_server import FakeHostClient, LiveServer

JOB = new_id(1.0)
RUN = "0" * 32

# Address -> (one that it stands for, the verbs that it knows). A new route must be entered here.
TABLE: dict[str, tuple[str, str]] = {
    "jobs": ("jobs", "get post"),
    "jobs/changes": ("jobs/changes?since=0", "get"),
    "jobs/{job_id}": (f"jobs/{JOB}", "get delete"),
    "jobs/{job_id}/stop": (f"jobs/{JOB}/stop", "post"),
    "jobs/{job_id}/restore": (f"jobs/{JOB}/restore", "post"),
    "jobs/{job_id}/log": (f"jobs/{JOB}/log", "get"),
    "jobs/{job_id}/files": (f"jobs/{JOB}/files", "get"),
    "jobs/{job_id}/metrics": (f"jobs/{JOB}/metrics", "get"),
    "jobs/{job_id}/resources": (f"jobs/{JOB}/resources", "get"),
    "notebooks/inspect": ("notebooks/inspect", "post"),
    "options": ("options", "get"),
    "experiments": ("experiments", "get post"),
    "trials": ("trials?experiment=e", "get"),
    "trials/table": ("trials/table", "post"),
    "trials/compare": ("trials/compare", "post"),
    "trials/importance": ("trials/importance", "post"),
    "trials/series": ("trials/series", "post"),
    "trials/columns": ("trials/columns?experiment=e", "get"),
    "trials/filter": ("trials/filter", "post"),
    "trials/export": ("trials/export", "post"),
    "trials/delete": ("trials/delete", "post"),
    "trials/restore": ("trials/restore", "post"),
    "trials/{run_id}": ("trials/abc", "get patch"),
    "trials/{run_id}/detail": ("trials/abc/detail", "get"),
    "trials/{run_id}/children": ("trials/abc/children", "get"),
    "trials/{run_id}/preview/{path}": (f"trials/{RUN}/preview/a.csv", "get"),
    "trials/{run_id}/metrics": ("trials/abc/metrics", "get"),
    "views/read": ("views/read", "post"),
    "views/export": ("views/export", "post"),
    "trials/{run_id}/diff/{other_id}": ("trials/abc/diff/abd?part=code", "get"),
    "trials/{run_id}/models": ("trials/abc/models", "get"),
    "models": ("models", "get post"),
    "models/{name}": ("models/a", "get patch delete"),
    "models/{name}/versions": ("models/a/versions", "get"),
    "models/{name}/versions/{version}": ("models/a/versions/1", "get patch delete"),
    "models/{name}/aliases/{alias}": ("models/a/aliases/b", "put delete"),
    "lineage": ("lineage?kind=trial&id=a", "get"),
    "records/experiments": ("records/experiments", "get post"),
    "records/experiments/{experiment_id}": ("records/experiments/99", "get patch delete"),
    "records/runs": ("records/runs?experiments=99", "get post"),
    "records/runs/{run_id}": (f"records/runs/{RUN}", "get patch delete"),
    "records/runs/{run_id}/history": (f"records/runs/{RUN}/history?metric=a", "get"),
    "records/runs/{run_id}/journals/{client_id}": (f"records/runs/{RUN}/journals/{RUN}", "get put post delete"),
    "records/runs/{run_id}/artifacts": (f"records/runs/{RUN}/artifacts", "get"),
    "records/runs/{run_id}/artifacts/{path}": (f"records/runs/{RUN}/artifacts/a", "get put"),
    "records/moments": (f"records/moments?runs={RUN}", "get"),
    "contents": ("contents", "get post put patch delete"),
    "contents/{path}": (f"contents/{JOB}/output", "get post put patch delete"),
    "files/{path}": (f"files/{JOB}/output/a.txt", "get"),
    "info": ("info", "get"),
    "doctor": ("doctor", "get"),
    "openapi.json": ("openapi.json", "get"),
    "{path}": ("no/such/address", "get post put patch delete"),
}
WRITES = ("submit", "stop", "delete", "restore", "create_experiment", "delete_trials", "restore_trials", "update_trial")
READING_POSTS = (
    "trials/table",
    "trials/compare",
    "trials/importance",
    "trials/series",
    "trials/filter",
    "trials/export",
    "views/read",
    "views/export",
)
WRITES = (
    *("submit", "stop", "delete", "restore", "create_experiment", "delete_trials", "restore_trials"),
    *("register_model", "describe_model", "describe_model_version", "set_model_alias"),
    *("delete_model_alias", "delete_model_version", "delete_model"),
)
READING_POSTS = ("trials/table", "trials/filter", "trials/export")
"""Queries that are too long for an address: whoever may only read may ask them."""
VERBS = [verb.lower() for verb in RequestHandler.SUPPORTED_METHODS if verb != "OPTIONS"]
CASES = [(address, verb) for address in TABLE for verb in TABLE[address][1].split()]
ALL_CASES = [(address, verb) for address in TABLE for verb in VERBS]


LANES = tuple(f"studio-{lane}" for lane in Lane if lane is not Lane.changes)
"""Beginnings of the names of threads that answer."""


class Watched(FakeHostClient):
    """Notes which of its methods requests called."""

    def __init__(self) -> None:
        super().__init__()
        self.called: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        in_request = threading.current_thread().name.startswith(
            ("studio-workspace", "studio-tracking", "studio-trials")
        )
        if in_request and callable(value) and not name.startswith("_"):
            self.called.append(name)
        return value


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = tmp_path_factory.mktemp("auth")
    (base / "root").mkdir()
    output = base / "home" / "jobs" / JOB / "output"
    output.mkdir(parents=True)
    (output / "a.txt").write_text("a")
    with LiveServer(base / "root", base / "home", client=Watched()) as live:
        yield live


@pytest.fixture
def watched(server: LiveServer) -> Watched:
    assert isinstance(server.client, Watched)
    server.client.called.clear()
    return server.client


@pytest.fixture(scope="module")
def cookies(server: LiveServer) -> Iterator[httpx.Client]:
    """A browser that is logged in: cookies, no token in any header."""
    with httpx.Client(base_url=f"{server.url}studio/api/", timeout=30) as browser:
        browser.get(f"{server.url}login")
        form = {"password": server.token, "_xsrf": browser.cookies["_xsrf"]}
        assert browser.post(f"{server.url}login", data=form).status_code == 302
        assert browser.get("info").status_code == 200
        yield browser


def action_of(address: str, verb: str) -> str:
    return "read" if verb == "get" or address in READING_POSTS else "write"


def send(session: httpx.Client, address: str, verb: str, **arguments: Any) -> httpx.Response:
    if verb in ("post", "put", "patch"):
        arguments.setdefault("content", b"{}")
    return session.request(verb.upper(), TABLE[address][0], **arguments)


def assert_refused(reply: httpx.Response) -> None:
    assert reply.status_code == 403, f"{reply.request.method} {reply.request.url}: {reply.status_code} {reply.text}"
    if reply.request.method != "HEAD":
        assert ErrorBody.model_validate_json(reply.content).code == "forbidden"


def rules(router: Any) -> Iterator[tuple[str, type]]:
    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            yield from rules(rule.target)
        elif isinstance(rule.target, type):
            yield rule.matcher.regex.pattern, rule.target


def test_the_table_above_is_the_route_table(server: LiveServer) -> None:
    prefix = f"{server.app.base_url}studio/api/"
    found = {}
    for expression, handler in rules(server.app.web_app.default_router):
        if "studio" not in expression and not issubclass(handler, StudioHandler):
            continue
        assert expression.startswith(prefix), f"{expression} lies outside studio/api/"
        assert issubclass(handler, StudioHandler), f"{expression} is not a StudioHandler"
        known = [v for v in VERBS if getattr(handler, v) is not RequestHandler._unimplemented_method]
        found[expression.removeprefix(prefix).removesuffix("$")] = set(known)
    assert found == {pattern(address): set(known.split()) for address, (_, known) in TABLE.items()}


def test_every_route_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "developers" / "rest.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `([^`]+)` \| ([A-Z]+) \|", page, re.MULTILINE))
    known = {(address, verb.upper()) for address, handler in ADDRESSES for verb in verbs(handler)}
    assert documented == known, "docs/developers/rest.md has another table of addresses than studio_ext/routes/"


def test_each_verb_is_written_in_its_own_class(server: LiveServer) -> None:
    """``@authorized`` remembers the first resource and action that it saw, so a verb must not be inherited."""
    for _, handler in rules(server.app.web_app.default_router):
        if issubclass(handler, StudioHandler):
            for verb in VERBS:
                method = getattr(handler, verb)
                assert method is RequestHandler._unimplemented_method or verb in vars(handler), f"{handler}.{verb}"


@pytest.mark.parametrize("token", ["", "wrong", "0" * 32])
def test_nobody_gets_in_without_the_token(server: LiveServer, watched: Watched, token: str) -> None:
    with server.session(token) as stranger:
        for address, verb in ALL_CASES:
            assert_refused(send(stranger, address, verb, follow_redirects=False))
    assert watched.called == []


def test_nobody_gets_in_without_the_token_where_the_server_is_lax(server: LiveServer) -> None:
    server.app.web_app.settings["allow_unauthenticated_access"] = True
    try:
        with server.session("") as stranger:
            for address, verb in ALL_CASES:
                assert_refused(send(stranger, address, verb, follow_redirects=False))
    finally:
        server.app.web_app.settings["allow_unauthenticated_access"] = False


def test_writes_of_a_browser_need_the_xsrf_token(cookies: httpx.Client, watched: Watched) -> None:
    for address, verb in CASES:
        if verb != "get":
            assert_refused(send(cookies, address, verb))
            assert_refused(send(cookies, address, verb, headers={"X-XSRFToken": "forged"}))
            allowed = send(cookies, address, verb, headers={"X-XSRFToken": cookies.cookies["_xsrf"]})
            assert allowed.status_code != 403, f"{verb} {address}: {allowed.text}"


def test_reads_of_another_site_are_refused(cookies: httpx.Client) -> None:
    for address, verb in CASES:
        reply = send(cookies, address, verb, headers={"Origin": "https://elsewhere.example"})
        assert reply.status_code in (403, 404), f"{verb} {address}: {reply.status_code}"
        ErrorBody.model_validate_json(reply.content)


def test_an_authorizer_decides(server: LiveServer, watched: Watched) -> None:
    server.authorizer.allow = False
    try:
        with server.session() as session:
            for address, verb in CASES:
                server.authorizer.asked.clear()
                assert_refused(send(session, address, verb))
                assert server.authorizer.asked == [(action_of(address, verb), "studio")], (address, verb)
    finally:
        server.authorizer.allow = True
    assert watched.called == []


def test_reads_change_nothing(server: LiveServer, watched: Watched, tmp_path: Path) -> None:
    with server.session() as session:
        for address in TABLE:
            reply = send(session, address, "get")
            assert reply.status_code in (200, 404, 405), f"{address}: {reply.status_code} {reply.text}"
    assert not set(watched.called) & set(WRITES)
    assert "jobs" in watched.called


def test_verbs_that_a_route_does_not_know_are_405(server: LiveServer) -> None:
    with server.session() as session:
        for address, verb in ALL_CASES:
            if (address, verb) not in CASES:
                reply = send(session, address, verb)
                assert reply.status_code == 405, (address, verb)
                if verb != "head":
                    assert json.loads(reply.content)["code"] == "method_not_allowed"


def test_a_preflight_request_tells_nothing(server: LiveServer) -> None:
    with server.session("") as stranger:
        for address in TABLE:
            reply = stranger.request("OPTIONS", TABLE[address][0])
            assert (reply.status_code, reply.content) == (200, b""), (address, reply.text)

"""Strangers of every kind, at every verb of every address and at the web socket that tells of changes: refused.

The table of addresses is the one of the contract tests, which fail when a route is not in it.
"""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from studio_ext.contract.errors import ErrorBody
from studio_ext.routes.watch import SCHEMA_ID
from studio_ext.testing.live_server import LiveServer
from tests.contract.test_routes_auth import CASES, JOB, TABLE, Watched

pytestmark = pytest.mark.fault

SHUT = (302, 400, 403)
"""What the web socket answers to those whom it does not let in: away to the login page, no such host, forbidden."""
EVENTS = "api/events/subscribe"
LOCAL = ["127.0.0.1", "localhost", "[::1]", "127.0.0.53"]
HOSTS = ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example#localhost", "192.0.2.7"]
HOSTS += ["169.254.169.254", "0.0.0.0", "[2001:db8::1]", "127.0.0.1@evil.example", "10.0.0.1", "2130706433", ""]
ORIGINS = [
    "https://evil.example",
    "null",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "file://",
    "http://localhost:{port}",
]
ORIGINS += ["http://127.0.0.1.evil.example:{port}", "http://evil.example:{port}", "//evil.example", "https://{host}x"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = tmp_path_factory.mktemp("strangers")
    (base / "root").mkdir()
    output = base / "home" / "jobs" / JOB / "output"
    output.mkdir(parents=True)
    (output / "a.txt").write_text("a")
    with LiveServer(base / "root", base / "home", client=Watched()) as live:
        yield live


@pytest.fixture(autouse=True)
def nothing_was_called(server: LiveServer) -> Iterator[None]:
    """Whoever is refused reaches nothing behind the handlers."""
    assert isinstance(server.client, Watched)
    server.client.called.clear()
    yield
    assert server.client.called == []


@pytest.fixture(scope="module")
def cookies(server: LiveServer) -> Iterator[httpx.Client]:
    """A browser that is logged in, with its XSRF token at hand."""
    with httpx.Client(base_url=f"{server.url}studio/api/", timeout=30) as browser:
        browser.get(f"{server.url}login")
        form = {"password": server.token, "_xsrf": browser.cookies["_xsrf"]}
        assert browser.post(f"{server.url}login", data=form).status_code == 302
        browser.headers["X-XSRFToken"] = browser.cookies["_xsrf"]
        yield browser


def ask(server: LiveServer, verb: str, address: str, headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
    """A request whose headers, ``Host`` among them, are only these."""
    connection = http.client.HTTPConnection("127.0.0.1", server.app.port, timeout=30)
    try:
        connection.putrequest(verb.upper(), f"{server.app.base_url}{address}", skip_host=True)
        body = b"{}" if verb in ("post", "put", "patch") else b""
        for name, value in {
            "Host": f"127.0.0.1:{server.app.port}",
            **headers,
            "Content-Length": str(len(body)),
        }.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        reply = connection.getresponse()
        return reply.status, reply.read(), dict(reply.getheaders())
    except (ConnectionError, http.client.BadStatusLine):
        return 400, b"", {}  # hung up at a malformed head, before the body was read
    finally:
        connection.close()


def assert_refused(status: int, body: bytes, what: Any, allowed: tuple[int, ...] = (403,)) -> None:
    assert status in allowed, f"{what}: {status} {body[:300]!r}"
    assert ErrorBody.model_validate_json(body).message, what
    assert JOB.encode() not in body, what


def strangers(server: LiveServer) -> list[tuple[str, dict[str, str]]]:
    """A query and headers of people who are not logged in."""
    token, port = server.token, server.app.port
    headers = [
        {}, {"Authorization": ""}, {"Authorization": "token"}, {"Authorization": "token "}, {"Authorization": token},
        {"Authorization": f"token {token[:-1]}"}, {"Authorization": f"token {token}x"},
        {"Authorization": f"token {token.upper()}"} if token != token.upper() else {},
        {"Authorization": "token " + token[::-1]}, {"Authorization": f"Basic {token}"},
        {"Authorization": "token None"}, {"Authorization": "token null"}, {"Authorization": "token *"},
        {"X-Forwarded-User": "root"}, {"Remote-User": "root"}, {"X-Forwarded-For": "127.0.0.1"},
        {"Cookie": f"username-127-0-0-1-{port}=root"},
        {"Cookie": f"username-127-0-0-1-{port}=2|1:0|10:1|8:username|4:cm9v|x"},
        {"Cookie": f"token={token}"}, {"X-XSRFToken": "x", "Cookie": "_xsrf=x"},
    ]  # fmt: skip
    return [("", each) for each in headers] + [
        ("token=", {}),
        ("token=wrong", {}),
        (f"token={token}x", {}),
        ("tokens=" + token, {}),
    ]


def test_whoever_is_not_logged_in(server: LiveServer) -> None:
    for query, headers in strangers(server):
        for address, verb in CASES:
            target = f"studio/api/{TABLE[address][0]}"
            target += f"{'&' if '?' in target else '?'}{query}" if query else ""
            status, body, _ = ask(server, verb, target, headers)
            assert_refused(status, body, (verb, target, headers))


def test_another_name_for_this_machine(server: LiveServer) -> None:
    """A page of another site whose name was made to lead to this machine (DNS rebinding), even with the token."""
    token = {"Authorization": f"token {server.token}"}
    for host, port in itertools.product(HOSTS, ("", f":{server.app.port}")):
        for address, verb in CASES:
            target = f"studio/api/{TABLE[address][0]}"
            for more in ({}, {"X-Forwarded-Host": "localhost"}, {"X-Host": "localhost", "Forwarded": "host=localhost"}):
                status, body, _ = ask(server, verb, target, {"Host": host + port, **token, **more})
                if status != 400:  # no host name at all, which is found out before it is known who asks for what
                    assert_refused(status, body, (verb, target, host))
        assert ask(server, "options", "studio/api/info", {"Host": host + port})[0] in (400, 403), host
    for host in LOCAL:
        for port in ("", f":{server.app.port}"):
            assert ask(server, "get", "studio/api/no/such", {"Host": host + port, **token})[0] == 404


def test_two_names_at_once(server: LiveServer) -> None:
    import socket

    token = f"Authorization: token {server.token}"
    for hosts in (
        ("localhost", "evil.example"),
        ("evil.example", "localhost"),
        ("localhost", "localhost, evil.example"),
    ):
        with socket.create_connection(("127.0.0.1", server.app.port), timeout=30) as connection:
            lines = [f"GET {server.app.base_url}studio/api/info HTTP/1.1", *(f"Host: {each}" for each in hosts), token]
            connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
            status = connection.makefile("rb").readline().split()[1:2]
        assert status in ([b"400"], [b"403"]), (hosts, status)


def test_pages_of_other_sites(server: LiveServer, cookies: httpx.Client) -> None:
    """The browser sends the cookies along, and even with the right XSRF token nothing is done for another origin."""
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.cookies.items())
    headers = {"Cookie": cookie, "X-XSRFToken": cookies.cookies["_xsrf"]}
    host = f"127.0.0.1:{server.app.port}"
    for origin in (each.format(port=server.app.port, host=host) for each in ORIGINS):
        for address, verb in CASES:
            target = f"studio/api/{TABLE[address][0]}"
            status, body, answered = ask(server, verb, target, {**headers, "Origin": origin})
            assert_refused(status, body, (verb, target, origin), (403, 404))
            assert not any(name.lower().startswith("access-control-allow") and value in ("*", origin)
                           for name, value in answered.items()), (verb, target, answered)  # fmt: skip
        status, _, answered = ask(server, "options", "studio/api/jobs", {**headers, "Origin": origin})
        assert origin not in answered.values() and "*" not in answered.values(), (
            "a preflight request let another site in"
        )


@pytest.mark.parametrize("given", [None, "", "forged", "2|00000000|00000000000000000000000000000000|1"])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_forms_of_other_sites(server: LiveServer, cookies: httpx.Client, given: str | None, content_type: str) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.cookies.items())
    headers = {"Cookie": cookie, "Content-Type": content_type}
    headers |= {"X-XSRFToken": given} if given is not None else {}
    for address, verb in CASES:
        if verb != "get":
            target = f"studio/api/{TABLE[address][0]}"
            for query in ("", "&_xsrf=forged" if "?" in target else "?_xsrf=forged"):
                status, body, _ = ask(server, verb, target + query, headers)
                assert_refused(status, body, (verb, target, given))


def test_answers_are_not_for_embedding(server: LiveServer) -> None:
    token = {"Authorization": f"token {server.token}"}
    for address in ("no/such", "contents", "openapi.json", f"files/{JOB}/output/a.txt"):
        _, _, headers = ask(server, "get", f"studio/api/{address}", token)
        lower = {name.lower(): value for name, value in headers.items()}
        assert lower["x-content-type-options"] == "nosniff", address
        assert "frame-ancestors" in lower["content-security-policy"], address


# ---- the web socket that tells of changes


def knock(server: LiveServer, headers: dict[str, str], query: str = "") -> int:
    """The status that the server answers to someone who wants to hear of changes; 101 lets them."""

    async def connect() -> int:
        url = f"ws://127.0.0.1:{server.app.port}{server.app.base_url}{EVENTS}{query}"
        try:
            opened = await websocket_connect(HTTPRequest(url, headers=headers, request_timeout=30))
        except HTTPClientError as refused:
            return refused.code
        opened.close()
        return 101

    return asyncio.run(connect())


def test_the_web_socket_opens_for_those_who_may(server: LiveServer, cookies: httpx.Client) -> None:
    assert knock(server, {"Authorization": f"token {server.token}"}) == 101
    assert knock(server, {}, f"?token={server.token}") == 101
    own = f"http://127.0.0.1:{server.app.port}"
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.cookies.items())
    assert knock(server, {"Cookie": cookie, "Origin": own}) == 101


def test_the_web_socket_stays_shut_for_strangers(server: LiveServer, cookies: httpx.Client) -> None:
    for query, headers in strangers(server):
        assert knock(server, headers, f"?{query}" if query else "") in SHUT, (query, headers)
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.cookies.items())
    for origin in (each.format(port=server.app.port, host=f"127.0.0.1:{server.app.port}") for each in ORIGINS):
        assert knock(server, {"Cookie": cookie, "Origin": origin}) in SHUT, origin
    for host in filter(None, HOSTS):
        for known in ({"Cookie": cookie}, {"Authorization": f"token {server.token}"}):
            assert knock(server, {**known, "Host": f"{host}:{server.app.port}"}) in SHUT, (host, known)


def test_strangers_cannot_say_that_something_changed(server: LiveServer, cookies: httpx.Client) -> None:
    event = json.dumps({"schema_id": SCHEMA_ID, "version": "1", "data": {"revision": 1, "job_ids": []}})
    address = f"{server.url}api/events"
    with httpx.Client(timeout=30) as stranger:
        assert stranger.post(address, content=event).status_code == 403
        assert stranger.post(address, content=event, headers={"Authorization": "token wrong"}).status_code == 403
    refused = cookies.post(address, content=event, headers={"X-XSRFToken": "forged"})
    assert refused.status_code == 403
    refused = cookies.post(address, content=event, headers={"Origin": "https://evil.example"})
    assert refused.status_code in (403, 404)

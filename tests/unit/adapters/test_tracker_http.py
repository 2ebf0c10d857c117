"""The thread that sends what trackers log, against a server that answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from studio_ext.adapters.http_client import HttpClient
from studio_ext.adapters.tracker_http import HttpSink
from studio_ext.contract.errors import Forbidden, InvalidRequest, NotFound, StudioError, TooLarge
from studio_ext.ports.records import RunRecord

RUN = RunRecord(run_id="a" * 32, experiment_id="1", name="x", status="RUNNING", artifact_uri="")


def error(status: int, found: StudioError) -> httpx.Response:
    return httpx.Response(status, text=found.body().model_dump_json())


class Server:
    """Journals of one run; keeps every call that it took, and what was asked of it."""

    def __init__(self, lease_seconds: float = 30.0) -> None:
        self.lease_seconds = lease_seconds
        self.open: dict[str, int] = {}
        self.asked: list[str] = []
        self.calls: list[Any] = []
        self.heard = threading.Event()
        """Somebody spoke of a journal that is gone."""
        self.before_answer: Callable[[], object] = lambda: None
        self.judge: Callable[[list[Any]], StudioError | None] = lambda _: None

    def sink(self, *, ends: bool = True) -> HttpSink:
        return HttpSink(HttpClient("http://host:1/", transport=httpx.MockTransport(self.answer)), RUN, ends=ends)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.method)
        journal = request.url.path.rpartition("/")[2]
        if request.method == "PATCH":
            return httpx.Response(200, text=RUN.model_dump_json())
        if request.method == "PUT":
            self.open[journal] = 0
        elif journal not in self.open:
            self.heard.set()
            return error(404, NotFound("There is no such journal."))
        if request.method == "DELETE":
            del self.open[journal]
            self.before_answer()
            return httpx.Response(204)
        if request.method == "POST":
            body = json.loads(request.content)
            refusal = self.judge(body["calls"])
            if refusal is not None:
                return error(refusal.status, refusal)
            self.open[journal] = max(self.open[journal], body["first"] + len(body["calls"]) - 1)
            self.calls += body["calls"]
        state = {"number": self.open[journal], "applied": 0, "waiting_bytes": 0, "lease_seconds": self.lease_seconds}
        return httpx.Response(200, json=state)


def test_a_heartbeat_does_not_open_again_what_is_being_closed() -> None:
    server = Server(lease_seconds=0.04)
    server.before_answer = lambda: bool(server.heard.wait(0.5))  # fifty heartbeats
    sink = server.sink()
    sink.close("FINISHED", "")
    assert not server.heard.is_set()
    assert server.open == {}
    assert server.asked.count("PUT") == 1
    assert "PATCH" not in server.asked


def test_a_close_that_failed_leaves_it_open_and_alive() -> None:
    server = Server(lease_seconds=0.04)
    refused = [True]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE" and refused:
            refused.pop()
            return error(403, Forbidden("Not now."))
        return server.answer(request)

    sink = HttpSink(HttpClient("http://host:1/", transport=httpx.MockTransport(answer)), RUN, ends=True)
    with pytest.raises(Forbidden):
        sink.close("FINISHED", "")
    sink.write(b'{"run_id": "x", "metrics": []}')
    sink.sync()
    assert len(server.calls) == 1
    sink.close("FINISHED", "")
    assert server.open == {}


@pytest.mark.parametrize("refusal", [InvalidRequest("This will not do."), TooLarge("This will not do.")])
def test_only_what_is_refused_is_dropped(refusal: StudioError) -> None:
    server = Server()
    first, go_on = threading.Event(), threading.Event()

    def judge(calls: list[Any]) -> StudioError | None:
        if not calls:
            return None
        if not first.is_set():  # the others wait behind this one, and then go in one request
            first.set()
            assert go_on.wait(30)
        return refusal if any(call["number"] in (7, 9) for call in calls) else None

    server.judge = judge
    sink = server.sink()
    sink.write(b'{"run_id": "x", "number": 0}')
    assert first.wait(30)
    for number in range(1, 20):
        sink.write(b'{"run_id": "x", "number": %d}' % number)
    go_on.set()
    sink.sync()
    assert [call["number"] for call in server.calls] == [number for number in range(20) if number not in (7, 9)]
    assert sink.refused() == ["This will not do."] * 2
    assert list(server.open.values()) == [18]
    sink.close("FINISHED", "")


def test_a_proxy_that_takes_nothing_so_large_is_no_server_that_is_away() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(413, html="<h1>Request Entity Too Large</h1>"))
    with pytest.raises(TooLarge):
        HttpClient("http://host:1/", transport=transport).send("POST", "x", content=b"x")

from __future__ import annotations

import json
import logging
import math
import threading
import time

import httpx
import pytest

from studio_ext.contract.comparison import CompareQuery
from studio_ext.contract.errors import ErrorBody, FieldError, Unavailable
from studio_ext.contract.experiments import Trial
from studio_ext.contract.jobs import SubmitRequest
from studio_ext.contract.series import PACKED
from studio_ext.contract.views import LineChartSpec
from studio_ext.core.packed_series import unpack
from studio_ext.routes.base import encode
from studio_ext.testing.live_server import FakeHostClient, LiveServer


def body_of(reply: httpx.Response) -> ErrorBody:
    assert reply.headers["Content-Type"] == "application/json"
    return ErrorBody.model_validate_json(reply.content)


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", ["notebook"]),
        (b"{", []),
        (b"[]", []),
        (b"null", []),
        (b"\xff\xfe", []),
        (b"[" * 100_000, []),
        (b'{"notebook": "train.ipynb", "memory": "2GiB"}', ["memory"]),
        (b'{"notebook": 3}', ["notebook"]),
        (b'{"notebook": "train.ipynb", "resources": {"memory_bytes": "lots"}}', ["resources.memory_bytes"]),
        (b'{"notebook": "train.ipynb", "resources": {"cpus": -1}}', ["resources.cpus"]),
        (b'{"notebook": "train.ipynb", "resources": {"memory_bytes": 9007199254740992}}', ["resources.memory_bytes"]),
        (b'{"notebook": "train.ipynb", "resources": {"cpus": 0, "gpus": 0}}', ["resources.cpus", "resources.gpus"]),
        (b'{"notebook": "train.ipynb", "parameters": [1]}', ["parameters"]),
        (b'{"notebook": "train.ipynb", "tags": {"a": {}}}', ["tags.a"]),
        (b'{"notebook": "train.ipynb", "variables": ["A", 1]}', ["variables.1"]),
        (b'{"notebook": "train.ipynb", "name": "' + b"x" * 201 + b'"}', ["name"]),
    ],
)
def test_a_wrong_body_names_its_fields(
    http: httpx.Client, client: FakeHostClient, content: bytes, fields: list
) -> None:
    reply = http.post("jobs", content=content)
    assert reply.status_code == 400
    error = body_of(reply)
    assert (error.code, [each.field for each in error.fields]) == ("invalid_request", fields)
    assert error.message
    assert client.requests == []


def test_a_wrong_body_is_not_echoed(http: httpx.Client, client: FakeHostClient) -> None:
    assert "hunter2" not in http.post("jobs", json={"notebook": ["hunter2"], "password": "hunter2"}).text


def test_a_large_body_is_refused(http: httpx.Client, server: LiveServer, client: FakeHostClient) -> None:
    fill = "x" * server.studio.max_body_bytes
    reply = http.post("jobs", json={"notebook": "train.ipynb", "parameters": {"x": fill}})
    assert (reply.status_code, body_of(reply).code) == (413, "too_large")


def test_studio_errors_keep_status_fields_and_hint(http: httpx.Client, client: FakeHostClient) -> None:
    reply = http.post("jobs", json={"notebook": "train.ipynb", "parameters": {"depth": "bad"}})
    assert reply.status_code == 400
    assert body_of(reply).fields == [FieldError(field="parameters.depth", message="'bad' is not a number")]
    assert body_of(reply).hint == "Write a number."
    assert http.get("trials?experiment=nope").status_code == 404
    assert http.post("experiments", json={"name": "e"}).status_code == 201
    assert http.post("experiments", json={"name": "e"}).status_code == 409


def test_the_store_being_away_is_503(http: httpx.Client, client: FakeHostClient) -> None:
    def away() -> None:
        raise Unavailable("The tracking store does not answer.", hint="Start it.")

    client.experiments = away  # type: ignore[method-assign,assignment]
    reply = http.get("experiments")
    assert (reply.status_code, body_of(reply).hint) == (503, "Start it.")


def test_unknown_faults_are_logged_and_not_shown(
    http: httpx.Client, client: FakeHostClient, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("password=hunter2 in /etc/shadow")

    client.experiments = broken  # type: ignore[method-assign,assignment]
    logging.getLogger("ServerApp").propagate = True
    with caplog.at_level(logging.ERROR):
        reply = http.get("experiments")
    assert (reply.status_code, body_of(reply).code) == (500, "internal")
    assert "hunter2" not in reply.text
    assert any(record.exc_info and "hunter2" in str(record.exc_info[1]) for record in caplog.records)


def test_whoever_hangs_up_leaves_no_fault_in_the_log(
    http: httpx.Client, client: FakeHostClient, caplog: pytest.LogCaptureFixture
) -> None:
    answered = threading.Event()

    def late() -> list[object]:
        time.sleep(0.5)
        answered.set()
        return []

    client.experiments = late  # type: ignore[method-assign,assignment]
    logging.getLogger("ServerApp").propagate = True
    with caplog.at_level(logging.WARNING):
        with pytest.raises(httpx.ReadTimeout):
            http.get("experiments", timeout=0.1)
        assert answered.wait(10)
        client.experiments = list  # type: ignore[method-assign,assignment]
        assert http.get("experiments").status_code == 200
    assert not [record for record in caplog.records if record.exc_info]


def test_a_timeout_inside_a_call_is_not_mistaken_for_ours(http: httpx.Client, client: FakeHostClient) -> None:
    def late() -> None:
        raise TimeoutError("inside")

    client.experiments = late  # type: ignore[method-assign,assignment]
    assert http.get("experiments").status_code == 500


@pytest.mark.parametrize("address", ["", "nope", "jobs/", "jobs/abc/def/ghi", "jobs/abc/stop/", "contentsx", "info/x"])
def test_addresses_that_do_not_exist(http: httpx.Client, address: str) -> None:
    reply = http.get(address)
    assert (reply.status_code, body_of(reply).code) == (404, "not_found")


def test_methods_that_do_not_exist(http: httpx.Client) -> None:
    assert body_of(http.put("jobs", content=b"{}")).code == "method_not_allowed"
    assert http.get("notebooks/inspect").status_code == 405


def test_reads_do_not_count_as_activity(http: httpx.Client, client: FakeHostClient, server: LiveServer) -> None:
    settings = server.app.web_app.settings
    settings["api_last_activity"] = None
    for address in ("jobs", "jobs/changes?since=0", "info"):
        assert http.get(address).status_code == 200
    assert settings["api_last_activity"] is None
    http.post("jobs", json={"notebook": "train.ipynb"})
    assert settings["api_last_activity"] is not None


def test_replies_are_json_that_browsers_take(http: httpx.Client, client: FakeHostClient) -> None:
    client.add_trial(
        Trial(
            run_id="r", experiment="e", name="n", status="FINISHED", metrics={"a": math.nan, "b": math.inf, "c": 1e300}
        )
    )
    reply = http.get("trials/r")

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    assert json.loads(reply.content, parse_constant=refuse)["metrics"] == {"a": None, "b": None, "c": 1e300}


def test_histories_are_packed_for_those_who_accept_that(http: httpx.Client, client: FakeHostClient) -> None:
    client.add_trial(
        Trial(run_id="a" * 32, experiment="e", name="n", status="FINISHED", started=5.0, metrics={"loss": 0.25})
    )
    question = {"run_ids": ["a" * 32], "metrics": ["loss"], "x": "time"}
    listed = http.post("trials/series", json=question)
    assert listed.headers["content-type"] == "application/json" and listed.headers["vary"] == "Accept"
    packed = http.post("trials/series", json=question, headers={"Accept": f"{PACKED}, */*"})
    assert packed.headers["content-type"] == PACKED
    page, ((places, values),) = unpack(packed.content)
    page["series"][0] |= {"time": places.tolist(), "value": values.tolist()}
    assert page == listed.json() and values.tolist() == [0.25] and places.tolist() == [5.0]
    refused = http.post("trials/series", json={**question, "metrics": []}, headers={"Accept": PACKED})
    assert refused.status_code == 400 and refused.json()["fields"][0]["field"] == "metrics"


@pytest.mark.parametrize("is_away", [False, True])
def test_histories_of_charts_that_suit_are_expected(
    http: httpx.Client,
    client: FakeHostClient,
    is_away: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client.add_trial(Trial(run_id="a" * 32, experiment="e", name="n", status="FINISHED", started=5.0))
    question = {"sources": [{"experiment": "e", "run_ids": ["a" * 32]}]}
    found = client.compare(CompareQuery.model_validate(question))
    lines = [LineChartSpec(id=f"line-{at}", type="line", metrics=[f"m{at}"]) for at in range(6)]
    begun = threading.Event()
    asked: list[object] = []

    def expect(*given: object) -> None:
        asked.append(given)
        begun.set()
        if is_away:
            raise Unavailable("The store is away.")

    monkeypatch.setattr(client, "expect_series", expect)
    assert http.post("trials/compare", json=question).status_code == 200
    monkeypatch.setattr(client, "compare", lambda _: found.model_copy(update={"charts": lines}))
    assert http.post("trials/compare", json={**question, "suited": True}).status_code == 200
    assert begun.wait(10)
    assert asked == [(["a" * 32], ["m0", "m1", "m2", "m3"])], "of those that are in sight at first, and of no others"
    for _ in range(5):  # the loop has heard of it by then
        assert http.get("info").status_code == 200
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


def test_encode() -> None:
    request = SubmitRequest(notebook="é", parameters={"x": [math.nan]})
    assert json.loads(encode([request, request]))[1]["parameters"] == {"x": [None]}
    assert encode([]) == b"[]"
    assert encode(None) == b""
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"x": math.nan})


def test_a_slow_tracking_store_does_not_slow_the_job_list(
    http: httpx.Client, client: FakeHostClient, server: LiveServer
) -> None:
    """All threads of the tracking lane hang; the event loop and the workspace lane answer."""
    from threading import Event, Thread

    release, hanging = Event(), []

    def hang() -> list[object]:
        hanging.append(1)
        release.wait(30)
        return []

    client.experiments = hang  # type: ignore[method-assign,assignment]

    def ask() -> None:
        with server.session() as session:
            session.get("experiments")

    askers = [Thread(target=ask) for _ in range(server.studio.threads + 2)]
    for asker in askers:
        asker.start()
    try:
        deadline = time.monotonic() + 10
        while len(hanging) < server.studio.threads and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(hanging) == server.studio.threads
        assert http.get("jobs", timeout=5).status_code == 200
        assert http.get("info", timeout=5).status_code == 200
    finally:
        release.set()
        for asker in askers:
            asker.join(10)

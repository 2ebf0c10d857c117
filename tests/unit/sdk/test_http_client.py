"""The HTTP client against faults of the network and of servers; its promises are tested in tests/contract."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from studio_ext._version import __version__
from studio_ext.adapters import http_client
from studio_ext.adapters.http_client import HttpClient, split_address
from studio_ext.contract.errors import Conflict, Forbidden, InvalidRequest, NotFound, StudioError, Unavailable
from studio_ext.contract.jobs import JobStatus, SubmitRequest
from studio_ext.contract.trial_table import ExportFormat, TrialQuery
from studio_ext.testing.fake_client import FakeClient

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "_RETRIES", (0.0, 0.0))


def client(answer: Answer, url: str = "http://host:8888/", token: str | None = "secret") -> HttpClient:
    return HttpClient(url, token, transport=httpx.MockTransport(answer))


def document(model: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=model.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("address", "base", "token"),
    [
        ("http://host:8888", "http://host:8888/", None),
        ("http://host:8888/lab?token=abc", "http://host:8888/", "abc"),
        ("http://host/user/me/lab/tree/a/b.ipynb?token=x", "http://host/user/me/", "x"),
        ("https://host/labs/base/", "https://host/labs/base/", None),
        (" http://host/tree ", "http://host/", None),
        ("http://me:pw@host:1/x", "http://host:1/x/", None),
    ],
)
def test_addresses(address: str, base: str, token: str | None) -> None:
    assert split_address(address) == (base, token)


@pytest.mark.parametrize("address", ["", "host:8888", "ftp://host", "http://", "lab"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(InvalidRequest):
        HttpClient(address)


def test_token_and_paths() -> None:
    seen: list[httpx.Request] = []
    fake = FakeClient()
    job = fake.submit(SubmitRequest(notebook="a.ipynb"))

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return document(fake.jobs()) if request.url.path.endswith("/jobs") else document(job)

    to = client(answer, "http://host/base")
    to.job("a/../b c")
    to.jobs(statuses=[JobStatus.Failed, JobStatus.Stopped], text="x y", limit=5)
    assert seen[0].headers["authorization"] == "token secret"
    assert seen[0].url.raw_path == b"/base/studio/api/jobs/a%2F..%2Fb%20c"
    assert dict(seen[1].url.params) == {"limit": "5", "status": "Failed,Stopped", "text": "x y"}
    with pytest.raises(InvalidRequest):
        to.job("..")


def test_errors_are_the_servers() -> None:
    errors = {
        400: InvalidRequest.field("memory", "lots is no size", hint="2GiB"),
        404: NotFound("none"),
        409: Conflict("busy"),
    }
    for status, error in errors.items():
        with pytest.raises(type(error)) as caught:
            client(lambda request, e=error, s=status: document(e.body(), s)).options()  # type: ignore[misc]
        assert caught.value.body() == error.body()


def test_lost_connections_are_repeated_for_what_may_be_repeated() -> None:
    calls: list[str] = []
    fake = FakeClient()

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        if len(calls) < 3:
            raise httpx.RemoteProtocolError("Server disconnected", request=request)
        return document(fake.options())

    assert client(answer).options() == fake.options()
    assert calls == ["GET"] * 3


def test_a_submission_is_repeated_with_the_same_key() -> None:
    fake, bodies = FakeClient(), []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        job = fake.submit(SubmitRequest.model_validate(bodies[-1]))
        if len(bodies) == 1:
            raise httpx.ReadError("connection reset", request=request)
        return document(job, 201)

    client(answer).submit(SubmitRequest(notebook="a.ipynb"))
    assert len(bodies) == 2 and bodies[0]["idempotency_key"] == bodies[1]["idempotency_key"]
    assert len(fake.jobs().items) == 1
    client(answer).submit(SubmitRequest(notebook="a.ipynb", idempotency_key="mine"))
    assert bodies[-1]["idempotency_key"] == "mine"


@pytest.mark.parametrize("call", [lambda c: c.stop("a"), lambda c: c.delete("a"), lambda c: c.create_experiment("e")])
def test_what_may_not_be_repeated_is_not(call: Callable[[HttpClient], Any]) -> None:
    calls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        raise httpx.ReadError("connection reset", request=request)

    with pytest.raises(Unavailable):
        call(client(answer))
    assert len(calls) == 1


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(Unavailable, match="connection was refused") as caught:
        HttpClient(f"http://127.0.0.1:{port}").experiments()
    assert "running" in caught.value.hint and "secret" not in str(caught.value)


def test_no_answer_in_time() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("timed out", request=request)

    with pytest.raises(Unavailable, match="in time"):
        client(answer).experiments()


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        (httpx.Response(403, json={"message": "Forbidden"}), Forbidden, "refuses the token"),
        (httpx.Response(401), Forbidden, "refuses the token"),
        (httpx.Response(302, headers={"location": "/login?next=x"}), Forbidden, "refuses the token"),
        (httpx.Response(302, headers={"location": "/elsewhere"}), Unavailable, "not a Jupyter server with Studio"),
        (httpx.Response(404, text="<html>"), Unavailable, "not a Jupyter server with Studio"),
        (httpx.Response(500, text="oops"), Unavailable, "answered 500"),
        (httpx.Response(200, text="<html>hello</html>"), Unavailable, "not a Jupyter server with Studio"),
    ],
)
def test_other_answers(reply: httpx.Response, error: type[StudioError], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        client(lambda request: reply).experiments()
    assert caught.value.hint


def test_not_a_number_is_refused_before_it_is_sent() -> None:
    with pytest.raises(InvalidRequest, match="NaN"):
        client(lambda request: httpx.Response(500)).submit(
            SubmitRequest(notebook="a.ipynb", parameters={"x": float("nan")})
        )


def test_no_token() -> None:
    with pytest.raises(Forbidden, match="wants a token"):
        client(lambda request: httpx.Response(403), token=None).experiments()


def test_another_version_is_named() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/info"):
            return httpx.Response(200, json={"version": "9.9.9", "shape": "unknown"})
        return httpx.Response(200, json=[{"id": "1", "name": "e", "colour": "blue"}])

    with pytest.raises(Unavailable, match=f"9.9.9.*{__version__}"):
        client(answer).experiments()


def test_an_answer_that_was_not_agreed() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"version": __version__} if request.url.path.endswith("/info") else {"x": 1})

    with pytest.raises(StudioError, match="not what was agreed"):
        client(answer).experiments()


class _BreaksOff(httpx.SyncByteStream):
    """Half of a file."""

    def __iter__(self) -> Any:
        yield b"name\r\n"
        raise httpx.RemoteProtocolError("peer closed connection")


def test_an_export_that_breaks_off_is_told_and_not_taken_for_whole() -> None:
    pieces = client(lambda _: httpx.Response(200, stream=_BreaksOff())).export_trials(
        TrialQuery(experiment="e"), ExportFormat.csv
    )
    assert next(pieces) == b"name\r\n"
    with pytest.raises(Unavailable, match="broke off"):
        next(pieces)


def test_what_is_wrong_with_an_export_is_told_before_its_first_piece() -> None:
    wrong = InvalidRequest.field("filter", "is wrong")
    with pytest.raises(InvalidRequest, match="filter"):
        client(lambda _: document(wrong.body(), 400)).export_trials(TrialQuery(experiment="e"), ExportFormat.csv)


@pytest.mark.parametrize("run_ids", [[], [""], ["x" * 65], ["x"] * 1001])
def test_run_ids_are_looked_at_before_they_are_sent(run_ids: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="run_ids"):
        client(lambda _: httpx.Response(500)).delete_trials(run_ids)

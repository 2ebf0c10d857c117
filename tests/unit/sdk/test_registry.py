from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest

import studio_ext as studio
from studio_ext.adapters.http_client import HttpClient
from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.models import RegisterModel, SetAlias
from studio_ext.ports.models import SourceTrial
from studio_ext.sdk import connection
from studio_ext.testing.fake_client import FakeClient


@pytest.fixture
def fake() -> Iterator[FakeClient]:
    client = FakeClient()
    trial = SourceTrial(run_id="r1", name="depth 8", experiment="houses", status="FINISHED", metrics={"rmse": 1.0})
    client.registry.add(trial, "model")
    before = connection._client
    connection.use(client)
    yield client
    connection._client = before


def test_a_trial_becomes_a_version(fake: FakeClient) -> None:
    made = studio.register_model("r1", "houses", alias="champion", description="best")
    assert (made.version, made.aliases, made.trial) == ("1", ["champion"], "depth 8")
    assert studio.register_model(SimpleNamespace(run_id="r1"), "houses", path="model").version == "2"
    assert [each.name for each in studio.models()] == ["houses"]
    assert [each.version for each in studio.model_versions("houses")] == ["2", "1"]
    assert studio.set_alias("houses", "champion", 2).aliases == {"champion": "2"}


def test_what_is_no_trial(fake: FakeClient) -> None:
    for wrong in (None, "", 3, SimpleNamespace(run_id=None), "x" * 300):
        with pytest.raises(InvalidRequest) as caught:
            studio.register_model(wrong, "houses")
        assert caught.value.fields[0].field == "trial"
    with pytest.raises(NotFound):
        studio.register_model("unknown", "houses")
    for fields in ({"name": ""}, {"name": 3}, {"name": "a", "alias": 3}, {"name": "a", "description": "x" * 5_001}):
        with pytest.raises(InvalidRequest):
            studio.register_model("r1", **fields)  # type: ignore[arg-type]
    assert studio.models() == []


def test_a_registration_is_not_sent_twice() -> None:
    """After a lost connection nobody knows whether there is a version: a second one would be made."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise httpx.ReadError("lost")

    client = HttpClient("http://localhost:8888", transport=httpx.MockTransport(answer))
    with pytest.raises(studio.StudioError):
        client.register_model(RegisterModel(run_id="r1", name="houses"))
    assert len(sent) == 1


def test_names_are_one_part_of_the_address() -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.raw_path.decode())
        return httpx.Response(404, json={"code": "not_found", "message": "There is none.", "hint": "", "fields": []})

    client = HttpClient("http://localhost:8888", transport=httpx.MockTransport(answer))
    with pytest.raises(NotFound):
        client.set_model_alias("a/b ?#ü", "c/d", SetAlias(version="1"))
    assert sent == ["/studio/api/models/a%2Fb%20%3F%23%C3%BC/aliases/c%2Fd"]
    for name in ("", ".", ".."):
        with pytest.raises(InvalidRequest):
            client.model(name)
    with pytest.raises(NotFound):
        client.delete_model_alias("a", "b c", held_by="3")
    assert sent[1:] == ["/studio/api/models/a/aliases/b%20c?held_by=3"]

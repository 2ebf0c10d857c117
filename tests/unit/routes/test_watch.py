from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import jsonschema
import pytest
import yaml

from studio_ext.contract.errors import Unavailable
from studio_ext.contract.jobs import SubmitRequest
from studio_ext.contract.live import LiveChanged
from studio_ext.contract.workspace import JobsChanged
from studio_ext.routes import watch as watch_module
from studio_ext.routes.watch import LIVE_SCHEMA_FILE, LIVE_SCHEMA_ID, MAX_IDS, SCHEMA_FILE, SCHEMA_ID, JobsWatch
from studio_ext.testing.live_server import FakeHostClient

INTERVAL = 0.02


def submit(client: FakeHostClient) -> str:
    return client.submit(SubmitRequest(notebook="train.ipynb")).id


class Heard:
    """What a watch told."""

    def __init__(self) -> None:
        self.events: list[JobsChanged] = []
        self.times: list[float] = []
        self.active: list[int] = []

    def emit(self, changed: JobsChanged) -> None:
        self.events.append(changed)
        self.times.append(asyncio.get_running_loop().time())


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 what is waited for happens in a thread
            await asyncio.sleep(INTERVAL / 4)


def watch(client: FakeHostClient, heard: Heard) -> JobsWatch:
    return JobsWatch(
        client=lambda: client,
        emit=heard.emit,
        active=heard.active.append,
        interval=INTERVAL,
        log=logging.getLogger("test-watch"),
    )


def test_each_change_is_told_once_and_the_past_is_not() -> None:
    async def main() -> None:
        client, heard = FakeHostClient(), Heard()
        submit(client)
        watching = watch(client, heard)
        watching.start()
        await until(lambda: heard.active)
        assert heard.events == []
        job_id = submit(client)
        await until(lambda: heard.events)
        looks = len(heard.active)
        await until(lambda: len(heard.active) > looks + 5)
        assert heard.events == [JobsChanged(revision=client.info().jobs_revision, job_ids=[job_id])]
        later = submit(client)
        await until(lambda: len(heard.events) > 1)
        await watching.stop()
        assert heard.events[1:] == [JobsChanged(revision=client.info().jobs_revision, job_ids=[later])]
        assert heard.active[-1] == 3

    asyncio.run(main())


def test_many_changes_are_one_event_without_ids() -> None:
    async def main() -> None:
        client, heard = FakeHostClient(), Heard()
        watching = watch(client, heard)
        watching.start()
        await until(lambda: heard.active)
        for _ in range(5 * MAX_IDS):
            submit(client)
        await until(lambda: heard.events and heard.events[-1].revision == client.info().jobs_revision)
        await watching.stop()
        assert any(event.job_ids == [] for event in heard.events)
        assert all(len(event.job_ids) <= MAX_IDS for event in heard.events)

    asyncio.run(main())


def test_a_storm_is_told_at_the_pace_of_the_looks() -> None:
    async def main() -> None:
        client, heard = FakeHostClient(), Heard()
        watching = watch(client, heard)
        watching.start()
        await until(lambda: heard.active)
        for _ in range(60):
            submit(client)
            await asyncio.sleep(INTERVAL / 10)
        await until(lambda: heard.events and heard.events[-1].revision == client.info().jobs_revision)
        await watching.stop()
        gaps = [later - sooner for sooner, later in zip(heard.times, heard.times[1:], strict=False)]
        assert all(gap >= INTERVAL * 0.9 for gap in gaps), gaps

    asyncio.run(main())


def test_nothing_is_asked_while_nothing_changes() -> None:
    async def main() -> None:
        client, heard = FakeHostClient(), Heard()
        asked = []
        client.changes = lambda *_, **__: asked.append(1)  # type: ignore[method-assign,assignment]
        watching = watch(client, heard)
        watching.start()
        await until(lambda: len(heard.active) > 10)
        await watching.stop()
        assert asked == []

    asyncio.run(main())


@pytest.mark.parametrize("fault", [Unavailable("away"), RuntimeError("broken")])
def test_the_watch_outlives_faults_and_misses_nothing(
    fault: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("studio_ext.routes.watch.RETRY_SECONDS", INTERVAL)

    async def main() -> None:
        client, heard, failed = FakeHostClient(), Heard(), []
        watching = watch(client, heard)
        watching.start()
        await until(lambda: heard.active)
        changes = client.changes

        def fail(*_: object, **__: object) -> None:
            failed.append(1)
            raise fault

        client.changes = fail  # type: ignore[method-assign,assignment]
        job_id = submit(client)
        await until(lambda: len(failed) > 3)
        assert heard.events == []
        client.changes = changes  # type: ignore[method-assign]
        await until(lambda: heard.events)
        await watching.stop()
        assert heard.events[0].job_ids == [job_id]

    with caplog.at_level(logging.WARNING, "test-watch"):
        asyncio.run(main())
    assert len(caplog.records) == 1, "one line for one bout of trouble"


def test_stop_before_start_and_twice() -> None:
    async def main() -> None:
        watching = watch(FakeHostClient(), Heard())
        await watching.stop()
        await watching.stop()

    asyncio.run(main())


def test_the_schema_is_the_wire_type() -> None:
    schema = yaml.safe_load(SCHEMA_FILE.read_text("utf-8"))
    assert schema["$id"] == SCHEMA_ID
    assert set(schema["properties"]) == set(schema["required"]) == set(JobsChanged.model_fields)
    jsonschema.validate(JobsChanged(revision=1, job_ids=["a"] * MAX_IDS).model_dump(mode="json"), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(JobsChanged(revision=1, job_ids=["a"] * (MAX_IDS + 1)).model_dump(mode="json"), schema)


class Growing(FakeHostClient):
    """Says what grew, once each."""

    def __init__(self) -> None:
        super().__init__()
        self.news: list[LiveChanged] = []
        self.asked = 0

    def grown(self) -> LiveChanged:
        self.asked += 1
        return self.news.pop(0) if self.news else LiveChanged()


def test_what_grew_is_told_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "LIVE_SECONDS", 0.0)

    async def main() -> None:
        client, told = Growing(), list[LiveChanged]()
        watching = watch(client, Heard())
        watching.emit_live = told.append
        watching.start()
        await until(lambda: client.asked > 3)
        assert told == []
        news = [LiveChanged(metrics=["a"]), LiveChanged(resources=["b"])]
        client.news += news
        await until(lambda: len(told) == 2)
        asked = client.asked
        await until(lambda: client.asked > asked + 3)
        await watching.stop()
        assert told == news

    asyncio.run(main())


def test_what_grows_is_looked_at_less_often_than_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "LIVE_SECONDS", 3600.0)

    async def main() -> None:
        client, heard = Growing(), Heard()
        watching = watch(client, heard)
        watching.start()
        await until(lambda: len(heard.active) > 5)
        await watching.stop()
        assert client.asked == 1

    asyncio.run(main())


def test_the_live_schema_is_what_is_told() -> None:
    schema = yaml.safe_load(LIVE_SCHEMA_FILE.read_text())
    assert schema["$id"] == LIVE_SCHEMA_ID
    jsonschema.validate(LiveChanged(metrics=["a"], resources=["b"]).model_dump(mode="json"), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(LiveChanged(metrics=["a"] * 51).model_dump(mode="json"), schema)

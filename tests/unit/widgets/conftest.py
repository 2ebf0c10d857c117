"""A client in memory, and the wait for what a widget's thread does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from studio_ext.sdk import connection
from studio_ext.testing.fake_client import FakeClient
from studio_ext.widgets.live import LiveWidget


@pytest.fixture
def fake() -> Iterator[FakeClient]:
    client = FakeClient()
    before = connection._client
    connection.use(client)
    yield client
    connection._client = before
    for widget in list(_widgets()):
        widget.close()


def _widgets() -> Iterator[LiveWidget]:
    import ipywidgets.widgets.widget as base

    yield from (each for each in base._instances.values() if isinstance(each, LiveWidget))


@pytest.fixture
def eventually() -> Callable[..., None]:
    def wait(condition: Callable[[], object], what: object = "", seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, what() if callable(what) else what
            time.sleep(0.01)

    return wait

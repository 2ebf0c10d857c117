"""A live server whose client keeps jobs in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from studio_ext.testing.live_server import FakeHostClient, LiveServer

NOTEBOOK = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = tmp_path_factory.mktemp("server")
    root = base / "root"
    root.mkdir()
    (root / "train.ipynb").write_text(NOTEBOOK)
    with LiveServer(root, base / "home", client=FakeHostClient()) as live:
        yield live


@pytest.fixture
def client(server: LiveServer) -> FakeHostClient:
    """The fake behind the server, empty again."""
    fake = server.client
    assert isinstance(fake, FakeHostClient)
    revision = fake._revision
    fake.__init__()  # type: ignore[misc]
    fake._revision = revision
    return fake


@pytest.fixture
def http(server: LiveServer) -> Iterator[httpx.Client]:
    """A caller with the server's token."""
    with server.session() as session:
        yield session


@pytest.fixture
def root(server: LiveServer) -> Path:
    return server.root

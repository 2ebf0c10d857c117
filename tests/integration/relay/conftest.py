"""A store, a job that is recorded there, and another's run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from studio_ext.adapters.mlflow_backend import post
from studio_ext.ports.tracking import RunHandle
from studio_ext.testing.recorded_job import RecordedJob
from tests.integration.relay_store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One for each file: its relay makes it the process's default, and so do those of other files."""
    store = Store(tmp_path_factory.mktemp("workspace"))
    yield store
    store.backend.close()


@pytest.fixture
def job(store: Store, request: pytest.FixtureRequest) -> Iterator[RecordedJob]:
    number = abs(hash(request.node.name)) % 10**9
    with store.job(f"job{number:09d}") as job:
        yield job
    assert job.errors == []


@pytest.fixture
def neighbour(store: Store) -> RunHandle:
    run = store.start("neighbour0001")
    post(store.backend, "runs/log-batch", run_id=run.run_id, metrics=[{"key": "m", "value": 1, "timestamp": 1}])
    return run

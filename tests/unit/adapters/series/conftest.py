"""MLflow's tables of runs and metrics, as far as histories read them, without MLflow."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from studio_ext.adapters.series import open_histories
from studio_ext.adapters.series.histories import Histories
from studio_ext.core.workspace import Workspace
from tests.unit.adapters.series.reading_ahead import Listening

_TABLES = """
CREATE TABLE runs (
  run_uuid VARCHAR(32) PRIMARY KEY, start_time BIGINT, end_time BIGINT, status VARCHAR(9), lifecycle_stage VARCHAR(20)
);
CREATE TABLE metrics (
  "key" VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL,
  step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL,
  CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan)
);
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE TABLE latest_metrics (
  "key" VARCHAR(250) NOT NULL, value FLOAT, timestamp BIGINT, step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL,
  run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY ("key", run_uuid)
);
"""
_BY_STEP = 'CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, "key", step)'
_LATEST = """
INSERT INTO latest_metrics ("key", value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step,
is_nan = excluded.is_nan
WHERE (excluded.step, excluded.timestamp, excluded.value) > (latest_metrics.step, latest_metrics.timestamp,
latest_metrics.value)
"""
_LARGEST = 1.7976931348623157e308


class Store:
    """A tracking store that is written the way MLflow does."""

    def __init__(self, path: Path, *, by_step: bool = True) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as database:
            database.executescript(_TABLES + (_BY_STEP if by_step else ""))

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.path}"

    def run(
        self,
        run_id: str,
        *,
        status: str = "FINISHED",
        started: float = 1000.0,
        ended: float | None = None,
        stage: str = "active",
    ) -> None:
        end = None if ended is None else int(ended * 1000)
        row = (run_id, int(started * 1000), end, status, stage)
        self._many("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)", [row])

    def log(self, run_id: str, name: str, values: Iterable[float], *, first: int = 0, time: float = 1000.0) -> None:
        """One value a step and a second."""
        self.points(run_id, name, [(first + n, time + n, value) for n, value in enumerate(values)])

    def points(self, run_id: str, name: str, points: Iterable[tuple[int, float, float]]) -> None:
        """Step, time, value of each."""
        rows = []
        for step, moment, value in points:
            stored = 0.0 if math.isnan(value) else min(max(value, -_LARGEST), _LARGEST)
            rows.append((name, stored, int(moment * 1000), run_id, step, math.isnan(value)))
        self._many("INSERT OR IGNORE INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._many(_LATEST, rows)

    def execute(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as database:
            database.execute(statement)

    def _many(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with closing(sqlite3.connect(self.path)) as database, database:
            database.executemany(statement, rows)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "mlflow.db")


@pytest.fixture
def home(tmp_path: Path, store: Store) -> Iterator[Workspace]:
    yield Workspace(tmp_path / "home", store.uri)


@pytest.fixture
def histories(home: Workspace) -> Histories:
    return open_histories(home, lambda: [])


@pytest.fixture(params=["rowid and step", "rowid"])
def tables(request: pytest.FixtureRequest, store: Store) -> Listening:
    """A store of today, and one of an older MLflow."""
    if request.param == "rowid":
        store.execute("DROP INDEX index_metrics_run_uuid_key_step")
    return Listening(store.path)

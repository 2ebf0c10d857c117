"""A process that dies while it makes the tracking store leaves nothing that the next one trips over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy

from studio_ext.adapters import mlflow_stores
from studio_ext.adapters.mlflow_tracking import MlflowTracking
from tests.faults.conftest import wait_for

pytestmark = pytest.mark.fault

OPEN = "import sys, pathlib; from studio_ext.adapters.mlflow_tracking import MlflowTracking as T; T(*sys.argv[1:2], pathlib.Path(sys.argv[2])).experiments()"  # noqa: E501


@pytest.mark.parametrize("size", [4096, 40_000, 90_000])
def test_a_store_that_was_half_made_is_made_anew(tmp_path: Path, size: int) -> None:
    database, artifacts = tmp_path / "mlflow.db", tmp_path / "artifacts"
    uri = f"sqlite:///{database}"
    unfinished = database.with_name("mlflow.db.unfinished")
    maker = subprocess.Popen([sys.executable, "-c", OPEN, uri, str(artifacts)], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: unfinished.exists() and unfinished.stat().st_size >= size, 60, f"{size} bytes of the store")
    finally:
        maker.kill()
        maker.wait()
    assert unfinished.exists()
    assert not database.exists()
    tracking = MlflowTracking(uri, artifacts)
    assert [each.name for each in tracking.experiments()] == ["Default"]
    assert tracking.create_experiment("houses").id
    assert not unfinished.exists()


def test_only_making_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    """What is logged to a finished store does."""
    made, other = tmp_path / "made.db", tmp_path / "other.db"

    def waits(path: Path) -> bool:
        engine = sqlalchemy.create_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            (level,) = connection.exec_driver_sql("PRAGMA synchronous").one()
        engine.dispose()
        return bool(level)

    with mlflow_stores._unsynced(made):
        assert (waits(made), waits(other)) == (False, True)
    assert waits(made)

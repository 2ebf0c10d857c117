"""A controller that starts nothing late."""

from __future__ import annotations

import pytest

from studio_ext.adapters.sql_store import SqlStore
from studio_ext.core.workspace import Workspace
from studio_ext.services import reconcile
from tests.unit.services.reconcile.bench import Bench


@pytest.fixture
def bench(workspace: Workspace, store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(reconcile, "PROGRESS_SECONDS", 0.0)
    monkeypatch.setattr(reconcile, "LAUNCH_SECONDS", 0.0)
    return Bench(workspace, store)

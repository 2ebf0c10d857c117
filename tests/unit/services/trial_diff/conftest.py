"""Runs in memory."""

from __future__ import annotations

import pytest

from tests.unit.services.trial_diff.records import MemoryRuns


@pytest.fixture
def runs() -> MemoryRuns:
    return MemoryRuns()

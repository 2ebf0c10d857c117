"""The columns that exist in memory keep what the port promises."""

from __future__ import annotations

import pytest

from studio_ext.testing.memory_columns import MemoryColumns
from studio_ext.testing.trial_columns_suite import TrialColumnsSuite, sample_trials


class TestMemoryColumns(TrialColumnsSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def columns(cls) -> MemoryColumns:
        return MemoryColumns(sample_trials())

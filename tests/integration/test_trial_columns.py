"""The columns of the trial index promise what all columns do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.ports.trial_index import TrialColumns
from studio_ext.testing.trial_columns_suite import TrialColumnsSuite, sample_trials
from tests.integration.own_postgres import OwnPostgres
from tests.integration.trial_stores import Follower, insert, make_store


class TestOfSqlite(TrialColumnsSuite):
    """Read from SQLite."""

    @pytest.fixture(scope="class")
    @classmethod
    def columns(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialColumns]:
        workspace = open_workspace(tmp_path_factory.mktemp("studio"), {})
        make_store(workspace, "e")
        insert(workspace, "e", sample_trials())
        follower = Follower(workspace)
        follower.build()
        yield follower.index.open("e")
        follower.close()


class TestOfPostgres(TrialColumnsSuite):
    """Read from PostgreSQL."""

    @pytest.fixture(scope="class")
    @classmethod
    def columns(cls, tmp_path_factory: pytest.TempPathFactory, postgres: OwnPostgres) -> Iterator[TrialColumns]:
        workspace = replace(open_workspace(tmp_path_factory.mktemp("studio"), {}), tracking_uri=postgres.uri)
        make_store(workspace, "suite")
        insert(workspace, "suite", sample_trials())
        follower = Follower(workspace)
        follower.build()
        yield follower.index.open("suite")
        follower.close()

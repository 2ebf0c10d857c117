"""Histories of metrics: read from the tracking store and from journals, kept column by column, sampled for charts.

====================  ==========================================================================================
module                does
====================  ==========================================================================================
``read_ahead``        has ``histories`` read trials that are over before anybody asks
``histories``         answers questions; decides what is read, and for how long
``sources``           what is asked of a store
``sql_source``        asks a database
``rest_source``       asks MLflow's REST interface: a server elsewhere, or files
``columns``           keeps what was read: which series, how much in memory
``column``            one series, in memory or mapped from its file
``column_files``      makes, grows and tidies those files
``journals``          values that were logged and that the store has not got yet
====================  ==========================================================================================

The files lie below ``cache/series/<hash of the tracking URI>/<run id>/`` and can be thrown away at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from studio_ext.core.workspace import Workspace

if TYPE_CHECKING:
    from studio_ext.adapters.series.histories import Histories
    from studio_ext.adapters.series.read_ahead import ReadAhead


def open_histories(workspace: Workspace, jobs: Callable[[], Iterable[tuple[Path, int]]]) -> Histories:
    """The histories of a workspace. ``jobs``: directory and attempt of those whose journals may be ahead of the store.

    Imports numpy; opens nothing before the first question.
    """
    from studio_ext.adapters.mlflow_backend import open_backend
    from studio_ext.adapters.series.columns import Columns
    from studio_ext.adapters.series.histories import Histories
    from studio_ext.adapters.series.journals import Journals
    from studio_ext.adapters.series.rest_source import RestHistories
    from studio_ext.adapters.series.sources import HistorySource
    from studio_ext.adapters.series.sql_source import SqlHistories
    from studio_ext.adapters.trial_index.sql_tables import is_database, open_tables

    uri = workspace.tracking_uri
    source: HistorySource = (
        SqlHistories(open_tables(uri)) if is_database(uri) else RestHistories(open_backend(uri, workspace.artifacts))
    )
    columns = Columns(workspace.cache / "series", uri, across_boots=source.tells_changes)
    return Histories(source, columns, Journals(workspace.trackers, jobs))


def open_read_ahead(workspace: Workspace) -> ReadAhead | None:
    """What reads a workspace's histories ahead; None where its store is not a SQLite file: a server may be far away,
    and has the trials of many people. It is asked for what somebody wants to see. Imports numpy; opens nothing before
    the first turn.
    """
    from studio_ext.adapters.mlflow_stores import sqlite_path
    from studio_ext.adapters.series.columns import Columns
    from studio_ext.adapters.series.histories import Histories
    from studio_ext.adapters.series.journals import Journals
    from studio_ext.adapters.series.read_ahead import ReadAhead
    from studio_ext.adapters.series.sql_source import SqlHistories
    from studio_ext.adapters.trial_index.sql_tables import SqliteTables

    uri = workspace.tracking_uri
    path = sqlite_path(uri)
    if path is None:
        return None
    source = SqlHistories(SqliteTables(path))
    columns = Columns(workspace.cache / "series", uri)
    return ReadAhead(source, Histories(source, columns, Journals(workspace.trackers, lambda: ())), workspace.home)


__all__ = ["open_histories", "open_read_ahead"]

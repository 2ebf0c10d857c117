"""Trials of the workspace of this machine: found through the index, changed in the tracking store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from studio_ext.contract.trial_table import (
    ColumnPage,
    ExportFormat,
    FilterCheck,
    FilterQuery,
    TrialQuery,
    TrialTablePage,
)
from studio_ext.ports.tracking import Tracking
from studio_ext.ports.trial_index import TrialIndex
from studio_ext.services.trial_query import lookup
from studio_ext.services.trial_query.export import export
from studio_ext.services.trial_query.tables import TrialTables


class LocalTrials:
    """The part of the client port that is about many trials at once. Thread-safe."""

    def __init__(self, index: TrialIndex, tracking: Callable[[], Tracking]) -> None:
        self._index = index
        self._tracking = tracking
        self.tables = TrialTables(index)

    def table(self, query: TrialQuery) -> TrialTablePage:
        """Some rows of the table."""
        return self.tables.page(query)

    def columns(self, experiment: str, text: str, kinds: Sequence[str], offset: int, limit: int) -> ColumnPage:
        """Columns whose name holds a text."""
        return lookup.column_page(self._index, experiment, text, kinds, offset, limit)

    def check(self, query: FilterQuery) -> FilterCheck:
        """A filter, looked at."""
        return lookup.check(self._index, query)

    def export(self, query: TrialQuery, format: ExportFormat) -> Iterator[bytes]:
        """Trials as a file."""
        return export(self.tables, query, format, time.time())

    def delete(self, run_ids: Sequence[str]) -> None:
        """Delete trials."""
        for each in run_ids:
            self._tracking().delete_run(each)
        self._index.look_at(run_ids)

    def restore(self, run_ids: Sequence[str]) -> None:
        """Restore trials."""
        for each in run_ids:
            self._tracking().restore_run(each)
        self._index.look_at(run_ids)

"""Trials of the workspace of this machine: found through the index, changed in the tracking store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from studio_ext.contract.comparison import CompareQuery, Comparison, Importance, ImportanceQuery
from studio_ext.contract.errors import Unavailable
from studio_ext.contract.experiments import Trial
from studio_ext.contract.page import Page
from studio_ext.contract.trial_table import (
    ColumnPage,
    ExportFormat,
    FilterCheck,
    FilterQuery,
    IndexPhase,
    TrialQuery,
    TrialTablePage,
)
from studio_ext.ports.tracking import Tracking
from studio_ext.ports.trial_index import TrialIndex
from studio_ext.services.comparison import Comparisons
from studio_ext.services.importance import Importances
from studio_ext.services.trial_query import lookup
from studio_ext.services.trial_query.export import export
from studio_ext.services.trial_query.records import trial_page
from studio_ext.services.trial_query.tables import TrialTables

_PATIENCE_SECONDS = 30.0
"""For so long it is waited for an index that is being built."""
_POLL_SECONDS = 0.05


class LocalTrials:
    """The part of the client port that is about many trials at once. Thread-safe."""

    def __init__(self, index: TrialIndex, tracking: Callable[[], Tracking]) -> None:
        self._index = index
        self._tracking = tracking
        self.tables = TrialTables(index)
        self._comparisons = Comparisons(index, self.tables)
        self._importances = Importances(index, self.tables)

    def page(
        self, experiment: str, *, limit: int, cursor: str | None, sort: str, descending: bool, filter: str
    ) -> Page[Trial]:
        """A page of whole trials. Those who ask for them record trials, too, and must find what they just recorded: the
        first page waits for the index."""
        if cursor is None:
            self._catch_up(experiment)
        return trial_page(
            self.tables, experiment, limit=limit, cursor=cursor, sort=sort, descending=descending, filter=filter
        )

    def _catch_up(self, experiment: str) -> None:
        """Wait until the index knows of every trial. Raises ``Unavailable`` where it cannot, or that takes too long:
        whoever computes with trials must not take some for all. (The table says so itself.)
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        # What the index says of itself was written by a controller that may be gone: only an answer counts.
        while not self._index.catch_up():
            state = self._index.state(experiment)
            if state.phase is IndexPhase.away:
                raise Unavailable(state.message or "The tracking store does not answer.", hint=state.hint)
            if state.phase is IndexPhase.building and state.expected is not None and state.indexed >= state.expected:
                return
            if time.monotonic() > deadline:
                far = "" if state.expected is None else f" ({state.indexed:,} of {state.expected:,})"
                raise Unavailable(f"The trials are being read{far}.", hint="Try again in a minute.")
            time.sleep(_POLL_SECONDS)

    def table(self, query: TrialQuery) -> TrialTablePage:
        """Some rows of the table."""
        return self.tables.page(query)

    def compare(self, query: CompareQuery) -> Comparison:
        """Trials side by side."""
        return self._comparisons.compare(query)

    def importance(self, query: ImportanceQuery) -> Importance:
        """Which parameters matter."""
        return self._importances.importance(query)

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
        try:
            for each in dict.fromkeys(run_ids):
                self._tracking().delete_run(each)
        finally:  # also of those before one that could not be
            self._index.look_at(run_ids)
        self._index.catch_up()

    def restore(self, run_ids: Sequence[str]) -> None:
        """Restore trials."""
        try:
            for each in dict.fromkeys(run_ids):
                self._tracking().restore_run(each)
        finally:  # also of those before one that could not be
            self._index.look_at(run_ids)
        self._index.catch_up()

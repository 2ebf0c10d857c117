"""Reads all trials of an experiment through the tracking port: what the table works on until there is an index."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable
from typing import Any

from studio_ext.contract.trial_table import IndexPhase, IndexState
from studio_ext.ports.tracking import Tracking
from studio_ext.ports.trial_index import TrialColumns

_SECONDS = 1.0


class InterimIndex:
    """Implements :class:`studio_ext.ports.trial_index.TrialIndex`."""

    def __init__(self, tracking: Callable[[], Tracking]) -> None:
        self._tracking = tracking
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Any, Any]] = {}

    def open(self, experiment: str) -> TrialColumns:
        memory = importlib.import_module("studio_ext.testing.memory_columns")
        with self._lock:
            read, seen, columns = self._kept.get(experiment, (0.0, None, None))
            if columns is not None and time.monotonic() - read < _SECONDS:
                return columns  # type: ignore[no-any-return]
            found, cursor = [], None
            while True:
                page = self._tracking().trials(experiment, limit=200, cursor=cursor, descending=False)
                found += page.items
                cursor = page.next_cursor
                if cursor is None:
                    break
            if columns is None or found != seen:
                trials = [
                    memory.MemoryTrial(
                        run_id=each.run_id, name=each.name, status=each.status, started=each.started, ended=each.ended,
                        params=each.parameters, tags=each.tags, notebook=each.notebook, commit=each.commit,
                        metrics={key: [float("nan") if value is None else value] for key, value in each.metrics.items()},
                        dirty=each.dirty, user=each.user, job=each.job_id, parent=each.parent_run_id,
                    )
                    for each in found
                ]  # fmt: skip
                revision = 1 if columns is None else columns.revision + 1
                columns = memory.MemoryColumns(trials, revision, generation=str(revision))
            self._kept[experiment] = (time.monotonic(), found, columns)
            return columns  # type: ignore[no-any-return]

    def state(self, experiment: str | None = None) -> IndexState:
        return IndexState(phase=IndexPhase.ready, seen=time.time())

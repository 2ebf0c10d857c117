"""Reads histories through MLflow's REST interface: of a server elsewhere, or of files.

Histories of one metric of many runs come in one answer, as long as they are short; longer ones run by run, page by
page. There is no asking for what is new: a history whose last value is another one is read again as a whole, not more
often than its reading is worth. The mark is that last value; of a history that is being read, the next page.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import numpy as np

from studio_ext.adapters.mlflow_calls import Backend, Reply, get
from studio_ext.adapters.series.sources import Mark, Piece, RunFacts, Want, finite
from studio_ext.contract.errors import Unavailable

_BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
_BULK_VALUES = 25_000
"""Most that MLflow gives in one answer,"""
_BULK_RUNS = 100
"""and most runs that it takes."""
_PAGE = 25_000
_LIVE = ("RUNNING", "SCHEDULED")
_LIVE_SECONDS = 2.0
"""How long what is known of a run that goes on is taken for true,"""
_OVER_SECONDS = 300.0
"""and of one that is over."""
_SHARE = 10.0
"""A history is read again after so many times as long as it took."""
_NEXT = "page"


class RestHistories:
    """Implements :class:`~studio_ext.adapters.series.sources.HistorySource` over REST."""

    tells_changes = False
    can_preview = False

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.generation = 0
        self._runs: dict[str, tuple[float, RunFacts | None]] = {}
        """What is known of runs, and until when (monotonic seconds)."""
        self._last: dict[str, dict[str, Mark]] = {}
        """Of each run the last values of its metrics."""
        self._again: dict[tuple[str, str], float] = {}
        """When a history may be read again."""

    def look(self) -> None:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`. It is looked at each run."""

    def runs(self, run_ids: Sequence[str]) -> dict[str, RunFacts]:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`."""
        found = {}
        for run_id in run_ids:
            until, facts = self._runs.get(run_id, (0.0, None))
            if time.monotonic() >= until:
                facts = self._ask(run_id)
                pause = _OVER_SECONDS if facts is not None and facts.is_over else _LIVE_SECONDS
                self._runs[run_id] = (time.monotonic() + pause, facts)
            if facts is not None:
                found[run_id] = facts
        return found

    def is_valid(self, mark: Mark) -> bool:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`. What another process read is not told apart
        from what it was before; it is read again."""
        return False

    def preview(self, run_id: str, metric: str, most: int) -> Piece:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`. A server gives neither some nor the last."""
        raise NotImplementedError

    def grown(self, wants: Sequence[Want]) -> list[Want]:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`."""
        now = time.monotonic()
        grown = [
            Want(run_id, metric, ())
            for run_id, metric, mark in wants
            if self._mark(run_id, metric) != mark and now >= self._again.get((run_id, metric), 0.0)
        ]
        return sorted(grown, key=lambda each: self._again.get(each[:2], 0.0))

    def mark_now(self) -> Mark | None:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`."""
        return None

    def read(self, wants: Sequence[Want]) -> Iterator[list[Piece]]:
        """See :class:`~studio_ext.adapters.series.sources.HistorySource`."""
        bulks: dict[str, list[str]] = defaultdict(list)
        for run_id, metric, mark in wants:
            if mark and mark[0] == _NEXT:
                yield from self._pages(run_id, metric, str(mark[1]))
            elif metric in self._last.get(run_id, {}):
                bulks[metric].append(run_id)
            else:
                yield [_piece(run_id, metric, [], (), is_done=True)]
        for metric, run_ids in bulks.items():
            for first in range(0, len(run_ids), _BULK_RUNS):
                yield from self._bulk(metric, run_ids[first : first + _BULK_RUNS])

    def _bulk(self, metric: str, run_ids: Sequence[str]) -> Iterator[list[Piece]]:
        began = time.monotonic()
        marks = {run_id: self._mark(run_id, metric) for run_id in run_ids}
        query = [*(("run_id", each) for each in run_ids), ("metric_key", metric), ("max_results", str(_BULK_VALUES))]
        reply = self._backend.call("GET", f"{_BULK}?{urlencode(query)}")
        values = _values(reply) if reply.ok else None
        if values is None or len(values) >= _BULK_VALUES:
            for run_id in run_ids:
                yield from self._pages(run_id, metric, "")
            return
        by_run: dict[str, list[Any]] = {run_id: [] for run_id in run_ids}
        for each in values:
            by_run.get(each.get("run_id", ""), []).append(each)
        for run_id in by_run:
            self._read_at(run_id, metric, began)
        yield [
            _piece(run_id, metric, some, marks[run_id], is_done=True, is_whole=True) for run_id, some in by_run.items()
        ]

    def _pages(self, run_id: str, metric: str, token: str) -> Iterator[list[Piece]]:
        """One history, from a page on."""
        mark, is_first, began = self._mark(run_id, metric), not token, time.monotonic()
        while True:
            fields = {"run_id": run_id, "metric_key": metric, "max_results": str(_PAGE)}
            if token:
                fields["page_token"] = token
            reply = get(self._backend, "metrics/get-history", **fields)
            values = _values(reply)
            if values is None:
                raise Unavailable(f"MLflow does not give the history of {metric} ({reply.message}).")
            token = str(reply.json().get("next_page_token") or "")
            if not token:
                self._read_at(run_id, metric, began)
            after: Mark = (_NEXT, token) if token else mark
            yield [_piece(run_id, metric, values, after, is_done=not token, is_whole=is_first)]
            is_first = False
            if not token:
                return

    def _ask(self, run_id: str) -> RunFacts | None:
        reply = get(self._backend, "runs/get", run_id=run_id)
        run = reply.json().get("run") if reply.ok else None
        if not isinstance(run, dict):
            if reply.status in (400, 404):
                return None
            raise Unavailable(f"MLflow does not give the run {run_id} ({reply.message}).")
        info, data = run.get("info") or {}, run.get("data") or {}
        if info.get("lifecycle_stage") == "deleted":
            return None
        self._last[run_id] = {
            str(each.get("key")): (str(each.get("timestamp")), str(each.get("step")), str(each.get("value")))
            for each in data.get("metrics") or []
        }
        started = info.get("start_time")
        return RunFacts(int(started) / 1000 if started else None, info.get("status") not in _LIVE)

    def _mark(self, run_id: str, metric: str) -> Mark:
        return self._last.get(run_id, {}).get(metric, ())

    def _read_at(self, run_id: str, metric: str, began: float) -> None:
        now = time.monotonic()
        self._again[run_id, metric] = now + max(_LIVE_SECONDS, _SHARE * (now - began))
        if len(self._again) > 100_000:
            self._again.clear()


def _values(reply: Reply) -> list[Any] | None:
    found = reply.json().get("metrics", []) if reply.ok else None
    return found if isinstance(found, list) else None


def _piece(
    run_id: str, metric: str, values: Sequence[Any], mark: Mark, *, is_done: bool, is_whole: bool = False
) -> Piece:
    step = np.array([int(each.get("step") or 0) for each in values], dtype=np.int64)
    moments = np.array([int(each.get("timestamp") or 0) for each in values], dtype=np.float64) / 1000
    value = np.array([float(each.get("value", math.nan)) for each in values], dtype=np.float64)
    return Piece(run_id, metric, step, moments, finite(value), mark, is_done, is_whole)

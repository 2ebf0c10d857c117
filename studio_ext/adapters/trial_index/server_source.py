"""Follows a store through MLflow's REST interface: a server elsewhere, or files.

A look reads the runs that go on and the newest ones; the sweep reads all pages. An answer holds last
values only: smallest and largest values are those of the histories that were asked for, which are those of runs that
are seen to begin or to end, and the last value for all others that have more than one step.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from studio_ext.adapters.mlflow_backend import get, open_backend, post
from studio_ext.adapters.trial_index.layout import ExperimentEntry
from studio_ext.adapters.trial_index.records import LIVE, Batch, RunRow, is_shown
from studio_ext.adapters.trial_index.store_writer import StoreWriter
from studio_ext.contract.errors import NotFound, Unavailable
from studio_ext.core.workspace import Workspace

_PAGE = 1000
_NEWEST = 50
_TOGETHER = 100
"""Experiments in one question."""
_HISTORIES = 200
"""Metrics of a run whose histories are asked for when it ends."""
_ENDED = 50
"""Runs that are looked at one by one in a look, because they are not listed among those that go on."""
_LOOK_SECONDS = 5.0
_SWEEP_SECONDS = 15.0


class ServerSource:
    """Implements :class:`~studio_ext.adapters.trial_index.sources.Source` over REST."""

    def __init__(self, workspace: Workspace) -> None:
        self._backend = open_backend(workspace.tracking_uri, workspace.artifacts, lean=True)
        self.tells_changes = False
        self.look_seconds = _LOOK_SECONDS
        self.expected: dict[str, int] = {}
        self._watched: set[str] = set()
        """Runs that went on or are new, and whose histories are to be read when they go on no more."""
        self._looked = 0.0
        self._swept = 0.0

    def build(self, writer: StoreWriter) -> Iterator[None]:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`. How many there are is not known before."""
        yield from self._read_all(writer)
        writer.is_complete = True
        writer.commit()

    def has_changed(self) -> bool:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`. It has to be asked."""
        return time.monotonic() - self._looked >= _LOOK_SECONDS

    def read(self, writer: StoreWriter, run_ids: Sequence[str]) -> None:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`."""
        for run_id in run_ids:
            self._read_one(writer, run_id, with_history=False)
        writer.commit()

    def look(self, writer: StoreWriter) -> None:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`."""
        experiments = self._experiments()
        writer.set_experiments(experiments)
        self._watched.update(writer.ingest.live)
        listed: set[str] = set()
        active = [each.id for each in experiments if each.active]
        for first in range(0, len(active), _TOGETHER):
            some = active[first : first + _TOGETHER]
            for status in LIVE:
                page = next(self._pages(some, f"attributes.status = '{status}'"), Batch())
                listed.update(each.id for each in page.runs)
                writer.ingest(page)
            page = next(self._pages(some, "", size=_NEWEST), Batch())
            ids = [each.id for each in page.runs]
            self._watched.update(itertools.compress(ids, (writer.runs.find(ids) < 0).tolist()))
            writer.ingest(page)
        self._watched |= listed
        ended = list(self._watched - listed)[:_ENDED]
        for run_id in ended:
            self._read_one(writer, run_id, with_history=True)
        self._watched.difference_update(ended)
        writer.commit()
        self._looked = time.monotonic()

    def needs_sweep(self) -> bool:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`."""
        return time.monotonic() - self._swept >= _SWEEP_SECONDS

    def sweep(self, writer: StoreWriter) -> Iterator[None]:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`."""
        round_, known = int(writer.runs.seen.max(initial=0)) + 1, len(writer.runs)
        yield from self._read_all(writer, round_)
        missed = np.flatnonzero(writer.runs.seen[:known] != round_)
        if len(missed):
            writer.ingest.mark_gone(missed.tolist())
        writer.commit()

    def close(self) -> None:
        """See :class:`~studio_ext.adapters.trial_index.sources.Source`. The connection is not ours alone."""

    def _read_all(self, writer: StoreWriter, round_: int = 1) -> Iterator[None]:
        experiments = self._experiments()
        writer.set_experiments(experiments)
        for experiment in experiments:
            for page in self._pages([experiment.id], "", view="ALL"):
                writer.ingest(page)
                writer.commit()
                if page.runs:
                    writer.runs.seen[writer.runs.find([each.id for each in page.runs])] = round_
                yield
        self._swept = time.monotonic()

    def _read_one(self, writer: StoreWriter, run_id: str, *, with_history: bool) -> None:
        reply = get(self._backend, "runs/get", run_id=run_id)
        if reply.status == 404:
            writer.ingest.mark_gone([number for number in writer.runs.find([run_id]).tolist() if number >= 0])
        if not reply.ok:
            return
        batch = _batch([reply.json()["run"]])
        writer.ingest(batch)
        if with_history:
            found = [each for _, key, _ in batch.metrics[:_HISTORIES] for each in self._extremes(run_id, key)]
            writer.ingest(Batch(extremes=found))

    def _extremes(self, run_id: str, key: str) -> list[tuple[str, str, float | None, float | None]]:
        reply = get(self._backend, "metrics/get-history", run_id=run_id, metric_key=key)
        if not reply.ok:
            return []
        values = [_number(each.get("value")) for each in reply.json().get("metrics", [])]
        values = [each for each in values if not math.isnan(each)]
        return [(run_id, key, min(values), max(values))] if values else []

    def _experiments(self) -> list[ExperimentEntry]:
        found: list[ExperimentEntry] = []
        for answer in self._answers("experiments/search", "experiments", {"view_type": "ALL", "max_results": _PAGE}):
            for each in answer:
                updated = each.get("last_update_time")
                is_active = each.get("lifecycle_stage") != "deleted"
                seconds = int(updated) / 1000 if updated else None
                found.append(ExperimentEntry(str(each["experiment_id"]), each["name"], is_active, seconds))
        return found

    def _pages(
        self, experiments: list[str], condition: str, *, size: int = _PAGE, view: str = "ACTIVE_ONLY"
    ) -> Iterator[Batch]:
        """Runs of some experiments, newest first."""
        request = {"experiment_ids": experiments, "filter": condition, "max_results": size, "run_view_type": view}
        for runs in self._answers("runs/search", "runs", request):
            yield _batch(runs)

    def _answers(self, method: str, field: str, request: Mapping[str, Any]) -> Iterator[list[Any]]:
        token: str | None = ""
        while token is not None:
            reply = post(self._backend, method, **request, **({"page_token": token} if token else {}))
            if reply.status == 404 and reply.error_code == "RESOURCE_DOES_NOT_EXIST":
                raise NotFound(reply.message)
            if not reply.ok or not reply.body.lstrip().startswith(b"{"):  # a page of something else is no empty answer
                raise Unavailable(
                    f"The tracking server cannot be read (HTTP {reply.status}: {reply.message[:200]}).",
                    hint="Check the tracking URI: it has to be that of an MLflow server.",
                )
            answer = reply.json()
            yield answer.get(field, [])
            token = answer.get("next_page_token") or None


def _batch(runs: list[dict[str, Any]]) -> Batch:
    batch = Batch(are_all=False)
    for run in runs:
        info, data = run["info"], run.get("data", {})
        run_id = str(info["run_id"])
        row = RunRow(
            run_id,
            str(info["experiment_id"]),
            info.get("run_name"),
            str(info.get("status", "RUNNING")),
            _milliseconds(info.get("start_time")),
            _milliseconds(info.get("end_time")),
            info.get("user_id"),
            info.get("lifecycle_stage") == "deleted",
        )
        batch.runs.append(row)
        batch.tags += [(run_id, each["key"], each.get("value")) for each in data.get("tags", [])]
        batch.params += [(run_id, each["key"], each.get("value", "")) for each in data.get("params", [])]
        for each in data.get("metrics", []):
            if is_shown(each["key"]):
                value = _number(each.get("value"))
                batch.metrics.append((run_id, each["key"], value))
                batch.extremes.append((run_id, each["key"], value, value))  # as far as it is known
    return batch


def _milliseconds(value: Any) -> int | None:
    return int(value) if value else None


def _number(value: Any) -> float:
    try:
        return math.nan if value is None else float(value)
    except (TypeError, ValueError):
        return math.nan

"""Lists of experiments, trials and components: which, in which order, and no more than asked for."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.record_names import checked_name
from studio_ext.ports.records import ExperimentRecord, RunRecord
from studio_ext.sdk import entities
from studio_ext.sdk.recording_place import recorder

T = TypeVar("T")

_ORDERS = {"Descending": "DESC", "Ascending": "ASC"}
_COLUMNS = {
    "CreationTime": "attributes.start_time",
    "EndTime": "attributes.end_time",
    "Name": "attributes.run_name",
    "Status": "attributes.status",
}


@dataclass(frozen=True)
class Choice:
    """What every list can be narrowed to, and its order. Raises ``InvalidRequest`` when it makes no sense."""

    created_after: datetime | None = None
    created_before: datetime | None = None
    sort_by: str = "CreationTime"
    sort_order: str = "Descending"
    max_results: int | None = None

    def __post_init__(self) -> None:
        if self.sort_order not in _ORDERS:
            raise InvalidRequest.field("sort_order", f"{self.sort_order!r} is none; there are {', '.join(_ORDERS)}")
        if self.max_results is not None and (type(self.max_results) is not int or self.max_results < 1):
            raise InvalidRequest.field("max_results", "must be a whole number from 1 on")
        for name in ("created_after", "created_before"):
            if not isinstance(getattr(self, name), datetime | None):
                raise InvalidRequest.field(name, "must be a datetime")

    @property
    def order_by(self) -> list[str]:
        """MLflow's words for the order of runs."""
        order = _ORDERS[self.sort_order]
        kind, _, name = self.sort_by.partition(".")
        if self.sort_by in _COLUMNS:
            return [f"{_COLUMNS[self.sort_by]} {order}"]
        if kind in ("metrics", "parameters") and name:
            return [f"{'metrics' if kind == 'metrics' else 'params'}.`{checked_name(name, 'sort_by')}` {order}"]
        known = [*_COLUMNS, "metrics.<name>", "parameters.<name>"]
        raise InvalidRequest.field("sort_by", f"{self.sort_by!r} is none; there are {', '.join(known)}")

    def filter(self, condition: str = "") -> str:
        """MLflow's words for which runs."""
        parts = [condition] if condition else []
        if self.created_after is not None:
            parts.append(f"attributes.start_time > {_milliseconds(self.created_after)}")
        if self.created_before is not None:
            parts.append(f"attributes.start_time < {_milliseconds(self.created_before)}")
        return " AND ".join(parts)

    def cut(self, found: Iterable[T]) -> Iterator[T]:
        """At most so many."""
        return iter(found) if self.max_results is None else itertools.islice(found, self.max_results)

    def experiments(self, found: list[ExperimentRecord]) -> Iterator[ExperimentRecord]:
        """Experiments that were made in the time named, in order."""
        keys: dict[str, Callable[[ExperimentRecord], Any]] = {
            "CreationTime": lambda each: each.created or 0.0,
            "LastModifiedTime": lambda each: each.updated or 0.0,
            "Name": lambda each: each.name,
        }
        if self.sort_by not in keys:
            raise InvalidRequest.field("sort_by", f"{self.sort_by!r} is none; there are {', '.join(keys)}")
        after = -math.inf if self.created_after is None else _milliseconds(self.created_after) / 1000
        before = math.inf if self.created_before is None else _milliseconds(self.created_before) / 1000
        chosen = [each for each in found if after < (each.created or 0.0) < before]
        return self.cut(sorted(chosen, key=keys[self.sort_by], reverse=self.sort_order == "Descending"))


def experiments_of(name: str | None) -> list[ExperimentRecord]:
    """The experiment of this name; None: all of them."""
    records = recorder().records
    return records.experiments() if name is None else [records.experiment(name)]


def runs(experiments: list[ExperimentRecord], choice: Choice, condition: str = "") -> Iterator[RunRecord]:
    """Runs of these experiments in order, with what trackers of this process logged."""
    order_by = choice.order_by  # a mistake is told before anything is asked
    entities.settle()
    ids = [each.experiment_id for each in experiments]
    return recorder().records.runs(ids, choice.filter(condition), order_by=order_by) if ids else iter(())


def components(
    experiments: list[ExperimentRecord],
    choice: Choice,
    wanted: Callable[[RunRecord], bool],
    trial: RunRecord | None = None,
) -> Iterator[RunRecord]:
    """Components of experiments, or of a trial, and after them those of other experiments that are in their trials."""
    here = {each.experiment_id for each in experiments}
    own = (run for run in runs(experiments, choice) if wanted(run))
    return choice.cut(itertools.chain(own, _foreign(here, choice, wanted, trial)))


def _foreign(
    here: set[str], choice: Choice, wanted: Callable[[RunRecord], bool], trial: RunRecord | None
) -> Iterator[RunRecord]:
    if recorder().job_run is not None:  # a job sees its own experiment only
        return
    others = [each for each in recorder().records.experiments() if each.experiment_id not in here]
    keys = [entities.TRIAL + trial.run_id] if trial is not None else [entities.EXPERIMENT + each for each in here]
    seen: set[str] = set()
    for key in keys if others else ():
        for run in runs(others, choice, f"tags.`{key}` != ''"):
            if run.run_id not in seen and wanted(run):
                seen.add(run.run_id)
                yield run


def _milliseconds(moment: datetime) -> int:
    """Times without a zone are local ones, as everywhere in Python."""
    return int(moment.astimezone(UTC).timestamp() * 1000)

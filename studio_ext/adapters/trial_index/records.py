"""Runs as they are read from a store, whatever it is, and the attributes of trials in them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from studio_ext.adapters.mlflow_relay_policy import CHILD_TAG
from studio_ext.core.record_names import SYSTEM

UNUSED_TAGS = frozenset({"mlflow.log-model.history", "mlflow.loggedArtifacts", "mlflow.runName"})
"""Long, and nobody looks for trials by them."""
LIVE = ("RUNNING", "SCHEDULED")
"""Statuses of runs that go on."""
UNIT, RECORD = chr(31), chr(30)
"""Between a tag and its value, and between two tags, where they are compared."""


class RunRow(NamedTuple):
    """A row of MLflow's runs."""

    id: str
    experiment: str
    name: str | None
    status: str
    started: int | None
    """Milliseconds since the epoch."""
    ended: int | None
    user: str | None
    deleted: bool


@dataclass
class Batch:
    """Some runs, and values of them or of others that are known."""

    runs: list[RunRow] = field(default_factory=list)
    tags: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Run, key, value: all tags of each of ``runs``."""
    params: list[tuple[str, str, str]] = field(default_factory=list)
    metrics: list[tuple[str, str, float | None]] = field(default_factory=list)
    """Run, key, last value; None is NaN."""
    extremes: list[tuple[str, str, float | None, float | None]] = field(default_factory=list)
    """Run, key, smallest and largest value of those that were looked at; None where all are NaN."""
    are_all: bool = True
    """Whether ``extremes`` are of all values ever, and not of some that came."""


def is_shown(metric: str) -> bool:
    """Whether a metric belongs into tables: those of the system do not."""
    return not metric.startswith(SYSTEM)


def attributes(run: RunRow, tags: Mapping[str, str]) -> dict[str, str | None]:
    """Attributes of a trial that are texts, from the row and the tags of its run."""
    notebook = tags.get("studio.notebook")
    if notebook is None and tags.get("mlflow.source.type") == "NOTEBOOK":
        notebook = tags.get("mlflow.source.name")
    dirty = tags.get("studio.git_dirty")
    return {
        "name": run.name or tags.get("mlflow.runName", ""),
        "status": run.status,
        "notebook": notebook,
        "commit": tags.get("mlflow.source.git.commit"),
        "dirty": None if dirty is None else str(dirty.lower() == "true").lower(),
        "user": tags.get("mlflow.user") or run.user or None,
        "job": tags.get("studio.job_id") or tags.get(CHILD_TAG),
        "parent": tags.get("mlflow.parentRunId"),
    }


def joined(tags: list[tuple[str, str | None]]) -> str:
    """Tags as one text, in the order of their keys."""
    return RECORD.join(f"{key}{UNIT}{value or ''}" for key, value in sorted(tags, key=lambda each: each[0]))


def fingerprint(run: RunRow, tags: str) -> int:
    """Differs where the row or the tags (see :func:`joined`) do; never 0."""
    return zlib.crc32((tuple.__repr__(run) + tags).encode("utf-8", "replace")) or 1

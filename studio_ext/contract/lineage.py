"""Wire types of lineage: what came from what."""

from __future__ import annotations

from enum import StrEnum

from studio_ext.contract.base import Wire

MAX_NODES = 500
"""Nodes of one answer."""
MAX_DEPTH = 10
"""Steps that are walked from the node that was asked for, each way."""


class LineageKind(StrEnum):
    """What a node stands for."""

    data = "data"
    job = "job"
    trial = "trial"
    model = "model"
    """A version of a registered model."""


class LineageNode(Wire):
    """One thing. ``kind`` and ``id`` name it, here and in a request for its own lineage."""

    kind: LineageKind
    id: str
    """Of a trial its run id, of a job its id, of a model ``<name>/<version>``. Of data its digest, with ``:<name>``
    behind it where the digest is too short to name it alone."""
    label: str
    detail: str = ""
    """A few words more: where data lies, the experiment of a trial, the aliases of a model."""
    status: str = ""
    """Of a trial MLflow's word, of a job its status, of a model its registration's."""
    time: float | None = None
    """When it began or was made (epoch seconds)."""
    experiment: str = ""
    """Of a trial: name of its experiment."""
    is_deleted: bool = False
    """Whether it is not there any more, or was deleted: it is known of it from others."""
    is_whole: bool = False
    """Whether all that it came from and all that came from it is in this answer."""
    more: bool = False
    """Whether there is more beside it than is ever listed."""


class LineageEdge(Wire):
    """``target`` came from ``source``."""

    source_kind: LineageKind
    source: str
    target_kind: LineageKind
    target: str


class Lineage(Wire):
    """What a thing came from, and what came from it."""

    kind: LineageKind
    id: str
    nodes: list[LineageNode]
    """The one that was asked for first, the others by their distance from it."""
    edges: list[LineageEdge]
    is_cut: bool = False
    """Whether there were more than ``MAX_NODES``."""

"""Rows that stand below others: which are to be seen, and in what order.

Nodes are numbered in the order in which they are to stand among their brothers, so sorting is done before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_DEPTH = 64
"""What is deeper stands at the top."""

Nodes = NDArray[np.int64]


def acyclic(parents: Nodes) -> tuple[Nodes, Nodes]:
    """Parents without circles, and depths. A circle is cut at its first node; depths end at :data:`MAX_DEPTH`."""
    parents = np.where(parents == np.arange(len(parents)), -1, parents)
    depths, circling = _depths(parents)
    if circling.any():
        parents = _cut(parents, circling)
        depths, _ = _depths(parents)
    if len(depths) and depths.max() >= MAX_DEPTH:
        parents = np.where(depths % MAX_DEPTH == 0, -1, parents)
        depths %= MAX_DEPTH
    return parents, depths


def _depths(parents: Nodes) -> tuple[Nodes, NDArray[np.bool_]]:
    """Number of nodes above each, and which have no end above them. The steps double: 17 for 100,000 nodes."""
    depths = (parents >= 0).astype(np.int64)
    jumps = parents.copy()
    for _ in range(max(len(parents), 1).bit_length() + 1):
        going = np.flatnonzero(jumps >= 0)
        if not len(going):
            break
        depths[going] += depths[jumps[going]]
        jumps[going] = jumps[jumps[going]]
    return depths, jumps >= 0


def _cut(parents: Nodes, circling: NDArray[np.bool_]) -> Nodes:
    parents = parents.copy()
    state = np.zeros(len(parents), dtype=np.int8)  # 1: on the way, 2: done
    for first in np.flatnonzero(circling).tolist():
        way, node = [], first
        while node >= 0 and state[node] == 0:
            state[node] = 1
            way.append(node)
            node = int(parents[node])
        if node >= 0 and state[node] == 1:
            circle = way[way.index(node) :]
            parents[min(circle)] = -1
        state[way] = 2
    return parents


class Forest:
    """Trees of nodes, of which some match."""

    def __init__(self, parents: Nodes, depths: Nodes, matching: NDArray[np.bool_]) -> None:
        """``parents``: a node number for each node, -1 at the top, without circles."""
        self.parents = parents
        self.depths = depths
        by_depth = np.argsort(depths, kind="stable")
        ends = np.cumsum(np.bincount(depths, minlength=1))
        self._levels = np.split(by_depth, ends[:-1])
        self.below = np.zeros(len(parents), dtype=np.int64)
        """Matching nodes below each."""
        for level in self._levels[:0:-1]:
            np.add.at(self.below, parents[level], self.below[level] + matching[level])

    def flatten(self, is_open: NDArray[np.bool_]) -> Nodes:
        """Nodes that are to be seen, from top to bottom."""
        sizes = np.ones(len(self.parents), dtype=np.int64)
        for level in self._levels[:0:-1]:
            seen = level[is_open[self.parents[level]]]
            np.add.at(sizes, self.parents[seen], sizes[seen])
        places = np.full(len(self.parents), -1, dtype=np.int64)
        top = self._levels[0]
        places[top] = np.cumsum(sizes[top]) - sizes[top]
        for level in self._levels[1:]:
            above = self.parents[level]
            seen = level[is_open[above] & (places[above] >= 0)]
            if not len(seen):
                break
            above = self.parents[seen]
            grouped = np.argsort(above, kind="stable")
            seen, above = seen[grouped], above[grouped]
            before = np.cumsum(sizes[seen]) - sizes[seen]
            first = np.flatnonzero(np.diff(above, prepend=-1))
            counts = np.diff(np.append(first, len(above)))
            places[seen] = places[above] + 1 + before - np.repeat(before[first], counts)
        visible = np.flatnonzero(places >= 0)
        flat = np.empty(len(visible), dtype=np.int64)
        flat[places[visible]] = visible
        return flat


__all__ = ["MAX_DEPTH", "Forest", "acyclic"]

"""Results of queries: an order of trials that is kept for as long as somebody pages through it."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from studio_ext.contract.trial_table import Extent
from studio_ext.core.trial_keys import Key
from studio_ext.ports.trial_index import Rows
from studio_ext.services.trial_query.forest import Forest
from studio_ext.services.trial_query.grouping import Groups
from studio_ext.services.trial_query.order import Order

MAX_RESULTS = 100
MAX_BYTES = 256 * 2**20
"""Of all results that are kept."""


@dataclass(frozen=True)
class Tree:
    """Nodes of a result whose rows stand below others."""

    forest: Forest
    rows: Rows
    """Row of each node; of a group, the number of the group as -1, -2, ..."""
    matching: NDArray[np.bool_]
    groups: Groups | None


@dataclass
class Result:
    """What a query found."""

    query: Hashable
    """What was asked for: where this is the same, the result answers it."""
    generation: str
    revision: int
    matched: Rows
    """Rows that match, ascending."""
    order: Order
    tree: Tree | None = None
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    extents: dict[Key, Extent | None] = field(default_factory=dict)
    """Of all that match, as far as they were asked for."""
    extents_revision: int = -1
    """What the extents are of."""
    flat: tuple[Hashable, Rows] | None = None
    """What was last open, and the nodes that were to be seen."""

    @property
    def nbytes(self) -> int:
        """About how much memory this takes, in bytes."""
        nodes = 0 if self.tree is None else len(self.tree.rows)
        return self.order.nbytes + self.matched.nbytes + 80 * nodes


class Results:
    """Keeps the results that were used last. Thread-safe."""

    def __init__(self, max_results: int = MAX_RESULTS, max_bytes: int = MAX_BYTES) -> None:
        self._max_results, self._max_bytes = max_results, max_bytes
        self._kept: OrderedDict[str, Result] = OrderedDict()
        self._newest: dict[Hashable, str] = {}
        self._lock = threading.Lock()

    def find(self, token: str | None, query: Hashable, generation: str) -> Result | None:
        """The result of a token, if it is kept, answers this query, and its rows still have their numbers."""
        with self._lock:
            found = self._kept.get(token or "")
            if found is None or found.query != query or found.generation != generation:
                return None
            self._kept.move_to_end(found.token)
            return found

    def current(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """The result of a query at one revision (both are in ``key``): kept, or made now."""
        with self._lock:
            token = self._newest.get(key)
            if token is not None:
                self._kept.move_to_end(token)
                return self._kept[token]
        made = make()
        with self._lock:
            self._kept[made.token] = made
            self._newest[key] = made.token
            while len(self._kept) > self._max_results or (
                len(self._kept) > 1 and sum(each.nbytes for each in self._kept.values()) > self._max_bytes
            ):
                self._kept.popitem(last=False)
            self._newest = {key: token for key, token in self._newest.items() if token in self._kept}
        return made

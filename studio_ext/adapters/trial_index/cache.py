"""What was derived from columns, kept as long as they do not change and there is room."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")

_MOST = 512 << 20
_SHARE = 0.05
"""Of the machine's memory."""
_SMALL = 1 << 10
"""Bytes up to which things are kept whatever else comes."""


class Cache:
    """Forgets what was not used for longest. Thread-safe; what is asked for twice at once may be made twice."""

    def __init__(self, limit: int | None = None) -> None:
        self._limit = _default_limit() if limit is None else limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, Any, int]] = OrderedDict()
        self._small: dict[Hashable, tuple[Any, Any, int]] = {}
        self._bytes = 0

    def get(self, key: Hashable, state: Any, make: Callable[[T | None], T], size: Callable[[T], int]) -> T:
        """What ``make`` gave for this state. It is given what it gave for an earlier one, where that is still there."""
        with self._lock:
            known = self._kept.get(key) or self._small.get(key)
            if known is not None and known[0] == state:
                if key in self._kept:
                    self._kept.move_to_end(key)
                return cast("T", known[1])
        made = make(None if known is None else known[1])
        taken = size(made)
        with self._lock:
            before = self._kept.pop(key, None)
            self._bytes -= before[2] if before else 0
            if taken <= _SMALL:
                self._small[key] = (state, made, 0)
                return made
            self._kept[key] = (state, made, taken)
            self._bytes += taken
            while self._bytes > self._limit and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1][2]
        return made

    def forget(self, owner: Hashable) -> None:
        """Drop everything whose key begins with this."""
        with self._lock:
            for key in [each for each in self._kept if isinstance(each, tuple) and each[0] == owner]:
                self._bytes -= self._kept.pop(key)[2]
            for key in [each for each in self._small if isinstance(each, tuple) and each[0] == owner]:
                del self._small[key]


def _default_limit() -> int:
    return min(_MOST, int(_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))

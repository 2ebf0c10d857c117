"""Work that takes its time, in threads of its own: whoever asks for it goes on and asks again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

_TURNS = 2
_WAIT_SECONDS = 10.0


class _Work(Generic[T]):
    """One piece of work: first it waits for a turn, then it is under way, with the time of its begin."""

    def __init__(self, now: float) -> None:
        self.asked = now
        self.begun = 0.0
        self.thread: threading.Thread | None = None
        self.result: T | None = None

    def is_under_way(self, now: float, patience: float) -> bool:
        return self.thread is not None and self.thread.is_alive() and now - self.begun <= patience

    def run(self, name: str, work: Callable[[], T]) -> None:
        try:
            self.result = work()
        except Exception:
            log.exception("%s: looking at the data failed", name)


class Aside(Generic[T]):
    """Work by name. One thread at a time asks; at most two of ours work, besides those that hang."""

    def __init__(self, patience: float, wait: float = _WAIT_SECONDS) -> None:
        """``patience``: seconds from its begin after which work counts as done, without a result, though it still goes
        on: it hangs, and takes nobody's turn. ``wait``: seconds without any work being begun after which work that
        waits for its turn counts as done, too."""
        self._patience = patience
        self._wait = wait
        self._works: dict[str, _Work[T]] = {}
        self._last_begun = 0.0

    def is_done(self, name: str, work: Callable[[], T]) -> bool:
        """Whether ``work`` is done, or not to be waited for; the first call for which there is a turn begins it."""
        now = time.monotonic()
        known = self._works.setdefault(name, _Work(now))
        if known.thread is not None:
            return not known.is_under_way(now, self._patience)
        if sum(each.is_under_way(now, self._patience) for each in self._works.values()) >= _TURNS:
            return now - max(known.asked, self._last_begun) > self._wait
        known.begun = self._last_begun = now
        known.thread = threading.Thread(target=known.run, args=(name, work), name=f"aside {name}", daemon=True)
        known.thread.start()
        return False

    def result(self, name: str) -> T | None:
        """What the work gave; None where it failed, took too long or was not begun."""
        known = self._works.get(name)
        return known.result if known else None

    def forget(self, name: str) -> None:
        """Drop what is known of it; what waits for its turn is not begun any more."""
        self._works.pop(name, None)

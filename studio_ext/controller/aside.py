"""Work that takes its time, in threads of its own: whoever asks for it goes on and asks again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class Aside(Generic[T]):
    """Work by name. One thread at a time asks; at most two of ours work."""

    def __init__(self, patience: float) -> None:
        """``patience``: seconds after which work counts as done, without a result, though it still goes on."""
        self._patience = patience
        self._turns = threading.Semaphore(2)
        self._begun: dict[str, float] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._results: dict[str, T] = {}

    def is_done(self, name: str, work: Callable[[], T]) -> bool:
        """Whether ``work`` is done; the first call begins it."""
        thread = self._threads.get(name)
        if thread is None:
            self._begun[name] = time.monotonic()
            thread = threading.Thread(target=self._run, args=(name, work), name=f"aside {name}", daemon=True)
            self._threads[name] = thread
            thread.start()
        return not thread.is_alive() or time.monotonic() - self._begun[name] > self._patience

    def result(self, name: str) -> T | None:
        """What the work gave; None where it failed, took too long or was not asked for."""
        return self._results.get(name)

    def forget(self, name: str) -> None:
        """Drop what is known of it."""
        for known in (self._begun, self._threads, self._results):
            known.pop(name, None)

    def _run(self, name: str, work: Callable[[], T]) -> None:
        with self._turns:
            try:
                self._results[name] = work()
            except Exception:
                log.exception("%s: looking at the data failed", name)

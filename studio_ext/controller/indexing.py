"""The thread that keeps the index of trials up to date."""

from __future__ import annotations

import threading
import time

from studio_ext.adapters.trial_index.indexer import Indexer
from studio_ext.core.workspace import Workspace

_LONGEST_SECONDS = 5.0
_GATHER_SECONDS = 0.2
"""Between two looks at runs that are written all the time."""


class Indexing(threading.Thread):
    """Works in pieces and rests in between: the recording and the loop come first."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(name="indexing", daemon=True)
        self._workspace = workspace
        self._stopped = False
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._written: dict[str, None] = {}

    def note(self, run_id: str) -> None:
        """Look at a run that was just written. Returns at once."""
        with self._lock:
            self._written[run_id] = None
        self._wake.set()

    def stop(self) -> None:
        """End after the piece that is under way."""
        self._stopped = True
        self._wake.set()

    def run(self) -> None:
        """Work until stopped."""
        indexer = Indexer(self._workspace)
        gathered = 0.0
        rest = 0.0
        while not self._stopped:
            self._wake.wait(min(rest, _LONGEST_SECONDS))
            self._wake.clear()
            now = time.monotonic()
            if now - gathered >= _GATHER_SECONDS:
                gathered = now
                with self._lock:
                    written, self._written = self._written, {}
                indexer.look_at(list(written))
            rest = indexer.turn()
            if self._written:
                rest = min(rest, _GATHER_SECONDS)
        indexer.close()

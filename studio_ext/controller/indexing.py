"""The thread that keeps the index of trials up to date."""

from __future__ import annotations

import threading

from studio_ext.adapters.trial_index.indexer import Indexer
from studio_ext.core.workspace import Workspace

_LONGEST_SECONDS = 5.0


class Indexing(threading.Thread):
    """Works in pieces and rests in between: the recording and the loop come first."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(name="indexing", daemon=True)
        self._workspace = workspace
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End after the piece that is under way."""
        self._stopped.set()

    def run(self) -> None:
        """Work until stopped."""
        indexer = Indexer(self._workspace)
        rest = 0.0
        while not self._stopped.wait(min(rest, _LONGEST_SECONDS)):
            rest = indexer.turn()
        indexer.close()

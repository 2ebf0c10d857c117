"""The thread that reads histories of trials before somebody compares them."""

from __future__ import annotations

import threading

from studio_ext.adapters.series import open_read_ahead
from studio_ext.core.workspace import Workspace

_BEGIN_SECONDS = 2.0
"""The first jobs come first."""


class ReadingAhead(threading.Thread):
    """Works in pieces and rests in between, longer than it works."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(name="reading-ahead", daemon=True)
        self._workspace = workspace
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End after the piece that is under way."""
        self._stopped.set()

    def run(self) -> None:
        """Work until stopped."""
        ahead = open_read_ahead(self._workspace)
        if ahead is None:
            return
        rest = _BEGIN_SECONDS
        while not self._stopped.wait(rest):
            rest = ahead.turn()
        ahead.close()

"""The workspace of this machine, opened: its database, and the controller that looks after it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from studio_ext.adapters.controller_launcher import DetachedController
from studio_ext.adapters.sql_store import SqlStore
from studio_ext.adapters.sql_store.migrate import HEAD, KNOWN, schema_of, unknown_schema
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.errors import Unavailable
from studio_ext.core.workspace import Workspace

_SCHEMA_SECONDS = 60.0


class LocalWorkspace:
    """Opens the database at its first use."""

    def __init__(self, workspace: Workspace | None = None) -> None:
        self.workspace = workspace or open_workspace()
        self._launcher = DetachedController(self.workspace)
        self._store_lock = threading.Lock()
        self._store: SqlStore | None = None

    @property
    def store(self) -> SqlStore:
        """The database; on first use of a new workspace the controller is started to make it."""
        with self._store_lock:
            if self._store is None:
                self._store = self._open_store()
            return self._store

    def close(self) -> None:
        """Let go of the database."""
        with self._store_lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    def _recorded_jobs(self) -> list[tuple[Path, int]]:
        jobs = [*self.store.active(), *self.store.unfinished_recording()]
        return [(Path(job.directory), job.attempt) for job in jobs]

    def _open_store(self) -> SqlStore:
        schema = schema_of(self.workspace.database)
        if schema is not None and schema not in KNOWN:
            raise unknown_schema(schema)
        if schema != HEAD:
            # Only a controller makes or migrates the schema. One that runs already and does not know HEAD
            # is of another version; SqlStore says so.
            self._launcher.ensure()
            deadline = time.monotonic() + _SCHEMA_SECONDS
            while not self._is_ready() and time.monotonic() < deadline:
                time.sleep(0.02)
                if not self._launcher.starting():
                    break
        return SqlStore(self.workspace.database)

    def _is_ready(self) -> bool:
        try:
            return schema_of(self.workspace.database) == HEAD
        except Unavailable:  # it is just being made
            return False

"""Takes away what nobody needs: deleted jobs after the time for undo, directories that no job owns."""

from __future__ import annotations

import logging
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from studio_ext.contract.errors import NotFound, Unavailable
from studio_ext.core.ids import LENGTH, is_id
from studio_ext.core.workspace import Workspace
from studio_ext.ports.store import Store
from studio_ext.ports.tracking import Tracking

log = logging.getLogger(__name__)

UNDO_SECONDS = 300.0
"""How long a deleted job can be restored."""
ORPHAN_SECONDS = 3600.0
"""A directory without a job is a submission that was cut off; one that is this old is not coming back."""


@dataclass(frozen=True)
class Housekeeping:
    """Run every minute or so by the controller."""

    workspace: Workspace
    store: Store
    tracking: Tracking

    def run(self) -> None:
        """Purge deleted jobs and orphaned directories."""
        now = time.time()
        unfinished = {job.id for job in self.store.unfinished_recording()}
        for job, with_trial in self.store.deleted_before(now - UNDO_SECONDS):
            if job.id in unfinished:
                continue  # once it is forgotten nobody would close its run
            if with_trial and job.trial.run_id is not None:
                try:
                    self.tracking.delete_run(job.trial.run_id)
                except NotFound:
                    log.info("the trial of job %s is gone already", job.id)
                except Unavailable:
                    continue  # the next round tries again
                except Exception:
                    log.exception("the trial of job %s cannot be deleted", job.id)
            if self.store.purge(job.id):  # else it was restored at the last moment
                shutil.rmtree(job.directory, ignore_errors=True)
        for directory in self.workspace.jobs.iterdir():
            if self._is_orphan(directory, now):
                log.info("removing %s, which no job owns", directory)
                shutil.rmtree(directory, ignore_errors=True)

    def _is_orphan(self, directory: Path, now: float) -> bool:
        try:
            is_old = directory.is_dir() and now - directory.stat().st_mtime > ORPHAN_SECONDS
        except OSError:
            return False
        if not is_old or len(directory.name) != LENGTH or not is_id(directory.name):
            return False
        try:
            self.store.get(directory.name, deleted=True)
        except NotFound:
            return True
        return False

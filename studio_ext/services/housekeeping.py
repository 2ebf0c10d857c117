"""Takes away what nobody needs: deleted jobs after the time for undo, directories that no job owns."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from studio_ext.contract.errors import NotFound, Unavailable
from studio_ext.core.ids import LENGTH, is_id
from studio_ext.core.states import FINAL
from studio_ext.core.workspace import Workspace
from studio_ext.ports.store import Store
from studio_ext.ports.tracking import Tracking
from studio_ext.services.job_files import forget_variables

log = logging.getLogger(__name__)

UNDO_SECONDS = 300.0
"""How long a deleted job can be restored."""
PURGED_SECONDS = 30 * 86_400.0
"""How long those who were away hear that a job is gone."""
ORPHAN_SECONDS = 3600.0
"""A directory without a job is a submission that was cut off; one that is this old is not coming back."""

_JITTER = 2.0


class CautiousClock:
    """The machine's time; but when that jumps ahead, it counts from an hour later on only.

    What was deleted, or begun, just before the clock was set must not look an hour old. Every time that is compared
    with this one is less than an hour ago, or it does not matter.
    """

    def __init__(self) -> None:
        self._now = self._at = 0.0
        self._ahead_since: float | None = None

    def now(self) -> float:
        """Seconds since the epoch."""
        wall, steady = time.time(), time.monotonic()
        expected = self._now + steady - self._at if self._at else wall
        if wall <= expected + _JITTER:
            self._ahead_since, now = None, wall
        else:
            self._ahead_since = steady if self._ahead_since is None else self._ahead_since
            now = expected if steady - self._ahead_since < ORPHAN_SECONDS else wall
        self._now, self._at = now, steady
        return now


@dataclass(frozen=True)
class Housekeeping:
    """Run every minute or so by the controller."""

    workspace: Workspace
    store: Store
    tracking: Tracking
    clock: CautiousClock = field(default_factory=CautiousClock)
    """One for all runs."""

    def run(self) -> None:
        """Purge deleted jobs and orphaned directories.

        A job is purged before anything of it goes: from then on nobody can restore it. What a crash leaves is known,
        the trial by what stays of the job, the directory as one that no job owns.
        """
        now = self.clock.now()
        undo_ended = now - UNDO_SECONDS
        unfinished = {job.id for job in self.store.unfinished_recording()}
        for job, _ in self.store.deleted_before(undo_ended):
            if job.id in unfinished:
                continue  # once it is forgotten nobody would close its run
            if self.store.purge(job.id, deleted_before=undo_ended):  # else it was restored at the last moment
                shutil.rmtree(job.directory, ignore_errors=True)
        self._delete_trials()
        self.store.forget_purged(time.time() - PURGED_SECONDS)
        for directory in self.workspace.jobs.iterdir():
            if self._is_orphan(directory, now):
                log.info("removing %s, which no job owns", directory)
                shutil.rmtree(directory, ignore_errors=True)
            else:
                self._forget_variables(directory)

    def _forget_variables(self, directory: Path) -> None:
        """Remove values of variables that a crash left between the end of a job and their removal."""
        if not is_id(directory.name) or not (directory / "environment.json").exists():
            return
        with contextlib.suppress(NotFound):  # a job that is just being submitted
            job = self.store.get(directory.name, deleted=True)
            if job.status in FINAL and job.id == directory.name:
                forget_variables(job)

    def _delete_trials(self) -> None:
        for job_id, run_id in self.store.trials_to_delete():
            try:
                self.tracking.delete_run(run_id)
            except NotFound:
                log.info("the trial of job %s is gone already", job_id)
            except Unavailable as error:
                log.warning("the trial of job %s is deleted later: %s", job_id, error.message)
                continue  # this one, or the store, is away: the next round tries again
            except Exception:
                log.exception("the trial of job %s cannot be deleted", job_id)
            self.store.trial_deleted(job_id)

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

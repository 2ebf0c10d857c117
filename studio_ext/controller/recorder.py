"""The controller's recording thread: nothing that MLflow does, or fails to do, holds up the jobs."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.contract.jobs import JobDetail, JobStatus
from studio_ext.controller.aside import Aside
from studio_ext.ports.tracking import DataInput
from studio_ext.services.data_inputs import data_inputs, has_reads
from studio_ext.services.recording import Recording
from studio_ext.services.trackers import Trackers, has_journals
from studio_ext.worker import faults

log = logging.getLogger(__name__)

ACTIVE_SECONDS = 0.01
IDLE_SECONDS = 1.0
AWAY_SECONDS = 1.0
INPUTS_SECONDS = 90.0
"""For looking at the data that a job read: on a disk that does not answer, it is not waited for."""
TRACKERS_SECONDS = 0.1
"""Between looks at the journals of trackers while there is nothing new in them."""


class Recorder(threading.Thread):
    """Makes runs, pumps journals and closes runs, in turns, for all jobs that need it."""

    def __init__(
        self, recording: Callable[[], Recording], wake_controller: Callable[[], None], trackers: Path | None = None
    ) -> None:
        """``recording`` is made in the thread itself: importing MLflow takes a second or two.

        ``trackers``: the folder with the journals of what is recorded without a job.
        """
        super().__init__(name="recorder", daemon=True)
        self._make = recording
        self._wake_controller = wake_controller
        self._lock = threading.Lock()
        self._work = threading.Event()
        self._stopped = False
        self._jobs: list[JobDetail] = []
        self._closing: list[JobDetail] = []
        self._recorded: set[str] = set()
        self._trackers_folder = trackers
        self._trackers: Trackers | None = None
        self._trackers_due = 0.0
        self._put_off: dict[str, float] = {}
        """When a job whose turn failed has the next one (monotonic seconds)."""
        self._inputs: Aside[tuple[list[DataInput], bool]] = Aside(INPUTS_SECONDS)
        self._broken: set[str] = set()
        """Jobs whose journal cannot be applied, which was logged."""
        self.away: str = ""
        """Why the tracking store cannot be reached; empty while it can."""

    def update(self, active: list[JobDetail], closing: list[JobDetail]) -> None:
        """What there is to do now; ``closing``: jobs whose trial has to be completed, in their final state."""
        with self._lock:
            self._jobs, self._closing = active, closing
            self._recorded &= {job.id for job in (*active, *closing)}
        if active or closing:
            self._work.set()

    @property
    def recorded(self) -> set[str]:
        """Jobs whose trial is complete."""
        with self._lock:
            return set(self._recorded)

    @property
    def has_trackers(self) -> bool:
        """Whether somebody records without a job, or what they recorded is still to be applied."""
        return self._trackers_folder is not None and has_journals(self._trackers_folder)

    def stop(self) -> None:
        """End after the call that is under way."""
        self._stopped = True
        self._work.set()

    def run(self) -> None:
        """Work until stopped; a store that is away is tried again every second."""
        recording: Recording | None = None
        while not self._stopped:
            worked = False
            try:
                recording = recording or self._make()
                worked = self._round(recording)
                worked |= self._turn_trackers(recording)
            except Unavailable as error:
                self._note_away(error.message)
                self._pause(AWAY_SECONDS)
            except Exception:
                log.exception("recording failed; it is tried again")
                self._pause(AWAY_SECONDS)
            if not worked:
                with self._lock:
                    is_idle = not self._jobs and not self._closing
                if is_idle:
                    self._work.wait(TRACKERS_SECONDS if self.has_trackers else IDLE_SECONDS)
                    self._work.clear()
                else:
                    self._pause(ACTIVE_SECONDS)

    def _turn_trackers(self, recording: Recording) -> bool:
        if self._trackers_folder is None or time.monotonic() < self._trackers_due:
            return False
        if self._trackers is None:
            self._trackers = Trackers(self._trackers_folder, recording.tracking, recording.relay)
        worked = self._trackers.turn()
        self._trackers_due = 0.0 if worked else time.monotonic() + TRACKERS_SECONDS
        return worked

    def _pause(self, seconds: float) -> None:
        if not self._stopped:
            time.sleep(seconds)

    def _note_away(self, why: str) -> None:
        if why and not self.away:
            log.warning("tracking store away: %s", why)
        self.away = why

    def _round(self, recording: Recording) -> bool:
        """A turn for each job. One that the store refuses, or whose artefacts do, is put off: the others go on."""
        with self._lock:
            closing = [job for job in self._closing if job.id not in self._recorded]
            over = self._recorded | {job.id for job in closing}
            jobs = [job for job in self._jobs if job.id not in over]
        present = {job.id for job in (*jobs, *closing)}
        self._put_off = {job_id: until for job_id, until in self._put_off.items() if job_id in present}
        self._broken &= present
        worked, away = False, ""
        for turn, job in [*((self._advance, job) for job in jobs), *((self._close, job) for job in closing)]:
            if self._stopped:
                break
            if time.monotonic() < self._put_off.get(job.id, 0.0):
                away = away or self.away
                continue
            try:
                worked |= turn(recording, job)
            except Unavailable as error:
                away = error.message
                self._put_off[job.id] = time.monotonic() + AWAY_SECONDS
        self._note_away(away)
        return worked

    def _advance(self, recording: Recording, job: JobDetail) -> bool:
        if job.trial.run_id is None:
            return self._start(recording, job)
        return job.status is not JobStatus.Pending and self._pump(recording, job)

    def _start(self, recording: Recording, job: JobDetail) -> bool:
        """One job that cannot be recorded must not hold up the others: it fails and says why."""
        try:
            run = recording.start(job)
            faults.point("before_run_noted", os.environ.get(faults.VARIABLE))
        except Unavailable:
            raise
        except StudioError as error:
            recording.refuse(job, error)
        except Exception as error:
            log.exception("job %s cannot be recorded", job.id)
            recording.refuse(job, StudioError(f"The trial could not be made: {error}."))
        else:
            recording.store.set_run(job.id, run.run_id, run.experiment_id, run.artifact_uri)
        with self._lock:
            self._jobs = [each for each in self._jobs if each.id != job.id]
        self._wake_controller()
        return True

    def _pump(self, recording: Recording, job: JobDetail) -> bool:
        """One job's journal that cannot be applied must not hold up the others."""
        try:
            return recording.pump(job) > 0
        except Unavailable:
            raise
        except Exception:
            if job.id not in self._broken:
                log.exception("the journal of job %s cannot be applied; it is tried again every second", job.id)
            self._broken.add(job.id)
            self._put_off[job.id] = time.monotonic() + AWAY_SECONDS
            return False

    def _close(self, recording: Recording, job: JobDetail) -> bool:
        """The run must not stay open: whatever cannot be applied or logged, it is closed."""
        try:
            job = recording.adopt(job)
            if job.trial.run_id is None:
                recording.store.recorded(job.id)
            elif not self._complete(recording, job):
                return False
        except Unavailable:
            raise
        except Exception:
            log.exception("the trial of job %s cannot be completed", job.id)
            recording.store.recorded(job.id)
        with self._lock:
            self._recorded.add(job.id)
        self._wake_controller()
        return True

    def _complete(self, recording: Recording, job: JobDetail) -> bool:
        """False: the data that it read is still being looked at, elsewhere; the other jobs do not wait for it."""
        if has_reads(job) and not self._inputs.is_done(job.id, lambda: data_inputs(job)):
            return False
        try:
            recording.drain(job)
        except Unavailable:
            raise
        except Exception:
            log.exception("the journal of job %s cannot be applied to its end", job.id)
        faults.point("before_run_closed", os.environ.get(faults.VARIABLE))
        inputs, has_more = self._inputs.result(job.id) or ([], False)
        recording.finish(job, inputs, has_more=has_more)
        self._inputs.forget(job.id)
        return True

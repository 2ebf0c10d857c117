"""One of two trials: its run, its job, and the files that were recorded of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.jobs import JobDetail
from studio_ext.contract.records import ArtifactEntry, RunRecord
from studio_ext.contract.trial_diff import DiffTrial
from studio_ext.core.plain_text import one_line
from studio_ext.ports.records import Records
from studio_ext.worker import inside

JOB_TAGS = ("studio.job_id", "studio.child_of_job")


@dataclass(frozen=True)
class Found:
    """A file, and where it was found."""

    data: bytes
    place: str
    """In words."""


class TooLarge(Exception):
    """A file is there, but too large to be looked at."""


@dataclass
class Side:
    """What is known of one trial. Nothing but its run is read before it is asked for."""

    run: RunRecord
    experiment: str
    records: Records
    find_job: Callable[[str], JobDetail]
    _folders: dict[str, list[ArtifactEntry]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name on one line, or its id."""
        return one_line(self.run.name)[:250] or self.run.run_id

    @property
    def tags(self) -> dict[str, str]:
        """Tags of the run."""
        return self.run.tags

    @cached_property
    def job(self) -> JobDetail | None:
        """The job that made it; None for one without, or whose job was deleted."""
        identity = next((self.tags[tag] for tag in JOB_TAGS if self.tags.get(tag)), None)
        if identity is not None:
            with contextlib.suppress(NotFound, InvalidRequest):
                return self.find_job(identity)
        return None

    @cached_property
    def wire(self) -> DiffTrial:
        """As it is answered."""
        job_id = self.job.id if self.job else None
        return DiffTrial(run_id=self.run.run_id, name=self.name, experiment=self.experiment, job_id=job_id)

    def artifacts(self, folder: str = "") -> list[ArtifactEntry]:
        """What lies in a folder of the artefacts."""
        if folder not in self._folders:
            self._folders[folder] = self.records.artifacts(self.run, folder)
        return self._folders[folder]

    def artifact(self, path: str, most: int) -> Found | None:
        """An artefact; None where there is none. Raises :class:`TooLarge`."""
        with contextlib.suppress(NotFound, InvalidRequest):
            # To open a file of a store elsewhere is to fetch all of it: its size is asked first.
            listed = self.artifacts(path.rpartition("/")[0])
            if any(entry.path == path and (entry.size_bytes or 0) > most for entry in listed):
                raise TooLarge
            with self.records.open_artifact(self.run, path) as download:
                if download.size_bytes > most:
                    raise TooLarge
                return Found(b"".join(download.chunks), f"artefact {path}")
        return None

    def job_file(self, path: Path | str, most: int) -> bytes | None:
        """A file of the job's directory; None where there is none. Raises :class:`TooLarge`."""
        if self.job is None:
            return None
        root = Path(self.job.directory)
        try:
            if inside.look(root, path).st_size > most:
                raise TooLarge
            return inside.read(root, path, most)
        except OSError:
            return None

    def notebook(self, most: int) -> Found | None:
        """The notebook with its outputs, else as it was submitted. Raises :class:`TooLarge`."""
        for folder in ("notebook", ""):
            for entry in self.artifacts(folder):
                if not entry.is_folder and entry.path.endswith(".ipynb"):
                    return self.artifact(entry.path, most)
        job = self.job
        if job is None:
            return None
        if job.output_notebook:
            with contextlib.suppress(ValueError):
                below = Path(job.output_notebook).relative_to(job.directory)
                if (data := self.job_file(below, most)) is not None:
                    return Found(data, f"output of job {job.id}")
        data = self.job_file("input/notebook.ipynb", most)
        return None if data is None else Found(data, f"as submitted with job {job.id}")

    def recorded(self, name: str, most: int) -> str | None:
        """A text that a job records of itself: the artefact, or while it runs the file in its directory."""
        try:
            found = self.artifact(name, most)
            data = found.data if found else self.job_file(f"output/{name}", most)
        except TooLarge:
            return None
        return None if data is None else data.decode("utf-8", "replace")

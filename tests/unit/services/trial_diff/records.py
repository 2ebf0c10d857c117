"""Runs with artefacts in memory, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from studio_ext.contract.errors import NotFound
from studio_ext.contract.jobs import JobDetail, Snapshot
from studio_ext.contract.records import ArtifactEntry, ExperimentRecord, RunRecord
from studio_ext.contract.trial_diff import DiffPart, TrialDiff
from studio_ext.core.paths import relative
from studio_ext.ports.contents import Download
from studio_ext.ports.records import Records
from studio_ext.ports.repository import Repositories
from studio_ext.ports.tracking import DataInput, Tracking
from studio_ext.services.trial_diff import TrialDiffs
from studio_ext.testing.fake_client import FakeClient


class MemoryRuns:
    """As much of the records and tracking ports as is asked for."""

    def __init__(self) -> None:
        self.runs: dict[str, RunRecord] = {}
        self.files: dict[str, dict[str, bytes]] = {}
        self.data: dict[str, list[DataInput]] = {}
        self.jobs: dict[str, JobDetail] = {}
        self.opened: list[str] = []

    def add(
        self,
        run_id: str,
        files: Mapping[str, bytes | str] | None = None,
        tags: Mapping[str, str] | None = None,
        data: list[DataInput] | None = None,
    ) -> str:
        self.runs[run_id] = RunRecord(
            run_id=run_id,
            experiment_id="1",
            name=f"name of {run_id}",
            status="FINISHED",
            artifact_uri="",
            tags=dict(tags or {}),
        )
        self.files[run_id] = {
            name: content.encode() if isinstance(content, str) else content for name, content in (files or {}).items()
        }
        self.data[run_id] = data or []
        return run_id

    def job(self, run_id: str, directory: Path, *, started: float | None = None, **snapshot: Any) -> JobDetail:
        """A job of a run, whose directory is there."""
        made = FakeClient().submit(_request())
        taken = Snapshot(source=str(directory), files=0, size_bytes=0, **snapshot)
        job = made.model_copy(update={"directory": str(directory), "snapshot": taken, "started": started})
        self.jobs[job.id] = job
        self.runs[run_id].tags["studio.job_id"] = job.id
        return job

    # -- what is asked

    def run(self, run_id: str) -> RunRecord:
        if run_id not in self.runs:
            raise NotFound(f"There is no run {run_id}.")
        return self.runs[run_id]

    def experiment_by_id(self, experiment_id: str) -> ExperimentRecord:
        return ExperimentRecord(experiment_id=experiment_id, name="known")

    def artifacts(self, run: RunRecord, folder: str = "") -> list[ArtifactEntry]:
        below = f"{folder}/" if folder else ""
        found: dict[str, ArtifactEntry] = {}
        for name, content in self.files[run.run_id].items():
            if name.startswith(below):
                head, slash, _ = name.removeprefix(below).partition("/")
                size = None if slash else len(content)
                found[head] = ArtifactEntry(path=below + head, is_folder=bool(slash), size_bytes=size)
        return sorted(found.values(), key=lambda each: each.path)

    @contextmanager
    def open_artifact(self, run: RunRecord, name: str) -> Iterator[Download]:
        content = self.files[run.run_id].get(relative(name).as_posix())
        if content is None:
            raise NotFound(f"The run has no artefact {name!r}.")
        self.opened.append(name)
        yield Download(name, len(content), iter([content]))

    def inputs(self, run_id: str) -> list[DataInput]:
        return self.data[run_id]

    def find_job(self, job_id: str) -> JobDetail:
        if job_id not in self.jobs:
            raise NotFound("There is no such job.")
        return self.jobs[job_id]

    def diff(self, part: DiffPart, path: str = "", *, repositories: Repositories | None = None) -> TrialDiff:
        """Of the two runs ``a`` and ``b``; the answer goes through JSON, as it does on its way."""
        from studio_ext.adapters.git_commits import GitRepositories

        service = TrialDiffs(
            cast(Records, self), cast(Tracking, self), self.find_job, repositories or GitRepositories()
        )
        return TrialDiff.model_validate_json(service.diff("a", "b", part, path).model_dump_json())


def _request() -> Any:
    from studio_ext.contract.jobs import SubmitRequest

    return SubmitRequest(notebook="work/train.ipynb")

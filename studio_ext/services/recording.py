"""Records jobs as trials: before they start, while they run, and when they are over."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.contract.jobs import Exit, ExitReason, JobDetail, JobStatus, SecondaryStatus
from studio_ext.core.states import run_status
from studio_ext.ports.store import Store
from studio_ext.ports.submission import CHANGES_FILE, Notebooks
from studio_ext.ports.tracking import DataInput, Relay, RunHandle, RunStart, Tracking
from studio_ext.services.job_files import forget_variables
from studio_ext.services.surroundings import surroundings
from studio_ext.services.system_metrics import SystemMetrics
from studio_ext.worker import inside, records

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recording:
    """One path for every job. Raises ``Unavailable`` while the tracking store is away; call again later."""

    store: Store
    tracking: Tracking
    relay: Relay
    notebooks: Notebooks
    system_metrics: SystemMetrics | None = None
    """Logs what jobs use; None: nothing does."""

    def start(self, job: JobDetail) -> RunHandle:
        """Make the job's run. Idempotent."""
        environment, snapshot = job.environment, job.snapshot
        tags = {
            "mlflow.source.name": job.notebook,
            "mlflow.source.type": "NOTEBOOK",
            "studio.job_id": job.id,
            "studio.kind": job.kind,
            "studio.notebook": job.notebook,
            "studio.notebook_sha256": job.notebook_sha256,
            "studio.runner": job.runner,
            "studio.kernel": environment.kernel,
            "studio.kernel_command": " ".join(environment.argv),
            **{f"studio.tag.{key}": value for key, value in job.tags.items()},
        }
        if environment.container is not None:
            tags["studio.image"] = environment.container.image
            if environment.container.image_id:
                tags["studio.image_id"] = environment.container.image_id
        if snapshot is not None:
            tags["studio.source"] = snapshot.source
            if snapshot.git_commit:
                tags["mlflow.source.git.commit"] = snapshot.git_commit
            if snapshot.git_dirty is not None:
                tags["studio.git_dirty"] = json.dumps(snapshot.git_dirty)
            if snapshot.git_remote:
                tags["mlflow.source.git.repoURL"] = snapshot.git_remote
        # As mlflow.log_param would: a notebook that logs its own parameters says the same thing again.
        parameters = {name: str(value) for name, value in job.parameters.items()}
        return self.tracking.start_run(
            job.id,
            RunStart(
                experiment=job.trial.experiment,
                name=job.name,
                started=job.created,
                user=job.user,
                parameters=parameters,
                tags=tags,
            ),
        )

    def refuse(self, job: JobDetail, error: StudioError) -> None:
        """End a job that cannot be recorded: no job starts without its run."""
        exit = Exit(reason=ExitReason.start_failed, message=f"{error.message} {error.hint}".strip())
        self.store.step(
            job.id,
            expect=[JobStatus.Pending],
            status=JobStatus.Failed,
            secondary_status=SecondaryStatus.Failed,
            message=exit.message,
            exit=exit,
            ended=time.time(),
        )
        forget_variables(job)

    def adopt(self, job: JobDetail) -> JobDetail:
        """A job that is over, with the run that was made for it before a crash, or a refusal, and never noted.

        Makes no run: a job that never had one stays without.
        """
        if job.trial.run_id is not None:
            return job
        run = self.tracking.find_run(job.id, job.trial.experiment)
        if run is None:
            return job
        noted = {"run_id": run.run_id, "experiment_id": run.experiment_id, "artifact_uri": run.artifact_uri}
        self.store.set_run(job.id, **noted)
        return job.model_copy(update={"trial": job.trial.model_copy(update=noted)})

    def pump(self, job: JobDetail) -> int:
        """Apply what the job logged since the last call; returns how many calls that were."""
        run = handle(job)
        count = self.relay.pump(job.id, Path(job.directory), job.attempt, run)
        if self.system_metrics is not None:
            self.system_metrics.turn(job, run.run_id)
        return count

    def drain(self, job: JobDetail) -> None:
        """Apply everything that the job logged and move its artefacts, once nothing of it runs any more."""
        run = handle(job)
        self.relay.finish(job.id, Path(job.directory), job.attempt, run)
        if self.system_metrics is not None:
            self.system_metrics.turn(job, run.run_id, last=True)

    def finish(self, job: JobDetail, inputs: Sequence[DataInput] = (), *, has_more: bool = False) -> None:
        """Close the run of a job in a final state: outputs, data, status, times. Idempotent.

        ``inputs``: what the job read; ``has_more``: and more than that. What cannot be logged is no reason to leave
        the run open.
        """
        run_id = handle(job).run_id
        steps: dict[str, Callable[[], None]] = {"outputs": lambda: self._log_outputs(job, run_id)}
        if inputs:
            steps["data"] = lambda: self.tracking.log_inputs(run_id, inputs)
        for what, step in steps.items():
            try:
                step()
            except Unavailable:
                raise
            except Exception:
                log.exception("the %s of job %s cannot be logged", what, job.id)
        tags = {"studio.status": str(job.status), "studio.secondary_status": str(job.secondary_status)}
        if job.output_notebook:
            tags["studio.output_notebook"] = job.output_notebook
        if job.exit is not None:
            tags["studio.exit_reason"] = str(job.exit.reason)
            if job.exit.message:
                tags["studio.exit_message"] = job.exit.message[:4000]
        tags |= surroundings(job)
        if has_more:
            tags["studio.inputs"] = f"{len(inputs)} and more"
        self.tracking.end_run(run_id, run_status(job.status), job.ended or job.created, tags)
        self.store.recorded(job.id)

    def _log_outputs(self, job: JobDetail, run_id: str) -> None:
        directory = Path(job.directory)
        with tempfile.TemporaryDirectory(prefix=".", dir=directory) as folder:
            staged = Path(folder)
            notebook = _stage(directory, Path(job.output_notebook or ""), staged / "notebook")
            displayed = self.notebooks.displayed(notebook) if notebook is not None else []
            for name, data in displayed:
                (staged / name).parent.mkdir(exist_ok=True)
                (staged / name).write_bytes(data)
            for name in ("packages.txt", records.MACHINE):
                _stage(directory, directory / "output" / "environment" / name, staged / "environment")
            _stage(directory, directory / CHANGES_FILE, staged / "code")
            if any(staged.iterdir()):
                self.tracking.log_artifacts(run_id, staged)
        if tables := [name for name, _ in displayed if name.startswith("tables/")]:
            self.tracking.show_tables(run_id, tables)


def _stage(directory: Path, path: Path, folder: Path) -> Path | None:
    """Copy a file of the job directory into ``folder``; None where there is no file, or a link that the job laid."""
    if not path.is_relative_to(directory):
        return None
    try:
        source = inside.open_file(directory, path.relative_to(directory))
    except FileNotFoundError:
        return None
    with os.fdopen(source, "rb") as reader:
        folder.mkdir(exist_ok=True)
        copy = folder / path.name
        with copy.open("xb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
    return copy


def handle(job: JobDetail) -> RunHandle:
    """The run that a job has."""
    trial = job.trial
    if trial.run_id is None or trial.experiment_id is None or trial.artifact_uri is None:
        raise ValueError(f"job {job.id} has no run yet")
    return RunHandle(run_id=trial.run_id, experiment_id=trial.experiment_id, artifact_uri=trial.artifact_uri)

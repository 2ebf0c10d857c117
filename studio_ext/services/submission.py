"""Turns a request into a committed job."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio_ext.contract.errors import InvalidRequest, Unavailable
from studio_ext.contract.jobs import (
    JobDetail,
    JobKind,
    JobStatus,
    KernelEnvironment,
    NotebookInspection,
    Progress,
    RunnerInfo,
    SecondaryStatus,
    SubmitRequest,
    TrialRef,
)
from studio_ext.core.ids import new_id
from studio_ext.core.parameters import check_parameters
from studio_ext.core.states import grace_seconds
from studio_ext.core.workspace import Workspace
from studio_ext.ports.store import Store
from studio_ext.ports.submission import Environments, Notebook, Notebooks, Snapshots
from studio_ext.services.durable import sync_tree


@dataclass(frozen=True)
class Submission:
    """Makes jobs out of requests. Durable before it returns."""

    workspace: Workspace
    store: Store
    notebooks: Notebooks
    environments: Environments
    snapshots: Snapshots
    runners: dict[str, RunnerInfo]

    def inspect(self, path: Path, shown: str) -> NotebookInspection:
        """What the form needs to know of a notebook; ``shown`` is the path as the person knows it."""
        notebook = self._read(path)
        environment, warnings = None, []
        try:
            environment = self._environment(notebook, None, [])
            if notebook.kernel is None:
                warnings.append(f"The notebook names no kernel; {environment.display_name} is used.")
        except InvalidRequest as error:
            warnings.append(error.message)
        if not notebook.has_parameters_cell:
            warnings.append("No cell is tagged 'parameters': values are put on top of the notebook.")
        return NotebookInspection(
            notebook=shown,
            suggested_name=f"{path.stem[:190]}-{new_id(time.time())[-4:]}",
            experiment=default_experiment(path),
            parameters=self.notebooks.parameters(notebook, environment),
            has_parameters_cell=notebook.has_parameters_cell,
            kernel=environment.kernel if environment else None,
            kernel_wanted=notebook.kernel,
            language=environment.language if environment else notebook.language,
            cells=notebook.code_cells,
            warnings=warnings,
        )

    def submit(self, request: SubmitRequest, path: Path, user: str) -> JobDetail:
        """Commit a job that runs the notebook at ``path``.

        Raises ``InvalidRequest`` naming the field that is wrong; then nothing is left behind.
        """
        key = request.idempotency_key or None
        if key and (known := self.store.by_key(key)):
            return known
        self._check_runner(request.runner)
        notebook = self._read(path)
        environment = self._environment(notebook, request.kernel, request.variables)
        parameters = check_parameters(
            request.parameters,
            self.notebooks.parameters(notebook, environment),
            has_parameters_cell=notebook.has_parameters_cell,
        )
        values = self.environments.values(request.variables)
        now = time.time()
        directory = self._make_directory(now)
        job_id = directory.name
        try:
            job = JobDetail(
                id=job_id,
                name=(request.name or "").strip() or f"{path.stem[:190]}-{job_id[-4:]}",
                kind=JobKind.notebook,
                status=JobStatus.Pending,
                secondary_status=SecondaryStatus.Pending,
                runner=request.runner,
                attempt=1,
                created=now,
                progress=Progress(total=notebook.code_cells),
                trial=TrialRef(experiment=_experiment_name(request.experiment) or default_experiment(path)),
                notebook=request.notebook,
                output_notebook=str(directory / "output" / path.name),
                parameters=parameters,
                user=user,
                message="Waiting to start",
                revision=0,
                resources=request.resources,
                environment=environment,
                directory=str(directory),
                content_path=f"{job_id}/output/{path.name}",
                notebook_sha256=notebook.sha256,
                tags=request.tags,
            )
            job.snapshot = self._write_directory(directory, job, notebook, parameters, values)
            committed, is_new = self.store.add(job, key)
        except OSError as error:
            shutil.rmtree(directory, ignore_errors=True)
            raise self._cannot_write(error) from error
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise
        if not is_new:
            shutil.rmtree(directory, ignore_errors=True)
        return committed

    def _read(self, path: Path) -> Notebook:
        try:
            str(path).encode()
        except UnicodeEncodeError as error:  # names on disk are bytes; ours are written to JSON and databases
            raise InvalidRequest.field(
                "notebook", "its path is not UTF-8", hint="Rename the file or folder."
            ) from error
        return self.notebooks.read(path)

    def _make_directory(self, now: float) -> Path:
        """A new directory, whose name is the id of the job."""
        while True:
            directory = self.workspace.job(new_id(now))
            try:
                directory.mkdir(mode=0o700)
            except FileExistsError:
                continue  # somebody else drew the same id in the same millisecond
            except OSError as error:
                raise self._cannot_write(error) from error
            return directory

    def _cannot_write(self, error: OSError) -> Unavailable:
        return Unavailable(
            f"The job could not be written to {self.workspace.home}: {error.strerror}.",
            hint="Free some space, or set STUDIO_HOME to a larger disk.",
        )

    def _check_runner(self, name: str) -> None:
        info = self.runners.get(name)
        if info is None:
            raise InvalidRequest.field("runner", f"there is no runner {name!r}; there are {', '.join(self.runners)}")
        if not info.available:
            raise InvalidRequest.field("runner", f"{info.display_name} cannot be used here. {info.reason}")

    def _environment(self, notebook: Notebook, kernel: str | None, variables: list[str]) -> KernelEnvironment:
        wanted = kernel or notebook.kernel or self.environments.default()
        if wanted is None:
            raise InvalidRequest.field("kernel", "no kernel is installed", hint="pip install ipykernel")
        return self.environments.resolve(wanted, variables)

    def _write_directory(
        self, directory: Path, job: JobDetail, notebook: Notebook, parameters: dict[str, Any], values: dict[str, str]
    ) -> Any:
        for name in ("input/config", "input/data", "code", "model", "output", "checkpoints", "artifacts", "attempts"):
            (directory / name).mkdir(parents=True)
        snapshot = self.snapshots.take(notebook.path, directory / "code")
        self.notebooks.write_parameterized(
            notebook, directory / "input" / "notebook.ipynb", parameters, job.environment
        )
        hyperparameters = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()
        }
        host = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "lo"}
        _write_json(directory / "input/config/hyperparameters.json", hyperparameters)
        _write_json(directory / "input/config/inputdataconfig.json", {})
        _write_json(directory / "input/config/resourceconfig.json", host)
        if values:
            _write_json(directory / "environment.json", values)
        spec = {
            "id": job.id,
            "kind": job.kind,
            "attempt": job.attempt,
            "notebook": notebook.path.name,
            "workdir": "code",
            "cells": notebook.code_cells,
            "resources": job.resources.model_dump(),
            "grace_seconds": grace_seconds(job.kind),
            "environment": job.environment.model_dump(),
            "base_env": self.environments.base_variables(job.environment),
            "experiment": job.trial.experiment,
        }
        _write_json(directory / "job.json", spec)
        sync_tree(directory)
        return snapshot


def default_experiment(notebook: Path) -> str:
    """The name of the notebook's folder: what belongs together usually lies together."""
    return _experiment_name(notebook.parent.name) or notebook.stem


def _experiment_name(name: str | None) -> str:
    return " ".join((name or "").split())[:250]


def _write_json(path: Path, value: Any) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file)

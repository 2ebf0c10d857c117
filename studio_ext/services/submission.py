"""Turns a request into a committed job."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio_ext.contract.errors import InvalidRequest, NotFound, Unavailable
from studio_ext.contract.jobs import (
    CELLS_TAG,
    JobDetail,
    JobKind,
    JobStatus,
    KernelEnvironment,
    NotebookInspection,
    Progress,
    RunnerInfo,
    SecondaryStatus,
    Snapshot,
    SubmitRequest,
    TrialRef,
)
from studio_ext.core.ids import new_id
from studio_ext.core.parameters import check_parameters
from studio_ext.core.states import grace_seconds
from studio_ext.core.workspace import Workspace
from studio_ext.ports.runner import Runner
from studio_ext.ports.store import Store
from studio_ext.ports.submission import Environments, Images, Notebook, Notebooks, Snapshots
from studio_ext.services.durable import sync_tree

MOST_LINKS = 20
"""Links into one folder from which on the whole folder is mounted into a container."""
MOST_PLACES = 500
"""Places that are mounted into one container."""


@dataclass(frozen=True)
class Submission:
    """Makes jobs out of requests. Durable before it returns."""

    workspace: Workspace
    store: Store
    notebooks: Notebooks
    environments: Environments
    snapshots: Snapshots
    images: Images
    runners: Mapping[str, Runner]

    def inspect(self, path: Path, shown: str) -> NotebookInspection:
        """What the form needs to know of a notebook; ``shown`` is the path as the person knows it."""
        notebook = self._read(path)
        environment, warnings = None, []
        try:
            environment = self._kernel(notebook, None, [])
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

        Raises ``InvalidRequest`` naming the field that is wrong, ``Unavailable`` while the engine of the runner does
        not answer; then nothing is left behind.
        """
        key = request.idempotency_key or None
        if key and (known := self.store.by_key(key)):
            return known
        runner = self._runner(request.runner)
        document = self._document(request)
        notebook = self._read(path) if document is None else self._given(path, document)
        environment = self._environment(request, runner, notebook)
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
                autolog=request.autolog or self.workspace.autolog,
                tags=request.tags | ({} if document is None else {CELLS_TAG: "true"}),
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
        _check_path(path)
        return self.notebooks.read(path)

    def _given(self, path: Path, document: Mapping[str, Any]) -> Notebook:
        _check_path(path)
        if not path.is_file():
            raise NotFound(f"There is no notebook {path.name!r}.", hint="Save it first, or check the path.")
        return self.notebooks.from_document(path, document)

    def _document(self, request: SubmitRequest) -> Mapping[str, Any] | None:
        """The notebook to run, where it is not the file."""
        if request.cells_of is None:
            return request.document
        before = self.store.get(request.cells_of)
        if CELLS_TAG not in before.tags:
            raise InvalidRequest.field("cells_of", f"job {before.id} ran a whole notebook", hint="Submit the notebook.")
        path = self.workspace.job(before.id) / "input" / "notebook.ipynb"
        document = self.notebooks.read(path).document
        # Parameters are injected anew.
        cells = [cell for cell in document["cells"] if "injected-parameters" not in _tags(cell)]
        return {**document, "cells": cells}

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

    def _runner(self, name: str) -> RunnerInfo:
        runner = self.runners.get(name)
        if runner is None:
            raise InvalidRequest.field("runner", f"there is no runner {name!r}; there are {', '.join(self.runners)}")
        info = runner.info()  # asked now: a container engine may come and go
        if info.away:
            hint = "Try again in a moment, or choose another runner."
            raise Unavailable(f"{info.display_name} cannot be used now. {info.reason}", hint=hint)
        if not info.available:
            raise InvalidRequest.field("runner", f"{info.display_name} cannot be used here. {info.reason}")
        return info

    def _environment(self, request: SubmitRequest, runner: RunnerInfo, notebook: Notebook) -> KernelEnvironment:
        """What the job runs in; refuses what its runner cannot give."""
        if not runner.has_images:
            for name in ("image", "pull"):
                if getattr(request, name):
                    raise InvalidRequest.field(name, f"{runner.display_name} runs jobs in no image")
            if request.resources.gpus:
                raise InvalidRequest.field(
                    "resources.gpus",
                    f"{runner.display_name} shares out no GPUs: its jobs see all of the machine's",
                    hint="Leave it empty, or choose a runner with containers.",
                )
            environment = self._kernel(notebook, request.kernel, request.variables)
            summary = f"{runner.display_name} · {environment.display_name}"
            return environment.model_copy(update={"summary": summary})
        if request.kernel:
            raise InvalidRequest.field("kernel", f"{runner.display_name} runs jobs in an image; name that instead")
        if notebook.language and notebook.language.lower() not in ("python", "ipython"):
            raise InvalidRequest.field(
                "runner",
                f"jobs in containers are Python; {notebook.path.name} is {notebook.language}",
                hint="Use the process runner.",
            )
        image = request.image or self.images.default()
        environment = self.images.resolve(image, pull=request.pull, network_access=request.network_access)
        return environment.model_copy(update={"variables": list(request.variables)})

    def _kernel(self, notebook: Notebook, kernel: str | None, variables: list[str]) -> KernelEnvironment:
        wanted = kernel or notebook.kernel or self.environments.default()
        if wanted is None:
            raise InvalidRequest.field("kernel", "no kernel is installed", hint="pip install ipykernel")
        return self.environments.resolve(wanted, variables)

    def _write_directory(
        self, directory: Path, job: JobDetail, notebook: Notebook, parameters: dict[str, Any], values: dict[str, str]
    ) -> Snapshot:
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
            "links": linked_places(directory / "code") if snapshot.left_out and job.environment.container else [],
            "experiment": job.trial.experiment,
            "autolog": job.autolog,
        }
        _write_json(directory / "job.json", spec)
        sync_tree(directory)
        return snapshot


def linked_places(code: Path) -> list[str]:
    """Where the links of a snapshot lead: what a container must have at the same place for them to lead there.

    A folder stands for what is linked in it where that is a lot, and nothing in it was to stay away: an engine mounts
    tens of places, not thousands. Raises ``InvalidRequest`` where there would be too many.
    """
    places: list[str] = []
    for parent, folders, files in os.walk(code):
        entries = {name: Path(parent, name) for name in (*folders, *files)}
        targets = [str(path.readlink()) for path in entries.values() if path.is_symlink()]
        if len(targets) > MOST_LINKS:
            origin = Path(targets[0]).parent
            has_folders = any(Path(parent, name).is_dir() and not Path(parent, name).is_symlink() for name in folders)
            if not has_folders and _names(origin) <= entries.keys():
                targets = [str(origin)]
        places += targets
    if len(places) > MOST_PLACES:
        raise InvalidRequest.field(
            "runner",
            f"{len(places):,} files beside the notebook are too large or too many to be copied, and more than a"
            f" container can be given one by one ({MOST_PLACES})",
            hint="Put them into a folder of their own, or use the process runner.",
        )
    return sorted(places)


def _check_path(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError as error:  # names on disk are bytes; ours are written to JSON and databases
        raise InvalidRequest.field("notebook", "its path is not UTF-8", hint="Rename the file or folder.") from error


def _tags(cell: Mapping[str, Any]) -> list[Any]:
    tags = cell.get("metadata", {}).get("tags")
    return tags if isinstance(tags, list) else []


def _names(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in os.scandir(folder)}
    except OSError:
        return {""}  # nothing is known of it: it stands for nothing


def default_experiment(notebook: Path) -> str:
    """The name of the notebook's folder: what belongs together usually lies together."""
    return _experiment_name(notebook.parent.name) or notebook.stem


def _experiment_name(name: str | None) -> str:
    return " ".join((name or "").split())[:250]


def _write_json(path: Path, value: Any) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(value, file)

"""Wire types of everything about one trial, of changing it, and of a look at its artefacts."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from studio_ext.contract.base import Wire
from studio_ext.contract.experiments import Trial
from studio_ext.contract.trial_table import Value

MAX_NOTE = 5_000
"""Characters of a note: what every version of MLflow keeps in a tag."""
MAX_RELATIVES = 200
"""Most children in one answer."""

TagName = Annotated[str, Field(min_length=1, max_length=250)]
TagText = Annotated[str, Field(max_length=MAX_NOTE)]


class MetricSummary(Wire):
    """What the values of one metric amount to. None stands for NaN and infinities, which JSON lacks."""

    name: str
    last: float | None = None
    """The value of the highest step."""
    step: int
    """The highest step."""
    count: int | None = None
    """Values that are numbers; None when it was not told."""
    min: float | None = None
    max: float | None = None
    mean: float | None = None


class TrialInput(Wire):
    """Data that the trial read."""

    name: str
    digest: str
    """Which version of it."""
    place: str
    """Path or address; empty for data that was in memory."""
    kind: str
    """``local``, ``http``, the scheme of an address, or MLflow's word."""
    rows: int | None = None
    columns: int | None = None
    size_bytes: int | None = None
    sha256: str = ""
    files: int | None = None
    """Of a folder: how many files were read in it."""
    context: str = ""
    """What it was read for, in the words of whoever logged it: ``input``, ``training``, ..."""


class TrialCode(Wire):
    """What ran."""

    notebook: str = ""
    notebook_sha256: str = ""
    commit: str = ""
    remote: str = ""
    """Address of the repository."""
    dirty: bool | None = None
    """Whether there were changes in no commit; None: nobody knows."""
    source: str = ""
    """Folder that the code was copied from."""
    changes: str = ""
    """Path of the artefact that holds the changes in no commit; empty: there is none."""
    output: str = ""
    """Path of the artefact that is the executed notebook; empty: there is none."""


class TrialEnvironment(Wire):
    """What it ran in and on."""

    python: str = ""
    platform: str = ""
    cpus: str = ""
    gpus: str = ""
    runner: str = ""
    kernel: str = ""
    image: str = ""
    image_id: str = ""
    packages: str = ""
    """Path of the artefact that lists the packages; empty: there is none."""
    machine: str = ""
    """Path of the artefact that says what the machine is; empty: there is none."""


class TrialJob(Wire):
    """The job that recorded the trial."""

    id: str
    is_there: bool
    """Whether the job still exists."""
    status: str = ""
    name: str = ""


class TrialRelative(Wire):
    """A trial that another one belongs to."""

    run_id: str
    experiment: str = ""
    name: str = ""
    status: str = ""
    """MLflow's word; empty for a trial that is not there any more."""
    started: float | None = None
    ended: float | None = None


class TrialChildren(Wire):
    """A part of the trials below one, newest first."""

    items: list[TrialRelative]
    next_cursor: str | None = None
    """Pass it as ``cursor`` to get the next page; None on the last page."""


class ModelVersionRef(Wire):
    """A version in the model registry that was made of the trial."""

    name: str
    version: str
    status: str = ""
    aliases: list[str] = []


class LoggedModelRef(Wire):
    """A model that the trial logged."""

    model_id: str
    name: str
    status: str = ""
    kind: str = ""
    """The framework, as MLflow names it."""
    created: float | None = None


class TrialDetail(Wire):
    """Everything about one trial."""

    trial: Trial
    experiment_id: str
    is_deleted: bool = False
    """It can be restored, and until then nothing of it can be changed."""
    note: str = ""
    """Markdown, as a person wrote it: MLflow's ``mlflow.note.content``."""
    failure: str = ""
    """Why it failed or was stopped, as far as it is known."""
    metrics: list[MetricSummary]
    """By name; those of the machine are left out."""
    inputs: list[TrialInput]
    code: TrialCode
    environment: TrialEnvironment
    job: TrialJob | None = None
    models: list[LoggedModelRef]
    versions: list[ModelVersionRef]
    parent: TrialRelative | None = None
    children: TrialChildren
    artifact_uri: str
    """Where its artefacts lie, without credentials."""
    mlflow_url: str = ""
    """Its page in MLflow's user interface; empty where no address is known."""
    mlflow_command: str = ""
    """What starts MLflow's user interface on the tracking store where no address is known."""
    missing: list[str] = []
    """Sentences about what could not be read just now."""


class UpdateTrial(Wire):
    """A request to change a trial. What is not given stays."""

    name: str | None = Field(default=None, min_length=1, max_length=250)
    note: str | None = Field(default=None, max_length=MAX_NOTE)
    """An empty one takes the note away."""
    if_note: str | None = Field(default=None, max_length=MAX_NOTE * 4)
    """The note that ``note`` was written from: another one that is there now is a conflict, and stays."""
    tags: dict[TagName, TagText] = Field(default={}, max_length=100)
    removed_tags: list[TagName] = Field(default=[], max_length=100)
    """Tags to take away; one that is not there is no error."""


class PreviewKind(StrEnum):
    """How an artefact is looked at."""

    text = "text"
    table = "table"
    image = "image"
    notebook = "notebook"
    html = "html"
    binary = "binary"


class ArtifactPreview(Wire):
    """The beginning of an artefact, or how to show it. Nothing in it was executed."""

    path: str
    size_bytes: int
    kind: PreviewKind
    media_type: str
    """What its name and its first bytes say it is."""
    text: str = ""
    """Of text and HTML: the beginning; of a JSON document that is not too large, all of it."""
    columns: list[str] = []
    """Of a table."""
    rows: list[list[Value]] = []
    """Of a table: the first rows."""
    total_rows: int | None = None
    """Of a table: rows in all; None when they were not counted."""
    total_columns: int | None = None
    width: int | None = None
    """Of an image: pixels."""
    height: int | None = None
    is_cut: bool = False
    """Whether there is more than what is told here."""
    remark: str = ""
    """Why it is not shown, or not as what it is, in a sentence."""

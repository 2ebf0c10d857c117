"""Wire types of the model registry: models, their versions, and what of a trial can become one."""

from __future__ import annotations

from pydantic import Field

from studio_ext.contract.base import Wire

MAX_NAME = 250
"""Characters of the name of a model, and of an alias."""
MAX_DESCRIPTION = 5_000
"""Characters of a description that every store keeps."""
MAX_VERSIONS = 1_000
"""Versions of a model that one answer holds."""


class RegisteredModel(Wire):
    """A model of the registry: a name for versions that follow each other."""

    name: str
    description: str
    tags: dict[str, str]
    created: float | None = None
    updated: float | None = None
    """When it, or a version of it, was last changed (epoch seconds)."""
    latest: str | None = None
    """Number of its newest version; None: it has none."""
    aliases: dict[str, str]
    """Number of the version that each alias stands for."""


class ModelVersion(Wire):
    """One version of a model, and the trial that it came from."""

    name: str
    version: str
    description: str
    aliases: list[str]
    status: str
    """MLflow's word: ``READY``, ``PENDING_REGISTRATION`` or ``FAILED_REGISTRATION``."""
    status_message: str = ""
    created: float | None = None
    updated: float | None = None
    source: str
    """Where its files are."""
    run_id: str | None = None
    """Trial that made it; None: it came from elsewhere."""
    trial: str = ""
    """Name of that trial, kept when it is deleted."""
    experiment: str = ""
    """Name of the trial's experiment, kept as well."""
    job_id: str | None = None
    is_trial_deleted: bool = False
    """Whether the trial is not there any more; the files of a model logged by MLflow 3 may still be."""
    metrics: dict[str, float | None] = {}
    """Last values of the few metrics of the trial that matter most; None stands for NaN."""
    tags: dict[str, str]


class ModelVersions(Wire):
    """The versions of a model, newest first."""

    items: list[ModelVersion]
    more: bool = False
    """Whether there are older ones."""


class LoggedModel(Wire):
    """A model that a trial logged: something that can be registered."""

    path: str
    """What names it in a request to register it: MLflow's id of it, or the folder of the trial's artefacts."""
    name: str
    model_type: str = ""
    """What kind of model its flavour says it is; empty where it does not."""
    status: str = "READY"
    """``READY``; ``PENDING`` while it is being logged; ``FAILED`` when that broke off."""
    created: float | None = None


class TrialModels(Wire):
    """The models of a trial."""

    run_id: str
    models: list[LoggedModel]
    """What can be registered, newest first."""
    versions: list[ModelVersion]
    """What was registered, newest first."""


class RegisterModel(Wire):
    """A request to make a version of a model out of a trial's model."""

    run_id: str = Field(min_length=1, max_length=MAX_NAME)
    path: str | None = Field(default=None, max_length=4_096)
    """Which model of the trial, see :attr:`LoggedModel.path`; None: the only one."""
    name: str = Field(min_length=1, max_length=MAX_NAME)
    """Name of the model; made when there is none."""
    alias: str | None = Field(default=None, max_length=MAX_NAME)
    """Alias that stands for the new version from then on; None or empty: none does."""
    held_by: str | None = Field(default=None, max_length=20)
    """Version that the alias stands for as far as the caller knows, empty: none. If that changed, nothing is done.
    None: whatever it stands for."""
    description: str = Field(default="", max_length=MAX_DESCRIPTION)


class SetAlias(Wire):
    """A request to let an alias stand for a version."""

    version: str = Field(min_length=1, max_length=20)
    held_by: str | None = Field(default=None, max_length=20)
    """As in :class:`RegisterModel`."""


class UpdateModel(Wire):
    """A request to change what is said of a model, or of one version."""

    description: str = Field(max_length=MAX_DESCRIPTION)
    """An empty one takes it away."""
    if_description: str | None = Field(default=None, max_length=MAX_DESCRIPTION * 20)
    """The description that the new one was written from: another one that is there now is a conflict, and stays.
    None: whatever is there."""

"""Wire types of experiments and trials."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from studio_ext.contract.base import Wire


class Experiment(Wire):
    """An MLflow experiment."""

    id: str
    name: str
    trials: int | None = None
    """Number of trials; None when it was not counted."""
    updated: float | None = None


class CreateExperiment(Wire):
    """A request to make an experiment."""

    name: str = Field(min_length=1, max_length=250)


class Trial(Wire):
    """One recorded run: a row of the trials table."""

    run_id: str
    experiment: str
    name: str
    status: str
    """MLflow's word: RUNNING, SCHEDULED, FINISHED, FAILED or KILLED."""
    started: float | None = None
    ended: float | None = None
    parameters: dict[str, str] = {}
    metrics: dict[str, float | None] = {}
    """Last value of each metric; None stands for NaN, which JSON lacks."""
    notebook: str | None = None
    commit: str | None = None
    dirty: bool | None = None
    job_id: str | None = None
    parent_run_id: str | None = None
    user: str | None = None
    lag_bytes: int = 0
    """What a tracker logged to it and the tracking store has not got yet, in bytes of its journals."""
    tags: dict[str, Any] = {}

"""The Python SDK: ``import studio_ext as studio``.

It knows only the client port, so the same lines work with the workspace on this machine and with a Jupyter
server elsewhere. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

from studio_ext.contract.errors import StudioError
from studio_ext.sdk.api import compare, doctor, experiments, histories, inspect, job, jobs, metrics, submit, trials
from studio_ext.sdk.component import TrialComponent
from studio_ext.sdk.component_types import TrialComponentArtifact
from studio_ext.sdk.connection import connect
from studio_ext.sdk.current_experiment import set_experiment
from studio_ext.sdk.experiment import Experiment
from studio_ext.sdk.handles import Job, WaitTimeout
from studio_ext.sdk.registry import model_versions, models, register_model, set_alias
from studio_ext.sdk.run import Run, load_run
from studio_ext.sdk.tracker import Tracker
from studio_ext.sdk.trial import Trial
from studio_ext.sdk.views import export_view, view

__all__ = [
    "Experiment",
    "Job",
    "Run",
    "StudioError",
    "Tracker",
    "Trial",
    "TrialComponent",
    "TrialComponentArtifact",
    "WaitTimeout",
    "compare",
    "connect",
    "doctor",
    "experiments",
    "export_view",
    "histories",
    "inspect",
    "job",
    "jobs",
    "metrics",
    "model_versions",
    "models",
    "register_model",
    "set_alias",
    "set_experiment",
    "load_run",
    "submit",
    "trials",
    "view",
]

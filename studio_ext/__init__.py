"""Studio: notebooks as jobs, jobs as trials, inside JupyterLab. Importing this package loads nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studio_ext.sdk import (
        Experiment,
        Job,
        Run,
        StudioError,
        Tracker,
        Trial,
        TrialComponent,
        TrialComponentArtifact,
        WaitTimeout,
        compare,
        connect,
        doctor,
        experiments,
        export_view,
        histories,
        inspect,
        job,
        jobs,
        load_run,
        metrics,
        model_versions,
        models,
        register_model,
        set_alias,
        set_experiment,
        submit,
        trials,
        view,
    )

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


def __getattr__(name: str) -> Any:
    """The SDK's names, imported at first use: ``import studio_ext as studio; studio.submit(...)``."""
    if name == "__version__":
        from studio_ext._version import __version__

        return __version__
    if name not in __all__:
        raise AttributeError(f"module 'studio_ext' has no attribute {name!r}")
    from studio_ext import sdk

    return getattr(sdk, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Where JupyterLab finds the built front end."""
    return [{"src": "labextension", "dest": "studio_ext"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Where Jupyter Server finds the back end."""
    from studio_ext.app import StudioApp

    return [{"module": "studio_ext.app", "app": StudioApp}]


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext studio_ext``: the magics, in a notebook or an IPython terminal."""
    from studio_ext.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext studio_ext``."""
    from studio_ext.magics import unload

    unload(shell)

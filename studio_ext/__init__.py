"""Studio: notebooks as jobs, jobs as trials, inside JupyterLab. Importing this package loads nothing heavy."""

from __future__ import annotations

from typing import Any


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Where JupyterLab finds the built front end."""
    return [{"src": "labextension", "dest": "studio_ext"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Where Jupyter Server finds the back end."""
    from studio_ext.app import StudioApp

    return [{"module": "studio_ext.app", "app": StudioApp}]

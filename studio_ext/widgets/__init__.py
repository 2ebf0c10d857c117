"""Views for notebooks: how far jobs are, trials as a table, metrics as lines, live while things run.

``from studio_ext.widgets import JobProgress, TrialTable, MetricChart``. They work wherever Jupyter widgets do
(JupyterLab, Notebook, VS Code), and each leaves a picture in the saved notebook for where they do not. Importing
this package loads nothing heavy; a widget loads ``anywidget`` when it is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio_ext.widgets.places import enable, execution, place_for_widgets

if TYPE_CHECKING:
    from studio_ext.widgets.job_progress import JobProgress
    from studio_ext.widgets.metric_chart import MetricChart
    from studio_ext.widgets.trial_table import TrialTable

__all__ = ["JobProgress", "MetricChart", "TrialTable", "enable", "execution", "place_for_widgets"]

_MODULES = {"JobProgress": "job_progress", "MetricChart": "metric_chart", "TrialTable": "trial_table"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'studio_ext.widgets' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"studio_ext.widgets.{_MODULES[name]}"), name)

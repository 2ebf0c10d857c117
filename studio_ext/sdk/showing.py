"""Jobs and experiments show themselves live where a front end can, once in a run of a cell."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studio_ext.sdk.experiment import Experiment
    from studio_ext.sdk.handles import Job

_log = logging.getLogger(__name__)
_shown: tuple[object, set[str]] = (None, set())
"""The run of a cell, and the ids of the jobs that it has shown."""


def show_job(job: Job) -> bool:
    """Show a job as a widget; False where there is no front end for it, or people want none.

    ``job.wait()`` shows the job; when it is also the value of the cell, it is not shown again.
    """
    return _show(lambda widgets: widgets.JobProgress(job), job.id)


def show_experiment(experiment: Experiment) -> bool:
    """Show the trials of an experiment as a widget; False as for :func:`show_job`."""
    return _show(lambda widgets: widgets.TrialTable(experiment), f"experiment {experiment.experiment_id}")


def _show(make: Callable[[Any], Any], identity: str) -> bool:
    global _shown
    from studio_ext import widgets

    place = widgets.place_for_widgets()
    if place is None:
        return False
    execution, seen = _shown
    now = widgets.execution()
    if execution == now and identity in seen:
        return True
    try:
        widget = make(widgets)
    except Exception as error:  # a display must not fail: there is a table for that
        _log.debug("Shown without a widget: %s", error)
        return False
    widget.show(place)
    _shown = (now, {identity} | (seen if execution == now else set()))
    return True

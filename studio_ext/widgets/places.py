"""Where a view would be shown: which front end asks, and whether people want widgets at all."""

from __future__ import annotations

import os
import sys
from enum import Enum
from typing import Any

_enabled: bool | None = None


class FrontEnd(Enum):
    """What shows the outputs of this process."""

    none = "none"
    """A terminal, a script, a job: nobody could press anything."""
    lab = "lab"
    """JupyterLab or Notebook: keeps outputs as they were sent, and has no other way out when a widget is gone."""
    other = "other"
    """Another front end of a kernel: VS Code, Colab, nbconvert."""


def enable(on: bool = True) -> None:
    """Show jobs and experiments as live widgets from now on (``False``: as tables), whatever the environment says.

    Without a call, ``STUDIO_WIDGETS=off`` in the environment turns them off.
    """
    global _enabled
    _enabled = on


def enabled() -> bool:
    """Whether people want widgets."""
    if _enabled is not None:
        return _enabled
    return os.environ.get("STUDIO_WIDGETS", "").strip().lower() not in ("off", "0", "no", "false")


def front_end() -> FrontEnd:
    """Which front end runs the present cell.

    JupyterLab and Notebook name the cells that were deleted with each cell that they run; no other front end does.
    """
    kernel = kernel_here()
    if kernel is None or os.environ.get("STUDIO_JOB_ID"):
        return FrontEnd.none
    parent = kernel.get_parent() if hasattr(kernel, "get_parent") else None
    metadata = parent.get("metadata") if isinstance(parent, dict) else None
    return FrontEnd.lab if isinstance(metadata, dict) and "deletedCells" in metadata else FrontEnd.other


def place_for_widgets() -> FrontEnd | None:
    """The front end, if there is one and people want widgets there."""
    place = front_end()
    return place if place is not FrontEnd.none and enabled() else None


def kernel_here() -> Any:
    """The kernel that this process is, or None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None)


def execution() -> tuple[int, int] | None:
    """Which run of which cell this is, or None where there are no cells."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return (id(shell), shell.execution_count) if shell is not None else None

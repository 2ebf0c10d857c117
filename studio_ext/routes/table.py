"""The route table."""

from __future__ import annotations

from typing import Any

from studio_ext.routes import contents, experiments, jobs, notebooks, trials, workspace
from studio_ext.routes.base import Parts, StudioHandler

PREFIX = "studio/api/"


def routes(parts: Parts) -> list[tuple[str, type[StudioHandler], dict[str, Any]]]:
    """Pattern, handler and its arguments; the last pattern takes every address that no other takes."""
    modules = (jobs, notebooks, experiments, trials, contents, workspace)
    handlers = [each for module in modules for each in module.HANDLERS] + workspace.UNKNOWN
    return [(PREFIX + pattern, handler, {"parts": parts}) for pattern, handler in handlers]

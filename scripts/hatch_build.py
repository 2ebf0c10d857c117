"""Puts the Dockerfiles into the wheel. In an installation in place they are found in the checkout."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Dockerfiles(BuildHookInterface):
    """Adds ``images/`` as ``studio_ext/images/``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a wheel is built; ``version`` is ``standard`` or ``editable``."""
        if version == "standard":
            build_data["force_include"]["images"] = "studio_ext/images"

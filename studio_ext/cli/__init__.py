"""The command line ``studio``. Commands import what they need when they run, so that ``--help`` is quick."""

from __future__ import annotations

from studio_ext.cli.root import main

__all__ = ["main"]

"""The ``process`` runner: attempts as processes of this machine."""

from __future__ import annotations

from studio_ext.adapters.process_runner.runner import ProcessRunner, limits_mechanism

__all__ = ["ProcessRunner", "limits_mechanism"]

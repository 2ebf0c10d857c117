"""The ``docker`` runner: attempts as containers of a Docker or Podman engine."""

from __future__ import annotations

from studio_ext.adapters.docker_runner.runner import DockerRunner

__all__ = ["DockerRunner"]

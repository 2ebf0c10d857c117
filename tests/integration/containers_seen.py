"""What tests of containers run, and what they look at."""

from __future__ import annotations

from typing import Any

from studio_ext.adapters.docker_runner import spec
from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.ports.runner import Launch

SLEEP = "import time\nprint('sleeping', flush=True)\ntime.sleep(600)"


def inspect(engine: Engine, launch: Launch) -> dict[str, Any]:
    """What the engine says of a launch's container."""
    found: dict[str, Any] = engine.api().inspect_container(spec.container_name(launch.job_id, launch.attempt))
    return found


def is_gone(engine: Engine, launch: Launch) -> bool:
    """Whether the engine has no container of a launch."""
    name = spec.container_name(launch.job_id, launch.attempt)
    return not engine.api().containers(all=True, filters={"name": [name]})

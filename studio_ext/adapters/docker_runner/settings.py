"""``[docker]`` of ``studio.toml``: which engine, which images, how its machine sees our files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.image_names import DEFAULT_IMAGE as DEFAULT_IMAGE

PIDS_LIMIT = 4096
"""Processes and threads that a job may have at once."""


@dataclass(frozen=True)
class DockerSettings:
    """Settings of the docker runner."""

    host: str | None = None
    """Address of the engine, as ``DOCKER_HOST`` has it; None: the usual places."""
    default_image: str = DEFAULT_IMAGE
    allowed_images: tuple[str, ...] = ("*",)
    """Patterns (``*`` stands for anything) of the images that jobs may run in."""
    path_map: Mapping[str, str] = field(default_factory=dict)
    """Directories as this machine names them, and as the engine's machine does."""
    pids_limit: int = PIDS_LIMIT

    def allows(self, image: str) -> bool:
        """Whether jobs may run in an image."""
        return any(fnmatchcase(image, pattern) for pattern in self.allowed_images)


def read_settings(config_file: Path) -> DockerSettings:
    """The settings in a workspace's ``studio.toml``. Raises ``InvalidRequest`` naming what is wrong."""
    try:
        document = tomllib.loads(config_file.read_text("utf-8"))
    except FileNotFoundError:
        return DockerSettings()
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{config_file} cannot be read: {error}.", hint="Correct the file.") from error
    given = document.get("docker", {})
    if not isinstance(given, dict):
        raise InvalidRequest(f"{config_file}: docker must be a table.", hint="[docker]")
    values: dict[str, Any] = {}
    for name, value in given.items():
        check = _CHECKS.get(name)
        if check is None:
            raise InvalidRequest(f"{config_file}: docker.{name} is not known.", hint=f"Known: {', '.join(_CHECKS)}.")
        values[name] = check(value)
        if values[name] is None:
            raise InvalidRequest(f"{config_file}: docker.{name} is wrong.", hint=f"For example {_EXAMPLES[name]}")
    return DockerSettings(**values)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: Any) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) and value and all(map(_text, value)) else None


def _paths(value: Any) -> Mapping[str, str] | None:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        return None
    return value if all(path.startswith("/") for pair in value.items() for path in pair) else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and 16 <= value <= 1 << 22 else None


_CHECKS = {
    "host": _text,
    "default_image": _text,
    "allowed_images": _texts,
    "path_map": _paths,
    "pids_limit": _count,
}
_EXAMPLES = {
    "host": 'host = "unix:///run/user/1000/docker.sock"',
    "default_image": f'default_image = "{DEFAULT_IMAGE}"',
    "allowed_images": 'allowed_images = ["studio/*", "python:3.*"]',
    "path_map": 'path_map = { "/home/jovyan" = "/srv/jupyter/home" }',
    "pids_limit": f"pids_limit = {PIDS_LIMIT}",
}

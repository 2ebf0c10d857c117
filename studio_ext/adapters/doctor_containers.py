"""Checks of ``studio doctor`` that look at the container engine. Without one they say so and find nothing wrong."""

from __future__ import annotations

from studio_ext.adapters.docker_runner.engine import Engine, EngineInfo
from studio_ext.adapters.docker_runner.images import DockerImages
from studio_ext.adapters.docker_runner.places import Places
from studio_ext.adapters.docker_runner.settings import DockerSettings, read_settings
from studio_ext.contract.errors import InvalidRequest, StudioError
from studio_ext.contract.workspace import Check
from studio_ext.core.units import format_size
from studio_ext.core.workspace import Workspace
from studio_ext.services.doctor import NamedCheck, ok, problem, warning

_WAIT_SECONDS = 5.0
OLDEST = (20, 10)
"""Oldest Docker Engine that the runner is tried with."""


def container_checks(workspace: Workspace) -> list[NamedCheck]:
    """Engine, mounts and image of a workspace."""
    try:
        settings = read_settings(workspace.config_file)
    except InvalidRequest as error:
        wrong = problem("engine", error.message, error.hint)
        return [("engine", lambda: wrong)]
    engine = Engine(settings)
    return [
        ("engine", lambda: check_engine(engine)),
        ("mounts", lambda: check_mounts(engine, workspace)),
        ("image", lambda: check_image(engine, settings)),
    ]


def check_engine(engine: Engine) -> Check:
    """Which engine answers, and whether limits hold in it."""
    try:
        info = engine.describe(_WAIT_SECONDS)
    except StudioError as error:
        return warning("engine", f"No jobs in containers: {error.message}", error.hint)
    what = f"{info.title} at {info.address}, control groups version {info.cgroup_version}"
    if not info.limits:
        return warning(
            "engine",
            f"{what}; it holds no limits on memory and CPUs: Studio looks after each job's itself, twice a second.",
            "For rootless engines, control groups version 2 must be delegated to your user (systemd: Delegate=yes).",
        )
    if _is_old(info):
        oldest = ".".join(map(str, OLDEST))
        return warning("engine", f"{what}; older than {oldest}.", "Update it: it was never tried with Studio.")
    return ok("engine", what)


def check_mounts(engine: Engine, workspace: Workspace) -> Check:
    """Whether the engine's machine sees the workspace: a file is written and looked for through a container."""
    if not _answers(engine):
        return ok("mounts", "not tried: no engine answers")
    try:
        mapping = Places(engine, workspace.home).mapping()
    except StudioError as error:
        return problem("mounts", error.message, error.hint)
    if not mapping:
        return ok("mounts", "the engine sees the workspace where we do (proven by a file)")
    pairs = ", ".join(f"{ours} is {theirs}" for ours, theirs in mapping)
    return ok("mounts", f"the engine sees the workspace by a path map (proven by a file): {pairs}")


def check_image(engine: Engine, settings: DockerSettings) -> Check:
    """Whether the default image is there."""
    if not _answers(engine):
        return ok("image", "not looked for: no engine answers")
    images = DockerImages(engine)
    facts = images.inspect(settings.default_image)
    if facts is None:
        hint = images.how_to_get(settings.default_image)
        return warning("image", f"{settings.default_image} is not there; jobs in containers need an image.", f"{hint}.")
    inside = f", {facts.inside}" if facts.inside else ""
    return ok("image", f"{settings.default_image}, {format_size(facts.size_bytes)}{inside}")


def _answers(engine: Engine) -> bool:
    try:
        engine.describe(_WAIT_SECONDS)
    except StudioError:
        return False
    return True


def _is_old(info: EngineInfo) -> bool:
    if info.name != "Docker":
        return False
    numbers = info.version.split(".")[:2]
    return all(part.isdigit() for part in numbers) and tuple(map(int, numbers)) < OLDEST

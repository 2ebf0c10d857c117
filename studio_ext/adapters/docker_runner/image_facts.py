"""What an image is, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from studio_ext.adapters.docker_runner.engine import SAME_PROCESSOR, EngineInfo
from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.jobs import ContainerProfile
from studio_ext.core.plain_text import one_line

_ALSO_RUNS = {"amd64": {"386"}, "arm64": {"arm"}}


@dataclass(frozen=True)
class ImageFacts:
    """What an image is. Nothing of it changes under the same id."""

    id: str
    """``sha256:...``."""
    architecture: str
    os: str
    user: str
    """As whom it runs by itself; empty: root."""
    env: Mapping[str, str]
    labels: Mapping[str, str]
    size_bytes: int
    created: float
    """Seconds since the epoch; 0 if it does not say."""
    has_health_check: bool = False
    """Whether the engine would run a program of the image now and then, beside the job."""

    @property
    def profile(self) -> ContainerProfile:
        """How jobs run in it: its label says so, any other image is run as the training-container contract has it."""
        is_ours = self.labels.get("studio.profile") == ContainerProfile.notebook
        return ContainerProfile.notebook if is_ours else ContainerProfile.contract

    @property
    def inside(self) -> str:
        """What is known of what is in it: ``Python 3.11, MLflow 3.17``; may be empty."""
        python = self.labels.get("studio.python") or self.env.get("PYTHON_VERSION", "")
        versions = {"Python": python, "MLflow": self.labels.get("studio.mlflow", "")}
        return ", ".join(f"{name} {_major_minor(version)}" for name, version in versions.items() if version)


def summary(info: EngineInfo, reference: str, facts: ImageFacts | None) -> str:
    """What a job runs in, in one line: ``Docker · studio/notebook:1 (1f237e44) · Python 3.11, MLflow 3.17``."""
    if facts is None:
        return f"{info.name} · {reference} · fetched for the job"
    shown = f"{info.name} · {reference} ({facts.id.removeprefix('sha256:')[:8]})"
    return f"{shown} · {facts.inside}" if facts.inside else shown


def runs_here(info: EngineInfo, facts: ImageFacts) -> bool:
    """Whether the engine's processor runs what is in an image. What does not say is believed."""
    image, engine = (SAME_PROCESSOR.get(each, each) for each in (facts.architecture, info.architecture))
    if not image or not engine:
        return True
    return facts.os in ("", "linux") and (image == engine or image in _ALSO_RUNS.get(engine, ()))


def check_runs_here(info: EngineInfo, reference: str, facts: ImageFacts) -> None:
    """Raise ``InvalidRequest`` (field ``image``) for an image that was made for another machine."""
    if runs_here(info, facts):
        return
    made_for = "/".join(one_line(each) for each in (facts.os, facts.architecture) if each)
    raise InvalidRequest.field(
        "image",
        f"{reference} was made for {made_for}; the engine runs linux/{info.architecture}",
        hint=f"Get the one for linux/{info.architecture}, or build it on a machine like this one.",
    )


def identity_of(text: str) -> str:
    """An image's id as every engine takes it: Podman leaves out how it was made."""
    return text if text.startswith("sha256:") else f"sha256:{text}"


def facts_of(document: Mapping[str, Any]) -> ImageFacts:
    """From an inspection, or from an entry of the list (which knows neither system nor environment)."""
    config = document.get("Config") or {}
    labels = config.get("Labels") or document.get("Labels") or {}
    return ImageFacts(
        id=identity_of(str(document["Id"])),
        architecture=str(document.get("Architecture") or ""),
        os=str(document.get("Os") or ""),
        user=str(config.get("User") or ""),
        env=dict(each.partition("=")[::2] for each in config.get("Env") or []),
        labels={str(name): str(value) for name, value in labels.items()},
        size_bytes=int(document.get("Size") or 0),
        created=_seconds(document.get("Created")),
        has_health_check=bool(config.get("Healthcheck")),
    )


def _seconds(created: Any) -> float:
    if isinstance(created, (int, float)):
        return max(0.0, float(created))
    try:  # nanoseconds are more than Python reads
        return max(0.0, datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(created))).timestamp())
    except (ValueError, OverflowError, OSError):
        return 0.0


def _major_minor(version: str) -> str:
    return ".".join(one_line(version).split(".")[:2])[:20]

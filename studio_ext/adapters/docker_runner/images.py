"""Images of the engine: which are there, which jobs may run in, and what is in them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from studio_ext.adapters.docker_runner.engine import (
    CALL_SECONDS,
    SAME_PROCESSOR,
    Engine,
    EngineInfo,
    engine_errors,
)
from studio_ext.adapters.docker_runner.pull import Report, fetch
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, Unavailable
from studio_ext.contract.jobs import Container, ContainerProfile, ImageChoice, KernelEnvironment
from studio_ext.core.image_names import DEFAULT_IMAGE, NOTEBOOK_REPOSITORY, ImageName, parse_image_name
from studio_ext.core.plain_text import one_line

PROBE_IMAGE = "studio/probe"
"""Repository of the image that doctor makes to prove mounts; nobody runs a job in it."""
BUILD_REPOSITORY = "studio/build"
"""Names of images while they are being built."""
REMOVE_SECONDS = 300.0
"""Longest wait for the engine to remove a gigabyte from a slow disk."""
ANSWER_SECONDS = 1.0
"""Longest wait for the engine to answer about images. With ``LOOK_SECONDS`` before it: below two seconds."""

KERNEL_ARGV = ["python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"]

_ALSO_RUNS = {"amd64": {"386"}, "arm64": {"arm"}}
_T = TypeVar("_T")


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


class DockerImages:
    """See :class:`studio_ext.ports.submission.Images`. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.settings = engine.settings
        self._known: dict[str, ImageFacts] = {}

    def choices(self) -> list[ImageChoice]:
        """Images that are there, allowed and of the engine's architecture; those made for notebooks first."""
        try:
            info = self.engine.describe()
            found = bounded(self.engine, lambda: self._named(info, time.monotonic() + ANSWER_SECONDS / 2))
        except Unavailable:
            return []
        made = [
            ImageChoice(
                reference=reference,
                image_id=facts.id,
                size_bytes=facts.size_bytes,
                created=facts.created,
                profile=facts.profile,
                summary=summary(info, reference, facts),
            )
            for reference, facts in found
            if runs_here(info, facts) and self.allows(reference)
        ]
        default = self.default()
        return sorted(
            made,
            key=lambda each: (each.profile != ContainerProfile.notebook, each.reference != default, each.reference),
        )

    def default(self) -> str:
        """The configured one."""
        return self.settings.default_image

    def how_to_get(self, image: str) -> str:
        """The command that builds or fetches it."""
        name = parse_image_name(image)
        if name is None or name.repository != NOTEBOOK_REPOSITORY:
            return f"Fetch it: studio image pull {one_line(image)}, or submit with pull (--pull, Fetch)."
        tag = "" if name.short == DEFAULT_IMAGE else f" --tag {name.short}"
        return f"Build it: studio image build{tag}"

    def allows(self, image: str) -> bool:
        """Whether jobs may run in an image, by any of its spellings."""
        name = parse_image_name(image)
        return name is not None and any(self.settings.allows(each) for each in {name.short, name.full})

    def resolve(self, image: str, *, pull: bool, network_access: bool) -> KernelEnvironment:
        """How a job runs in an image; see the port."""
        name = self._checked(image)
        info = self.engine.describe()
        facts = bounded(self.engine, lambda: self._found(name.short, ANSWER_SECONDS))
        if facts is None and not pull:
            raise InvalidRequest.field(
                "image", f"there is no image {name.short} on this machine's engine", hint=self.how_to_get(name.short)
            )
        if facts is not None:
            check_runs_here(info, name.short, facts)
        container = Container(
            image=name.short,
            image_id=facts.id if facts else None,
            profile=facts.profile if facts else ContainerProfile.contract,
            network_access=network_access,
            pull=pull,
        )
        return KernelEnvironment(
            kernel="python3",
            display_name=f"Python 3 in {name.short}",
            language="python",
            argv=list(KERNEL_ARGV),
            prefix="",
            summary=summary(info, name.short, facts),
            container=container,
        )

    def inspect(self, reference: str) -> ImageFacts | None:
        """What an image is; None if it is not there. Waits as long as any call (20 s).

        Raises ``InvalidRequest`` for a malformed name, ``Unavailable`` when the engine does not answer.
        """
        return self._found(self._parsed(reference).short)

    def pull(
        self,
        reference: str,
        progress: Report = lambda line, part: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> ImageFacts | None:
        """Fetch an image from its registry; None if it was given up because ``cancelled()`` became true.

        Raises ``InvalidRequest`` (field ``image``) when it is not allowed, when the registry has no such image or
        keeps it from us, or when it is made for another machine; ``Unavailable`` when registry or engine is away.
        """
        name = self._checked(reference)
        info = self.engine.describe(CALL_SECONDS)
        if not fetch(self.engine, name, progress, cancelled):
            return None
        facts = self._found(name.short)
        if facts is None:
            raise NotFound(f"{name.short} was fetched and is gone.", hint="Did something remove it? Fetch it again.")
        check_runs_here(info, name.short, facts)
        return facts

    def remove(self, reference: str) -> None:
        """Remove an image, or one of its names. Raises ``NotFound``, and ``Conflict`` while something uses it."""
        from docker import errors

        name = self._parsed(reference)
        try:
            with engine_errors(self.engine.address):
                self.engine.api(REMOVE_SECONDS).remove_image(name.short)
        except errors.NotFound:
            raise NotFound(f"There is no image {name.short}.", hint="studio image list") from None
        except errors.APIError as error:
            raise Conflict(
                f"{name.short} is in use: {one_line(str(error.explanation or error)).rstrip('.')}.",
                hint="Stop the jobs that run in it, and remove what was built on it or stopped in it.",
            ) from error

    def _parsed(self, image: str) -> ImageName:
        name = parse_image_name(image)
        if name is None:
            raise InvalidRequest.field(
                "image",
                f"{one_line(image)[:100]!r} is no name of an image",
                hint=f"Write it as {DEFAULT_IMAGE}, python:3.12-slim or registry.example:5000/team/image:1.",
            )
        return name

    def _checked(self, image: str) -> ImageName:
        name = self._parsed(image)
        if not self.allows(image):
            patterns = ", ".join(self.settings.allowed_images)
            raise InvalidRequest.field(
                "image",
                f"jobs may not run in {name.short} here; allowed: {patterns}",
                hint="allowed_images in [docker] of studio.toml says which images jobs may run in.",
            )
        return name

    def _found(self, reference: str, timeout: float = CALL_SECONDS) -> ImageFacts | None:
        from docker.errors import APIError, NotFound

        try:
            with engine_errors(self.engine.address):
                document = self.engine.api(timeout).inspect_image(reference)
        except NotFound:
            return None
        except APIError as error:  # one that the engine reads otherwise than we do
            raise InvalidRequest.field("image", f"the engine does not take {reference}: {error.explanation}") from error
        facts = self._known[document["Id"]] = _facts(document)
        return facts

    def _named(self, info: EngineInfo, until: float) -> list[tuple[str, ImageFacts]]:
        """All images that have a name, each with what is known of it by ``until``."""
        with engine_errors(self.engine.address):
            listed = self.engine.api(ANSWER_SECONDS).images()
        found: dict[str, ImageFacts] = {}
        for entry in listed:
            facts = self._known.get(_identity(entry["Id"]))
            if facts is None:  # only the whole document says the architecture
                facts = (self._found(entry["Id"], ANSWER_SECONDS) if time.monotonic() < until else None) or _facts(
                    entry
                )
            for reference in entry.get("RepoTags") or []:
                # Podman's command line puts what it makes there; the short name then means that one.
                is_local = reference.startswith("localhost/")
                name = parse_image_name(reference.removeprefix("localhost/"))
                if name is None or name.repository in (PROBE_IMAGE, BUILD_REPOSITORY):  # "<none>:<none>" is no name
                    continue
                if is_local or name.short not in found:
                    found[name.short] = facts
        self._known = {facts.id: facts for facts in found.values() if facts.os}
        return list(found.items())


def bounded(engine: Engine, call: Callable[[], _T], wait: float = ANSWER_SECONDS) -> _T:
    """What ``call`` returns or raises. Made in a thread of its own, so that an engine that hangs holds nobody up.

    Raises ``Unavailable`` when it takes longer than ``wait`` seconds. ``call`` should give up by itself soon after.
    """
    answer: Future[_T] = Future()

    def ask() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=ask, name="engine-images", daemon=True).start()
    try:
        return answer.result(wait)
    except TimeoutError:
        raise Unavailable(
            f"The container engine at {engine.address} does not answer.",
            hint="It hangs, or is very busy: try again, or restart it (systemctl restart docker).",
        ) from None


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


def _identity(text: str) -> str:
    return text if text.startswith("sha256:") else f"sha256:{text}"


def _facts(document: Mapping[str, Any]) -> ImageFacts:
    """From an inspection, or from an entry of the list (which knows neither system nor environment)."""
    config = document.get("Config") or {}
    labels = config.get("Labels") or document.get("Labels") or {}
    return ImageFacts(
        id=_identity(str(document["Id"])),
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

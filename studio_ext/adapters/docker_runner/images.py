"""Images of the engine: which are there, which jobs may run in, and what is in them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from studio_ext.adapters.docker_runner.engine import CALL_SECONDS, Engine, EngineInfo, engine_errors
from studio_ext.adapters.docker_runner.image_facts import (
    ImageFacts,
    check_runs_here,
    facts_of,
    identity_of,
    runs_here,
    summary,
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

_T = TypeVar("_T")


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
        facts = self._known[document["Id"]] = facts_of(document)
        return facts

    def _named(self, info: EngineInfo, until: float) -> list[tuple[str, ImageFacts]]:
        """All images that have a name, each with what is known of it by ``until``."""
        with engine_errors(self.engine.address):
            listed = self.engine.api(ANSWER_SECONDS).images()
        found: dict[str, ImageFacts] = {}
        for entry in listed:
            facts = self._known.get(identity_of(entry["Id"]))
            if facts is None:  # only the whole document says the architecture
                facts = self._found(entry["Id"], ANSWER_SECONDS) if time.monotonic() < until else None
                facts = facts or facts_of(entry)
            for reference in entry.get("RepoTags") or []:
                # Podman's command line puts what it makes there; the short name then means that one. To Docker it is a
                # registry like others.
                is_local = info.name == "Podman" and reference.startswith("localhost/")
                name = parse_image_name(reference.removeprefix("localhost/") if is_local else reference)
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

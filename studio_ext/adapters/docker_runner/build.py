"""Builds the image for notebooks. What was begun and not finished leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from studio_ext._version import __version__
from studio_ext.adapters.docker_runner.build_inputs import archive, build_context, recipe
from studio_ext.adapters.docker_runner.engine import CALL_SECONDS, Engine, engine_errors
from studio_ext.adapters.docker_runner.image_facts import ImageFacts
from studio_ext.adapters.docker_runner.images import BUILD_REPOSITORY, REMOVE_SECONDS, DockerImages
from studio_ext.adapters.docker_runner.pull import Report, fetch
from studio_ext.adapters.docker_runner.stream import documents
from studio_ext.contract.errors import InvalidRequest, StudioError, Unavailable
from studio_ext.core.image_names import DEFAULT_BASE, DEFAULT_IMAGE, ImageName, parse_image_name
from studio_ext.core.plain_text import masked, one_line

_STEP = re.compile(r"(?:\[\d+/\d+\] )?(?:Step|STEP) (\d+)/(\d+) ?: ?(.*)")
_NOISE = re.compile(
    r" *-{2,3}> |Removing intermediate container |(?:\[\d+/\d+\] )?COMMIT |"
    r'\[Warning\] One or more build-args |time="[^"]*" level=warning msg="missing '
)
_COMMAND = re.compile(r"The command '.*' returned")
_FACTS = "studio-facts "
_TAIL_LINES = 30
_CLEAN_SECONDS = 15.0
"""Longest wait for the engine to end a build that was given up."""
_NO_NETWORK = (
    "temporary failure in name resolution",
    "name or service not known",
    "network is unreachable",
    "newconnectionerror",
    "connection timed out",
    "no route to host",
    "connecttimeouterror",
    "failed to create endpoint",
)
_NOT_TRUSTED = ("certificate_verify_failed", "certificate verify failed", "sslerror")


@dataclass(frozen=True)
class BuildRequest:
    """What to build."""

    tag: str = DEFAULT_IMAGE
    base: str = DEFAULT_BASE
    packages: tuple[str, ...] = ()
    """As pip takes them: ``mlflow<3``, ``torch``."""
    requirements: Path | None = None
    certificates: Path | None = None
    """Certificates to trust while it is built, beside the usual ones."""
    network: str | None = None
    """The engine's network to build in; None: the usual one, and the machine's own if that leads nowhere."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Build arguments: proxies, package indexes. Not in the image that is made."""


@dataclass(frozen=True)
class Step:
    """How far a build is."""

    number: int
    total: int
    line: str
    """What was said last."""

    @property
    def part(self) -> float | None:
        """From 0 to 1; None before the first step."""
        return (self.number - 1) / self.total if self.total else None


class BuildFailed(StudioError):
    """The build ended with an error; ``tail`` has the last lines of what it said."""

    def __init__(self, message: str, *, hint: str, tail: list[str]) -> None:
        super().__init__(message, hint=hint)
        self.tail = tail


def build_image(
    engine: Engine,
    request: BuildRequest,
    *,
    step: Callable[[Step], None] = lambda each: None,
    pulling: Report = lambda line, part: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ImageFacts | None:
    """Build an image and give it its name; None if it was given up because ``cancelled()`` became true.

    The base image is fetched when it is not there. An image that had the name before goes, unless something uses it.
    Raises ``InvalidRequest``, ``Unavailable``, or ``BuildFailed`` with the end of what was said. Whatever ends it,
    ``KeyboardInterrupt`` too, no part of it is left on the engine.
    """
    name, base = _name(request.tag, "tag"), _name(request.base, "base")
    if name.digest or name.repository == BUILD_REPOSITORY:
        raise InvalidRequest.field("tag", f"{request.tag} cannot be given to an image", hint=f"Try {DEFAULT_IMAGE}.")
    engine.describe(CALL_SECONDS)
    images = DockerImages(engine)
    if images.inspect(base.short) is None:
        try:
            if not fetch(engine, base, pulling, cancelled):
                return None
        except StudioError as error:
            said = error.fields[0].message + "." if error.fields else error.message
            raise type(error)(
                f"The base image {base.short} is not on this machine. {said[:1].upper()}{said[1:]}",
                hint=f"{error.hint} Or name a base image that is here: --base IMAGE, or STUDIO_BASE_IMAGE.",
            ) from error
    context = build_context(request.packages, request.requirements, request.certificates)
    networks = [request.network] if request.network else [None, "host"]
    for network in networks:
        build = _Build(engine, request, base, context, network, step, cancelled)
        made = None
        try:
            made = build.run(name, images)
            return made
        except BuildFailed as error:
            if network is networks[-1] or not _has(error.tail, _NO_NETWORK):
                raise
            step(Step(0, 0, "The engine's own network leads nowhere; trying again over this machine's"))
        finally:
            build.clean(wait=made is None)
    raise AssertionError("unreachable: the last try returned or raised")


class _Build:
    """One try."""

    def __init__(
        self,
        engine: Engine,
        request: BuildRequest,
        base: ImageName,
        context: bytes,
        network: str | None,
        step: Callable[[Step], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self._engine = engine
        self._request = request
        self._base = base
        self._context = context
        self._network = network
        self._step = step
        self._cancelled = cancelled
        self._id = token_hex(6)
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._facts: dict[str, str] = {}
        self._at = (0, 0)
        self._tells = True

    def run(self, name: ImageName, images: DockerImages) -> ImageFacts | None:
        """Build, label, and give it its name."""
        arguments = {**self._request.arguments, "BASE_IMAGE": self._base.short, "BUILD_ID": self._id}
        if not self._ask(self._context, f"{BUILD_REPOSITORY}:{self._id}", buildargs=json.dumps(arguments)):
            return None
        before = images.inspect(name.short)
        # What was found out while it was built can only be put on it by a second build.
        labels = {f"studio.{key}": value for key, value in self._facts.items()}
        labels |= {"studio.version": __version__, "studio.recipe": recipe()}
        dockerfile = archive({"Dockerfile": f"FROM {BUILD_REPOSITORY}:{self._id}\n".encode()})
        self._step(Step(*self._at, f"Naming it {name.short}"))
        self._tells = False
        self._ask(dockerfile, name.short, labels=json.dumps(labels))
        facts = images.inspect(name.short)
        if facts is None:
            raise StudioError(f"{name.short} was built and is gone.", hint="Did something remove it? Build it again.")
        if before is not None and before.id != facts.id:
            self._remove_nameless(before.id)
        return facts

    def _ask(self, context: bytes, tag: str, **params: str) -> bool:
        """Have the engine build ``context``; False if it was given up."""
        from docker.errors import APIError

        params = {"t": tag, "rm": "1", "forcerm": "1", "dockerfile": "Dockerfile"} | params
        if self._network:
            params["networkmode"] = self._network
        try:
            for document in documents(
                self._engine,
                "/build",
                params=params,
                headers={"Content-Type": "application/x-tar"},
                body=context,
                cancelled=self._cancelled,
            ):
                if "error" in document:
                    raise self._failed(str(document["error"]))
                for line in str(document.get("stream") or document.get("status") or "").splitlines():
                    self._hear(line)
        except APIError as error:
            raise self._failed(str(error.explanation or error)) from error
        return not self._cancelled()

    def _hear(self, line: str) -> None:
        line = one_line(masked(line))
        if not line or _NOISE.match(line):
            return
        if line.startswith(_FACTS):
            with contextlib.suppress(ValueError):
                self._facts = {str(key): str(value) for key, value in json.loads(line[len(_FACTS) :]).items()}
            return
        if match := _STEP.match(line):
            self._at = (int(match[1]), int(match[2]))
            line = match[3]
        else:
            self._tail.append(line)
        if self._tells:
            self._step(Step(*self._at, line))

    def _failed(self, said: str) -> StudioError:
        said = _COMMAND.sub("The command returned", one_line(masked(said))).rstrip(".")
        tail = [*self._tail, said]
        hint = "The lines above say why; --verbose shows all."
        if _has(tail, _NOT_TRUSTED):
            hint = "Something between here and the package index has its own certificate: --ca-certificates FILE"
        elif _has(tail, _NO_NETWORK):
            hint = "The build reaches no package index: --network host, or set PIP_INDEX_URL or HTTPS_PROXY."
        elif _has(tail, ("no space left",)):
            return Unavailable("The engine's disk is full.", hint="Free some space: docker system prune.")
        elif _has(tail, ("ensurepip is not", "no module named venv", "python3: not found", "python 3.11 or newer")):
            hint = f"The base image needs Python 3.11 or newer with venv; {DEFAULT_BASE} has it: --base IMAGE"
        elif _has(tail, ("no matching distribution", "resolutionimpossible", "could not find a version")):
            hint = "Check the packages: --with, --requirements"
        where = f" at step {self._at[0]} of {self._at[1]}" if self._at[1] else ""
        return BuildFailed(f"The image could not be built: it failed{where}.", hint=hint, tail=tail)

    def clean(self, *, wait: bool) -> None:
        """Remove the images without a name that this try left; with ``wait``, once the engine has ended it."""
        with contextlib.suppress(Exception):  # an engine that is away: its own clean-up will have to do
            api = self._engine.api()
            mine = {"label": [f"studio.build={self._id}"]}
            until = time.monotonic() + _CLEAN_SECONDS
            while wait and api.containers(all=True, filters=mine) and time.monotonic() < until:
                time.sleep(0.1)
            self._remove(f"{BUILD_REPOSITORY}:{self._id}")
            for image in api.images(filters={**mine, "dangling": True}):
                self._remove_nameless(image["Id"])

    def _remove_nameless(self, identity: str) -> None:
        """Remove an image by its id, unless it still has a name: with the id that would go too."""
        from docker.errors import NotFound

        with contextlib.suppress(NotFound, StudioError), engine_errors(self._engine.address):
            if not self._engine.api().inspect_image(identity).get("RepoTags"):
                self._remove(identity)

    def _remove(self, image: str) -> None:
        """Remove an image if nothing uses it."""
        from docker.errors import APIError

        with contextlib.suppress(APIError, StudioError), engine_errors(self._engine.address):
            self._engine.api(REMOVE_SECONDS).remove_image(image)


def _name(text: str, field_name: str) -> ImageName:
    name = parse_image_name(text)
    if name is None or not name.path:
        raise InvalidRequest.field(
            field_name, f"{one_line(text)[:100]!r} is no name of an image", hint=f"Write it as {DEFAULT_IMAGE}."
        )
    return name


def _has(lines: list[str], words: tuple[str, ...]) -> bool:
    text = "\n".join(lines).lower()
    return any(word in text for word in words)

"""Names of images, as container engines read them."""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_IMAGE = "studio/notebook:1"
"""What ``studio image build`` makes."""
NOTEBOOK_REPOSITORY = "studio/notebook"
"""Images of this name are built on the machine, not fetched."""
DEFAULT_BASE = "python:3.12-slim"
"""What it is built on."""
ABOUT_BYTES = 1_100_000_000
"""Size of it, about: what people are told before it is there."""
MAX_LENGTH = 255
DOCKER_HUB = "docker.io"
"""Registry of names that name none."""

_REGISTRY = re.compile(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class ImageName:
    """A well-formed name of an image."""

    registry: str
    """``docker.io``, ``registry.example:5000``; empty for an image named by its id."""
    path: str
    """``library/python``, ``studio/notebook``; empty for an image named by its id."""
    tag: str
    """``latest`` where neither tag nor digest was given; empty beside a digest."""
    digest: str
    """``sha256:...`` or empty; of an image named by its id, the id."""

    @property
    def repository(self) -> str:
        """The name without tag and digest, as short as people write it."""
        if self.registry != DOCKER_HUB:
            return f"{self.registry}/{self.path}"
        return self.path.removeprefix("library/")

    @property
    def short(self) -> str:
        """As short as people write it, the tag always there: ``python:3.12-slim``, ``studio/notebook:1``."""
        if not self.path:
            return self.digest
        return self.repository + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    @property
    def full(self) -> str:
        """With its registry: ``docker.io/library/python:3.12-slim``."""
        if not self.path:
            return self.digest
        return f"{self.registry}/{self.path}{self.short.removeprefix(self.repository)}"


def parse_image_name(text: str) -> ImageName | None:
    """The name that ``text`` is; None if no engine would take it."""
    if len(text) > MAX_LENGTH:
        return None
    if _DIGEST.fullmatch(text):
        return ImageName("", "", "", text)
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return None
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:  # the colon of a port
        head, tag = rest, ""
    elif not _TAG.fullmatch(tag):
        return None
    first, slash, path = head.partition("/")
    if not slash or not (any(mark in first for mark in ".:[") or first == "localhost" or first != first.lower()):
        first, path = DOCKER_HUB, head  # without a dot or a port it is no registry
    if not _REGISTRY.fullmatch(first) or not _PATH.fullmatch(path):
        return None
    if first in (DOCKER_HUB, "index.docker.io"):
        first, path = DOCKER_HUB, path if "/" in path else f"library/{path}"
    return ImageName(first, path, tag or ("" if digest else "latest"), digest)

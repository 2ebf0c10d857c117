"""Fetches images from their registries: how far it is, and why it did not work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.docker_runner.stream import documents
from studio_ext.contract.errors import InvalidRequest, StudioError, Unavailable
from studio_ext.core.image_names import ImageName
from studio_ext.core.plain_text import masked, one_line
from studio_ext.core.units import format_size

Report = Callable[[str, float | None], None]
"""Called with a line that says what happens and the part that is done (0 to 1; None: not known)."""

_DOWNLOADED = 0.8
"""The part of the way that a layer has come when it is here and not unpacked yet."""


class PullProgress:
    """How far all layers together are, from what the engine says of each."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._here: dict[str, int] = {}
        self._parts: dict[str, float] = {}
        self._best = 0.0

    def feed(self, document: dict[str, Any]) -> bool:
        """Take in what the engine said; whether it was about a layer."""
        layer, status = str(document.get("id") or ""), str(document.get("status") or "")
        detail = document.get("progressDetail") or {}
        current, total = int(detail.get("current") or 0), int(detail.get("total") or 0)
        if status in ("Pulling fs layer", "Waiting"):
            self._parts.setdefault(layer, 0.0)
        elif status == "Downloading":
            self._sizes[layer] = max(total, current)
            self._here[layer] = current
            self._parts[layer] = _DOWNLOADED * current / total if total else 0.0
        elif status in ("Verifying Checksum", "Download complete"):
            self._here[layer] = self._sizes.get(layer, 0)
            self._parts[layer] = _DOWNLOADED
        elif status == "Extracting":
            self._parts[layer] = _DOWNLOADED + (1 - _DOWNLOADED) * (current / total if total else 0.0)
        elif status in ("Pull complete", "Already exists"):
            self._here[layer] = self._sizes.get(layer, 0)
            self._parts[layer] = 1.0
        else:
            return False
        return True

    @property
    def part(self) -> float | None:
        """From 0 to 1, never less than before; None before a layer was named."""
        if not self._parts:
            return None
        known = list(self._sizes.values())
        usual = sum(known) / len(known) if known else 1.0  # of layers whose size was not said yet
        weights = {layer: max(1.0, float(self._sizes.get(layer, usual))) for layer in self._parts}
        done = sum(self._parts[layer] * weight for layer, weight in weights.items())
        self._best = max(self._best, min(1.0, done / sum(weights.values())))
        return self._best

    @property
    def amount(self) -> str:
        """``31 MiB of 48 MiB``; empty while nothing is being downloaded."""
        size = sum(self._sizes.values())
        return f"{format_size(sum(self._here.values()))} of {format_size(size)}" if size else ""


def fetch(engine: Engine, name: ImageName, report: Report, cancelled: Callable[[], bool]) -> bool:
    """Fetch an image; False if it was given up because ``cancelled()`` became true.

    Raises ``InvalidRequest`` (field ``image``) when the registry has no such image or keeps it from us, and
    ``Unavailable`` when it or the engine cannot be reached.
    """
    from docker.errors import APIError

    progress = PullProgress()
    report(f"Asking {name.registry} for {name.short}", None)
    params = {"fromImage": name.full.removesuffix(f":{name.tag}") if name.tag else name.full, "tag": name.tag}
    if name.digest:
        params = {"fromImage": f"{name.registry}/{name.path}", "tag": name.digest}
    try:
        for document in documents(
            engine, "/images/create", params=params, headers=_login(engine, name), cancelled=cancelled
        ):
            if "error" in document:
                raise pull_error(name, str(document["error"]))
            if progress.feed(document):
                amount = progress.amount
                report(f"Fetching {name.short}{f': {amount}' if amount else ''}", progress.part)
    except APIError as error:
        raise pull_error(name, str(error.explanation or error)) from error
    except StudioError as error:
        if type(error) is StudioError and error.__cause__ is not None:  # a refusal: say what it means
            raise pull_error(name, str(getattr(error.__cause__, "explanation", "") or error)) from error
        raise
    if cancelled():
        return False
    report(f"Fetched {name.short}", 1.0)
    return True


def _login(engine: Engine, name: ImageName) -> dict[str, str]:
    """The header that logs in, where the person has logged in to that registry with ``docker login``."""
    from docker.auth import get_config_header

    try:
        header = get_config_header(engine.api(), name.registry)
    except StudioError:
        raise
    except Exception:  # a helper program of theirs that fails: the image may be for everybody
        return {}
    return {"X-Registry-Auth": header} if header else {}


def pull_error(name: ImageName, said: str) -> StudioError:
    """What an engine's words about a pull mean to a person."""
    text = one_line(masked(said))[:300].rstrip(".")
    small = text.lower()
    image, registry = name.short, name.registry

    def has(*words: str) -> bool:
        return any(word in small for word in words)

    if has("no matching manifest", "does not match the specified platform", "no image found in manifest list"):
        return InvalidRequest.field(
            "image", f"{registry} has {image} only for other processors", hint="Choose an image made for this one."
        )
    if has("no such host", "dial tcp", "i/o timeout", "connection refused", "network is unreachable", "lookup "):
        return Unavailable(
            f"The registry {registry} cannot be reached: {text}.",
            hint="The engine needs a way to it (network, proxy of the engine); or build an image: studio image build.",
        )
    if has("x509", "certificate", "tls:", "http response to https client"):
        return Unavailable(
            f"The connection to the registry {registry} is not trusted: {text}.",
            hint="Give the engine the registry's certificate, or name it among insecure-registries.",
        )
    if has("no space left"):
        return Unavailable(f"The engine's disk is full: {text}.", hint="Free some space: docker system prune.")
    if has("may require 'docker login'", "access to the resource is denied"):  # it does not tell which of both
        return InvalidRequest.field(
            "image",
            f"{registry} has no image {image}, or keeps it from you",
            hint=f"Check the name. For a private image: docker login {registry}",
        )
    if has("unauthorized", "authentication required", "denied", "no basic auth credentials", "forbidden"):
        return InvalidRequest.field(
            "image", f"{registry} does not let you have {image}", hint=f"Log in: docker login {registry}"
        )
    if has("not found", "manifest unknown", "does not exist", "name unknown", "unknown: "):
        return InvalidRequest.field("image", f"{registry} has no image {image}", hint="Check name and tag.")
    return StudioError(f"{image} could not be fetched: {text}.", hint="The engine's log says more.")

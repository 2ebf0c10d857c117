"""Where the engine's machine has our files: the same place, another one (a path map), or nowhere.

Proven by a probe: a file with random content is looked for from inside a container that mounts its folder. The
container never runs; the engine only copies the file out of it.
"""

from __future__ import annotations

import contextlib
import io
import re
import secrets
import socket
import tarfile
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from studio_ext.adapters.docker_runner.engine import CALL_SECONDS, Engine, engine_errors
from studio_ext.adapters.docker_runner.images import PROBE_IMAGE
from studio_ext.adapters.docker_runner.spec import HELPER_LABEL
from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.core.plain_text import one_line

_PROBE = f"{PROBE_IMAGE}:1"
"""An image without any program, made by ourselves."""
_SEEN_AT = "/probe"
_PROBES = "probe"
_OLD_SECONDS = 600.0
_PODMAN_SPLITS_AT = re.compile(r'[,"\n]')
"""What Podman's Docker-compatible interface takes for the end of a path."""


class Places:
    """The places of one workspace on one engine. Thread-safe."""

    def __init__(self, engine: Engine, home: Path) -> None:
        self._engine = engine
        self.home = home
        self._lock = threading.Lock()
        self._map: tuple[tuple[str, str], ...] | None = None

    def source(self, path: Path | str) -> str:
        """A path of ours as the engine's machine names it. Raises ``StudioError`` when it cannot be mounted."""
        if _PODMAN_SPLITS_AT.search(str(path)) and self._engine.describe(CALL_SECONDS).name == "Podman":
            raise StudioError(
                f"Podman cannot mount {one_line(str(path))}, because of the comma or quotation mark in its name.",
                hint="Rename it, or use Docker.",
            )
        return mapped(str(path), self.mapping())

    def workspace(self) -> str:
        """What the workspace's containers are known by: its directory on the engine's machine, by one spelling."""
        there = self.source(self.home)
        return there if there != str(self.home) else str(self.home.resolve())

    def mapping(self) -> tuple[tuple[str, str], ...]:
        """The path map in force, proven once. Raises ``StudioError`` with the reason when there is none."""
        with self._lock:
            if self._map is None:
                self._map = self._find()
            return self._map

    def _find(self) -> tuple[tuple[str, str], ...]:
        given = tuple(self._engine.settings.path_map.items())
        for candidate in (given, *([self._own_mounts()] if not given else [])):
            if candidate is not None and self._proves(candidate):
                return candidate
        what = f"The engine at {self._engine.address} does not see the files of {self.home}"
        if given:
            raise StudioError(
                f"{what}, also not by the path map of studio.toml.",
                hint="Correct path_map in [docker]: our directory = the same directory on the engine's machine.",
            )
        raise StudioError(
            f"{what}: it runs on another machine, or Studio runs in a container.",
            hint="Mount the workspace from the engine's machine and name it in studio.toml, for example "
            '[docker] path_map = { "/home/jovyan" = "/srv/jupyter/home" }; or use the process runner.',
        )

    def _own_mounts(self) -> tuple[tuple[str, str], ...] | None:
        """What is mounted into the container that we are in ourselves, if this engine knows it; else nothing."""
        with contextlib.suppress(Exception):  # most of the time there is no such container
            found = self._engine.api().inspect_container(socket.gethostname())
            mounts = {each["Destination"]: each["Source"] for each in found["Mounts"] if each.get("Source")}
            if mounts:
                return tuple(mounts.items())
        return None

    def _proves(self, mapping: tuple[tuple[str, str], ...]) -> bool:
        cache = self.home / "cache"
        with tempfile.TemporaryDirectory(prefix="probe-", dir=cache) as folder:
            content = secrets.token_bytes(32)
            name = secrets.token_hex(8)
            Path(folder, name).write_bytes(content)
            try:
                with engine_errors(self._engine.address):
                    return _read_through(self._engine.api(), mapped(folder, mapping), name) == content
            except Unavailable:
                raise
            except StudioError:  # the engine refuses to mount what is not there
                return False


def mapped(path: str, mapping: tuple[tuple[str, str], ...] | Mapping[str, str]) -> str:
    """``path`` by the longest prefix of a path map that fits; unchanged where none does."""
    pairs = mapping.items() if isinstance(mapping, Mapping) else mapping
    for ours, theirs in sorted(pairs, key=lambda pair: -len(pair[0])):
        with contextlib.suppress(ValueError):
            return str(PurePosixPath(theirs) / PurePosixPath(path).relative_to(ours))
    return path


def _read_through(api: Any, source: str, name: str) -> bytes | None:
    """The content of a file as the engine sees it through a mount; None where there is none."""
    from docker.errors import APIError, NotFound
    from docker.types import Mount

    _ensure_probe_image(api)
    _remove_old_probes(api)
    mount = Mount(_SEEN_AT, source, type="bind", read_only=True)
    try:
        made = api.create_container(
            _PROBE,
            command=["/none"],
            labels={HELPER_LABEL: _PROBES},
            host_config=api.create_host_config(mounts=[mount], network_mode="none"),
        )
    except APIError:
        return None
    try:
        stream, _ = api.get_archive(made["Id"], f"{_SEEN_AT}/{name}")
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
            member = archive.extractfile(name)
            return member.read() if member else None
    except (NotFound, APIError, tarfile.TarError, KeyError):
        return None
    finally:
        with contextlib.suppress(NotFound):
            api.remove_container(made["Id"], v=True, force=True)


def _remove_old_probes(api: Any) -> None:
    """Remove what somebody who died meanwhile has left."""
    from docker.errors import APIError

    for row in api.containers(all=True, filters={"label": [f"{HELPER_LABEL}={_PROBES}"]}):
        if time.time() - float(row.get("Created") or 0) > _OLD_SECONDS:
            with contextlib.suppress(APIError):
                api.remove_container(row["Id"], v=True, force=True)


def _ensure_probe_image(api: Any) -> None:
    from docker.errors import ImageNotFound

    try:
        api.inspect_image(_PROBE)
    except ImageNotFound:
        # The tag as a part of the name: Podman takes no notice of one that is given beside it.
        api.import_image_from_data(_probe_tar(), repository=_PROBE)


def _probe_tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        folder = tarfile.TarInfo(_SEEN_AT.strip("/"))
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
    return buffer.getvalue()

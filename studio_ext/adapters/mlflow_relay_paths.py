"""Artefact locations: in the job they are folders of the job directory, in the store they are the store's."""

from __future__ import annotations

import contextlib
import json
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from stat import S_ISDIR, S_ISREG
from typing import Any
from urllib.parse import unquote, urlsplit

from studio_ext.adapters.mlflow_relay_journal import Own
from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.paths import MAX_NAME_BYTES, MAX_PATH_BYTES
from studio_ext.worker import inside

_MAX_RECORD = 16 << 20
"""Bytes. A launch record, or the description of a model, is no larger."""
_SPARE = ".MLmodel.part"
_LOCATIONS = ("artifact_uri", "artifact_location", "source", "storage_location")
_IDS = ("run_id", "run_uuid", "model_id", "source_run_id")


class Locations:
    """Translates locations in answers and requests."""

    def __init__(self, directory: Path, attempt: int, own: Own) -> None:
        self._directory = directory
        self._root = f"{_seen_directory(directory, attempt)}/artifacts"
        self._own = own

    def _stored(self, identity: Any) -> str | None:
        if not isinstance(identity, str):
            return None
        return self._own.runs.get(identity) or self._own.models.get(identity)

    def to_job(self, value: Any) -> Any:
        """An answer as the job may see it."""
        if isinstance(value, list):
            return [self.to_job(each) for each in value]
        if not isinstance(value, dict):
            return value
        result = {key: self.to_job(each) for key, each in value.items()}
        for key in _LOCATIONS:
            location = result.get(key)
            if isinstance(location, str):
                # Some answers hold a bare location: MLflow's locations have the id as a folder.
                identities = [*(result.get(name) for name in _IDS), *location.split("/")]
                result[key] = self._location_to_job(location, identities)
        if "experiment_id" in result and "artifact_location" in result and "name" in result:
            result["artifact_location"] = self._root
        return result

    def _location_to_job(self, location: str, identities: list[Any]) -> str:
        for identity in identities:
            stored = self._stored(identity)
            if stored and (location == stored or location.startswith(stored.rstrip("/") + "/")):
                return f"{self._root}/{identity}{location[len(stored.rstrip('/')) :]}"
        return location

    def to_store(self, location: str) -> str:
        """A location that the job named for a model, as the store knows it.

        Raises ``InvalidRequest`` for a place on this machine that is not below what the job logged, and for one that
        leads to a folder above.
        """
        stored = self._translated(location)
        roots = [root.rstrip("/") for root in (*self._own.runs.values(), *self._own.models.values())]
        own = next((root for root in roots if stored == root or stored.startswith(f"{root}/")), None)
        scheme = urlsplit(stored).scheme
        is_local = scheme in ("", "file") or len(scheme) == 1  # a drive
        if (own is None and is_local) or any(map(_climbs, _decoded(stored.removeprefix(own or "")))):
            raise InvalidRequest(f"{location!r} is not where this job logged a model.")
        return stored

    def _translated(self, location: str) -> str:
        path = location
        if location.startswith("file:"):
            path = unquote(urlsplit(location).path)
        path = posixpath.normpath(path)
        if not path.startswith(self._root + "/"):
            return location
        identity, _, rest = path[len(self._root) + 1 :].partition("/")
        stored = self._stored(identity)
        if stored is None:
            return location
        return f"{stored.rstrip('/')}/{rest}" if rest else stored

    def folder(self, identity: str) -> Path | None:
        """The folder of the job directory with the artefacts of a run or model; None where the job has none there.

        A link that the job laid in its place is no folder.
        """
        try:
            with inside.open_folder(self._directory, self._below(identity)):
                return self._directory / self._below(identity)
        except OSError:
            return None

    def mend_models(self, identity: str) -> None:
        """Let the ``MLmodel`` files of a run or model name the place that they are moved to. Idempotent."""
        stored, mark = self._stored(identity), f"{self._root}/{identity}"
        if stored is None or self.folder(identity) is None:
            return
        with inside.open_folder(self._directory, self._below(identity)) as top:
            for _, _, names, folder in os.fwalk(dir_fd=top):
                if "MLmodel" in names:
                    with contextlib.suppress(FileNotFoundError):  # a link
                        _mend(folder, mark, stored.rstrip("/"))

    def listing(self, identity: str, path: str) -> dict[str, Any]:
        """Answer of ``artifacts/list`` for a run or model of the job whose artefacts still lie with the job.

        Links are left out: they are not moved either. Raises ``InvalidRequest`` for a path that may lead elsewhere.
        """
        place, files = self._below(identity) / artifact_path(path), []
        with contextlib.suppress(OSError), inside.open_folder(self._directory, place) as folder:
            with os.scandir(folder) as entries:
                found = sorted((entry.name, entry.stat(follow_symlinks=False)) for entry in entries)
            for name, information in found:
                item: dict[str, Any] = {"path": posixpath.join(path, name), "is_dir": S_ISDIR(information.st_mode)}
                if S_ISREG(information.st_mode):
                    item["file_size"] = information.st_size
                elif not item["is_dir"]:
                    continue
                files.append(item)
        return {"root_uri": f"{self._root}/{identity}", "files": files}

    def _below(self, identity: str) -> PurePosixPath:
        return PurePosixPath("artifacts", identity)


def artifact_path(text: str) -> PurePosixPath:
    """A path below the artefacts of a run or model, as a client names it.

    Raises ``InvalidRequest`` for one that may lead elsewhere, however often a store decodes it, and for one that is
    longer than a path can be.
    """
    size = max(map(len, os.fsencode(text).split(b"/")))
    is_long = size > MAX_NAME_BYTES or len(os.fsencode(text)) > MAX_PATH_BYTES // 2  # the store's own part comes first
    if is_long or any(_climbs(each) or each.startswith(("/", "\\")) for each in _decoded(text)):
        raise InvalidRequest(f"{text!r} is not a path below the artifacts of a run or model.")
    return PurePosixPath(text)


def _decoded(text: str) -> Iterator[str]:
    """The text as it is, and as it is after each decoding of what an address may hold."""
    before = None
    while text != before:
        yield text
        before, text = text, unquote(text)


def _climbs(path: str) -> bool:
    """Whether a part of a path means the folder above, or the path is none that a file can have."""
    return "\0" in path or ".." in re.split(r"[/\\?#;]", path)


def _mend(folder: int, mark: str, stored: str) -> None:
    """Write ``stored`` for ``mark`` in the ``MLmodel`` of an open folder."""
    source = inside.open_file_at(folder, "MLmodel")
    with os.fdopen(source, encoding="utf-8", errors="surrogateescape", newline="") as file:
        lines = file.readlines() if os.fstat(source).st_size <= _MAX_RECORD else []
    places = [number for number, line in enumerate(lines) if line.startswith("artifact_path: ") and mark in line]
    if not places:
        return
    for number in places:
        lines[number] = lines[number].replace(mark, stored)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_SPARE, dir_fd=folder)
    spare = inside.open_file_at(folder, _SPARE, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(spare, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.writelines(lines)
    os.replace(_SPARE, "MLmodel", src_dir_fd=folder, dst_dir_fd=folder)


def _seen_directory(directory: Path, attempt: int) -> str:
    """The job directory as the job sees it: ``launch.json`` says so where it is mounted elsewhere."""
    try:
        launch = json.loads(inside.read(directory, f"attempts/{attempt}/launch.json", _MAX_RECORD))
        seen = launch.get("job_dir")
    except (OSError, ValueError, AttributeError, RecursionError):
        seen = None
    return seen.rstrip("/") if isinstance(seen, str) else str(directory)

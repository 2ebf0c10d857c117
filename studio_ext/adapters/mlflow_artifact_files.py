"""Single files of a run's artefacts: putting one there, looking what is there, reading one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from studio_ext.adapters.mlflow_artifacts import local_path
from studio_ext.contract.errors import InvalidRequest, NotFound, StudioError, Unavailable
from studio_ext.core.paths import relative
from studio_ext.core.plain_text import masked
from studio_ext.ports.contents import Download
from studio_ext.ports.records import ArtifactEntry
from studio_ext.worker import inside

_CHUNK = 1 << 20


class LargerThanAsked(Exception):
    """A file of a store elsewhere is larger than what may be fetched; nothing of it was."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"{size_bytes} bytes")
        self.size_bytes = size_bytes


def put_file(artifact_uri: str, source: Path, name: str, tracking_uri: str, *, move: bool) -> None:
    """Copy or move a file to ``name`` below the artefacts. It appears whole or not at all. Raises ``Unavailable``."""
    below = _checked(name)
    folder = local_path(artifact_uri)
    try:
        if folder is None:
            _upload(artifact_uri, source, below, tracking_uri)
            return
        target = folder / below
        target.parent.mkdir(parents=True, exist_ok=True)
        if move and _renamed(source, target):
            return
        spare = target.with_name(f".{secrets.token_hex(6)}.part")
        try:
            shutil.copyfile(source, spare)
            spare.replace(target)
        finally:
            spare.unlink(missing_ok=True)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InvalidRequest.field("name", "is too long for this file system") from None
        if error.errno in (errno.ENOTDIR, errno.EISDIR, errno.EEXIST):
            raise InvalidRequest.field("name", f"{name!r} is a file where there is a folder, or below a file") from None
        raise Unavailable(
            f"{source} cannot be logged to {masked(artifact_uri)}: {error.strerror or error}.",
            hint="Make room, or see to it that the file can be read and the place written to.",
        ) from error


def listing(artifact_uri: str, folder: str, tracking_uri: str) -> list[ArtifactEntry]:
    """What lies in a folder of the artefacts, by name. Links and unfinished files are not shown."""
    below = _checked(folder) if folder else ""
    root = local_path(artifact_uri)
    if root is None:
        with _translated(artifact_uri):
            found = _repository(artifact_uri, tracking_uri).list_artifacts(below or None)
        return [ArtifactEntry(path=each.path, is_folder=each.is_dir, size_bytes=each.file_size) for each in found]
    entries = []
    try:
        with inside.open_folder(root, below) as opened, os.scandir(opened) as names:
            for each in names:
                is_folder = each.is_dir(follow_symlinks=False)
                if (is_folder or each.is_file(follow_symlinks=False)) and not each.name.endswith(".part"):
                    size = None if is_folder else each.stat(follow_symlinks=False).st_size
                    path = f"{below}/{each.name}" if below else each.name
                    entries.append(ArtifactEntry(path=path, is_folder=is_folder, size_bytes=size))
    except FileNotFoundError:
        return []
    return sorted(entries, key=lambda each: each.path)


def open_file(
    artifact_uri: str, name: str, tracking_uri: str, *, most: int | None = None
) -> AbstractContextManager[Download]:
    """Open a file of the artefacts. Raises ``NotFound`` or ``InvalidRequest``; follows no link.

    From a store elsewhere the whole file is fetched; for one of more than ``most`` bytes, by the store's listing,
    :class:`LargerThanAsked` is raised instead. Where it cannot be fetched: ``Unavailable``.
    """
    below = _checked(name)
    root = local_path(artifact_uri)
    return _open_here(root, below) if root is not None else _open_elsewhere(artifact_uri, below, tracking_uri, most)


@contextmanager
def _open_here(root: Path, name: str) -> Iterator[Download]:
    try:
        descriptor = inside.open_file(root, name)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"The run has no artefact {name!r}.") from None
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        yield _download(file, name)


@contextmanager
def _open_elsewhere(artifact_uri: str, name: str, tracking_uri: str, most: int | None) -> Iterator[Download]:
    with contextlib.ExitStack() as stack:
        try:
            with _translated(artifact_uri):
                repository = _repository(artifact_uri, tracking_uri)
                listed = repository.list_artifacts(name.rpartition("/")[0] or None)
                entry = next((each for each in listed if each.path == name and not each.is_dir), None)
                if entry is None:
                    raise NotFound(f"The run has no artefact {name!r}.")
                if most is not None and (entry.file_size or 0) > most:
                    raise LargerThanAsked(entry.file_size)
                folder = stack.enter_context(tempfile.TemporaryDirectory())
                path = Path(repository.download_artifacts(name, folder))
            file = stack.enter_context(path.open("rb", buffering=0))
        except OSError as error:
            raise Unavailable(
                f"The artefact {name!r} cannot be fetched: {masked(error.strerror or str(error))[:300]}.",
                hint=f"See to it that its store can be reached, and that {tempfile.gettempdir()} has room for it.",
            ) from error
        yield _download(file, name)


def _download(file: Any, name: str) -> Download:
    size = os.fstat(file.fileno()).st_size

    def chunks() -> Iterator[bytes]:
        left = size
        while left and (piece := file.read(min(left, _CHUNK))):
            left -= len(piece)
            yield piece

    return Download(name.rpartition("/")[2], size, chunks())


def _checked(name: str) -> str:
    found = relative(name).as_posix()
    if found == ".":
        raise InvalidRequest.field("name", "an artefact needs a name")
    return found


def _renamed(source: Path, target: Path) -> bool:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True


def _upload(artifact_uri: str, source: Path, name: str, tracking_uri: str) -> None:
    """Through MLflow, which knows S3, Azure, its own server and more, and names files by their sources."""
    with tempfile.TemporaryDirectory() as folder:
        staged = source
        if source.name != Path(name).name:
            staged = Path(folder, Path(name).name)
            try:
                os.link(source, staged)
            except OSError:
                shutil.copyfile(source, staged)
        parent = Path(name).parent.as_posix()
        with _translated(artifact_uri):
            _repository(artifact_uri, tracking_uri).log_artifact(str(staged), None if parent == "." else parent)


def _repository(artifact_uri: str, tracking_uri: str) -> Any:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    return get_artifact_repository(artifact_uri, tracking_uri=tracking_uri)


@contextlib.contextmanager
def _translated(artifact_uri: str) -> Iterator[None]:
    """Every kind of store has errors of its own."""
    try:
        yield
    except (OSError, StudioError, LargerThanAsked):
        raise
    except Exception as error:
        text = masked(" ".join(str(error).split()))[:300]
        raise Unavailable(f"The artefacts at {masked(artifact_uri)} cannot be reached: {text}.") from error

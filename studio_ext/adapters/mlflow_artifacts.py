"""Moves artefacts to where the tracking store keeps them."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from studio_ext.contract.errors import Unavailable
from studio_ext.core.plain_text import masked


def move_artifacts(source: Path, artifact_uri: str, artifact_path: str, tracking_uri: str) -> None:
    """Move a file, or what lies below a folder, to ``artifact_path`` below ``artifact_uri``.

    A file appears whole or not at all, and a call that was interrupted can be made again. Symbolic links are left
    behind: the store must not show what they lead to. Raises ``Unavailable``.
    """
    if source.is_symlink() or not source.exists():
        return
    destination = local_path(artifact_uri)
    try:
        if destination is None:
            _upload(source, artifact_uri, artifact_path, tracking_uri)
            return
        if artifact_path:
            destination /= artifact_path
        if source.is_file():
            _move(source, destination / source.name)
            return
        for file in _files(source):
            _move(file, destination / file.relative_to(source))
    except OSError as error:
        raise Unavailable(
            f"Artifacts cannot be moved to {masked(artifact_uri)}: {error.strerror}.",
            hint="They stay in the job directory until there is room and permission.",
        ) from error
    _remove_empty(source)


def local_path(uri: str) -> Path | None:
    """The folder that an artifact URI stands for on this machine; None when it lies elsewhere."""
    parts = urlsplit(uri)
    if parts.scheme == "":
        return Path(uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" and parts.netloc in ("", "localhost") else None


def _files(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _move(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(destination)
    except OSError as error:
        if error.errno != 18:  # EXDEV: on another file system a rename cannot be had
            raise
        temporary = destination.with_name(f".{destination.name}.part")
        shutil.copyfile(source, temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(destination)
        source.unlink()


def _remove_empty(root: Path) -> None:
    for folder, _, _ in os.walk(root, topdown=False):
        with contextlib.suppress(OSError):  # links and special files stay
            Path(folder).rmdir()


def _upload(source: Path, artifact_uri: str, artifact_path: str, tracking_uri: str) -> None:
    """Through MLflow, which knows S3, Azure, its own server and more."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")  # the caller tries again, and says so meanwhile
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    files = [source] if source.is_file() else list(_files(source))
    root = source.parent if source.is_file() else source
    try:
        repository = get_artifact_repository(artifact_uri, tracking_uri=tracking_uri)
        for file in files:
            below = file.parent.relative_to(root).as_posix()
            target = "/".join(part for part in (artifact_path, "" if below == "." else below) if part)
            repository.log_artifact(str(file), target or None)
            file.unlink()
    except OSError:
        raise
    except Exception as error:  # every kind of store has its own
        raise Unavailable(
            f"Artifacts cannot be uploaded to {masked(artifact_uri)}: {masked(' '.join(str(error).split()))[:300]}.",
            hint="They stay in the job directory until the store is back.",
        ) from error
    _remove_empty(source)

"""The job directories as a read-only drive, in the models of Jupyter's contents API.

Files in a job directory were made by the user's code: nothing here trusts them. Symbolic links are followed only
inside one job directory, and what was checked is what is opened: after the check, each part of the real path is
opened below the one before with O_NOFOLLOW, so a link that is swapped in meanwhile is refused by the kernel.
"""

from __future__ import annotations

import base64
import hashlib
import math
import mimetypes
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import nbformat

from studio_ext.contract.contents import ContentsFormat, ContentsModel, ContentsType
from studio_ext.contract.errors import InvalidRequest, NotFound, StudioError
from studio_ext.core import ids
from studio_ext.core.paths import clean, is_private, resolve_inside
from studio_ext.ports.contents import Download
from studio_ext.worker import inside

MAX_ENTRIES = 2000
"""Most entries that one folder shows; job directories beyond the newest ones are left out."""
CHUNK_BYTES = 256 * 1024
"""Size of the pieces of a download."""

_Content = tuple[Any, Literal["text", "base64", "json"], str | None]
"""Content, form and MIME type."""
_ENDLESS_COLOUR = re.compile(r"\x1b\[[0-?]{257,}[ -/]*[@-~]?")
_TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml", "application/x-sh"})


class ContentsView:
    """Shows ``root``, the folder that holds one directory a job."""

    def __init__(self, root: Path, *, max_content_bytes: int = 50 * 1024 * 1024) -> None:
        """``max_content_bytes``: largest file whose content is put into a model; downloads have no limit."""
        self._root = root
        self._max_content_bytes = max_content_bytes

    def get(
        self,
        path: str,
        *,
        content: bool = True,
        type: ContentsType | None = None,
        format: ContentsFormat | None = None,
        hash: bool = False,
    ) -> ContentsModel:
        """See :class:`studio_ext.ports.contents.Contents`."""
        relative = clean(path)
        real = self._resolve(relative)
        info = self._look(relative, real)
        if stat.S_ISDIR(info.st_mode):
            if type not in (None, "directory"):
                raise InvalidRequest.field("type", f"{str(relative)!r} is a folder, not a {type}.")
            model = _model(relative, info, "directory")
            if content:
                model["content"] = self._entries(relative, real)
                model["format"] = "json"
            return model
        if type == "directory":
            raise InvalidRequest.field("type", f"{str(relative)!r} is a file, not a folder.")
        is_notebook = type == "notebook" or (type is None and relative.suffix == ".ipynb" and format is None)
        model = _model(relative, info, "notebook" if is_notebook else "file")
        model["mimetype"] = None if is_notebook else mimetypes.guess_type(relative.name)[0]
        if content or hash:
            data = self._read(relative, real)
            if hash:
                model["hash"] = hashlib.sha256(data).hexdigest()
                model["hash_algorithm"] = "sha256"
            if content:
                read = _notebook(relative, data) if is_notebook else _file(relative, data, format)
                model["content"], model["format"], model["mimetype"] = read
        return model

    def is_file(self, path: str) -> bool:
        """See :class:`studio_ext.ports.contents.Contents`."""
        try:
            return self._resolve(clean(path)).is_file()
        except StudioError:
            return False

    @contextmanager
    def open(self, path: str) -> Iterator[Download]:
        """See :class:`studio_ext.ports.contents.Contents`."""
        relative = clean(path)
        descriptor, size = self._open(relative, self._resolve(relative))
        try:
            yield Download(name=relative.name, size_bytes=size, chunks=_chunks(descriptor, size))
        finally:
            os.close(descriptor)

    def _resolve(self, relative: PurePosixPath) -> Path:
        """The real path of what may be shown: it and what it points to lie in the same job directory."""
        if not relative.parts:
            return self._root.resolve()
        job_id, *rest = relative.parts
        inside = PurePosixPath(*rest)
        directory = self._root / job_id
        if not _is_job_directory(directory) or is_private(inside):
            raise NotFound(f"There is no file {str(relative)!r}.")
        real = resolve_inside(directory, str(inside))
        if is_private(PurePosixPath(real.relative_to(directory.resolve()).as_posix())):
            raise NotFound(f"There is no file {str(relative)!r}.")
        return real

    def _entries(self, relative: PurePosixPath, real: Path) -> list[ContentsModel]:
        try:
            names = inside.names(*self._place(real))
        except OSError:
            raise NotFound(f"There is no folder {str(relative)!r} any more.") from None
        names.sort(reverse=not relative.parts)
        models = []
        for name in names:
            child = relative / name
            try:
                info = self._look(child, self._resolve(child))
            except StudioError:
                continue  # Hidden, a link out, or gone meanwhile.
            if stat.S_ISDIR(info.st_mode):
                models.append(_model(child, info, "directory"))
            elif stat.S_ISREG(info.st_mode):
                kind: ContentsType = "notebook" if child.suffix == ".ipynb" else "file"
                models.append(_model(child, info, kind))
            if len(models) == MAX_ENTRIES:
                break
        return models

    def _open(self, relative: PurePosixPath, real: Path) -> tuple[int, int]:
        """File descriptor and size of a regular file, opened without following any link."""
        if not stat.S_ISREG(self._look(relative, real).st_mode):
            raise InvalidRequest(f"{str(relative)!r} is not a regular file.")
        try:
            descriptor = inside.open_file(*self._place(real))
        except OSError:
            raise NotFound(f"There is no readable file {str(relative)!r}.") from None
        return descriptor, os.fstat(descriptor).st_size

    def _look(self, relative: PurePosixPath, real: Path) -> os.stat_result:
        """What lies at a real path: a link that was laid there since it was resolved is not followed."""
        try:
            info = inside.look(*self._place(real))
        except OSError:
            raise NotFound(f"There is no file {str(relative)!r}.") from None
        if stat.S_ISLNK(info.st_mode):
            raise NotFound(f"There is no file {str(relative)!r}.")
        return info

    def _place(self, real: Path) -> tuple[Path, Path]:
        root = self._root.resolve()
        return root, real.relative_to(root)

    def _read(self, relative: PurePosixPath, real: Path) -> bytes:
        descriptor, size = self._open(relative, real)
        try:
            if size > self._max_content_bytes:
                raise InvalidRequest(
                    f"{relative.name!r} is too large to open here ({size / 2**20:.0f} MiB).",
                    hint="Download it instead.",
                )
            return b"".join(_chunks(descriptor, size))
        finally:
            os.close(descriptor)


def _is_job_directory(path: Path) -> bool:
    return len(path.name) == ids.LENGTH and ids.is_id(path.name) and path.is_dir() and not path.is_symlink()


def _chunks(descriptor: int, size: int) -> Iterator[bytes]:
    left = size
    while left and (chunk := os.read(descriptor, min(left, CHUNK_BYTES))):
        left -= len(chunk)
        yield chunk


def _model(relative: PurePosixPath, info: os.stat_result, type: ContentsType) -> ContentsModel:
    return {
        "name": relative.name,
        "path": "" if not relative.parts else str(relative),
        "type": type,
        "writable": False,
        "created": _time(info.st_ctime),
        "last_modified": _time(info.st_mtime),
        "size": None if type == "directory" else info.st_size,
        "mimetype": None,
        "content": None,
        "format": None,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _file(relative: PurePosixPath, data: bytes, format: ContentsFormat | None) -> _Content:
    guessed = mimetypes.guess_type(relative.name)[0]
    if format != "base64":
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            if format == "text":
                raise InvalidRequest.field("format", f"{relative.name!r} is not UTF-8 text.") from None
        else:
            if format == "text" or guessed is None or guessed.startswith("text/") or guessed in _TEXT_TYPES:
                return text, "text", guessed or "text/plain"
    encoded = base64.b64encode(data).decode("ascii")
    return encoded, "base64", guessed or "application/octet-stream"


def _notebook(relative: PurePosixPath, data: bytes) -> _Content:
    try:
        notebook = nbformat.reads(data.decode("utf-8-sig"), as_version=4)
    except Exception as error:  # nbformat raises whatever the broken document makes it stumble over.
        raise InvalidRequest(
            f"{relative.name!r} cannot be read as a notebook.", hint="Open it as text, or download it."
        ) from error
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata["trusted"] = False
    return _digestible(notebook), "json", None


def _digestible(value: Any) -> Any:
    """A copy of a JSON document that every browser can take: null stands for NaN and infinities.

    Colours longer than any are left out of texts: a page that takes one with 400,000 numbers apart stands still for
    half a minute.
    """
    if isinstance(value, str):
        return _ENDLESS_COLOUR.sub("", value) if "\x1b[" in value else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _digestible(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_digestible(item) for item in value]
    return value

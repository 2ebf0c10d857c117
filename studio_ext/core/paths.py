"""Path safety: which file a path from outside stands for, and which paths are refused.

A path is taken as it is: nothing is decoded here, so what an HTTP server has decoded once is never decoded twice.
The text rules come first and touch no file; then the file system says where the path really leads.
"""

from __future__ import annotations

import errno
import re
from pathlib import Path, PurePosixPath

from studio_ext.contract.errors import Forbidden, InvalidRequest, NotFound

MAX_NAME_BYTES = 255
"""Longest name of a file or folder that file systems hold."""
MAX_PATH_BYTES = 4096
"""Longest path that the operating system takes."""

_RELATIVE = "Name the file relative to the folder the server shows."
_COLLABORATION_DRIVE = "RTC:"
_DRIVE = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]*:")
_PRIVATE = re.compile(
    r"((job|environment)\.json|attempts/[^/]+/(claim\.json|launch\.json|calls\.jsonl|reads\.jsonl|replies\.jsonl|relay\.json))(/|$)",
    re.IGNORECASE,
)


def clean(path: str) -> PurePosixPath:
    """The relative path that ``path`` stands for, without touching a file; empty for the root itself.

    A leading ``RTC:`` (the collaboration drive) is dropped, as are empty and ``.`` segments. Raises
    ``InvalidRequest`` for anything that could mean a place outside: absolute paths, ``..``, other drives,
    backslashes, NUL, text that is not UTF-8, names and paths that are too long.
    """
    path = path.removeprefix(_COLLABORATION_DRIVE)
    if _DRIVE.match(path):
        raise InvalidRequest(
            f"The path names a drive ({path.split(':', 1)[0][:50]}:).",
            hint="Save a copy in the server's own folder first.",
        )
    return relative(path)


def relative(path: str) -> PurePosixPath:
    """As :func:`clean`, for paths in which a colon is a letter like others."""
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        raise InvalidRequest("The path is not valid text.") from None
    if "\0" in path:
        raise InvalidRequest("The path contains a NUL character.")
    if "\\" in path:
        raise InvalidRequest("The path contains a backslash.", hint="Separate folders with '/'.")
    if path.startswith("/"):
        raise InvalidRequest("The path is absolute.", hint=_RELATIVE)
    if size > MAX_PATH_BYTES:
        raise InvalidRequest(f"The path is longer than {MAX_PATH_BYTES} bytes.")
    segments = [segment for segment in path.split("/") if segment not in ("", ".")]
    for segment in segments:
        if segment == "..":
            raise InvalidRequest("The path contains '..'.", hint=_RELATIVE)
        if len(segment.encode()) > MAX_NAME_BYTES:
            raise InvalidRequest(f"A name in the path is longer than {MAX_NAME_BYTES} bytes.")
    return PurePosixPath(*segments)


def resolve_inside(root: Path, path: str) -> Path:
    """The real path (no symbolic links left) of an existing file or folder that lies in ``root``.

    Raises ``InvalidRequest`` for a path that :func:`clean` refuses, ``Forbidden`` for one that leads out of
    ``root`` through a symbolic link, ``NotFound`` where there is nothing. Only names are looked up; no file is
    opened.
    """
    below = clean(path)
    try:
        real_root = root.resolve(strict=True)
        # Not strict at first: whether something exists outside is nobody's business.
        real = (real_root / below).resolve()
        if not real.is_relative_to(real_root):
            raise Forbidden(f"{below.name!r} is a link that leads out of the folder the server shows.")
        real.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"There is no file {str(below)!r}.") from None
    except PermissionError:
        raise Forbidden(f"{str(below)!r} may not be read by the server.") from None
    except (RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            raise InvalidRequest("The path is too long for this file system.") from None
        raise InvalidRequest(f"{str(below)!r} cannot be followed (links in a circle?).") from None
    return real


def is_private(path: PurePosixPath) -> bool:
    """Whether a path relative to a job directory is not for showing: hidden, or it holds values, tokens or calls."""
    return any(part.startswith(".") for part in path.parts) or _PRIVATE.match(path.as_posix()) is not None

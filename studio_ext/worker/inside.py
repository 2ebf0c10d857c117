"""Opening files below a directory that a job writes to, from outside the job.

Each part of a path is opened below the one before without following a link, and nothing but a regular file is
read or written. So nothing that the job lays there, before or meanwhile, leads out of the directory, and nobody
waits for the other end of a pipe.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath

_ALWAYS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_IN_THE_WAY = frozenset({errno.ELOOP, errno.EMLINK, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ENODEV})
_CHUNK = 1 << 20


class NotOurs(FileNotFoundError):
    """Where a file or folder should be lies something else: a link, a pipe, a device, a folder for a file."""


def open_file(root: Path, path: PurePath | str, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """A descriptor of the regular file ``path``, relative to ``root``. Raises ``OSError``.

    What ``root`` itself is reached by may be links. ``flags`` and ``mode`` as for ``os.open``.
    """
    *folders, name = _parts(path) or ["."]
    with open_folder(root, PurePath(*folders)) as folder:
        return open_file_at(folder, name, flags, mode)


def open_file_at(folder: int, name: str, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """As :func:`open_file` for a name in an open folder."""
    descriptor = _open(name, flags, mode, folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotOurs(errno.ENOENT, "Not a regular file", name)
    os.set_blocking(descriptor, True)
    return descriptor


@contextlib.contextmanager
def open_folder(root: Path, path: PurePath | str = "") -> Iterator[int]:
    """A descriptor of the folder ``path``, relative to ``root``, for ``dir_fd`` and ``os.scandir``."""
    descriptor = os.open(root, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        for part in _parts(path):
            above = descriptor
            descriptor = _open(part, os.O_RDONLY | os.O_DIRECTORY, 0, above)
            os.close(above)
        yield descriptor
    finally:
        os.close(descriptor)


def names(root: Path, path: PurePath | str) -> list[str]:
    """Names of what lies in a folder, sorted. Raises ``OSError``."""
    with open_folder(root, path) as folder, os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries)


def look(root: Path, path: PurePath | str) -> os.stat_result:
    """What lies at ``path``, relative to ``root``: a link is looked at itself. Raises ``OSError``."""
    *folders, name = _parts(path) or ["."]
    with open_folder(root, PurePath(*folders)) as folder:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)


def read(root: Path, path: PurePath | str, most: int) -> bytes:
    """The bytes of a file that has ``most`` at most. Raises ``OSError``; ``EFBIG`` for a larger one."""
    descriptor = open_file(root, path)
    try:
        pieces, left = [], most + 1
        while left and (piece := os.read(descriptor, min(left, _CHUNK))):
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(descriptor)
    if not left:
        raise OSError(errno.EFBIG, f"More than {most} bytes", str(root / path))
    return b"".join(pieces)


def _open(name: str, flags: int, mode: int, folder: int) -> int:
    try:
        return os.open(name, flags | _ALWAYS, mode, dir_fd=folder)
    except OSError as error:
        if error.errno in _IN_THE_WAY:
            raise NotOurs(errno.ENOENT, error.strerror, name) from error
        raise


def _parts(path: PurePath | str) -> list[str]:
    parts = list(PurePath(path).parts)
    if ".." in parts or PurePath(path).is_absolute() or "\0" in str(path):
        raise NotOurs(errno.ENOENT, "Not a path below the directory", str(path))
    return parts

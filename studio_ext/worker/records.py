"""Files of a job directory: reading, appending, and renaming into place.

The formats are described in ``docs/developers/job-directory.md``. These functions are called on both sides, also by
programs that can do more than the job: a link, a pipe or a device in the place of a file is neither read nor written.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from . import inside

_MAX_RECORD = 64 << 20
"""Bytes. A record that is larger was not written by us."""
_MAX_EVENTS = 1 << 20
"""Bytes of a JSON-lines file that are read at once: whoever reads has other jobs to look after."""
_MAX_ALL_EVENTS = 64
"""So many times as much is read of a file that is over. More was not written by us."""
_RESERVED_BYTES = 256 * 1024
OWNER: tuple[int, int] | None = None
"""User and group that files made here belong to; None: the process's own. Set where a container's root writes them."""
MACHINE = "machine.json"
"""Beside the package list: what the code ran on."""
SPARE_PREFIX = ".studio-"
"""Begins the temporary names of files that are about to be renamed into place."""


class AttemptFiles:
    """Paths of one attempt, and the few ways in which they are written."""

    def __init__(self, job_dir: Path, attempt: int) -> None:
        self.job_dir = job_dir
        self.attempt = attempt
        self.directory = job_dir / "attempts" / str(attempt)
        self.claim = self.directory / "claim.json"
        self.launch = self.directory / "launch.json"
        self.stop = self.directory / "stop.json"
        self.log = self.directory / "log.txt"
        self.progress = self.directory / "progress.jsonl"
        self.resources = self.directory / "resources.jsonl"
        self.reads = self.directory / "reads.jsonl"
        self.result = self.directory / "result.json"
        self.exit = self.directory / "exit.json"
        self.job = job_dir / "job.json"
        self.variables = job_dir / "environment.json"
        self.notebook = job_dir / "input" / "notebook.ipynb"

    @property
    def packages(self) -> Path:
        """Package list of the kernel's environment."""
        return self.job_dir / "output" / "environment" / "packages.txt"

    def spare(self, target: Path) -> Path:
        """Temporary name under which ``target`` is written."""
        return target.with_name(f".{target.name}.tmp")

    def reserve(self) -> None:
        """Set space aside for the records of the end, so that they can be written on a full disk."""
        for target in (self.result, self.exit):
            with contextlib.suppress(OSError):
                fd = open_file(self.spare(target), os.O_WRONLY | os.O_CREAT)
                try:
                    if hasattr(os, "posix_fallocate"):
                        os.posix_fallocate(fd, 0, _RESERVED_BYTES)
                finally:
                    os.close(fd)

    def finish(self, target: Path, record: Mapping[str, Any]) -> None:
        """Write ``record`` into the space that :meth:`reserve` set aside, and rename it into place, synced."""
        data = encode(record)
        fd = open_file(self.spare(target), os.O_WRONLY | os.O_CREAT)
        try:
            _write_all(fd, data)
            os.ftruncate(fd, len(data))
            os.fsync(fd)
        finally:
            os.close(fd)
        _put(self.spare(target), target, sync=True)

    def drop_spares(self) -> None:
        """Remove what :meth:`reserve` made and nothing used."""
        for target in (self.result, self.exit):
            self.spare(target).unlink(missing_ok=True)


def open_file(path: Path, flags: int, mode: int = 0o600) -> int:
    """Open a file of ours, making it ours where it is new; closed in programs that this process starts."""
    fd = inside.open_file(*_place(path), flags, mode)
    if OWNER is not None:
        with contextlib.suppress(OSError):
            os.fchown(fd, *OWNER)
    return fd


def _place(path: Path) -> tuple[Path, Path]:
    """A directory that no job can put something else in the place of, and the path from there on."""
    root = path.parents[2] if path.parent.parent.name == "attempts" else path.parent
    return root, path.relative_to(root)


def encode(record: Mapping[str, Any]) -> bytes:
    """A record as UTF-8 JSON with a final newline; lone surrogates are replaced."""
    return (json.dumps(record, ensure_ascii=False, default=str) + "\n").encode("utf-8", "replace")


def read(path: Path) -> dict[str, Any] | None:
    """The JSON object in ``path``; None when there is none that can be read."""
    try:
        record = json.loads(inside.read(*_place(path), _MAX_RECORD))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def whole(value: Any, most: int = 2**31 - 1) -> int | None:
    """``value`` if it is a whole number from 0 to ``most``: user code can write every file of a job."""
    return value if type(value) is int and 0 <= value <= most else None


def moment(value: Any) -> float | None:
    """``value`` if it can be a time in seconds since the epoch, before the year 3000."""
    return float(value) if type(value) in (int, float) and 0 < value < 32_503_680_000 else None


def write(path: Path, data: bytes | Iterable[bytes], *, mode: int = 0o600, sync: bool = True) -> None:
    """Replace ``path`` atomically: temporary name in the same directory, sync, rename. ``data``: all, or in pieces."""
    spare = path.with_name(f"{SPARE_PREFIX}{os.getpid()}-{threading.get_ident():x}.tmp")
    fd = open_file(spare, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        try:
            for piece in (data,) if isinstance(data, bytes) else data:
                _write_all(fd, piece)
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)
        _put(spare, path, sync=sync)
    except BaseException:
        spare.unlink(missing_ok=True)
        raise


def _put(spare: Path, target: Path, *, sync: bool) -> None:
    """Rename a file to ``target`` in the same directory."""
    root, place = _place(target)
    with inside.open_folder(root, place.parent) as folder:
        os.replace(spare.name, target.name, src_dir_fd=folder, dst_dir_fd=folder)
        if sync:
            with contextlib.suppress(OSError):
                os.fsync(folder)


def _write_all(fd: int, data: bytes) -> None:
    """Write all of it: a disk that is nearly full takes a part first and refuses the rest only when asked again."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def sync_directory(path: Path) -> None:
    """Make renames in a directory survive a power cut."""
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def create_exclusively(path: Path, record: Mapping[str, Any]) -> bool:
    """Make ``path`` if it does not exist, synced. False: somebody else has it."""
    try:
        fd = open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return False
    try:
        _write_all(fd, encode(record))
        os.fsync(fd)
    finally:
        os.close(fd)
    sync_directory(path.parent)
    return True


def append(fd: int, data: bytes) -> None:
    """Append to an ``O_APPEND`` file; what a full disk refuses is lost, the job goes on."""
    with contextlib.suppress(OSError):
        _write_all(fd, data)


def open_append(path: Path) -> int:
    """A descriptor that appends to ``path``."""
    return open_file(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def read_events(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Complete lines of a JSON-lines file from ``offset`` on, not all at once, and the offset after them.

    A last line without a newline is left for the next call; lines that are not JSON objects are skipped.
    """
    try:
        with os.fdopen(inside.open_file(*_place(path)), "rb") as file:
            file.seek(offset)
            data = file.read(_MAX_EVENTS)
    except OSError:
        return [], offset
    end = data.rfind(b"\n") + 1
    if not end and len(data) == _MAX_EVENTS:  # no event is so long
        return [], offset + len(data)
    events = []
    for line in data[:end].splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            event = json.loads(line)
            if isinstance(event, dict):
                events.append(event)
    return events, offset + end


def all_events(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a file that nobody writes to any more."""
    offset = 0
    for _ in range(_MAX_ALL_EVENTS):
        events, end = read_events(path, offset)
        yield from events
        if end == offset:
            return
        offset = end

"""The data that a job read, as its trial shows it: what it is, where it lies and which version of it was read.

Reads files, so it takes its time: the caller has a thread for it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from studio_ext.contract.jobs import JobDetail
from studio_ext.core.data_reads import AddressRead, DataReads, FileRead, fold, parse_reads
from studio_ext.ports.tracking import DataInput
from studio_ext.services.fingerprint import Fingerprint, TooLate, fingerprint
from studio_ext.worker import inside, records

log = logging.getLogger(__name__)

MOST_INPUTS = 100
"""Things that a trial lists; where more files were read, folders stand for them."""
LARGEST_FILE = 256 << 20
"""Bytes up to which a file is hashed; beyond, size and time of change say which version it was."""
MOST_BYTES = 1 << 30
SECONDS = 30.0
"""For all hashes of a job."""
_DIGEST = 16
_LARGEST_JOB = 16 << 20


def has_reads(job: JobDetail) -> bool:
    """Whether there is anything to look at."""
    with contextlib.suppress(OSError):
        return inside.look(Path(job.directory), f"attempts/{job.attempt}/reads.jsonl").st_size > 0
    return False


def data_inputs(job: JobDetail) -> tuple[list[DataInput], bool]:
    """What the last attempt of a job read, and whether it read more than that."""
    files = records.AttemptFiles(Path(job.directory), job.attempt)
    reads = parse_reads(records.all_events(files.reads))
    return _Inputs(job, files, time.monotonic() + SECONDS).of(reads), reads.is_cut


@dataclass(frozen=True)
class _Place:
    """Where a file is that a job read."""

    shown: str
    """Path as the submitter knows it."""
    name: str
    """Relative to the notebook, for what lies beside it."""
    below: str | None
    """Path relative to the job directory; None for a place elsewhere."""


class _Inputs:
    def __init__(self, job: JobDetail, files: records.AttemptFiles, deadline: float) -> None:
        self._directory = Path(job.directory)
        self._source = job.snapshot.source if job.snapshot else None
        self._is_contained = job.environment.container is not None
        launch = records.read(files.launch) or {}
        seen = launch.get("job_dir")
        self._seen = seen.rstrip("/") if isinstance(seen, str) and seen else str(self._directory)
        self._links = self._mounted_links(files.job) if self._is_contained else []
        self._deadline = deadline
        self._left = MOST_BYTES

    @staticmethod
    def _mounted_links(path: Path) -> list[str]:
        """Places that a container had, by a file that its job could not change. Where the workspace itself lies in one
        of them, it was not mounted."""
        links = (records.read(path) or {}).get("links")
        found = [link for link in links if isinstance(link, str)] if isinstance(links, list) else []
        return [link for link in found if not path.resolve().is_relative_to(Path(link).resolve())]

    def of(self, reads: DataReads) -> list[DataInput]:
        by_path = {read.path: read for read in reads.files}
        addresses = reads.addresses[: MOST_INPUTS // 2]
        alone, folders = fold(by_path, MOST_INPUTS - len(addresses))
        found = [self._file(by_path[path]) for path in alone]
        found += [self._folder(folder, [by_path[path] for path in paths]) for folder, paths in folders.items()]
        return [*found[: MOST_INPUTS - len(addresses)], *map(_address, addresses)]

    # -- places

    def _place(self, path: str) -> _Place:
        if path == f"{self._seen}/code" or path.startswith(f"{self._seen}/code/"):
            name = path.removeprefix(f"{self._seen}/code").strip("/")
            shown = f"{self._source.rstrip('/')}/{name}" if self._source else f"{self._directory}/code/{name}"
            return _Place(shown, name or ".", f"code/{name}")
        if path.startswith(f"{self._seen}/"):
            below = path.removeprefix(f"{self._seen}/")
            return _Place(f"{self._directory}/{below}", below, below)
        return _Place(path, PurePosixPath(path).name or path, None)

    def _open(self, place: _Place) -> int | None:
        """A descriptor of the file; None where it is not for us to look at."""
        if place.below is None:
            # Of a job in a container we have only its word: what lies there here is another machine's, so to speak.
            return None if self._is_contained else _open_regular(place.shown)
        try:
            return inside.open_file(self._directory, place.below)
        except inside.NotOurs:
            target = self._linked(PurePosixPath(place.below))
            return None if target is None else _open_regular(target)

    def _linked(self, path: PurePosixPath) -> str | None:
        """Where a path below the job directory leads by the first link on it."""
        for depth in range(1, len(path.parts) + 1):
            part = PurePosixPath(*path.parts[:depth])
            try:
                is_link = stat.S_ISLNK(inside.look(self._directory, part).st_mode)
                target = str((self._directory / part).readlink()) if is_link else ""
            except OSError:
                return None
            if target:
                rest = path.parts[depth:]
                if ".." in PurePosixPath(target).parts or not target.startswith("/"):
                    return None
                if self._is_contained and not any(f"{target}/".startswith(f"{link}/") for link in self._links):
                    return None
                return str(PurePosixPath(target, *rest))
        return None

    # -- what is there

    def _file(self, read: FileRead) -> DataInput:
        place = self._place(read.path)
        found = self._fingerprint(read, place)
        profile: dict[str, Any] = {"size_bytes": read.size}
        if found is None:
            digest = f"{read.size:x}-{read.modified_ns:x}"
            profile["modified"] = read.modified_ns / 1e9
        else:
            digest = found.sha256[:_DIGEST]
            profile |= {"sha256": found.sha256}
            if found.rows is not None:
                profile["num_rows"] = found.rows
                if found.columns is not None:
                    profile |= {"num_columns": found.columns, "num_elements": found.rows * found.columns}
        return DataInput(name=place.name, digest=digest, kind="local", source=place.shown, profile=profile)

    def _fingerprint(self, read: FileRead, place: _Place) -> Fingerprint | None:
        """None for a file that is large, was changed since or cannot be looked at."""
        if read.size > min(LARGEST_FILE, self._left):
            return None
        try:
            descriptor = self._open(place)
            if descriptor is None:
                return None
            try:
                now = os.fstat(descriptor)
                if (now.st_size, now.st_mtime_ns) != (read.size, read.modified_ns):
                    return None
                self._left -= read.size
                return fingerprint(descriptor, place.name, self._deadline)
            finally:
                os.close(descriptor)
        except (OSError, TooLate):
            return None

    def _folder(self, folder: str, reads: Sequence[FileRead]) -> DataInput:
        place = self._place(folder)
        digest = hashlib.sha256()
        for read in sorted(reads, key=lambda each: each.path):
            name = read.path.removeprefix(folder)
            digest.update(f"{name}\0{read.size}\0{read.modified_ns}\n".encode())
        profile = {"num_files": len(reads), "size_bytes": sum(read.size for read in reads)}
        name, shown = f"{place.name}/", place.shown
        return DataInput(name=name, digest=digest.hexdigest()[:_DIGEST], kind="local", source=shown, profile=profile)


def _open_regular(path: str) -> int:
    """Follows links, waits for nothing. Raises ``OSError``."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "Not a regular file", path)
    return descriptor


def _address(read: AddressRead) -> DataInput:
    scheme = read.uri.partition(":")[0].lower()
    version = read.etag.removeprefix("W/").strip('"')
    is_short = 4 <= len(version) <= 36 and version.isascii() and version.isprintable()
    whole = hashlib.sha256(f"{read.uri}\0{read.etag}\0{read.modified}".encode()).hexdigest()[:_DIGEST]
    profile = {name: value for name, value in (("etag", read.etag), ("modified", read.modified)) if value}
    return DataInput(
        name=PurePosixPath(read.uri.partition("?")[0]).name or read.uri,
        digest=version if is_short else whole,
        kind="http" if scheme == "https" else scheme,
        source=read.uri,
        profile=profile,
    )

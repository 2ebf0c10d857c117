"""What lies in a job directory: the log by ranges, and the files that people may see."""

from __future__ import annotations

import codecs
import contextlib
import os
import stat
from pathlib import Path, PurePosixPath

from studio_ext.contract.errors import NotFound, StudioError
from studio_ext.contract.jobs import FileEntry, JobDetail, LogChunk
from studio_ext.core.paths import clean, is_private, resolve_inside
from studio_ext.core.states import FINAL
from studio_ext.worker import inside

MAX_CHUNK = 262_144
MAX_ENTRIES = 2_000
_LONGEST_CHARACTER = 4
"""Bytes. A smaller chunk could hold no whole character, and its reader would never get on."""


def read_log(job: JobDetail, *, offset: int, limit: int, attempt: int | None) -> LogChunk:
    """A range of the log of an attempt (default: the last one).

    ``offset`` counts bytes; negative, from the end. The text never ends within a character: the last bytes of
    an unfinished one come with the next chunk.
    """
    number = attempt if attempt is not None else job.attempt
    if not 1 <= number <= job.attempt:
        raise NotFound(f"{job.name} has no attempt {number}.")
    limit = max(_LONGEST_CHARACTER, min(limit, MAX_CHUNK))
    try:
        # The job may have put a link or a pipe in its place: then there is no log.
        with os.fdopen(inside.open_file(Path(job.directory), f"attempts/{number}/log.txt"), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = max(0, size + offset) if offset < 0 else min(offset, size)
            file.seek(start)
            data = file.read(limit)
    except FileNotFoundError:
        size, start, data = 0, 0, b""
    if offset < 0 and start > 0:  # we may have landed within a character
        skip = next((index for index, byte in enumerate(data[:4]) if byte & 0xC0 != 0x80), 0)
        start, data = start + skip, data[skip:]
    at_end = start + len(data) >= size
    is_over = job.status in FINAL
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data, final=at_end and is_over)
    pending = len(decoder.getstate()[0])
    return LogChunk(
        text=text,
        offset=start,
        next_offset=start + len(data) - pending,
        size=size,
        complete=is_over and at_end,
    )


def forget_variables(job: JobDetail) -> None:
    """Remove the values of the variables that were named for a job: nothing of it runs any more, or ever will."""
    with contextlib.suppress(IsADirectoryError, PermissionError):  # the job has put a folder in its place
        (Path(job.directory) / "environment.json").unlink(missing_ok=True)


def list_files(job: JobDetail, path: str) -> list[FileEntry]:
    """Files and folders directly below ``path`` in the job directory that people may see; folders first.

    Links that lead out of the job directory are left out, as are pipes, devices and names that are not UTF-8.
    """
    root = Path(job.directory).resolve()
    relative = clean(path)
    folder = resolve_inside(root, path)
    if is_private(relative) or not folder.is_dir():
        raise NotFound(f"There is no folder {path!r} in the job {job.name}.")
    try:
        names = inside.names(root, folder.relative_to(root))
    except OSError:  # it went, or something else took its place, since we looked
        names = []
    listed = []
    for name in names:
        child = relative / name
        try:
            place = PurePosixPath(resolve_inside(root, str(child)).relative_to(root))
            information = inside.look(root, place)  # no link is followed that was laid since
        except (StudioError, OSError, ValueError):
            continue
        is_folder = stat.S_ISDIR(information.st_mode)
        if is_private(child) or is_private(place) or not (is_folder or stat.S_ISREG(information.st_mode)):
            continue
        listed.append(
            FileEntry(
                name=name,
                path=str(child),
                type="directory" if is_folder else "file",
                size_bytes=None if is_folder else information.st_size,
                modified=information.st_mtime,
                content_path=f"{job.id}/{child}",
            )
        )
        if len(listed) == MAX_ENTRIES:
            break
    return sorted(listed, key=lambda each: each.type != "directory")

"""What a job's kernel noted of the data that it read.

Code of the job can write anything there; this takes what can be.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from studio_ext.core.plain_text import masked, one_line

MOST_EVENTS = 10_000
_LONGEST = 4096
_MOST_TAG = 200
_SCHEMES = frozenset({
    "http", "https", "ftp", "sftp", "s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "az", "adl", "wasb", "wasbs",
    "hdfs", "webhdfs", "viewfs", "dbfs", "hf", "oss",
})  # fmt: skip


@dataclass(frozen=True)
class FileRead:
    """A file, as it was when it was opened first."""

    path: str
    """Absolute, as the job sees it."""
    size: int
    modified_ns: int
    """Nanoseconds since the epoch."""


@dataclass(frozen=True)
class AddressRead:
    """Something at an address, without what must not be shown of it."""

    uri: str
    etag: str = ""
    modified: str = ""
    """``Last-Modified`` as the server wrote it."""


@dataclass(frozen=True)
class DataReads:
    """Everything that was noted, each thing once."""

    files: tuple[FileRead, ...] = ()
    addresses: tuple[AddressRead, ...] = ()
    is_cut: bool = False
    """Whether more was read than is noted."""


def parse_reads(events: Iterable[Mapping[str, Any]]) -> DataReads:
    """The reads that the lines of a report speak of, in their order; whatever else is there is passed over."""
    files: dict[str, FileRead] = {}
    addresses: dict[str, AddressRead] = {}
    is_cut = False
    for number, event in enumerate(events):
        if number >= MOST_EVENTS:
            is_cut = True
            break
        if event.get("more") is True:
            is_cut = True
        elif (file := _file(event)) is not None:
            files.setdefault(file.path, file)
        elif (address := _address(event)) is not None and (address.uri not in addresses or address.etag):
            addresses[address.uri] = address
    return DataReads(tuple(files.values()), tuple(addresses.values()), is_cut)


def _file(event: Mapping[str, Any]) -> FileRead | None:
    path, size, modified = event.get("read"), event.get("size"), event.get("mtime")
    if not _is_text(path) or not path.startswith("/") or "\0" in path or posixpath.normpath(path) != path:
        return None
    if not all(type(number) is int and 0 <= number < 2**63 for number in (size, modified)):
        return None
    return FileRead(path, size, modified)  # type: ignore[arg-type]


def _address(event: Mapping[str, Any]) -> AddressRead | None:
    uri = event.get("uri")
    if not _is_text(uri):
        return None
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme.lower() not in _SCHEMES or not (parts.netloc or parts.path):
        return None
    etag, modified = (_tag(event.get(name)) for name in ("etag", "modified"))
    return AddressRead(masked(one_line(uri)), etag, modified)


def _is_text(value: Any) -> TypeGuard[str]:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half a character
        return False
    return True


def _tag(value: Any) -> str:
    return one_line(value)[:_MOST_TAG] if _is_text(value) else ""


def fold(paths: Iterable[str], most: int) -> tuple[list[str], dict[str, list[str]]]:
    """Paths that stand for themselves, and folders that stand for what was read in them, fewer than ``most`` in all.

    The folders with the most files are folded first, until it is enough; then the folders that they are in.
    """
    alone = dict.fromkeys(paths)
    folders: dict[str, list[str]] = {}
    while len(alone) + len(folders) > most:
        inside: dict[str, list[str]] = defaultdict(list)
        for path in (*alone, *folders):
            inside[posixpath.dirname(path)].append(path)
        inside.pop("/", None)
        if not inside:
            break
        fullest = max(inside, key=lambda each: len(inside[each]))
        if len(inside[fullest]) > 1:
            chosen = [fullest]
        else:  # folders with one thing each: go up from where they are deepest
            deepest = max(each.count("/") for each in inside)
            chosen = [each for each in inside if each.count("/") == deepest]
        for folder in chosen:
            files = folders.get(folder, [])
            for path in inside[folder]:
                alone.pop(path, None)
                files = files + folders.pop(path, [path])
            folders[folder] = files
    return list(alone), folders

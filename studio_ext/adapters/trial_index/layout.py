"""Files of an index, as :mod:`studio_ext.adapters.trial_index` describes them: names, header, streams."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
import time
import zlib
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import quote

from studio_ext.core.workspace import Workspace

VERSION = 1
"""Of the format. An index of another one is not read, and built anew."""

CELLS = 512
"""Cells in a block."""
BLOCK = CELLS * 8
"""Bytes in a block."""
ID_BYTES = 32
"""Bytes of a run id."""
SEPARATOR = b"\xff"
"""Ends each text of a column; no UTF-8 holds it."""

HEADER, CATALOGUE, ARENA, BLOCKS, STREAMS = "header", "catalogue", "arena", "blocks", "streams"
ENTRY = struct.Struct("<iii")
"""In ``blocks``: stream, which of its blocks, where it is in the arena."""
STREAM = struct.Struct("<QQQ")
"""In ``streams``: revision, length in bytes, number of texts."""
_HEADER = struct.Struct("<8sQQQQQQQd")
_CHECK = struct.Struct("<I")
HEADER_BYTES = _HEADER.size + _CHECK.size
_MAGIC = b"trials%02d" % VERSION


class Part(StrEnum):
    """What a stream holds."""

    last = "last"
    """Cells: of a metric the last values."""
    minimum = "min"
    """Cells: smallest values of a metric, where they are not the last."""
    maximum = "max"
    heap = "heap"
    """Texts of a column, one after the other."""
    ids = "ids"
    """Run ids."""


@dataclass
class Header:
    """What is valid of an experiment's files. Written last."""

    rows: int = 0
    revision: int = 0
    blocks: int = 1
    """In the arena; number 0 holds nothing."""
    entries: int = 0
    """In ``blocks``."""
    streams: int = 0
    catalogue: int = 0
    """Bytes of the catalogue."""
    active: int = 0
    """Rows of trials that are not deleted."""
    updated: float = 0.0
    """When a trial last started or ended (epoch seconds)."""

    def pack(self) -> bytes:
        """The bytes of the file."""
        body = _HEADER.pack(_MAGIC, *(getattr(self, each.name) for each in fields(self)))
        return body + _CHECK.pack(zlib.crc32(body))

    @classmethod
    def unpack(cls, data: bytes) -> Header | None:
        """The header; None where it is none, or was read while it was written."""
        if len(data) < HEADER_BYTES:
            return None
        body = data[: _HEADER.size]
        if _CHECK.unpack_from(data, _HEADER.size)[0] != zlib.crc32(body) or not body.startswith(_MAGIC):
            return None
        return cls(*_HEADER.unpack(body)[1:])


@dataclass
class ExperimentEntry:
    """An experiment in the list of experiments."""

    id: str
    name: str
    active: bool = True
    updated: float | None = None


@dataclass
class Paths:
    """Where the index of one store lies."""

    root: Path

    @classmethod
    def of(cls, workspace: Workspace) -> Paths:
        """Of the workspace's store; another address has another place."""
        digest = hashlib.sha256(workspace.tracking_uri.encode()).hexdigest()[:16]
        return cls(workspace.cache / "trials" / digest)

    @property
    def current(self) -> Path:
        """Holds the name of the generation that is read."""
        return self.root / "current"

    @property
    def state(self) -> Path:
        """How far the index is behind the store."""
        return self.root / "state.json"

    @property
    def requests(self) -> Path:
        """What readers and writers of the store ask the index to look at, a line each."""
        return self.root / "requests"

    def generation(self, name: str) -> Path:
        """The folder of a generation."""
        return self.root / name

    def ask(self, *run_ids: str) -> None:
        """Have the writer look at once: at runs that were changed, or at what is new. Never fails."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self.requests, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, "".join(f"{each}\n" for each in run_ids or ("look",)).encode())
            finally:
                os.close(descriptor)


def experiment_folder(generation: Path, experiment_id: str) -> Path:
    """Where the columns of an experiment lie. Ids of other stores may hold anything."""
    return generation / f"e{quote(experiment_id, safe='')}"


def write_whole(path: Path, data: bytes) -> None:
    """Replace a small file. Not synced: whatever lies here can be made again."""
    spare = path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}")
    try:
        descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        spare.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            spare.unlink()
        raise


def write_experiments(generation: Path, entries: list[ExperimentEntry]) -> None:
    """Replace the list of experiments."""
    text = json.dumps([asdict(each) for each in entries], ensure_ascii=False)
    write_whole(generation / "experiments.json", text.encode("utf-8", "replace"))


def read_json(path: Path) -> Any:
    """What a file holds; None where there is none that can be read."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def read_experiments(generation: Path) -> list[ExperimentEntry] | None:
    """The list of experiments; None where there is none."""
    found = read_json(generation / "experiments.json")
    try:
        return [ExperimentEntry(**each) for each in found] if isinstance(found, list) else None
    except TypeError:
        return None

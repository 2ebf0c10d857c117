"""Follows a file of lines that somebody else appends to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePath

from studio_ext.worker import inside

CHUNK = 1 << 20
MAX_LINE = 64 << 20
"""Bytes. A line that is longer was not written by us: what comes after it is not ours to read."""
_HEAD = 128


@dataclass
class LineTail:
    """Whole lines of a file, each once. The file may lie where a job can put something else in its place."""

    root: Path
    """A directory that no job can put something else in the place of."""
    path: PurePath
    """The file, relative to ``root``."""
    position: int = 0
    """Bytes that were read."""
    broken: bool = False
    head: bytes = b""
    """How the file begins: another file of the same name is read from its beginning."""

    def size(self) -> int:
        """Bytes that the file has now; 0 where there is none."""
        try:
            return inside.look(self.root, self.path).st_size
        except OSError:
            return 0

    def read(self) -> list[bytes]:
        """The next lines without their ends, about a megabyte of them; empty at the end. Half a line is left."""
        if self.broken:
            return []
        try:
            with os.fdopen(inside.open_file(self.root, self.path), "rb") as file:
                head = file.read(_HEAD)
                if not head.startswith(self.head):
                    self.position = 0
                self.head = head
                file.seek(self.position)
                data = file.read(CHUNK)
                if len(data) == CHUNK and b"\n" not in data:
                    data += file.readline(MAX_LINE)
        except OSError:
            return []
        end = data.rfind(b"\n") + 1
        self.position += end
        self.broken = not end and len(data) > MAX_LINE
        return data[:end].split(b"\n")[:-1]

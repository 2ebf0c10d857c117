"""What waits to be sent: the first megabytes in memory, the rest in a file of this process."""

from __future__ import annotations

import os
import tempfile
from collections import deque

from studio_ext.contract.errors import Unavailable


class Spool:
    """Byte strings, first in, first out. One thread at a time."""

    def __init__(self, memory_bytes: int = 16 << 20, disk_bytes: int = 4 << 30) -> None:
        """``memory_bytes``: from here on the disk is used; ``disk_bytes``: from here on nothing more is taken."""
        self._memory_bytes = memory_bytes
        self._disk_bytes = disk_bytes
        self._in_memory = 0
        self._items: deque[bytes | tuple[int, int]] = deque()
        self._file: int | None = None
        self._end = 0

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: bytes) -> None:
        """Take one. Raises ``Unavailable`` when there is no room."""
        if self._in_memory + len(item) <= self._memory_bytes:
            self._in_memory += len(item)
            self._items.append(item)
            return
        if self._end + len(item) > self._disk_bytes:
            raise _full("4 GiB wait already")
        try:
            if self._file is None:
                self._file, path = tempfile.mkstemp(prefix="studio-spool-")
                os.unlink(path)  # noqa: PTH108  (it goes with the process, however that ends)
            written = os.pwrite(self._file, item, self._end)
        except OSError as error:
            raise _full(error.strerror or str(error)) from error
        if written < len(item):
            raise _full("no space left on the device")
        self._items.append((self._end, len(item)))
        self._end += len(item)

    def first(self, most: int, most_bytes: int) -> list[bytes]:
        """The first items, at least one where there is any; they stay."""
        found: list[bytes] = []
        size = 0
        for item in self._items:
            length = len(item) if isinstance(item, bytes) else item[1]
            if found and (len(found) == most or size + length > most_bytes):
                break
            found.append(item if isinstance(item, bytes) else self._read(item))
            size += length
        return found

    def drop(self, count: int) -> None:
        """Forget the first items."""
        for _ in range(count):
            item = self._items.popleft()
            if isinstance(item, bytes):
                self._in_memory -= len(item)
        if not self._items and self._file is not None:
            os.close(self._file)
            self._file, self._end = None, 0

    def _read(self, place: tuple[int, int]) -> bytes:
        assert self._file is not None
        return os.pread(self._file, place[1], place[0])


def _full(why: str) -> Unavailable:
    return Unavailable(
        f"What is logged cannot be kept until the server answers: {why}.",
        hint="Make room where temporary files go, or see to it that the server can be reached.",
    )

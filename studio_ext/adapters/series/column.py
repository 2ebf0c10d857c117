"""One series, as far as it was read: its rows, and what is known of all of them without reading them again."""

from __future__ import annotations

import json
import math
import mmap
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.series.sources import Mark, Piece

VERSION = 3
"""Of the files."""
HEADER = 512
"""Bytes of a file before its rows."""
BLOCK = 4_096
"""Bytes of a disk that even the shortest file takes."""
ROW = np.dtype([("step", "<i8"), ("time", "<f8"), ("value", "<f8")])
_OVERHEAD = 1_000

Rows = NDArray[np.void]


class Gone(Exception):
    """The file of a series was thrown away or made anew by another process."""


@dataclass
class Column:
    """One series, as far as it was read."""

    mark: Mark = ()
    is_done: bool = False
    """Whether it was read to its end of then."""
    is_sealed: bool = False
    """Whether all of that was read after its run was over."""
    count: int = 0
    not_finite: int = 0
    last: float = math.nan
    steps_grow: bool = True
    """Whether no value has a smaller step than the one before it."""
    times_grow: bool = True
    held: Rows = field(default_factory=lambda: np.empty(0, dtype=ROW))
    """Rows in memory, at least ``count`` of them; none where there is a ``path``."""
    path: Path | None = None
    """The file that the rows are in; None: they are in memory."""
    token: str = ""
    """Of the file: whether it is still the same one."""
    boot: str = ""
    """That of the machine when something was last written into the file."""
    checksum: int = 0
    """CRC-32 of the rows in the file."""
    orders: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    """Positions in the order of an axis, where that is another."""

    @property
    def memory(self) -> int:
        """Bytes that it takes."""
        return _OVERHEAD + self.held.nbytes + sum(each.nbytes for each in self.orders.values())

    @property
    def rows(self) -> Rows:
        """``count`` of them. Those of a file keep it open for as long as somebody has them. Raises :class:`Gone`."""
        if self.path is None:
            return self.held[: self.count]
        try:
            with self.path.open("rb", buffering=0) as file:
                found = Column.of(os.pread(file.fileno(), HEADER, 0))
                if found is None or found.token != self.token or found.count < self.count:
                    raise Gone
                size = HEADER + self.count * ROW.itemsize
                mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            raise Gone from None
        return np.frombuffer(mapped, dtype=ROW, count=self.count, offset=HEADER)

    def take(self, piece: Piece) -> None:
        """Add values, in memory."""
        if piece.is_whole:
            self.clear()
        added = len(piece.step)
        if added:
            self.note(piece, self.held[self.count - 1] if self.count else None)
            if len(self.held) < self.count + added:
                grown = np.empty(max(64, self.count + added, int(1.5 * self.count)), dtype=ROW)
                grown[: self.count] = self.held[: self.count]
                self.held = grown
            part = self.held[self.count : self.count + added]
            part["step"], part["time"], part["value"] = piece.step, piece.time, piece.value
            self.count += added
        self.mark, self.is_done = piece.mark, piece.is_done

    def clear(self) -> None:
        """Know nothing of it."""
        self.__init__()  # type: ignore[misc]

    def header(self) -> bytes:
        """All of it but the rows. Raises ``OSError`` where that is too long for a file."""
        found = {
            "version": VERSION,
            "boot": self.boot,
            "token": self.token,
            "checksum": self.checksum,
            "mark": list(self.mark),
            "done": self.is_done,
            "sealed": self.is_sealed,
            "count": self.count,
            "not_finite": self.not_finite,
            "last": None if math.isnan(self.last) else self.last,
            "steps_grow": self.steps_grow,
            "times_grow": self.times_grow,
        }
        text = json.dumps(found).encode()
        header = b"%08x %s" % (zlib.crc32(text), text)
        if len(header) > HEADER:
            raise OSError("The mark is too long.")
        return header.ljust(HEADER)

    @classmethod
    def of(cls, header: bytes) -> Column | None:
        """What a header says; None for one that is not ours."""
        try:
            checksum, _, text = header.rstrip().partition(b" ")
            if int(checksum, 16) != zlib.crc32(text):
                return None
            found = json.loads(text)
            if found["version"] != VERSION:
                return None
            return cls(
                mark=tuple(found["mark"]),
                is_done=bool(found["done"]),
                is_sealed=bool(found["sealed"]),
                count=int(found["count"]),
                not_finite=int(found["not_finite"]),
                last=math.nan if found["last"] is None else float(found["last"]),
                steps_grow=bool(found["steps_grow"]),
                times_grow=bool(found["times_grow"]),
                token=str(found["token"]),
                boot=str(found["boot"]),
                checksum=int(found["checksum"]),
            )
        except (ValueError, KeyError, TypeError):
            return None

    def note(self, piece: Piece, before: np.void | None) -> None:
        """What is known of all values without reading them again. ``before``: the last row of now."""
        step_, time_ = piece.step, piece.time
        is_after = before is None or bool(before["step"] <= step_[0])
        self.steps_grow &= is_after and bool((step_[1:] >= step_[:-1]).all())
        is_after = before is None or bool(before["time"] <= time_[0])
        self.times_grow &= is_after and bool((time_[1:] >= time_[:-1]).all())
        self.not_finite += int(np.isnan(piece.value).sum())
        self.last = float(piece.value[-1])
        self.orders = {}

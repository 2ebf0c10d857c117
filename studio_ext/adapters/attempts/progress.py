"""How far an attempt is, from what its executor appends to ``progress.jsonl``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio_ext.contract.jobs import Progress
from studio_ext.worker import records

_LONGEST = 64 << 20
"""Bytes of progress that are read of an attempt that is over."""


@dataclass
class ProgressReader:
    """Follows ``progress.jsonl``, reading each line once."""

    offset: int = 0
    total: int = 0
    done: set[int] = field(default_factory=set)
    current: int | None = None
    label: str = ""
    started: float | None = None

    def read(self, path: Path) -> None:
        """Take in what is new."""
        events, self.offset = records.read_events(path, self.offset)
        for event in events:
            kind, index = event.get("event"), records.whole(event.get("index"))
            if kind == "start":
                self.total = records.whole(event.get("total")) or 0
            elif kind == "cell" and index is not None:
                self.started = self.started or records.moment(event.get("t"))
                self.current, self.label = index, _text(event.get("label"))
            elif kind == "done" and index is not None and index <= self.total:
                self.done.add(index)
                if index == self.current:
                    self.current, self.label = None, ""

    def read_to_the_end(self, path: Path) -> None:
        """Take in all of a file that nobody writes to any more."""
        before = -1
        while self.offset > before and self.offset < _LONGEST:
            before = self.offset
            self.read(path)

    def progress(self) -> Progress:
        """The state as the contract has it."""
        return Progress(done=len(self.done), total=self.total, current=self.current, label=self.label)


def _text(value: Any) -> str:
    """A label as it can be stored."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""

"""Values that were logged and that the tracking store has not got yet, from the journals of jobs and trackers."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import NamedTuple

from studio_ext.core.log_calls import LoggedValue, logged_values
from studio_ext.services.lag import applied_bytes
from studio_ext.services.line_tail import LineTail

MOST = 100_000
"""Values of a journal that are held; of one that is farther ahead of the store, the rest comes with the store."""
_TURN_SECONDS = 0.1


class Journal(NamedTuple):
    """Where a journal lies."""

    root: Path
    path: PurePath
    """Relative to ``root``."""


@dataclass
class _Followed:
    tail: LineTail
    waiting: deque[tuple[int, LoggedValue]] = field(default_factory=deque)
    """Values, with the bytes of the journal that the store must have for it to have them."""

    def read(self, applied: int, deadline: float) -> None:
        while self.waiting and self.waiting[0][0] <= applied:
            self.waiting.popleft()
        while len(self.waiting) < MOST and (lines := self.tail.read()):
            end = self.tail.position
            self.waiting.extend((end, value) for line in lines for value in logged_values(line))
            if time.monotonic() > deadline:
                return


class Journals:
    """What the journals are ahead of the store. For one thread at a time."""

    def __init__(self, trackers: Path, jobs: Callable[[], Iterable[tuple[Path, int]]]) -> None:
        """``jobs``: directory and attempt of those that may have something that the store has not."""
        self._trackers = trackers
        self._jobs = jobs
        self._followed: dict[Journal, _Followed] = {}

    def read(self, run_ids: Sequence[str]) -> dict[tuple[str, str], list[LoggedValue]]:
        """Values by run and metric, in the order in which they were logged. Read them before the store is read: what it
        gets meanwhile is in both."""
        deadline = time.monotonic() + _TURN_SECONDS
        there = list(self._journals(run_ids))
        self._followed = {each: self._followed.get(each) or self._begun(each) for each in there}
        found: dict[tuple[str, str], list[LoggedValue]] = {}
        asked = set(run_ids)
        for journal, followed in self._followed.items():
            followed.read(applied_bytes(journal.root, journal.path), deadline)
            for _, value in followed.waiting:
                if value.run_id in asked:
                    found.setdefault((value.run_id, value.name), []).append(value)
        return found

    def open_runs(self, run_ids: Sequence[str]) -> set[str]:
        """Those of the runs that are recorded to without a job just now."""
        return {each for each in run_ids if each.isalnum() and (self._trackers / each / "attempts").is_dir()}

    def _journals(self, run_ids: Sequence[str]) -> Iterable[Journal]:
        for directory, attempt in self._jobs():
            yield Journal(directory, PurePath("attempts", str(attempt), "calls.jsonl"))
        for run_id in sorted(self.open_runs(run_ids)):
            try:
                names = [each.name for each in (self._trackers / run_id / "attempts").iterdir()]
            except OSError:
                continue
            for number in sorted(int(name) for name in names if name.isascii() and name.isdigit()):
                yield Journal(self._trackers / run_id, PurePath("attempts", str(number), "calls.jsonl"))

    @staticmethod
    def _begun(journal: Journal) -> _Followed:
        tail = LineTail(journal.root, journal.path)
        tail.position = min(applied_bytes(journal.root, journal.path), tail.size())
        return _Followed(tail)

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
MOST_OF_ALL = 300_000
"""Values of all journals that are held, about 400 bytes each. From half of it on only those of runs that are asked for
stay."""
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
    passed: frozenset[str] = frozenset()
    """Runs whose values were let go for want of room."""

    def drop(self, applied: int) -> None:
        while self.waiting and self.waiting[0][0] <= applied:
            self.waiting.popleft()
        if not self.waiting and applied > self.tail.position:
            self.tail.position = max(self.tail.position, min(applied, self.tail.size()))

    def read(self, deadline: float, most: int) -> None:
        while len(self.waiting) < most and (lines := self.tail.read()):
            end = self.tail.position
            self.waiting.extend((end, value) for line in lines for value in logged_values(line))
            if time.monotonic() > deadline:
                return

    def of(self, run_ids: set[str]) -> list[LoggedValue]:
        return [value for _, value in self.waiting if value.run_id in run_ids]


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
            followed.drop(applied_bytes(journal.root, journal.path))
        held = sum(len(each.waiting) for each in self._followed.values())
        for journal, followed in list(self._followed.items()):
            if held > MOST_OF_ALL // 2 and not followed.of(asked):
                held -= self._let_go(journal, followed)
        for journal, followed in list(self._followed.items()):
            if held > MOST_OF_ALL // 2 and followed.passed and followed.passed.isdisjoint(asked):
                continue
            before = len(followed.waiting)
            followed.read(deadline, min(MOST, before + MOST_OF_ALL - held))
            held += len(followed.waiting) - before
            values = followed.of(asked)
            for value in values:
                found.setdefault((value.run_id, value.name), []).append(value)
            if held > MOST_OF_ALL // 2 and not values:
                held -= self._let_go(journal, followed)
        return found

    def open_runs(self, run_ids: Sequence[str]) -> set[str]:
        """Those of the runs that are recorded to without a job just now."""
        return {each for each in run_ids if each.isalnum() and Path(f"{self._trackers}/{each}/attempts").is_dir()}

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

    def _let_go(self, journal: Journal, followed: _Followed) -> int:
        """Begin anew with a journal whose values nobody asks for. How many were held."""
        if followed.waiting:
            begun = self._followed[journal] = self._begun(journal)
            begun.passed = frozenset(value.run_id for _, value in followed.waiting)
        return len(followed.waiting)

    @staticmethod
    def _begun(journal: Journal) -> _Followed:
        tail = LineTail(journal.root, journal.path)
        tail.position = min(applied_bytes(journal.root, journal.path), tail.size())
        return _Followed(tail)

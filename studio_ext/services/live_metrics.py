"""The metrics of a run as they are logged: read from the journals of jobs and trackers, ahead of the tracking store.

What was read is kept, thinned out, so that each question reads only what is new. Values of MLflow's history are
taken in where no journal has them any more.
"""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePath

from studio_ext.contract.errors import NotFound, Unavailable
from studio_ext.contract.live import MAX_POINTS, MetricHistory, MetricSeries
from studio_ext.core.log_calls import LoggedValue, logged_values
from studio_ext.core.thinning import MOST, Thinned
from studio_ext.services.lag import applied_bytes
from studio_ext.services.line_tail import LineTail

MAX_SERIES = 1_000
"""Metrics of one journal that are followed."""
MANY_SERIES = 100
"""After so many metrics of one journal, later ones are kept with :data:`FEW_POINTS` points."""
FEW_POINTS = 2_048
KEPT = 24
"""Journals whose values are kept in memory,"""
MAX_HELD = 4_000_000
"""and points (32 bytes each) of all of them, but for the journal that was asked for last."""
TURN_SECONDS = 0.4
"""How long one question reads; a long journal is read in several."""

DOUBTFUL = 100_000
"""Values of a journal that may be in the past as well, and values of the past that may be in a journal: so many at most
are compared."""
DOUBTFUL_SECONDS = 60.0
"""How long before the past is asked for a value that is in both may have been logged."""

Past = Callable[[], Iterable[LoggedValue]]
"""Values that the tracking store has. Raises ``NotFound`` and ``Unavailable``, also on the way."""


@dataclass
class _Followed:
    """What was read so far of the journals of one job, or one run."""

    epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    lock: threading.Lock = field(default_factory=threading.Lock)
    tails: dict[PurePath, LineTail] = field(default_factory=dict)
    series: dict[tuple[str, str], Thinned] = field(default_factory=dict)
    left_out: set[tuple[str, str]] = field(default_factory=set)
    position: int = 0
    """Values taken in, over all series."""
    held: int = 0
    """Points in memory."""
    known: set[LoggedValue] = field(default_factory=set)
    """Values of the past, as long as a journal may repeat them."""

    def take(self, value: LoggedValue) -> None:
        if self.known and _comparable(value) in self.known:
            return
        key = (value.run_id, value.name)
        series = self.series.get(key)
        if series is None:
            if len(self.series) >= MAX_SERIES:
                if len(self.left_out) < MAX_SERIES:
                    self.left_out.add(key)
                return
            series = self.series[key] = Thinned(MOST if len(self.series) < MANY_SERIES else FEW_POINTS)
        series.append(self.position, value.step, value.time, value.value)
        self.position += 1

    def take_past(self, root: Path, journals: Sequence[PurePath], past: Past) -> None:
        """Take in the past, one value at a time: there may be millions. What of the journals it has is skipped.

        Meanwhile values go from the journals to the store. Those that were logged before are told by reading ahead,
        later ones by their time. While the store is away the journals are read from their beginnings.
        """
        self.tails = {path: LineTail(root, path) for path in journals}
        for path, tail in self.tails.items():
            tail.position = min(applied_bytes(root, path), tail.size())
        ahead = {_comparable(value) for value in islice(_values(root, self.tails), DOUBTFUL)}
        late = deque[LoggedValue](maxlen=DOUBTFUL)
        since = time.time() - DOUBTFUL_SECONDS
        try:
            for value in past():
                if ahead and _comparable(value) in ahead:
                    continue
                if value.time >= since:
                    late.append(_comparable(value))
                self.take(value)
        except (NotFound, Unavailable):
            self.series, self.left_out, self.tails, self.position = {}, set(), {}, 0
            return
        self.known = set(late)

    def read(self, root: Path, journals: Sequence[PurePath], deadline: float) -> bool:
        """Take in what is new; whether there is more. Journals must be given in the order of their beginnings."""
        before = self.position
        more = self._read(root, journals, deadline)
        if self.position != before or not self.held:
            self.held = sum(series.held for series in self.series.values())
        return more

    def _read(self, root: Path, journals: Sequence[PurePath], deadline: float) -> bool:
        for path in journals:
            tail = self.tails.setdefault(path, LineTail(root, path))
            while lines := tail.read():
                for line in lines:
                    for value in logged_values(line):
                        self.take(value)
                if time.monotonic() > deadline:
                    return True
        self.known = set()
        return False


class LiveMetrics:
    """Answers questions for metrics out of journals. Thread-safe."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._followed: OrderedDict[str, _Followed] = OrderedDict()
        self._lock = threading.Lock()

    def read(
        self,
        key: str,
        root: Path,
        journals: Sequence[PurePath],
        *,
        over: bool,
        max_points: int,
        cursor: str | None = None,
        run_id: str | None = None,
        past: Past | None = None,
    ) -> MetricHistory:
        """The metrics in ``journals``, files below ``root``.

        ``key`` stands for this set of journals, to which later ones may be added. ``over``: nothing is written any
        more. ``run_id``: only this run's. ``past``: asked once, before the journals are read.
        """
        followed = self._of(key)
        with followed.lock:
            if past is not None and followed.position == 0 and not followed.tails:
                followed.take_past(root, journals, past)
            more = followed.read(root, journals, time.monotonic() + TURN_SECONDS)
            self._make_room()
            return _answer(followed, max_points, cursor, run_id, more=more, complete=over and not more)

    def forget(self, key: str) -> None:
        """Let go of what is kept of these journals: they are gone."""
        with self._lock:
            self._followed.pop(key, None)

    def _of(self, key: str) -> _Followed:
        with self._lock:
            followed = self._followed.setdefault(key, _Followed())
            self._followed.move_to_end(key)
            return followed

    def _make_room(self) -> None:
        """Forget the journals that nobody asked for longest."""
        with self._lock:
            held = sum(each.held for each in self._followed.values())
            while len(self._followed) > self._kept or (held > MAX_HELD and len(self._followed) > 1):
                _, gone = self._followed.popitem(last=False)
                held -= gone.held


def _answer(
    followed: _Followed, max_points: int, cursor: str | None, run_id: str | None, *, more: bool, complete: bool
) -> MetricHistory:
    after = _position(cursor, followed.epoch)
    most = max(4, min(max_points, MAX_POINTS))
    series = []
    for (run, name), thinned in followed.series.items():
        if run_id is not None and run != run_id:
            continue
        points = thinned.points(most, -1 if after is None else after - 1)
        if not points.index:
            continue
        series.append(
            MetricSeries(
                run_id=run,
                name=name,
                count=thinned.count,
                not_finite=thinned.not_finite,
                last=_finite(thinned.last),
                step=points.step,
                time=points.time,
                value=[_finite(value) for value in points.value],
            )
        )
    return MetricHistory(
        series=series,
        whole=after is None,
        cursor=f"{followed.epoch}:{followed.position}",
        more=more,
        complete=complete,
        left_out=len(followed.left_out),
    )


def _values(root: Path, tails: Mapping[PurePath, LineTail]) -> Iterator[LoggedValue]:
    """The values that journals have beyond what was read; they stay where they are read."""
    for path, read in tails.items():
        tail = LineTail(root, path, read.position)
        while lines := tail.read():
            for line in lines:
                yield from logged_values(line)


def _comparable(value: LoggedValue) -> LoggedValue:
    """The same value, equal to itself also when it is not a number."""
    return value if value.value == value.value else value._replace(value=math.nan)


def _position(cursor: str | None, epoch: str) -> int | None:
    """Where a cursor of ours points to; None for one that was given out before what we know was forgotten."""
    given, _, position = (cursor or "").partition(":")
    if given != epoch or not (position.isascii() and position.isdigit()) or len(position) > 18:
        return None
    return int(position)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def of_values(values: Iterable[LoggedValue], max_points: int) -> MetricHistory:
    """The same answer for values that come from the tracking store and are all there are."""
    followed = _Followed()
    for value in values:
        followed.take(value)
    return _answer(followed, max_points, None, None, more=False, complete=True)

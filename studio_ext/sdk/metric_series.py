"""Metrics as they are logged, for people: a mapping to draw from, or a DataFrame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.live import MAX_POINTS, MetricHistory, MetricSeries

if TYPE_CHECKING:
    import pandas as pd

Ask = Callable[[int, str | None], MetricHistory]
"""Asks for at most so many points of each metric, and what came after a cursor."""


class Metrics(Mapping[str, dict[str, Any]]):
    """The metrics of a run: ``{name: {"step": [...], "time": [...], "value": [...], "count": n}}``.

    ``time`` is in seconds since the epoch, ``value`` has NaN for NaN and infinities, ``count`` is how many values were
    logged. A series with more values than points is thinned out: of neighbours the smallest and the largest are kept.

    The object stays as it is until :meth:`refresh` takes in what was logged since.
    """

    def __init__(self, ask: Ask, run_id: str | None, max_points: int) -> None:
        """``run_id``: the run whose metrics are the items; None: the first that has any."""
        if not 4 <= max_points <= MAX_POINTS:
            raise InvalidRequest.field("max_points", f"must be from 4 to {MAX_POINTS:,}")
        self._ask = ask
        self._most = max_points
        self._cursor: str | None = None
        self._runs: dict[str, dict[str, dict[str, Any]]] = {}
        self._own = run_id
        self.complete = False
        """Whether nothing can come any more: the run is over."""

    def refresh(self) -> bool:
        """Take in what was logged since the last look; whether there was anything."""
        before = self.total
        while True:
            history = self._ask(self._most, self._cursor)
            self._take(history)
            if not history.more:
                break
        if any(len(each["step"]) > 2 * self._most for run in self._runs.values() for each in run.values()):
            self._take(self._ask(self._most, None))  # thin out again what was put together from pieces
        self.complete = history.complete
        return self.total != before

    @property
    def runs(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The same by run id: also of runs that the notebook started below the job's."""
        return self._runs

    @property
    def total(self) -> int:
        """Values that were logged, over all metrics of all runs."""
        return sum(each["count"] for run in self._runs.values() for each in run.values())

    def to_frame(self) -> pd.DataFrame:
        """One row a point: ``run_id``, ``metric``, ``step``, ``time`` (UTC) and ``value``."""
        import pandas as pd

        rows = [
            (run_id, name, step, time, value)
            for run_id, series in self._runs.items()
            for name, each in series.items()
            for step, time, value in zip(each["step"], each["time"], each["value"], strict=True)
        ]
        frame = pd.DataFrame(rows, columns=["run_id", "metric", "step", "time", "value"])
        frame["time"] = pd.to_datetime(frame["time"].astype("float64"), unit="s", utc=True)
        return frame.astype({"step": "int64", "value": "float64"})

    def _take(self, history: MetricHistory) -> None:
        if history.whole:
            self._runs = {}
        for series in history.series:
            run = self._runs.setdefault(series.run_id, {})
            points = run.setdefault(series.name, {"step": [], "time": [], "value": [], "count": 0})
            _extend(points, series)
        if self._own is None and history.series:
            self._own = history.series[0].run_id
        self._cursor = history.cursor

    def _items(self) -> dict[str, dict[str, Any]]:
        return self._runs.get(self._own or "", {})

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self._items()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items())

    def __len__(self) -> int:
        return len(self._items())

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} ({each['count']:,})" for name, each in list(self.items())[:8])
        more = f" and {len(self) - 8} more" if len(self) > 8 else ""
        return f"<Metrics {shown or 'none yet'}{more}>"


def _extend(points: dict[str, Any], series: MetricSeries) -> None:
    points["step"] += series.step
    points["time"] += series.time
    points["value"] += [math.nan if value is None else value for value in series.value]
    points["count"] = series.count

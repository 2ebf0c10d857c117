"""Metrics as lines, live."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable
from itertools import count
from typing import Any, Literal

from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.live import MetricHistory
from studio_ext.core.plain_text import one_line
from studio_ext.widgets import pictures, svg_chart
from studio_ext.widgets.job_state import NAME, cut
from studio_ext.widgets.live import LiveWidget
from studio_ext.widgets.series import Source, sources_of

MOST_METRICS = 12
"""Charts in one widget; further metrics are named beside them."""
POINTS = 400
"""Points of one line; longer ones are thinned out, keeping extremes."""
LIST_SECONDS = 5.0
"""Between two looks at which trials an experiment has."""


class MetricChart(LiveWidget):
    """A chart for each metric, a line for each trial, live while they run."""

    kind = "metric-chart"
    shortest_pause = 0.5
    longest_pause = 3.0

    def __init__(
        self,
        what: Any,
        metrics: str | Iterable[str] | None = None,
        x: Literal["step", "time"] = "step",
    ) -> None:
        """Draw the metrics of ``what``.

        :param what: a job, a tracker, a trial, a trial component, several of them (at most 20), or an experiment (by
            name or itself), of which the 20 newest trials are drawn and new ones appear.
        :param metrics: names of metrics; None: all, of which the first 12 are drawn.
        :param x: ``"step"``, or ``"time"`` for seconds since each trial's first value.
        :raises InvalidRequest: for anything else.
        """
        if x not in ("step", "time"):
            raise InvalidRequest.field("x", f"is 'step' or 'time', not {x!r}")
        self._names = [metrics] if isinstance(metrics, str) else None if metrics is None else list(metrics)
        self._sources, self._grows = sources_of(what)
        self._x = x
        self._known: list[Source] = []
        self._listed_at = 0.0
        self._histories: dict[str, MetricHistory] = {}
        self._colours: dict[str, int] = {}
        super().__init__()

    def _first(self) -> dict[str, Any]:
        return {"x": self._x, "lines": [], "metrics": [], "others": [], "over": False, "loading": True, "error": ""}

    def _look(self) -> tuple[dict[str, Any], bool]:
        now = time.monotonic()
        if not self._known or (self._grows and now - self._listed_at >= LIST_SECONDS):
            self._known, self._listed_at = self._sources(), now
        for source in self._known:
            self._read(source)
        over = bool(self._known) and all(
            source.key in self._histories and self._histories[source.key].complete for source in self._known
        )
        # An experiment may get another trial at any time: it is looked at for as long as a view is open.
        return self._document(over), over and not self._grows

    def _endless(self) -> bool:
        return self._grows

    def _read(self, source: Source) -> None:
        before = self._histories.get(source.key)
        if before is not None and before.complete:
            return
        try:
            if before is not None:
                news = source.read(POINTS, before.cursor)
                if not news.series and not news.more and news.complete == before.complete:
                    return
            self._histories[source.key] = source.read(POINTS, None)
        except NotFound:
            # Nothing is recorded yet, or it was deleted: what is drawn stays.
            if before is not None:
                self._histories[source.key] = before.model_copy(update={"complete": True})

    def _document(self, over: bool) -> dict[str, Any]:
        lines: list[dict[str, Any]] = []
        metrics: dict[str, dict[str, Any]] = {}
        for source in self._known:
            history = self._histories.get(source.key)
            runs: dict[str, int] = {}
            starts = _starts(history)
            for series in history.series if history else ():
                if self._names is not None and series.name not in self._names:
                    continue
                if series.run_id not in runs:
                    runs[series.run_id] = len(lines)
                    lines.append(self._line(source, series.run_id, first=len(runs) == 1))
                metric = metrics.setdefault(series.name, {"name": series.name, "not_finite": 0, "lines": []})
                metric["not_finite"] += series.not_finite
                metric["lines"].append(
                    {
                        "line": runs[series.run_id],
                        "step": series.step,
                        "time": [round(each - starts[series.run_id], 3) for each in series.time],
                        "value": [None if each is None else float(f"{each:.7g}") for each in series.value],
                        "count": series.count,
                        "last": series.last,
                    }
                )
        order = self._names or list(metrics)
        drawn = [metrics[name] for name in order if name in metrics]
        left_out = sum(history.left_out for history in self._histories.values())
        return {
            "x": self._x,
            "lines": lines,
            "metrics": drawn[:MOST_METRICS],
            "others": [cut(one_line(each["name"]), NAME) for each in drawn[MOST_METRICS:][:50]],
            "left_out": max(len(drawn) - MOST_METRICS - 50, 0) + left_out,
            "waiting": [
                cut(one_line(s.name), NAME) for s in self._known if not _has_values(self._histories.get(s.key))
            ],
            "over": over,
            "loading": False,
            "error": "",
        }

    def _line(self, source: Source, run_id: str, *, first: bool) -> dict[str, Any]:
        name = source.name if first else f"{source.name} · {run_id[:6]}"
        if run_id not in self._colours:
            self._colours[run_id] = _colour_of(run_id, self._colours.values())
        return {"key": run_id, "name": cut(name, NAME), "colour": self._colours[run_id]}

    def _picture(self, state: dict[str, Any]) -> str:
        return svg_chart.chart_picture(state) + pictures.as_of(state["over"])

    def _images(self, state: dict[str, Any]) -> dict[str, str]:
        return {"image/svg+xml": svg_chart.chart_svg(state)} if state["metrics"] else {}

    def _milestone(self, state: dict[str, Any]) -> object:
        return state["over"], len(state["lines"]), len(state["metrics"])

    def _words(self, state: dict[str, Any]) -> str:
        return svg_chart.chart_words(state)


def _colour_of(run_id: str, taken: Collection[int]) -> int:
    """A number for the colour of a run: the one that it has in other charts if that is free here, else the lowest."""
    with _colours_lock:
        known = _colours_elsewhere.get(run_id)
        if known is None or known in taken:
            known = next(number for number in count() if number not in taken)
            _colours_elsewhere.setdefault(run_id, known)
        return known


_colours_lock = threading.Lock()
_colours_elsewhere: dict[str, int] = {}


def _starts(history: MetricHistory | None) -> dict[str, float]:
    """When each run logged its first value."""
    starts: dict[str, float] = {}
    for series in history.series if history else ():
        if series.time:
            starts[series.run_id] = min(series.time[0], starts.get(series.run_id, series.time[0]))
    return starts


def _has_values(history: MetricHistory | None) -> bool:
    return history is not None and bool(history.series)

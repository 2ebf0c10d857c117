"""The picture of a chart: SVG with lines, ticks and names, readable on a light and on a dark page."""

from __future__ import annotations

import base64
import math
from html import escape
from typing import Any

from studio_ext.core.plain_text import one_line
from studio_ext.widgets.job_state import cut
from studio_ext.widgets.pictures import digits

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a00", "#7f7f7f")
"""After Okabe and Ito, for eyes that tell colours apart and those that do not; the last two hold on white and black."""
DASHES = ("", "6 3", "2 2", "8 3 2 3")
INK = "#767676"
"""Text and axes: a contrast of more than 4 to white and to JupyterLab's dark page."""

_WIDE, _HIGH = 360, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 26, 34
_LEGEND = 18
_POINTS = 200
_NAME = 60


def chart_words(state: dict[str, Any]) -> str:
    """The last value of each line of each metric."""
    if not state["metrics"]:
        return "No metrics yet." if not state["over"] else "No metrics."
    said = []
    for metric in state["metrics"]:
        lasts = [f"{state['lines'][each['line']]['name']} {_last(each)}" for each in metric["lines"]]
        said.append(f"{metric['name']}: {', '.join(lasts)}")
    return "\n".join(said)


def _last(line: dict[str, Any]) -> str:
    return "not finite" if line["last"] is None else digits(line["last"])


def chart_picture(state: dict[str, Any]) -> str:
    """The chart as HTML: the SVG as an image, which every viewer takes that shows images, and its figures as text."""
    if not state["metrics"]:
        return f"<p>{escape(chart_words(state))}</p>"
    data = base64.b64encode(chart_svg(state).encode()).decode()
    words = escape(cut(chart_words(state), 1000), quote=True)
    return f'<img alt="{words}" style="max-width:100%" src="data:image/svg+xml;base64,{data}">'


def chart_svg(state: dict[str, Any]) -> str:
    """The chart as a document of its own."""
    metrics, lines = state["metrics"], state["lines"]
    columns = 1 if len(metrics) == 1 else 2
    rows = math.ceil(len(metrics) / columns)
    wide = columns * _WIDE if columns > 1 else 2 * _WIDE
    one = wide // columns
    high = rows * _HIGH + (len(lines) + 1) // 2 * _LEGEND + 8
    parts = [
        _panel(metric, lines, state["x"], number % columns * one, number // columns * _HIGH, one)
        for number, metric in enumerate(metrics)
    ]
    for number, line in enumerate(lines):
        x, y = 16 + number % 2 * wide // 2, rows * _HIGH + 16 + number // 2 * _LEGEND
        parts.append(f'<line x1="{x}" x2="{x + 24}" y1="{y - 4}" y2="{y - 4}" {_stroke(line)}/>')
        parts.append(_text(x + 30, y, cut(line["name"], _NAME)))
    body = "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
        f'font-family="system-ui,sans-serif" font-size="11" fill="{INK}">{body}</svg>'
    )


def _panel(metric: dict[str, Any], lines: list[dict[str, Any]], axis: str, left: int, top: int, wide: int) -> str:
    paths = [(lines[each["line"]], _points(each[axis], each["value"])) for each in metric["lines"]]
    found = [point for _, points in paths for point in points if point[1] is not None]
    inner_wide, inner_high = wide - _LEFT - _RIGHT, _HIGH - _TOP - _BOTTOM
    x0, y0 = left + _LEFT, top + _TOP
    parts = [_text(x0, top + 16, cut(metric["name"], _NAME), weight=True)]
    if not found:
        return "".join([*parts, _text(x0, y0 + 20, "No finite values.")])
    xs, ys = _span(x for x, _ in found), _span(y for _, y in found if y is not None)

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            x0 + (x / 2 - xs[0] / 2) / (xs[1] / 2 - xs[0] / 2) * inner_wide,
            y0 + inner_high - (y / 2 - ys[0] / 2) / (ys[1] / 2 - ys[0] / 2) * inner_high,
        )

    for tick in ticks(*ys, 4):
        _, y = place(xs[0], tick)
        parts.append(f'<line x1="{x0}" x2="{x0 + inner_wide}" y1="{y:.1f}" y2="{y:.1f}" stroke="{INK}" opacity=".25"/>')
        parts.append(_text(x0 - 6, y + 4, digits(tick), anchor="end"))
    for tick in ticks(*xs, 5):
        x, _ = place(tick, ys[0])
        parts.append(_text(x, y0 + inner_high + 16, digits(tick), anchor="middle"))
    parts.append(_text(x0 + inner_wide, y0 + inner_high + 30, "step" if axis == "step" else "seconds", anchor="end"))
    for line, points in paths:
        path = _path([(place(x, y) if y is not None else None) for x, y in points])
        parts.append(f'<path d="{path}" fill="none" stroke-linejoin="round" {_stroke(line)}/>')
        last = next((point for point in reversed(points) if point[1] is not None), None)
        if last is not None and last[1] is not None:
            x, y = place(last[0], last[1])
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{_colour(line)}"/>')
    return "".join(parts)


def _points(xs: list[float], ys: list[float | None]) -> list[tuple[float, float | None]]:
    every = max(1, math.ceil(len(xs) / _POINTS))
    points = list(zip(xs, ys, strict=True))
    return points[:-1:every] + points[-1:]


def _path(points: list[tuple[float, float] | None]) -> str:
    """A path with gaps where there is no number."""
    parts, pen = [], "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        parts.append(f"{pen}{point[0]:.1f} {point[1]:.1f}")
        pen = "L"
    return "".join(parts)


def _span(values: Any) -> tuple[float, float]:
    """Smallest and largest, a little apart when they are the same."""
    found = list(values)
    low, high = float(min(found)), float(max(found))
    if high / 2 - low / 2 > 0:
        return low, high
    apart = abs(low) * 0.05 or 1.0
    return max(low - apart, -1.7e308), min(high + apart, 1.7e308)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers from ``low`` to ``high``, roughly ``about`` of them."""
    raw = (high / about) - (low / about)
    if not raw > 0 or not math.isfinite(raw):
        return [low]
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= raw), 10 * power)
    if not step > 0 or not math.isfinite(step):  # as small or as large as numbers get
        return [low, high]
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)][: 4 * about]


def _colour(line: dict[str, Any]) -> str:
    return COLOURS[line["colour"] % len(COLOURS)]


def _stroke(line: dict[str, Any]) -> str:
    dash = DASHES[line["colour"] // len(COLOURS) % len(DASHES)]
    return f'stroke="{_colour(line)}" stroke-width="1.5"' + (f' stroke-dasharray="{dash}"' if dash else "")


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: bool = False) -> str:
    bold = ' font-weight="600"' if weight else ""
    text = one_line(text)  # XML knows no control characters, not even escaped
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{bold}>{escape(text)}</text>'

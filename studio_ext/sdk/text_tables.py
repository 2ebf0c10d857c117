"""Small tables as text and as HTML. Everything that people named is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from studio_ext.core.plain_text import one_line

_LEFT = "text-align: left"
_RIGHT = "text-align: right; font-variant-numeric: tabular-nums"


def text_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: set[int]) -> str:
    """Aligned columns."""
    widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]
    lines = []
    for row in [heads, *rows]:
        cells = [
            cell.rjust(widths[place]) if place in right else cell.ljust(widths[place]) for place, cell in enumerate(row)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def html_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: set[int],
    best: set[tuple[int, int]] = frozenset(),  # type: ignore[assignment]
    note: str = "",
) -> str:
    """The same in HTML; the first column names the row."""
    styles = [_RIGHT if place in right else _LEFT for place in range(len(heads))]
    head = "".join(f'<th scope="col" style="{styles[place]}">{shown(text)}</th>' for place, text in enumerate(heads))
    body = ""
    for r, row in enumerate(rows):
        cells = f'<th scope="row" style="{_LEFT}">{shown(row[0])}</th>'
        for c, text in enumerate(row[1:], start=1):
            marked = f'<strong title="Best">{shown(text)} ★</strong>' if (r, c) in best else shown(text)
            cells += f'<td style="{styles[c]}">{marked}</td>'
        body += f"<tr>{cells}</tr>"
    foot = f"<small>{shown(note)}</small>" if note else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}"


def shown(text: str) -> str:
    """A text on one line, escaped for HTML."""
    return escape(one_line(text), quote=True)

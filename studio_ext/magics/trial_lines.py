"""A cell as a trial: ``%%trial``.

The cell is not run by the magic but stays a cell: an input transformer puts a call in the place of its first line. So
``await``, tracebacks, line numbers, ``_`` and ``Out`` are as without it, and where it fails the cell has failed.
The end is the shell's event that the cell is over.
"""

from __future__ import annotations

import re

_FIRST = re.compile(r"%%trial(?![\w?])[ \t]*(?P<line>[^\n]*)")


def trial_lines(lines: list[str]) -> list[str]:
    """Input transformer: the first line of a cell that is a trial becomes a call, and the rest stays as it is."""
    match = _FIRST.match(lines[0]) if lines else None
    if match is None or not "".join(lines[1:]).strip() or _asks_for_help(match["line"]):
        return lines
    from IPython.core.inputtransformer2 import cell_magic

    first = next(place for place in range(1, len(lines)) if lines[place].strip())
    # ``from __future__`` has to come first; another magic takes all that follows.
    call = f"get_ipython().run_line_magic('trial', {match['line'].strip()!r})"
    if re.match(r"from\s+__future__\s+import\s[^#;\\(]*$", lines[first]):
        return ["\n", *lines[1:first], f"{lines[first].rstrip()}; {call}\n", *lines[first + 1 :]]
    return [f"{call}\n", *lines[1:first], *cell_magic(lines[first:])]


# A terminal asks whether what was typed is a whole cell: after the first line, it must not see a call.
trial_lines.has_side_effects = True  # type: ignore[attr-defined]


def trial_source(raw_cell: str) -> str | None:
    """What stands below the line ``%%trial``; None: there is none."""
    lines = raw_cell.splitlines(keepends=True)
    for place, line in enumerate(lines):
        if _FIRST.match(line):
            return "".join(lines[place + 1 :])
    return None


def _asks_for_help(line: str) -> bool:
    return bool({"-h", "--help"} & set(line.split()))

"""Trials side by side."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from studio_ext.contract.comparison import ComparedRow, ComparedTrial, CompareQuery
from studio_ext.contract.comparison import Comparison as Answer
from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.trial_table import SortKey, Value
from studio_ext.contract.views import MAX_TRIALS, TrialSource
from studio_ext.core.plain_text import one_line
from studio_ext.core.units import format_duration
from studio_ext.sdk.request import invalid
from studio_ext.sdk.text_tables import html_table, text_table

if TYPE_CHECKING:
    import pandas as pd

    from studio_ext.ports.client import Client

MAX_ROWS = 1_000
_WORDS = {"FINISHED": "Completed", "FAILED": "Failed", "KILLED": "Stopped", "RUNNING": "InProgress"}
_HOW = "Write studio.compare(run_id, run_id, ...) or studio.compare(experiment=..., filter=...)."


class Comparison:
    """Some trials side by side: a column each; rows are parameters, metrics, tags and attributes."""

    def __init__(self, answer: Answer, only_differences: bool = True) -> None:
        """``only_differences``: whether tables leave out what is the same in all trials."""
        self.answer = answer
        """As it was asked for, with everything that is the same, too."""
        self._only = only_differences and len(answer.trials) > 1

    @property
    def trials(self) -> list[ComparedTrial]:
        """Those that are compared, in order."""
        return self.answer.trials

    @property
    def missing(self) -> list[str]:
        """Run ids that are not there: deleted, or of another store."""
        return self.answer.missing

    @property
    def rows(self) -> list[ComparedRow]:
        """What differs, or everything: see ``only_differences`` of :func:`studio_ext.compare`."""
        return [each for each in self.answer.rows if each.differs or not self._only]

    def to_frame(self) -> pd.DataFrame:
        """One row for each of :attr:`rows`, named as in filters (``params.lr``), and a column for each run id.

        Numbers are numbers, with NaN and infinities as such; None where a trial has no value. ``frame.T`` has a row
        for each trial.
        """
        import pandas as pd

        data = {
            trial.run_id: pd.Series([_number(row.values[at], row) for row in self.rows], dtype="object")
            for at, trial in enumerate(self.trials)
        }
        frame = pd.DataFrame(data)
        frame.index = pd.Index([row.key for row in self.rows], name="key")
        return frame

    def __len__(self) -> int:
        return len(self.trials)

    def __repr__(self) -> str:
        if not self.trials:
            return "No trials to compare."
        lines, best = self._lines()
        marked = [
            [f"{value} *" if (r, c) in best else value for c, value in enumerate(line)] for r, line in enumerate(lines)
        ]
        table = text_table(self.heads, marked, right=set(range(1, len(self.trials) + 1)))
        return "\n".join([table, *filter(None, [self.note])])

    def _repr_html_(self) -> str:
        if not self.trials:
            return "No trials to compare."
        lines, best = self._lines()
        return html_table(self.heads, lines, right=set(range(1, len(self.trials) + 1)), best=best, note=self.note)

    @property
    def heads(self) -> list[str]:
        """Names of the columns of a table."""
        return ["", *(one_line(each.name or each.run_id[:8]) for each in self.trials)]

    @property
    def note(self) -> str:
        """What a table leaves out, in sentences; empty: nothing."""
        said = []
        if len(self.rows) == 0:
            said.append("These trials are the same.")
        if self.missing:
            said.append(f"Not there: {', '.join(one_line(each) for each in self.missing)}.")
        if self.answer.left_out:
            said.append(f"{self.answer.left_out} more trials are left out.")
        if (rest := self.answer.total_rows - len(self.answer.rows)) > 0:
            said.append(f"{rest} more rows are left out.")
        return " ".join(said)

    def lines(self) -> Iterator[tuple[ComparedRow, list[str], set[int]]]:
        """Each row with its values as texts, and the places of the best ones."""
        now = time.time()
        for row in self.rows:
            yield row, [one_line(_text(row, value, now)) for value in row.values], _best(row)

    def _lines(self) -> tuple[list[list[str]], set[tuple[int, int]]]:
        lines, best = [], set()
        for at, (row, texts, places) in enumerate(self.lines()):
            lines.append([one_line(row.name), *texts])
            best |= {(at, place + 1) for place in places}
        return lines, best


def compare(
    client: Client,
    run_ids: Iterable[str] = (),
    *,
    experiment: str | None = None,
    filter: str = "",
    sort: str | None = None,
    limit: int = 20,
    only_differences: bool = True,
) -> Comparison:
    """See :func:`studio_ext.sdk.api.compare`. Raises ``InvalidRequest``, ``NotFound``."""
    try:
        return _compared(client, run_ids, experiment, filter, sort, limit, only_differences)
    except ValidationError as error:
        raise invalid(error) from error


def _compared(
    client: Client,
    run_ids: Iterable[str],
    experiment: str | None,
    filter: str,
    sort: str | None,
    limit: int,
    only_differences: bool,
) -> Comparison:
    sources: dict[str, TrialSource] = {}
    named = list(dict.fromkeys(run_ids))
    if named and (experiment is not None or filter or sort):
        raise InvalidRequest.field("trials", "run ids go with neither experiment, filter nor sort", hint=_HOW)
    if len(named) > MAX_TRIALS:
        raise InvalidRequest.field("trials", f"at most {MAX_TRIALS} can be compared at once")
    for run_id in named:
        place = client.trial(run_id).experiment
        source = sources.get(place, TrialSource(experiment=place))
        sources[place] = source.model_copy(update={"run_ids": [*source.run_ids, run_id]})
    if experiment is not None:
        if not 1 <= limit <= MAX_TRIALS:
            raise InvalidRequest.field("limit", f"must be from 1 to {MAX_TRIALS}")
        by = [] if sort is None else [SortKey(key=sort.removeprefix("-"), descending=sort.startswith("-"))]
        sources[experiment] = TrialSource(experiment=experiment, filter=filter, sort=by, limit=limit)
    if not sources:
        raise InvalidRequest.field("trials", "no trial is named", hint=_HOW)
    for place in sources:
        client.trials(place, limit=1)  # the first page waits until what was just recorded is known
    return Comparison(client.compare(CompareQuery(sources=list(sources.values()), limit=MAX_ROWS)), only_differences)


def _number(value: Value, row: ComparedRow) -> Any:
    return float(value) if row.numeric and isinstance(value, str) else value


def _text(row: ComparedRow, value: Value, now: float) -> str:
    if value is None:
        return ""
    if row.kind == "attribute" and isinstance(value, (int, float)) and not isinstance(value, bool):
        if row.key == "duration":
            return format_duration(value)
        if row.key in ("started", "ended"):
            return f"{format_duration(max(0.0, now - value))} ago"
    if row.key == "status":
        return _WORDS.get(str(value), str(value))
    number = _number(value, row)
    return f"{number:.6g}" if isinstance(number, float) else str(value)


def _best(row: ComparedRow) -> set[int]:
    """Places of the best values of a metric, where some are better than others."""
    if row.better not in ("lower", "higher"):
        return set()
    numbers = {at: float(each) for at, each in enumerate(row.values) if each is not None}
    finite = {at: each for at, each in numbers.items() if math.isfinite(each)}
    if len(set(finite.values())) < 2:
        return set()
    best = min(finite.values()) if row.better == "lower" else max(finite.values())
    return {at for at, each in finite.items() if each == best}

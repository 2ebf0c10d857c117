"""Trials as a table, live."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from studio_ext.contract import experiments as wire
from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.page import MAX_PAGE
from studio_ext.contract.trial_table import MAX_ROWS, TrialQuery
from studio_ext.core.trial_filter import WrongFilter, parse
from studio_ext.sdk import connection
from studio_ext.sdk.component import STATUS
from studio_ext.widgets import pictures, trial_rows
from studio_ext.widgets.job_state import cut
from studio_ext.widgets.live import LiveWidget

if TYPE_CHECKING:
    from studio_ext.ports.client import Client

WINDOW = 200
"""Rows that one answer to the front end holds at most."""
NEWS_SECONDS = 2.0
"""Between two looks at the newest trials and at those that run."""
ALL_SECONDS = 60.0
"""Between two looks at all trials, which finds those that were deleted."""
RUNNING_LOOKS = 20
"""Trials that run and are not among the newest are looked at one by one, so many at a time."""
PICTURE_ROWS = 20
PICTURE_COLUMNS = 10


class TrialTable(LiveWidget):
    """The trials of an experiment: sort, filter, select, see only what differs; new ones appear."""

    kind = "trial-table"
    shortest_pause = 0.5
    longest_pause = 3.0

    def __init__(self, trials: Any) -> None:
        """``trials``: an experiment, by name or itself, or trials (their documents, or run ids)."""
        self._client: Client = connection.current()
        self._experiment, self._pending = _what(trials)
        self._trials: dict[str, wire.Trial] = {}
        self._gone: set[str] = set()
        self._cursor: str | None = None
        self._loaded = False
        self._total = self._told_total = len(self._pending)
        self._news_at = self._all_at = 0.0
        self._selected: tuple[str, ...] = ()
        self._sort, self._descending = "started", True
        self._filter, self._only_differing = "", False
        self._first_row, self._count = 0, 60
        self._version = 0
        self._made: tuple[Any, list[trial_rows.Column], list[wire.Trial]] | None = None
        super().__init__()

    # -- what people ask it

    @property
    def selected(self) -> list[str]:
        """Run ids of the trials that are selected, in the order in which they were; settable."""
        return list(self._selected)

    @selected.setter
    def selected(self, run_ids: Iterable[str]) -> None:
        ids = [run_ids] if isinstance(run_ids, str) else list(run_ids)
        if not all(isinstance(each, str) for each in ids):
            raise InvalidRequest.field("selected", "takes run ids")
        self._selected = tuple(dict.fromkeys(ids))
        self._soon(lambda: None)

    def refresh(self) -> None:
        """Look at all trials anew, soon."""
        self._soon(self._start_anew)

    # -- the state

    def _first(self) -> dict[str, Any]:
        return self._document()

    def _look(self) -> tuple[dict[str, Any], bool]:
        now = time.monotonic()
        if self._experiment is None:
            self._look_at_named(now)
        elif not self._loaded:
            self._load_page()
        elif now - self._all_at >= ALL_SECONDS:
            self._start_anew()
        elif now - self._news_at >= NEWS_SECONDS:
            self._news_at = now
            self._look_at_news(self._experiment)
        return self._document(), self._experiment is None and self._loaded and not self._running()

    def _endless(self) -> bool:
        return self._experiment is not None and self._loaded

    def _hurried(self) -> bool:
        return not self._loaded

    def _start_anew(self) -> None:
        self._cursor, self._loaded, self._gone = None, False, set(self._trials)

    def _load_page(self) -> None:
        """The next page; what was there stays until all pages were seen."""
        assert self._experiment is not None
        page = self._client.trials(self._experiment, limit=MAX_PAGE, cursor=self._cursor)
        self._keep(page.items)
        self._total, self._cursor = page.total, page.next_cursor
        self._gone.difference_update(trial.run_id for trial in page.items)
        if self._cursor is None:
            for run_id in self._gone:
                self._trials.pop(run_id, None)
            self._gone, self._loaded = set(), True
            self._version += 1
            self._news_at = self._all_at = time.monotonic()

    def _look_at_news(self, experiment: str) -> None:
        page = self._client.trials(experiment, limit=MAX_PAGE)
        self._keep(page.items)
        self._total = page.total
        seen = {trial.run_id for trial in page.items}
        self._look_at_each([each for each in self._running() if each not in seen][:RUNNING_LOOKS])
        # A store that is no database cannot say the total: only one that changes means anything.
        if page.total != self._told_total:
            self._told_total = page.total
            if page.total != len(self._trials):
                self._start_anew()

    def _look_at_named(self, now: float) -> None:
        if self._pending:
            batch, self._pending = self._pending[:RUNNING_LOOKS], self._pending[RUNNING_LOOKS:]
            self._look_at_each(batch)
        elif now - self._news_at >= NEWS_SECONDS:
            self._news_at = now
            self._look_at_each(self._running()[:RUNNING_LOOKS])
        self._loaded = not self._pending

    def _look_at_each(self, run_ids: list[str]) -> None:
        for run_id in run_ids:
            try:
                self._keep([self._client.trial(run_id)])
            except NotFound:
                self._trials.pop(run_id, None)
                self._version += 1
        if self._experiment is None:
            self._total = len(self._trials) + len(self._pending)

    def _keep(self, trials: Iterable[wire.Trial]) -> None:
        for trial in trials:
            if self._trials.get(trial.run_id) != trial:
                self._trials[trial.run_id] = trial
                self._version += 1

    def _running(self) -> list[str]:
        return [each.run_id for each in self._trials.values() if each.status in trial_rows.RUNNING]

    def _shown(self) -> tuple[list[trial_rows.Column], list[wire.Trial]]:
        """Columns and rows as they are asked for, computed again only when something changed."""
        asked = (self._version, self._sort, self._descending, self._filter, self._only_differing)
        if self._made is None or self._made[0] != asked:
            every = list(self._trials.values())
            found = self._matching(every)
            columns = trial_rows.columns_of(every)
            by = next((each for each in columns if each.key == self._sort), None)
            if self._only_differing and len(found) > 1:
                columns = trial_rows.differing(columns, found)
            self._made = (asked, columns, trial_rows.ordered(found, by, descending=self._descending))
        return self._made[1], self._made[2]

    def _matching(self, every: list[wire.Trial]) -> list[wire.Trial]:
        """Those that the filter finds, which is words or one of the language, whose trials are asked for."""
        try:
            if parse(self._filter) is None:
                return every
        except WrongFilter:
            return trial_rows.matching(every, self._filter)
        wanted: set[str] = set()
        for experiment in {self._experiment or each.experiment for each in every}:
            wanted |= _ids_matching(self._client, experiment, self._filter)
        return [each for each in every if each.run_id in wanted]

    def _document(self) -> dict[str, Any]:
        columns, rows = self._shown()
        window = rows[self._first_row : self._first_row + self._count]
        shown = columns[: trial_rows.MOST_COLUMNS]
        return {
            "title": cut(self._experiment or "", 200),
            "columns": [trial_rows.header(each) for each in shown],
            "more_columns": len(columns) - len(shown),
            "first": self._first_row,
            "rows": [{"id": trial.run_id, "cells": trial_rows.cells(trial, shown)} for trial in window],
            "matched": len(rows),
            "known": len(self._trials),
            "total": max(self._total, len(self._trials)),
            "loading": not self._loaded,
            "sort": self._sort,
            "descending": self._descending,
            "filter": self._filter,
            "only_differing": self._only_differing,
            "selected": list(self._selected),
            "over": self._experiment is None and self._loaded and not self._running(),
            "error": "",
        }

    def _said(self, message: dict[str, Any]) -> None:
        match message:
            case {"kind": "window", "first": int(first), "count": int(count)}:
                self._first_row, self._count = max(first, 0), min(max(count, 1), WINDOW)
            case {"kind": "sort", "key": str(key), "descending": bool(descending)}:
                self._sort, self._descending, self._first_row = key, descending, 0
            case {"kind": "filter", "text": str(text)}:
                self._filter, self._first_row = text[:1000], 0
            case {"kind": "only_differing", "on": bool(on)}:
                self._only_differing = on
            case {"kind": "select", "ids": list(ids)} if all(isinstance(each, str) for each in ids):
                self._selected = tuple(dict.fromkeys(ids))
            case {"kind": "toggle", "id": str(run_id), "on": bool(on)}:
                others = [each for each in self._selected if each != run_id]
                self._selected = tuple([*others, run_id] if on else others)
            case {"kind": "refresh"}:
                self._start_anew()

    # -- the picture

    def _picture(self, state: dict[str, Any]) -> str:
        columns = state["columns"][:PICTURE_COLUMNS]
        rows = [
            [_text(value, column["kind"]) for value, column in zip(row["cells"], columns, strict=False)]
            for row in state["rows"][:PICTURE_ROWS]
        ]
        note = self._words(state)
        return pictures.table([column["label"] for column in columns], rows, note) + pictures.as_of(state["over"])

    def _milestone(self, state: dict[str, Any]) -> object:
        return state["loading"], state["total"], [row["cells"][1] for row in state["rows"][:PICTURE_ROWS]]

    def _words(self, state: dict[str, Any]) -> str:
        shown = min(len(state["rows"]), PICTURE_ROWS)
        title = f"{state['title']}: " if state["title"] else ""
        if state["loading"] and not state["known"]:
            return f"{title}trials are being read"
        if state["total"] < 2:
            return f"{title}one trial" if state["total"] else f"{title}no trials"
        return f"{title}{shown:,} of {state['total']:,} trials"


def _ids_matching(client: Client, experiment: str, text: str) -> set[str]:
    """Run ids of the trials of an experiment that a filter matches."""
    found: set[str] = set()
    query = TrialQuery(experiment=experiment, filter=text, limit=MAX_ROWS)
    while True:
        page = client.trial_table(query)
        found.update(row.id for row in page.rows)
        offset = page.offset + len(page.rows)
        if not page.rows or offset >= page.total:
            return found
        query = query.model_copy(update={"offset": offset, "result": page.result})


def _what(trials: Any) -> tuple[str | None, list[str]]:
    """The experiment, or the run ids."""
    experiment = trials if isinstance(trials, str) else getattr(trials, "experiment_name", None)
    if isinstance(experiment, str) and not hasattr(trials, "run_id"):
        return experiment, []
    if isinstance(trials, Iterable):
        return None, list(dict.fromkeys(_ids(trials)))
    if hasattr(trials, "run_id"):
        return None, [str(trials.run_id)]
    raise InvalidRequest.field("trials", "takes an experiment, its name, or trials")


def _ids(trials: Iterable[Any]) -> Iterator[str]:
    for each in trials:
        run_id = each if isinstance(each, str) else getattr(each, "run_id", None)
        if not isinstance(run_id, str):
            raise InvalidRequest.field("trials", "takes trials, or their run ids")
        yield run_id


def _text(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind == "status":
        return STATUS.get(str(value), str(value))
    if kind == "time" and isinstance(value, float):
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(value))
    if kind == "duration" and isinstance(value, float):
        from studio_ext.core.units import format_duration

        return format_duration(value)
    return pictures.digits(value)

"""The table of trials: answers queries from the columns of the index."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.trial_table import Extent, TableRow, TrialQuery, TrialTablePage, Value
from studio_ext.core.trial_filter import Node, parse
from studio_ext.core.trial_keys import Key, Kind, parse_key
from studio_ext.ports.trial_index import Mask, Numbers, Rows, TrialColumns, TrialIndex
from studio_ext.services.trial_query.cells import cells, differs, extent
from studio_ext.services.trial_query.evaluate import DURATION, STARTED, STATUS, is_volatile, matches, numbers
from studio_ext.services.trial_query.forest import Forest, Nodes, acyclic
from studio_ext.services.trial_query.grouping import Aggregates, Groups, grouped
from studio_ext.services.trial_query.order import Order, codes
from studio_ext.services.trial_query.results import Result, Results, Tree

NAME, JOB = Key(Kind.attribute, "name"), Key(Kind.attribute, "job")
_GROUP = "group:"
_FRESH_SECONDS = 1.0
"""For so long a result that depends on the time is as good as new."""


class TrialTables:
    """Thread-safe. Raises ``StudioError``."""

    def __init__(self, index: TrialIndex, clock: Callable[[], float] = time.time) -> None:
        """``clock``: epoch seconds."""
        self._index = index
        self._clock = clock
        self._results = Results()

    def page(self, query: TrialQuery) -> TrialTablePage:
        """Some rows of the table."""
        columns = self._index.open(query.experiment)
        now = self._clock()
        keys = [key_of(text, f"columns.{at}") for at, text in enumerate(query.columns)]
        result = self._result(query, columns, now)
        view = _View(columns, keys, now)
        if result.tree is None:
            rows = result.order.part(query.offset, query.limit)
            shown, total = view.trials(rows), len(result.order)
        else:
            flat = _flat(result, result.tree, query, columns)
            shown, total = view.nodes(result.tree, flat[query.offset : query.offset + query.limit], query), len(flat)
        return TrialTablePage.model_construct(
            result=result.token,
            offset=query.offset,
            rows=shown,
            total=total,
            matched=len(result.matched),
            trials=int(columns.active().sum()),
            is_current=result.revision == columns.revision,
            extents=_extents(result, columns, keys, now),
            differs=[differs(columns, key, result.matched, now) for key in keys] if query.differences else [],
            index=self._index.state(query.experiment),
        )

    def find(self, query: TrialQuery) -> tuple[TrialColumns, Result]:
        """The columns of an experiment, and what a query finds there."""
        columns = self._index.open(query.experiment)
        return columns, self._result(query, columns, self._clock())

    def _result(self, query: TrialQuery, columns: TrialColumns, now: float) -> Result:
        """Of the query's token, or of now."""
        sort = tuple((key_of(each.key, f"sort.{at}.key"), each.descending) for at, each in enumerate(query.sort))
        group_by = None if query.group_by is None else key_of(query.group_by, "group_by")
        asked: Hashable = (query.experiment, query.filter, sort, group_by, query.tree)
        kept = self._results.find(query.result, asked, columns.generation)
        if kept is not None:
            return kept
        node = parse(query.filter, known(columns))
        changes = is_volatile(node) or DURATION in (group_by, *(key for key, _ in sort))
        moment = now // _FRESH_SECONDS if changes else 0.0

        def make() -> Result:
            return search(columns, node, sort, group_by, query.tree, now, asked)

        return self._results.current((asked, columns.generation, columns.revision, moment), make)


def known(columns: TrialColumns) -> Callable[[], list[str]]:
    """Columns that there are, for hints."""
    return lambda: [each.text for each in columns.keys(())]


def key_of(text: str, field: str) -> Key:
    """The column that a text names. Raises ``InvalidRequest``."""
    key = parse_key(text)
    if key is None:
        raise InvalidRequest.field(
            field, f"{text[:100]!r} is no column", hint="Write for example started, params.lr or metrics.rmse.min."
        )
    return key


def search(
    columns: TrialColumns,
    node: Node | None,
    sort: Sequence[tuple[Key, bool]],
    group_by: Key | None,
    tree: bool,
    now: float,
    asked: Hashable = None,
) -> Result:
    """The trials that match, in order."""
    active = columns.active()
    matching = active & matches(node, columns, now) if node is not None else active
    matched = np.flatnonzero(matching)
    parents = None
    shown = matched
    if tree and group_by is None:
        parents = columns.parents()
        shown = np.flatnonzero(_with_parents(matching, parents, active))
    by = [*sort] if sort else [(STARTED, True)]
    order = Order(shown, [codes(columns, key, shown, now, descending) for key, descending in by])
    result = Result(asked, columns.generation, columns.revision, matched, order)
    if group_by is not None:
        first = sort[0] if sort else (None, False)
        result.tree = _grouped(grouped(columns, group_by, order.all(), now, *first))
    elif parents is not None:
        result.tree = _nested(order.all(), parents, matching)
    return result


def _with_parents(matching: Mask, parents: Nodes, active: Mask) -> Mask:
    shown = matching.copy()
    front = np.flatnonzero(matching)
    while len(front):
        above = np.unique(parents[front])
        above = above[above >= 0]
        front = above[active[above] & ~shown[above]]
        shown[front] = True
    return shown


def _nested(rows: Rows, parents: Nodes, matching: Mask) -> Tree:
    places = np.full(len(parents), -1, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    above = parents[rows]
    above = np.where(above >= 0, places[above], -1)  # -1 also where the parent is deleted
    is_match = matching[rows]
    above, depths = acyclic(above)
    return Tree(Forest(above, depths, is_match), rows, is_match, None)


def _grouped(groups: Groups) -> Tree:
    count, rows = len(groups), groups.rows
    parents = np.concatenate((np.full(count, -1, dtype=np.int64), groups.of_row))
    depths = (parents >= 0).astype(np.int64)
    is_match = depths > 0
    all_rows = np.concatenate((-1 - np.arange(count), rows))
    return Tree(Forest(parents, depths, is_match), all_rows, is_match, groups)


def _flat(result: Result, tree: Tree, query: TrialQuery, columns: TrialColumns) -> Nodes:
    """Nodes that are to be seen."""
    asked = (query.expand_all, tuple(query.expanded))
    kept = result.flat
    if kept is not None and kept[0] == asked:
        return kept[1]
    flat = tree.forest.flatten(_opened(tree, query, columns))
    result.flat = (asked, flat)
    return flat


def _opened(tree: Tree, query: TrialQuery, columns: TrialColumns) -> Mask:
    is_open = np.full(len(tree.rows), query.expand_all)
    if not query.expanded:
        return is_open
    wanted = set(query.expanded)
    nodes: list[int] = []
    if tree.groups is not None:
        nodes = [at for at, name in enumerate(tree.groups.names) if _group_id(name) in wanted]
    else:
        rows = columns.rows_of(list(wanted))
        nodes = np.flatnonzero(np.isin(tree.rows, rows[rows >= 0])).tolist()
    is_open[nodes] = not query.expand_all
    return is_open


def _group_id(name: str | None) -> str:
    return f"{_GROUP}none" if name is None else f"{_GROUP}={name}"


def _extents(result: Result, columns: TrialColumns, keys: Sequence[Key], now: float) -> list[Extent | None]:
    kept = result.extents
    if result.extents_revision != columns.revision:
        kept = result.extents = {}
        result.extents_revision = columns.revision
    for key in keys:
        if key not in kept:
            kept[key] = extent(_of(numbers(columns, key, now), result.matched))
    return [kept[key] for key in keys]


def _of(values: Numbers, rows: Rows) -> Numbers:
    """Values of some rows, without copying where these are all."""
    return values if len(rows) == len(values) else values[rows]


class _View:
    """Makes rows of the answer."""

    def __init__(self, columns: TrialColumns, keys: Sequence[Key], now: float) -> None:
        self._columns, self._keys, self._now = columns, keys, now

    def trials(self, rows: Rows) -> list[TableRow]:
        """Rows of trials without others below them."""
        columns = self._columns
        values = _across([cells(columns, key, rows, self._now) for key in self._keys], len(rows))
        return [
            TableRow.model_construct(
                id=run_id,
                is_group=False,
                depth=0,
                children=0,
                is_expanded=False,
                matches=True,
                name=name or "",
                status=status or "",
                job_id=job_id,
                values=row,
                extents=[],
            )
            for run_id, name, status, job_id, row in zip(
                columns.run_ids(rows),
                columns.texts(NAME, rows),
                columns.texts(STATUS, rows),
                columns.texts(JOB, rows),
                values,
                strict=True,
            )
        ]

    def nodes(self, tree: Tree, nodes: Nodes, query: TrialQuery) -> list[TableRow]:
        """Rows of groups and trials."""
        rows = tree.rows[nodes]
        made = iter(self.trials(rows[rows >= 0]))
        groups = iter(() if tree.groups is None else self._groups(tree.groups, -1 - rows[rows < 0]))
        shown = []
        expanded = set(query.expanded)
        depths, below, matching = tree.forest.depths[nodes], tree.forest.below[nodes], tree.matching[nodes]
        for at, row in enumerate(rows.tolist()):
            each = next(made if row >= 0 else groups)
            each.depth = int(depths[at])
            each.children = int(below[at])
            each.is_expanded = each.children > 0 and (each.id in expanded) != query.expand_all
            each.matches = each.is_group or bool(matching[at])
            shown.append(each)
        return shown

    def _groups(self, groups: Groups, which: Nodes) -> list[TableRow]:
        aggregates = Aggregates(self._columns, groups, which, self._now)
        found = [aggregates.of(key) for key in self._keys]
        values = _across([each for each, _ in found], len(which))
        extents = _across([each for _, each in found], len(which))
        return [
            TableRow.model_construct(
                id=_group_id(name),
                is_group=True,
                depth=0,
                children=0,
                is_expanded=False,
                matches=True,
                name=name or "",
                status="",
                job_id=None,
                values=value,
                extents=extent,
            )
            for name, value, extent in zip((groups.names[at] for at in which.tolist()), values, extents, strict=True)
        ]


def _across(by_column: Sequence[Sequence[Value]] | Sequence[Sequence[Extent | None]], rows: int) -> list[list[Value]]:
    """Columns of values as rows of values."""
    return [list(each) for each in zip(*by_column, strict=True)] if by_column else [[] for _ in range(rows)]

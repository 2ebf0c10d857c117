"""Looks at filters as they are typed, and through the columns of an experiment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from studio_ext.contract.errors import InvalidRequest, Unavailable
from studio_ext.contract.trial_table import (
    ColumnPage,
    FilterCheck,
    FilterError,
    FilterQuery,
    TrialColumn,
)
from studio_ext.core.metric_direction import better
from studio_ext.core.trial_filter import (
    And,
    Condition,
    Node,
    Not,
    Or,
    WrongFilter,
    complete,
    conditions_of,
    parse,
    write,
)
from studio_ext.core.trial_filter.parser import similar
from studio_ext.core.trial_filter.tokens import shown
from studio_ext.core.trial_keys import Key, Kind
from studio_ext.ports.trial_index import TrialColumns, TrialIndex
from studio_ext.services.trial_query.tables import known

MAX_COLUMNS = 500
"""Most columns in one answer."""


def check(index: TrialIndex, query: FilterQuery) -> FilterCheck:
    """What is wrong with a filter, what it says, and what can stand at the caret. Raises ``NotFound``."""
    columns = _columns(index, query.experiment)
    text = query.filter if query.conditions is None else write(query.conditions)
    found = FilterCheck(filter=text)
    if query.cursor is not None:
        found.completions = complete(text, query.cursor, columns)
    try:
        node = parse(text, known(columns) if columns is not None else tuple)
    except WrongFilter as wrong:
        found.error = wrong.error
        return found
    found.conditions = conditions_of(text, node)
    if columns is not None:
        found.notes = list(_unknown(node, columns))
    return found


def _columns(index: TrialIndex, experiment: str | None) -> TrialColumns | None:
    try:
        return None if experiment is None else index.open(experiment)
    except Unavailable:  # the language is known all the same
        return None


def _unknown(node: Node | None, columns: TrialColumns) -> Iterator[FilterError]:
    names: list[str] | None = None
    for each in conditions(node):
        if each.key.kind is Kind.attribute or columns.facts(each.key) is not None:
            continue
        names = known(columns)() if names is None else names
        meant = similar(each.key.text, names)
        hint = "" if meant is None else f"Did you mean {shown(meant)}?"
        yield FilterError(
            message=f"No trial has {shown(each.key.text)}.", start=each.start, end=each.key_end, hint=hint
        )


def conditions(node: Node | None) -> Iterator[Condition]:
    """All conditions of a filter."""
    match node:
        case Condition():
            yield node
        case Not():
            yield from conditions(node.node)
        case And() | Or():
            for each in node.nodes:
                yield from conditions(each)


def column_page(
    index: TrialIndex, experiment: str, text: str = "", kinds: Sequence[str] = (), offset: int = 0, limit: int = 100
) -> ColumnPage:
    """Parameters, metrics and tags whose name holds a text; ``limit`` above :data:`MAX_COLUMNS` is lowered to it.

    Among thousands of metrics those that people look for are few: without a text, metrics whose name tells which values
    are better come before the others.
    """
    if offset < 0 or limit < 1:
        raise InvalidRequest.field("offset" if offset < 0 else "limit", "is too small")
    try:
        wanted = [Kind(each) for each in kinds]
    except ValueError:
        raise InvalidRequest.field("kind", f"must be of {', '.join(Kind)}") from None
    columns = index.open(experiment)
    found = columns.keys(wanted, text)
    if not text:
        found = [each for _, group in groupby(found, attrgetter("kind")) for each in sorted(group, key=_is_vague)]
    part = found[offset : offset + min(limit, MAX_COLUMNS)]
    items = [made for key in part if (made := _column(columns, key)) is not None]
    return ColumnPage(items=items, total=len(found), trials=int(columns.active().sum()))


def _is_vague(key: Key) -> bool:
    return key.kind is not Kind.metric or better(key.name) is None


def _column(columns: TrialColumns, key: Key) -> TrialColumn | None:
    facts = columns.facts(key)
    if facts is None:  # its trials were deleted
        return None
    return TrialColumn(
        key=key.text,
        kind=key.kind,
        name=key.name,
        numeric=facts.numeric,
        count=facts.count,
        constant=facts.constant,
        minimum=facts.minimum,
        maximum=facts.maximum,
        better=better(key.name) if key.kind is Kind.metric else None,
    )

"""Filters that say only that some conditions all hold, as rows of a form, and back."""

from __future__ import annotations

from collections.abc import Sequence

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.trial_table import MAX_CONDITIONS, MAX_VALUE, MAX_VALUES, FilterCondition
from studio_ext.core.trial_filter.nodes import And, Condition, Node, Operator
from studio_ext.core.trial_filter.tokens import string
from studio_ext.core.trial_filter.values import spell
from studio_ext.core.trial_keys import parse_key

_LISTS = (Operator.one_of, Operator.none_of)
_ALONE = (Operator.present, Operator.missing)


def conditions_of(text: str, node: Node | None) -> list[FilterCondition] | None:
    """The conditions that all have to hold; None where the filter says more than that, or more than a form takes.

    ``node``: the tree of the filter ``text``.
    """
    nodes = () if node is None else node.nodes if isinstance(node, And) else (node,)
    found = []
    for each in nodes:
        if not isinstance(each, Condition):
            return None
        values = [text[value.start : value.end] for value in each.values]
        if len(values) > MAX_VALUES or any(len(value) > MAX_VALUE for value in values):
            return None
        found.append(FilterCondition(key=each.key.text, operator=each.operator, values=values))
    return found if len(found) <= MAX_CONDITIONS else None


def write(conditions: Sequence[FilterCondition]) -> str:
    """The filter of some conditions. Values that are written as in a filter stay so, others are put in quotes.

    Raises ``InvalidRequest`` for what is no condition.
    """
    return " and ".join(_write(number, each) for number, each in enumerate(conditions))


def _write(number: int, condition: FilterCondition) -> str:
    key = parse_key(condition.key)
    if key is None:
        raise InvalidRequest.field(f"conditions.{number}.key", f"{condition.key!r} is no column")
    try:
        operator = Operator(condition.operator)
    except ValueError:
        raise InvalidRequest.field(
            f"conditions.{number}.operator", f"{condition.operator!r} is none", hint=f"There are {', '.join(Operator)}."
        ) from None
    if operator in _ALONE:
        return f"{key.text} {operator}"
    values = [spell(value) for value in condition.values] or [string("")]
    if operator in _LISTS:
        return f"{key.text} {operator} ({', '.join(values)})"
    return f"{key.text} {operator} {values[0]}"

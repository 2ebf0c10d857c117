"""A filter as a tree. ``start`` and ``end`` are the place in the text, in characters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from studio_ext.core.trial_keys import Key


class Operator(StrEnum):
    """What a condition asks of a column."""

    equal = "="
    unequal = "!="
    less = "<"
    at_most = "<="
    greater = ">"
    at_least = ">="
    contains = "~"
    lacks = "!~"
    one_of = "in"
    none_of = "not in"
    present = "is present"
    missing = "is missing"


@dataclass(frozen=True)
class Number:
    """A number, or a duration in seconds. ``text``: as it is written."""

    number: float
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Text:
    """A text, compared exactly."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Flag:
    """``true`` or ``false``, which languages spell in different ways."""

    flag: bool
    start: int
    end: int


@dataclass(frozen=True)
class Moment:
    """A time. A date is the whole day, an hour and a minute the whole minute."""

    first: float
    """Epoch seconds; where ``is_relative`` seconds from now."""
    last: float
    """The first moment that is after it; ``first`` itself where it is exact."""
    is_relative: bool
    start: int
    end: int
    is_daily: bool = False
    """Whether it means another time tomorrow: a filter that is read then is not this one."""

    def span(self, now: float) -> tuple[float, float]:
        """First moment, and the first one after it, both in epoch seconds."""
        offset = now if self.is_relative else 0.0
        return self.first + offset, self.last + offset


Value = Number | Text | Flag | Moment


@dataclass(frozen=True)
class Condition:
    """One condition on one column."""

    key: Key
    operator: Operator
    values: tuple[Value, ...]
    start: int
    end: int
    key_end: int
    """Where the key ends; it starts at ``start``."""


@dataclass(frozen=True)
class Mention:
    """A text that is to occur anywhere."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Not:
    """The opposite."""

    node: Node
    start: int
    end: int


@dataclass(frozen=True)
class And:
    """All of them."""

    nodes: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Or:
    """Any of them."""

    nodes: tuple[Node, ...]
    start: int
    end: int


Node = Condition | Mention | Not | And | Or

"""Pages: walking over them, whichever store gives a list in parts, and how large they may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.page import MAX_PAGE
from studio_ext.contract.records import HistoryPage, MetricLast

T = TypeVar("T", covariant=True)


class Page(Protocol[T]):
    """A part of a list."""

    @property
    def items(self) -> Sequence[T]:
        """What is on it."""

    @property
    def next_cursor(self) -> str | None:
        """What to ask with for the part after it; None: it is the last."""


def every(page: Callable[[str], Page[T]]) -> Iterator[T]:
    """Everything on all pages; ``page`` gives the one at a cursor, the first at an empty one."""
    cursor: str | None = ""
    while cursor is not None:
        found = page(cursor)
        yield from found.items
        cursor = found.next_cursor


def whole_history(page: Callable[[str], HistoryPage]) -> list[MetricLast]:
    """All values of a metric, by step and time, which no store promises of its pages."""
    return sorted(every(page), key=lambda each: (each.step, each.timestamp))


def page_size(limit: int) -> int:
    """How much of a list one answer holds where so much was asked for. Raises ``InvalidRequest``."""
    if limit < 1:
        raise InvalidRequest.field("limit", "must be at least 1")
    return min(limit, MAX_PAGE)

"""Cursor pages."""

from __future__ import annotations

from typing import Generic, TypeVar

from studio_ext.contract.base import Wire

T = TypeVar("T")

MAX_PAGE = 200
"""Largest number of items that one page holds."""


class Page(Wire, Generic[T]):
    """A part of a list, newest first unless said otherwise."""

    items: list[T]
    next_cursor: str | None = None
    """Pass it as ``cursor`` to get the next page; None on the last page."""
    total: int
    """Number of items that match, over all pages."""

"""What histories ask of whatever holds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Mark = tuple[int | str, ...]
"""How far a series was read; only the source that gave it knows what it means. Empty: not at all."""

LARGEST = 1.7976931348623157e308
"""What MLflow's databases have in the place of an infinity."""


class RunFacts(NamedTuple):
    """What is known of a run."""

    started: float | None
    """Seconds since the epoch."""
    is_over: bool


class Want(NamedTuple):
    """A series that is to be read on."""

    run_id: str
    metric: str
    mark: Mark


@dataclass(frozen=True)
class Piece:
    """Values of a series, in the order in which they are kept."""

    run_id: str
    metric: str
    step: NDArray[np.int64]
    time: NDArray[np.float64]
    """Seconds since the epoch."""
    value: NDArray[np.float64]
    """NaN stands for all that is not finite."""
    mark: Mark
    is_done: bool
    """Whether there was no more at the time of reading."""
    is_whole: bool = False
    """Whether it takes the place of what was read before."""


class HistorySource(Protocol):
    """Reads histories. For one thread at a time. Raises ``Unavailable`` while the store is away."""

    tells_changes: bool
    """Whether :meth:`grown` knows of everything that was written."""
    generation: int
    """Another one when marks that were given before mean nothing any more."""

    def look(self) -> None:
        """See what is new; before all else that belongs to one answer."""

    def runs(self, run_ids: Sequence[str]) -> dict[str, RunFacts]:
        """Runs that are there, and not deleted."""

    def is_valid(self, mark: Mark) -> bool:
        """Whether a mark of another process can be read on from."""

    def grown(self, wants: Sequence[Want]) -> list[Want]:
        """Those of them that may have more, of series that were read to their ends: first those that surely have, and
        of these those that have waited for longest, or others would never be read where a turn is too short."""

    def mark_now(self) -> Mark | None:
        """Mark of a series that was read to its end, and is not among those that :meth:`grown` gave; None: its own."""

    @property
    def can_preview(self) -> bool:
        """Whether :meth:`preview` has any."""

    def preview(self, run_id: str, metric: str, most: int) -> Piece:
        """At most so many values of a series, about equally far apart in steps, the first and the last step among
        them, for a fraction of what it takes to read all. It is no part of what is read: its mark means nothing."""

    def read(self, wants: Sequence[Want]) -> Iterator[list[Piece]]:
        """Read on, in turns, until there is no more or nobody asks. Each takes a fraction of a second. The pieces of a
        turn were read together: who takes one takes all of them, for the next turn begins after the whole of it."""


def finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values with NaN for all that is not finite."""
    values[~(np.abs(values) < LARGEST)] = np.nan
    return values

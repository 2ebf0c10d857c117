"""The trial index: what is known of the trials of an experiment, column by column, to find some among very many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from studio_ext.contract.trial_table import IndexState
from studio_ext.core.trial_keys import Key, Kind

Mask = NDArray[np.bool_]
"""One flag for each row."""
Rows = NDArray[np.int64]
"""Row numbers."""
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class KeyFacts:
    """What is known of all values of a column. Rough: it may include trials that were deleted since."""

    key: Key
    count: int
    """Trials that have a value."""
    numeric: bool
    """Whether every value is a number (or NaN, or infinite)."""
    constant: bool
    """Whether all trials that have a value have the same."""
    minimum: float | None = None
    """Smallest finite number, where there is one."""
    maximum: float | None = None


class TrialColumns(Protocol):
    """The trials of one experiment at one moment. Rows are in the order in which they were found.

    Arrays have one element for each row, deleted trials included (see :meth:`active`), and must not be written. They
    may show values that were recorded after the moment, never fewer rows. Thread-safe.
    """

    size: int
    """Number of rows."""
    revision: int
    """Grows with every change of anything in the experiment."""
    generation: str
    """Rows keep their numbers as long as this stays: an index that was built anew numbers them anew."""

    def active(self) -> Mask:
        """Rows of trials that are not deleted."""

    def numbers(self, key: Key) -> Numbers:
        """Values as numbers (parameters and tags: as :func:`studio_ext.core.trial_keys.parse_number` reads them); NaN
        where there is none, where it is NaN, and where it is no number. All NaN for a key that no trial has, and for
        attributes that are texts. ``duration`` of a trial that runs is NaN: its end is now.
        """

    def present(self, key: Key) -> Mask:
        """Rows that have a value, NaN and texts included."""

    def equals(self, key: Key, text: str) -> Mask:
        """Rows whose value is this text exactly. Asked of what is kept as text only (as are the next ones): parameters,
        tags, and attributes that are no numbers. ``status`` is MLflow's word, ``dirty`` is ``true`` or ``false``,
        ``job`` and ``parent`` are ids."""

    def contains(self, key: Key, text: str) -> Mask:
        """Rows whose value holds this text; upper and lower case are the same."""

    def mentions(self, text: str) -> Mask:
        """Rows that hold the text in name, notebook, commit, user, run id, a parameter or a visible tag, as
        :meth:`contains`."""

    def ranks(self, key: Key) -> NDArray[np.int64]:
        """Position of each row's text in the order of texts, upper and lower case being the same; -1 where it has none.
        Equal texts have equal ranks, and others do not: ``A`` and ``a`` stand beside each other."""

    def texts(self, key: Key, rows: Rows) -> list[str | None]:
        """Values of some rows as texts, None where there is none."""

    def parents(self) -> NDArray[np.int64]:
        """Row of the trial that each trial is a component of; -1 where it is of none that is in this experiment."""

    def run_ids(self, rows: Rows) -> list[str]:
        """MLflow's ids of some rows."""

    def rows_of(self, run_ids: Sequence[str]) -> NDArray[np.int64]:
        """Row of each run, deleted or not; -1 for one that is not there."""

    def facts(self, key: Key) -> KeyFacts | None:
        """What is known of a column; None when no trial has it."""

    def keys(self, kinds: Sequence[Kind] = (), text: str = "") -> list[Key]:
        """Parameters, metrics (each once, as its last value) and tags that occur and whose name holds the text, by kind
        and name. Empty ``kinds``: all. Tags that :func:`studio_ext.core.trial_keys.is_shown` hides are left out."""

    def top_texts(self, key: Key, text: str, limit: int) -> list[str]:
        """Values that hold the text, to choose from: at most ``limit``, in order."""


class TrialIndex(Protocol):
    """Reads the index, which the controller writes. Thread-safe."""

    def open(self, experiment: str) -> TrialColumns:
        """The trials of an experiment as they are now. Costs microseconds when nothing changed.

        Raises ``NotFound`` for an experiment that the store does not have, and ``Unavailable`` while nothing is known
        of it yet.
        """

    def state(self, experiment: str | None = None) -> IndexState:
        """How far the index is behind the store."""

    def look_at(self, run_ids: Sequence[str]) -> None:
        """Have runs that were just changed looked at before all others. Returns at once."""

    def catch_up(self, seconds: float = 1.0) -> bool:
        """Wait until what was recorded before this call is seen, so long at most. False where it is not: the store is
        away, or trials that were recorded long ago are still being read."""

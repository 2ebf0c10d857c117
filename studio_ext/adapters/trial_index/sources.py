"""What the index asks of whatever holds the runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from studio_ext.adapters.trial_index.store_writer import StoreWriter


class Stale(Exception):
    """What was read before cannot be told from what is there now: everything has to be read again."""


class Source(Protocol):
    """Reads runs into a generation, for one thread. Raises ``Unavailable`` while the store is away, and ``Stale``."""

    tells_changes: bool
    """Whether :meth:`has_changed` knows of everything that was written, at once."""
    look_seconds: float
    """Between two looks, at least."""
    expected: dict[str, int]
    """Runs of each experiment while everything is read, as far as that is known."""

    def build(self, writer: StoreWriter) -> Iterator[None]:
        """Read everything, newest first; commits, and gives back the turn, after each part."""

    def has_changed(self) -> bool:
        """Whether there may be something new since the last :meth:`look`. Cheap."""

    def look(self, writer: StoreWriter) -> None:
        """Read what is new and what goes on; commits."""

    def read(self, writer: StoreWriter, run_ids: Sequence[str]) -> None:
        """Read these runs, which somebody says were changed; commits."""

    def needs_sweep(self) -> bool:
        """Whether something that no look sees may have changed since the last sweep began."""

    def sweep(self, writer: StoreWriter) -> Iterator[None]:
        """Compare every run with the store, in parts; commits after each."""

    def close(self) -> None:
        """Let go of the store; the next call opens it again."""

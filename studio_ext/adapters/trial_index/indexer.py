"""Keeps the index up to date: what the controller's thread does, one piece after the other."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator

from studio_ext.adapters.trial_index.layout import Paths
from studio_ext.adapters.trial_index.sources import Source, Stale
from studio_ext.adapters.trial_index.sql_source import SqlSource
from studio_ext.adapters.trial_index.sql_tables import NotThere, is_database, open_tables
from studio_ext.adapters.trial_index.state import Standing, StandingFile
from studio_ext.adapters.trial_index.store_writer import StoreWriter
from studio_ext.contract.errors import StudioError
from studio_ext.contract.trial_table import IndexPhase
from studio_ext.core.plain_text import masked
from studio_ext.core.workspace import Workspace

log = logging.getLogger(__name__)

_WATCH_SECONDS = 0.1
_AWAY_SECONDS = 1.0
_FULL_SECONDS = 5.0
_FIRST_SECONDS = 10.0
"""For so long a store that is not there may just be made, for the first time."""
_REST_WHILE_BUILDING = 0.1
"""Of the time that a part took: the other threads have their turn."""
_REST_OF_LOOKS = 5.0
_REST_OF_SWEEP = 8.0
"""Times the processor time that a part took."""
_SWEEP_SECONDS = 2.0
"""Between two sweeps, at least."""
_LOOK = "look"
_LONGEST_REQUESTS = 1 << 20


class Indexer:
    """Builds, follows and sweeps. For one thread of one process at a time: the one with the controller's lock."""

    def __init__(self, workspace: Workspace, source: Source | None = None) -> None:
        self._paths = Paths.of(workspace)
        self._source = source or open_source(workspace)
        self._writer: StoreWriter | None = None
        self._building: Iterator[None] | None = None
        self._sweeping: Iterator[None] | None = None
        self._standing = Standing()
        self._file = StandingFile(self._paths)
        self._look_due = self._sweep_due = 0.0
        self._first_due = time.monotonic() + _FIRST_SECONDS
        self._is_published = self._is_stale = False
        self._written: list[str] = []

    @property
    def is_building(self) -> bool:
        """Whether there is something to do until everything was read once."""
        return self._writer is None or self._building is not None

    def turn(self) -> float:
        """Do one piece of work; returns for how many seconds there is nothing to do. Raises nothing."""
        try:
            return self._turn()
        except Stale as reason:
            log.info("the trial index is built anew: %s of the store are not those that were read", reason)
            self._is_stale = True
            return 0.0
        except NotThere as error:
            self._take_up_later()
            if time.monotonic() > self._first_due:
                self._note_away(error.message, error.hint)
            return _WATCH_SECONDS
        except StudioError as error:
            self._take_up_later()
            self._note_away(error.message, error.hint)
            return _AWAY_SECONDS
        except OSError as error:
            self._drop()
            self._note_away(
                f"The index of trials cannot be written ({error.strerror or error}).",
                f"Make room below {self._paths.root.parent.parent}. Jobs and their recording go on.",
            )
            return _FULL_SECONDS
        except Exception as error:  # trials that nobody indexes must not end the thread
            log.exception("indexing failed; it is tried again")
            self._drop()
            self._note_away(
                f"The index of trials stands still ({type(error).__name__}: {error}).", "See controller.log."
            )
            return _FULL_SECONDS

    def look_at(self, run_ids: list[str]) -> None:
        """Have the next turn read runs that were just written."""
        if not self._source.tells_changes:
            self._written += run_ids

    def close(self) -> None:
        """Have what was written survive a power cut."""
        if self._writer is not None and self._building is None:
            self._writer.close()
        self._source.close()

    # -- pieces

    def _turn(self) -> float:
        if self._writer is None or not self._writer.exists:
            self._open()
        elif self._is_stale:
            self._start_anew()
        assert self._writer is not None
        began = time.monotonic()
        if self._building is not None:
            return self._build(self._writer, began)
        rest = self._look(self._writer, began)
        self._first_due = 0.0
        if self._sweep(self._writer):
            rest = 0.0
        self._standing.indexed = self._writer.rows()
        self._file.write(self._standing)
        return min(rest, max(0.0, self._sweep_due - time.monotonic())) if self._sweeping else rest

    def _take_up_later(self) -> None:
        """What was under way ended in the middle. Reading everything begins again; what was read is found unchanged."""
        self._sweeping = None
        self._look_due = 0.0
        if self._writer is not None and self._building is not None:
            self._building = self._source.build(self._writer)

    def _drop(self) -> None:
        """Go on with what is on the disk: what is in memory may not be all there."""
        self._writer = self._building = self._sweeping = None
        self._look_due = 0.0

    def _open(self) -> None:
        self._paths.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._sweeping = None
        self._skip_requests()
        self._writer = StoreWriter.resume(self._paths)
        self._building = None
        if self._writer is None:
            self._start_anew(keep=False)

    def _start_anew(self, *, keep: bool = True) -> None:
        """``keep``: what is there is read until everything was read again."""
        self._sweeping = None
        self._is_stale = False
        self._writer = StoreWriter.create(self._paths)
        self._building = self._source.build(self._writer)
        self._is_published = False
        if not keep:
            self._publish()

    def _publish(self) -> None:
        assert self._writer is not None
        self._writer.publish()
        self._is_published = True

    def _build(self, writer: StoreWriter, began: float) -> float:
        assert self._building is not None
        ended = next(self._building, "ended") == "ended"
        self._answer(requests=False)
        if ended:
            self._building = None
            self._standing.swept = time.time()
            if not self._is_published:
                self._publish()
        self._standing.indexed = writer.rows()
        self._note_well(IndexPhase.ready if ended else IndexPhase.building)
        self._file.write(self._standing)
        return (time.monotonic() - began) * _REST_WHILE_BUILDING

    def _look(self, writer: StoreWriter, began: float) -> float:
        asked = self._answer()
        written, self._written = self._written, []
        runs = {*asked, *written} - {_LOOK}
        if runs:
            self._source.read(writer, sorted(runs))
        if asked:  # who deletes a run may have deleted others with it
            self._sweep_due = 0.0
        elif began < self._look_due:
            return self._look_due - began
        if _LOOK in asked or self._source.has_changed():
            self._source.look(writer)
            took = time.monotonic() - began
            self._look_due = began + max(self._source.look_seconds, _REST_OF_LOOKS * took)
        self._note_well(IndexPhase.ready)
        return max(_WATCH_SECONDS, min(self._source.look_seconds, self._look_due - time.monotonic()))

    def _sweep(self, writer: StoreWriter) -> bool:
        """Whether a part was done."""
        began, used = time.monotonic(), time.thread_time()
        if began < self._sweep_due:
            return False
        if self._sweeping is None:
            if not self._source.needs_sweep():
                self._standing.swept = self._standing.seen
                return False
            self._sweeping = self._source.sweep(writer)
        if next(self._sweeping, "ended") == "ended":
            self._sweeping = None
            self._standing.swept = time.time()
            self._sweep_due = began + _SWEEP_SECONDS
        else:
            self._sweep_due = time.monotonic() + (time.thread_time() - used) * _REST_OF_SWEEP
        return True

    def _skip_requests(self) -> None:
        """Those that are there were asked for before everything new is looked for anyway."""
        try:
            self._standing.answered = self._paths.requests.stat().st_size
        except OSError:
            self._standing.answered = 0

    def _answer(self, *, requests: bool = True) -> list[str]:
        """Requests that came since the last time."""
        path = self._paths.requests
        try:
            size = path.stat().st_size
        except OSError:
            self._standing.answered = 0
            return []
        if not requests or size == self._standing.answered:
            return []
        begin = self._standing.answered if size > self._standing.answered else 0
        with path.open("rb") as file:
            file.seek(begin)
            found = file.read(size - begin)
        if size > _LONGEST_REQUESTS:
            os.truncate(path, 0)
            size = 0
        self._standing.answered = size
        return [each.decode("ascii", "replace") for each in found.split()]

    def _note_well(self, phase: IndexPhase) -> None:
        standing = self._standing
        standing.phase, standing.message, standing.hint = phase, "", ""
        standing.seen = time.time()
        standing.expected = dict(self._source.expected) if phase is IndexPhase.building else {}

    def _note_away(self, message: str, hint: str) -> None:
        message = masked(message)
        if self._standing.message != message:
            log.warning("trial index: %s", message)
        self._standing.phase, self._standing.message, self._standing.hint = IndexPhase.away, message, hint
        try:
            self._paths.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file.write(self._standing)
        except OSError:
            pass  # readers keep what they have


def open_source(workspace: Workspace) -> Source:
    """Whatever holds the workspace's runs."""
    if is_database(workspace.tracking_uri):
        return SqlSource(open_tables(workspace.tracking_uri))
    from studio_ext.adapters.trial_index.server_source import ServerSource

    return ServerSource(workspace)

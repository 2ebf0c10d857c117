"""Reads the histories of trials that are over into files, before anybody asks for them.

The controller does it. What the page has read ahead while somebody selects trials is another thing:
``src/features/experiments/readAhead.ts`` asks as charts do.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from studio_ext.adapters.series.column import BLOCK, HEADER, ROW
from studio_ext.adapters.series.histories import Histories
from studio_ext.adapters.series.sql_source import SqlHistories
from studio_ext.contract.errors import StudioError

log = logging.getLogger(__name__)

NEWEST = 1_000
"""Trials that are looked at."""
LEAST = 100
"""Values from which a series is read more quickly from a file than from the store."""
MAX_BYTES = 256 << 20
"""Of the files of one round; the rest of the room for files is for what people ask for."""
MIN_FREE = 1 << 30
"""Bytes of the disk that are left to others."""
_TOGETHER = 50
"""Series that are asked for at once."""
_PIECE_SECONDS = 0.02
_REST_OF_PIECES = 3.0
"""Times what a piece took: the other threads have their turn."""
_LOOK_SECONDS = 2.0
_AWAY_SECONDS = 10.0
_TRIES = 3
_FULL_SECONDS = 300.0


@dataclass
class _Trial:
    run_id: str
    ended: float
    metrics: list[str] | None = None
    """What is still to be read; None: nobody has looked."""
    failed: int = 0
    """How often it could not be read."""


class ReadAhead:
    """Works through the newest trials that are over, in rounds: from a look that finds some until they are read. For
    one thread."""

    def __init__(self, source: SqlHistories, histories: Histories, folder: Path) -> None:
        """``histories``: of that source, and nobody else's. ``folder``: on the disk that the files are made on."""
        self._source = source
        self._histories = histories
        self._folder = folder
        self._look_due = 0.0
        self._seen: set[str] = set()
        """The newest trials of the last look."""
        self._trials: deque[_Trial] = deque()
        """Those of them that are still to be read, newest first."""
        self._room = 0
        """Bytes that are left of this round."""
        self._is_full = False
        """Whether it was said that no files can be made."""

    def turn(self) -> float:
        """Do one piece of work; returns for how many seconds to rest. Raises nothing."""
        began = time.monotonic()
        trial: _Trial | None = None
        try:
            if began >= self._look_due:
                self._look()
            elif self._trials:
                trial = self._trials[0]
                if self._read(trial):
                    self._trials.remove(trial)
                    self._is_full = False
            else:
                return self._look_due - began
        except StudioError:  # the store is away, which its readers are told; or something of this trial is damaged
            self._note_failure(trial)
            return _AWAY_SECONDS
        except OSError as error:
            if not self._is_full:
                log.warning("Histories are not read ahead: %s. They are read when somebody asks for them.", error)
            self._is_full = True
            return _FULL_SECONDS
        except Exception:  # nobody waits for this: it must not end the thread
            log.exception("histories are not read ahead (trial %s)", trial.run_id if trial else "unknown")
            self._note_failure(trial)
            return _AWAY_SECONDS
        return (time.monotonic() - began) * _REST_OF_PIECES

    def close(self) -> None:
        """Let go of the store."""
        self._source.close()

    def _look(self) -> None:
        """See which trials came to their ends."""
        if self._source.has_changed():
            newest = self._source.ended(NEWEST)
            if not self._trials:
                self._room = MAX_BYTES
            now = time.time()  # a clock elsewhere may say anything
            new = [
                _Trial(run_id, min(max(ended, 0.0), now))
                for run_id, ended in newest.items()
                if run_id not in self._seen
            ]
            self._trials.extendleft(reversed(new))
            self._seen = set(newest)
        self._look_due = time.monotonic() + _LOOK_SECONDS

    def _read(self, trial: _Trial) -> bool:
        """Read a piece of a trial; returns whether that was all."""
        if trial.metrics is None:
            if shutil.disk_usage(self._folder).free < MIN_FREE:
                raise OSError("the disk is nearly full")
            trial.metrics = self._worth(trial)
        some = trial.metrics[:_TOGETHER]
        if some and not self._histories.keep(trial.run_id, some, ended=trial.ended, seconds=_PIECE_SECONDS):
            del trial.metrics[: len(some)]
        return not trial.metrics

    def _worth(self, trial: _Trial) -> list[str]:
        """Its series that are worth a file, if there is room for all of them."""
        counts = {name: count for name, count in self._source.lengths(trial.run_id).items() if count >= LEAST}
        size = sum(-(-(HEADER + count * ROW.itemsize) // BLOCK) * BLOCK for count in counts.values())
        if size > self._room:
            return []
        self._room -= size
        return list(counts)

    def _note_failure(self, trial: _Trial | None) -> None:
        """One that fails again and again must not hold up the others."""
        if trial is not None:
            trial.failed += 1
            if trial.failed >= _TRIES:
                self._trials.remove(trial)

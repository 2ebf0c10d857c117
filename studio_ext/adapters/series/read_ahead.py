"""Reads the histories of trials that are over into files, before anybody asks for them."""

from __future__ import annotations

import logging
import time
from collections import deque

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
"""Of files, each time that there are trials to read; the rest of the room for files is for what people ask for."""
_TOGETHER = 50
"""Series that are asked for at once."""
_PIECE_SECONDS = 0.02
_REST_OF_PIECES = 3.0
"""Times what a piece took: the other threads have their turn."""
_LOOK_SECONDS = 2.0
_REST_OF_LOOKS = 20.0
_UNTOLD_SECONDS = 30.0
"""Between looks at a store that does not tell whether it was changed."""
_AWAY_SECONDS = 10.0
_FULL_SECONDS = 300.0


class ReadAhead:
    """Works through the newest trials that are over. For one thread."""

    def __init__(self, source: SqlHistories, histories: Histories) -> None:
        """``histories``: of that source, and nobody else's."""
        self._source = source
        self._histories = histories
        self._look_due = 0.0
        self._seen: set[str] = set()
        """The newest trials of the last look."""
        self._trials: deque[str] = deque()
        """Those of them that are still to be read, newest first."""
        self._room = 0
        self._trial = ""
        self._metrics: list[str] = []
        """What is still to be read of the trial at hand."""

    def turn(self) -> float:
        """Do one piece of work; returns for how many seconds to rest. Raises nothing."""
        began = time.monotonic()
        try:
            if began >= self._look_due:
                self._look(began)
            elif self._metrics:
                self._read()
            elif self._trials:
                self._begin()
            else:
                return self._look_due - began
        except StudioError:  # the store is away: whoever asks it is told
            return _AWAY_SECONDS
        except OSError as error:
            log.warning("Histories of trials cannot be kept: %s. They are read when somebody asks for them.", error)
            self._give_up()
            return _FULL_SECONDS
        except Exception:  # nobody waits for this: it must neither end the thread nor be tried without end
            log.exception("the histories of trial %s cannot be read ahead", self._trial)
            self._give_up()
            return _AWAY_SECONDS
        return (time.monotonic() - began) * _REST_OF_PIECES

    def close(self) -> None:
        """Let go of the store."""
        self._source.close()

    def _look(self, began: float) -> None:
        """See which trials came to their ends."""
        if self._source.has_changed():
            newest = self._source.ended(NEWEST)
            self._trials.extendleft(each for each in reversed(newest) if each not in self._seen)
            self._seen = set(newest)
            self._room = MAX_BYTES
        ended = time.monotonic()
        least = _LOOK_SECONDS if self._source.tells_changes else _UNTOLD_SECONDS
        self._look_due = ended + max(least, (ended - began) * _REST_OF_LOOKS)

    def _begin(self) -> None:
        self._trial = self._trials.popleft()
        lengths = self._source.lengths(self._trial)
        worth = {metric: count for metric, count in lengths.items() if count >= LEAST}
        self._room -= sum(-(-(HEADER + count * ROW.itemsize) // BLOCK) * BLOCK for count in worth.values())
        if self._room < 0:
            self._trials.clear()
        else:
            self._metrics = list(worth)

    def _read(self) -> None:
        some = self._metrics[:_TOGETHER]
        if not self._histories.keep(self._trial, some, _PIECE_SECONDS):
            del self._metrics[: len(some)]

    def _give_up(self) -> None:
        self._trials.clear()
        self._metrics = []

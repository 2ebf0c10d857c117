"""Which cells run and ran in this kernel: front ends name them, and the shell tells of each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MOST_CELLS = 10_000


@dataclass(frozen=True)
class RanCell:
    """A cell as it was when it was run last."""

    source: str
    at: float
    """Seconds since the epoch."""


class History:
    """The cells that run now, innermost last, and the source of each that ran, by the id that the front end gave it."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._running: list[Any] = []
        self._ran: dict[str, RanCell] = {}
        # The cell that loads the extension runs already.
        result = getattr(shell.displayhook, "exec_result", None)
        if result is not None:
            self.begin(result.info)

    @property
    def running(self) -> Sequence[Any]:
        """``ExecutionInfo`` of each cell that runs, the outermost first."""
        return self._running

    @property
    def current(self) -> Any | None:
        """``ExecutionInfo`` of the cell that runs now."""
        return self._running[-1] if self._running else None

    @property
    def number(self) -> int:
        """The number at the prompt of the cell that runs: the shell counts on when it begins one."""
        counted = self._running[0].store_history if self._running else False
        return int(self._shell.execution_count) - (1 if counted else 0)

    def ran(self, cell_id: str) -> RanCell | None:
        """The cell with this id as it was run last; None: it was not, since the extension was loaded."""
        return self._ran.get(cell_id)

    def begin(self, info: Any) -> None:
        """A cell begins."""
        self._running.append(info)
        cell_id = getattr(info, "cell_id", None)
        if isinstance(cell_id, str) and cell_id:
            self._ran.pop(cell_id, None)
            self._ran[cell_id] = RanCell(str(info.raw_cell), time.time())
            if len(self._ran) > MOST_CELLS:
                del self._ran[next(iter(self._ran))]

    def end(self, result: Any) -> None:
        """A cell is over, and with it what ran in it."""
        place = self.place_of(result)
        if place is not None:
            del self._running[place:]

    def place_of(self, result: Any) -> int | None:
        """Position of the cell with this ``ExecutionResult`` among those that run."""
        info = getattr(result, "info", None)
        for place in reversed(range(len(self._running))):
            if self._running[place] is info:
                return place
        # Interrupted outside of the user's code, the shell makes up a result that it has not told of before, or none.
        last = len(self._running) - 1
        if last >= 0 and (info is None or info.raw_cell == self._running[last].raw_cell):
            return last
        return None

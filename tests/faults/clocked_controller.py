"""A controller under a clock that a test can set: it hands the preloaded library on to all that it starts.

Usage: ``python clocked_controller.py MARKS``. Housekeeping runs twice a second, and adds a line to the file MARKS.
"""

from __future__ import annotations

import sys
from pathlib import Path

from studio_ext.adapters import fork_servers
from studio_ext.controller import loop
from studio_ext.controller.main import main
from studio_ext.services.housekeeping import Housekeeping

marks = Path(sys.argv[1])
fork_servers._KEPT = (*fork_servers._KEPT, "LD_PRELOAD")
loop.HOUSEKEEPING_SECONDS = 0.5
_run = Housekeeping.run


def run(house: Housekeeping) -> None:
    """As always, and say so."""
    _run(house)
    with marks.open("a") as file:
        file.write("done\n")


Housekeeping.run = run  # type: ignore[method-assign]
raise SystemExit(main())

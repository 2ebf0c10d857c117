"""Named fault points: where a test can stop a supervisor or an executor, or have it killed.

``STUDIO_FAULT_POINT=<name>:<seconds or kill>``; see ``docs/developers/faults.md``. Unset, nothing happens.
"""

from __future__ import annotations

import os
import signal
import time

VARIABLE = "STUDIO_FAULT_POINT"
POINTS = ("after_fork", "after_claim", "after_first_cell", "before_exit_record")


def point(name: str, setting: str | None) -> None:
    """Pass the fault point ``name``: go on, wait some seconds, or die by SIGKILL."""
    if not setting:
        return
    wanted, _, action = setting.partition(":")
    if wanted != name:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        time.sleep(float(action))
    except ValueError:
        return

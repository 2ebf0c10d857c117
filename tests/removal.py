"""Removing what has very many files, which nobody has to wait for."""

from __future__ import annotations

import atexit
import subprocess
from pathlib import Path

_removals: list[subprocess.Popen[bytes]] = []


def remove_meanwhile(directory: Path) -> None:
    """Remove a directory while other tests go on. The process of the tests does not end before it is gone."""
    if not _removals:
        atexit.register(_wait)
    _removals.append(subprocess.Popen(["rm", "-rf", directory]))


def _wait() -> None:
    for removal in _removals:
        removal.wait(120)

"""How far the index is behind the store, in a small file that the writer replaces."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from studio_ext.adapters.trial_index import layout
from studio_ext.adapters.trial_index.layout import Paths
from studio_ext.contract.trial_table import IndexPhase

_SECONDS = 5.0
"""Between two times that nothing but the time is written."""
_BUILDING_SECONDS = 0.25


@dataclass
class Standing:
    """What the writer says."""

    phase: IndexPhase = IndexPhase.building
    seen: float | None = None
    swept: float | None = None
    message: str = ""
    hint: str = ""
    indexed: int = 0
    expected: dict[str, int] = field(default_factory=dict)
    """Runs of each experiment, while everything is read."""
    answered: int = 0
    """Bytes of the requests that were looked at."""


class StandingFile:
    """Writes it, not more often than it is worth."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._written: dict[str, Any] = {}
        self._when = 0.0

    def write(self, now: Standing) -> None:
        """Replace the file where something changed that matters now. Raises ``OSError``."""
        found = asdict(now)
        quick = {**found, "seen": 0, "indexed": 0, "swept": 0}
        before = {**self._written, "seen": 0, "indexed": 0, "swept": 0} if self._written else {}
        pause = _BUILDING_SECONDS if now.phase is IndexPhase.building else _SECONDS
        if quick == before and time.monotonic() - self._when < pause:
            return
        layout.write_whole(self._paths.state, json.dumps(found).encode())
        self._written, self._when = found, time.monotonic()


def read_standing(paths: Paths) -> Standing | None:
    """What the writer said last; None where it never did."""
    found = layout.read_json(paths.state)
    try:
        if isinstance(found, dict):
            return Standing(**{**found, "phase": IndexPhase(found["phase"])})
    except (KeyError, TypeError, ValueError):
        pass
    return None

"""The relay as the supervisor uses it: where MLflow calls of the job go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from .records import AttemptFiles


class RelayHandle(Protocol):
    """A relay that listens."""

    env: dict[str, str]

    def close(self) -> None:
        """Stop listening; what was accepted is in the journal."""


class _NoRelay:
    """Jobs without recording: MLflow in them has nowhere to go."""

    def __init__(self) -> None:
        self.env: dict[str, str] = {}

    def close(self) -> None:
        """Nothing to stop."""


def start_relay(files: AttemptFiles, launch: Mapping[str, Any]) -> RelayHandle:
    """Start the relay of an attempt whose launch names a run; without a run there is nothing to record to."""
    if not launch.get("run_id"):
        return _NoRelay()
    try:
        from . import relay
    except ImportError:
        return _NoRelay()
    return relay.start_relay(  # type: ignore[no-any-return]
        files.directory, files.job_dir, launch["run_id"], launch.get("experiment_id", "")
    )

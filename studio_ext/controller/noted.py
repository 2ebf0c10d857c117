"""Tells the index of trials which runs were just written: not every store says by itself that something changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from studio_ext.adapters.mlflow_tracking import MlflowTracking
from studio_ext.core.log_calls import LoggedValue
from studio_ext.ports.tracking import Relay, RunHandle, RunStart

Note = Callable[[str], None]
"""Called with the id of a run that was written."""


class NotedTracking(MlflowTracking):
    """Notes runs that begin, end, or get values."""

    def __init__(self, tracking_uri: str, artifact_root: Path, note: Note, *, lean: bool = False) -> None:
        super().__init__(tracking_uri, artifact_root, lean=lean)
        self._note = note

    def start_run(self, job_id: str, start: RunStart) -> RunHandle:
        """See :class:`~studio_ext.ports.tracking.Tracking`, as for all others."""
        run = super().start_run(job_id, start)
        self._note(run.run_id)
        return run

    def end_run(self, run_id: str, status: str, ended: float, tags: Mapping[str, str]) -> None:
        """End a run."""
        super().end_run(run_id, status, ended, tags)
        self._note(run_id)

    def delete_run(self, run_id: str) -> None:
        """Delete a run."""
        super().delete_run(run_id)
        self._note(run_id)

    def log_values(self, run_id: str, values: Sequence[LoggedValue]) -> None:
        """Log values."""
        super().log_values(run_id, values)
        self._note(run_id)


class NotedRelay:
    """Notes runs whose journals were applied. Implements :class:`studio_ext.ports.tracking.Relay`."""

    def __init__(self, relay: Relay, note: Note) -> None:
        self._relay = relay
        self._note = note

    def pump(self, job_id: str, directory: Path, attempt: int, run: RunHandle) -> int:
        """See :class:`~studio_ext.ports.tracking.Relay`."""
        applied = self._relay.pump(job_id, directory, attempt, run)
        if applied:
            self._note(run.run_id)
        return applied

    def finish(self, job_id: str, directory: Path, attempt: int, run: RunHandle) -> None:
        """See :class:`~studio_ext.ports.tracking.Relay`."""
        self._relay.finish(job_id, directory, attempt, run)
        self._note(run.run_id)

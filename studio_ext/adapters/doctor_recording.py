"""What ``studio doctor`` says of recording."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from studio_ext.contract.workspace import Check, RecordingLag
from studio_ext.core.units import format_size
from studio_ext.core.workspace import Workspace
from studio_ext.services.doctor import ok, warning
from studio_ext.services.lag import recording_lag

MUCH = 256 * 1024**2
"""Bytes from which on doctor warns: about three million values."""


def check_recording(workspace: Workspace) -> Check:
    """How far the tracking store is behind what was logged."""
    from studio_ext.adapters.controller_launcher import DetachedController

    lag = workspace_lag(workspace)
    if not lag.bytes:
        return ok("recording", "the tracking store has everything that was logged")
    text = f"the tracking store is {format_size(lag.bytes)} of {lag.journals} journals behind; nothing is lost"
    if not DetachedController(workspace).running():
        return warning("recording", text, "No controller runs: the next job or tracker, or a look at jobs, starts one.")
    if lag.bytes > MUCH:
        return warning("recording", text, "Log fewer values, or wait: it catches up by itself.")
    return ok("recording", text)


def workspace_lag(workspace: Workspace) -> RecordingLag:
    """How far the tracking store is behind, of jobs and of trackers. Makes nothing."""
    from studio_ext.adapters.sql_store import SqlStore
    from studio_ext.adapters.sql_store.migrate import HEAD, schema_of

    if schema_of(workspace.database) != HEAD:
        return recording_lag(workspace.trackers, ())
    with closing(SqlStore(workspace.database)) as store:
        jobs = [*store.active(), *store.unfinished_recording()]
    return recording_lag(workspace.trackers, ((Path(job.directory), job.attempt) for job in jobs))

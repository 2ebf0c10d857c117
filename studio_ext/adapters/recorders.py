"""Where trackers record: the workspace of this machine, or the job that this process is part of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from studio_ext.adapters.controller_launcher import DetachedController
from studio_ext.adapters.mlflow_backend import HttpBackend, open_backend
from studio_ext.adapters.mlflow_records import MlflowRecords
from studio_ext.adapters.tracker_journal import TrackerJournal
from studio_ext.adapters.tracker_relay import RelaySink
from studio_ext.core.workspace import Workspace
from studio_ext.ports.records import LogSink, Records, RunRecord

_PATIENCE = 7 * 86400.0  # seconds; the relay answers when the store is back


class LocalRecorder:
    """See :class:`studio_ext.ports.records.Recorder`; the workspace's controller applies what is logged."""

    job_run: str | None = None

    def __init__(self, workspace: Workspace) -> None:
        self._trackers: Path = workspace.trackers
        self.tracking_uri = workspace.tracking_uri
        self._launcher = DetachedController(workspace)
        self.records: Records = MlflowRecords(open_backend(workspace.tracking_uri, workspace.artifacts))

    def open_sink(self, run: RunRecord, *, ends: bool) -> LogSink:
        """See :class:`~studio_ext.ports.records.Recorder`."""
        return TrackerJournal(self._trackers, run, self._launcher, ends=ends)


class JobRecorder:
    """See :class:`studio_ext.ports.records.Recorder`; everything goes through the job's relay."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._uri, self._token = environ["MLFLOW_TRACKING_URI"], environ["MLFLOW_TRACKING_TOKEN"]
        self.job_run: str | None = environ["STUDIO_RUN_ID"]
        self.tracking_uri = self._uri
        self.records: Records = MlflowRecords(_relay(self._uri, self._token))

    def open_sink(self, run: RunRecord, *, ends: bool) -> LogSink:
        """See :class:`~studio_ext.ports.records.Recorder`."""
        return RelaySink(self._uri, self._token, run.run_id)


def _relay(uri: str, token: str) -> HttpBackend:
    return HttpBackend(uri, {"MLFLOW_TRACKING_TOKEN": token}, patience=_PATIENCE)


def in_job(environ: Mapping[str, str]) -> bool:
    """Whether this process is part of a job that is recorded."""
    return all(environ.get(name) for name in ("STUDIO_RUN_ID", "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN"))

"""Where trackers record: the workspace of this machine, a Jupyter server, or the job that this process is part of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from studio_ext.adapters.controller_launcher import DetachedController
from studio_ext.adapters.leased_journals import LEASE_SECONDS, LeasedJournals
from studio_ext.adapters.mlflow_backend import open_backend
from studio_ext.adapters.mlflow_records import MlflowRecords
from studio_ext.adapters.relay_backend import RelayBackend
from studio_ext.adapters.tracker_journal import TrackerJournal
from studio_ext.adapters.tracker_relay import RelaySink
from studio_ext.core.workspace import Workspace
from studio_ext.ports.records import Journals, LogSink, Records, RunRecord

if TYPE_CHECKING:
    from studio_ext.adapters.http_client import HttpClient


class LocalRecorder:
    """See :class:`studio_ext.ports.records.Recorder`; the workspace's controller applies what is logged.

    To a Jupyter server it is what others record with, see :class:`studio_ext.ports.records.HostRecorder`.
    """

    job_run: str | None = None

    def __init__(self, workspace: Workspace, lease_seconds: float = LEASE_SECONDS) -> None:
        self._trackers: Path = workspace.trackers
        self.tracking_uri: str | None = workspace.tracking_uri
        self._launcher = DetachedController(workspace)
        self.records: Records = MlflowRecords(open_backend(workspace.tracking_uri, workspace.artifacts))
        self.journals: Journals = LeasedJournals(workspace.trackers, self._launcher, lease_seconds)
        self.uploads: Path = workspace.cache / "uploads"

    def open_sink(self, run: RunRecord, *, ends: bool) -> LogSink:
        """See :class:`~studio_ext.ports.records.Recorder`."""
        return TrackerJournal(self._trackers, run, self._launcher, ends=ends)


class HttpRecorder:
    """See :class:`studio_ext.ports.records.Recorder`; a Jupyter server keeps what is recorded."""

    job_run: str | None = None
    tracking_uri: str | None = None

    def __init__(self, client: HttpClient) -> None:
        # Here, since a job's image may be without the HTTP client.
        from studio_ext.adapters.http_records import HttpRecords

        self._client = client
        self.records: Records = HttpRecords(client)

    def open_sink(self, run: RunRecord, *, ends: bool) -> LogSink:
        """See :class:`~studio_ext.ports.records.Recorder`."""
        from studio_ext.adapters.tracker_http import HttpSink

        return HttpSink(self._client, run, ends=ends)


class JobRecorder:
    """See :class:`studio_ext.ports.records.Recorder`; everything goes through the job's relay."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._uri, self._token = environ["MLFLOW_TRACKING_URI"], environ["MLFLOW_TRACKING_TOKEN"]
        self.job_run: str | None = environ["STUDIO_RUN_ID"]
        self.tracking_uri: str | None = self._uri
        self.records: Records = MlflowRecords(RelayBackend(self._uri, self._token))

    def open_sink(self, run: RunRecord, *, ends: bool) -> LogSink:
        """See :class:`~studio_ext.ports.records.Recorder`."""
        return RelaySink(self._uri, self._token, run.run_id)


def in_job(environ: Mapping[str, str]) -> bool:
    """Whether this process is part of a job that is recorded."""
    return all(environ.get(name) for name in ("STUDIO_RUN_ID", "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN"))

"""The Jupyter Server extension: settings, and the place where the parts of the back end are put together."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_events import EventLogger
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from traitlets import Bool, Float, Int, Unicode

from studio_ext.contract.errors import StudioError
from studio_ext.contract.live import LiveChanged
from studio_ext.contract.page import MAX_PAGE
from studio_ext.contract.workspace import JobsChanged
from studio_ext.core.workspace import Workspace
from studio_ext.ports.client import HostClient
from studio_ext.ports.contents import Contents
from studio_ext.ports.records import HostRecorder
from studio_ext.routes.base import Parts
from studio_ext.routes.calls import Calls
from studio_ext.routes.table import routes
from studio_ext.routes.watch import LIVE_SCHEMA_FILE, LIVE_SCHEMA_ID, SCHEMA_FILE, SCHEMA_ID, JobsWatch

PageConfigHook = Callable[[Any, dict[str, Any]], dict[str, Any]]

_BROUGHT = frozenset({"nbdime-jupyterlab"})
"""Extensions of JupyterLab that come along with what we need, and that our own turns off."""


def _without_what_is_off(before: PageConfigHook | None) -> PageConfigHook:
    """JupyterLab's hook for the settings of its page: it would fetch these extensions also while they are off."""

    def hook(handler: Any, page_config: dict[str, Any]) -> dict[str, Any]:
        if before is not None:
            page_config = before(handler, page_config)
        off = _BROUGHT.intersection(page_config.get("disabledExtensions", ()))
        known = page_config.get("federated_extensions", [])
        page_config["federated_extensions"] = [each for each in known if each.get("name") not in off]
        return page_config

    return hook


@dataclass(frozen=True)
class _Open:
    """What requests are answered from."""

    client: HostClient
    contents: Contents
    recorder: HostRecorder


class StudioApp(ExtensionApp):
    """Notebooks as jobs, jobs as trials."""

    name = "studio"
    serverapp: ServerApp  # Linked before anything else is called.
    load_other_extensions = True

    workspace = Unicode("", help="Directory of the workspace. Empty: the variable STUDIO_HOME, else ~/studio.").tag(
        config=True
    )
    tracking_uri = Unicode(
        "",
        help="MLflow tracking URI. Empty: the variable STUDIO_TRACKING_URI, else studio.toml in the workspace, "
        "else SQLite in the workspace.",
    ).tag(config=True)
    autolog = Unicode(
        "",
        help="What MLflow logs by itself in jobs whose submission does not say: on, models (models too, which takes "
        "seconds for each) or off. Empty: the variable STUDIO_AUTOLOG, else studio.toml in the workspace, else on.",
    ).tag(config=True)
    max_page = Int(MAX_PAGE, min=1, help="Largest number of items in one page of a list.").tag(config=True)
    max_body_bytes = Int(1024 * 1024, min=1024, help="Largest body of a request, in bytes.").tag(config=True)
    max_content_bytes = Int(
        50 * 1024 * 1024,
        min=1024,
        help="Largest file of a job that can be opened in JupyterLab, in bytes. Downloads have no limit.",
    ).tag(config=True)
    max_artifact_bytes = Int(
        64 * 1024**3, min=1024, help="Largest artefact that a client elsewhere may send, in bytes."
    ).tag(config=True)
    recording_lease = Float(
        120.0,
        min=1.0,
        help="Seconds after which a client elsewhere that records and is not heard of any more is taken for gone.",
    ).tag(config=True)
    threads = Int(8, min=1, max=64, help="Threads that answer requests; as many again for the tracking store.").tag(
        config=True
    )
    answer_timeout = Float(120.0, min=1.0, help="Longest time a request may take to answer, in seconds.").tag(
        config=True
    )
    watch_interval = Float(
        0.2, min=0.05, max=60.0, help="Time between looks for changed jobs, in seconds; at most one event in it."
    ).tag(config=True)
    keep_alive = Bool(
        True, help="Whether jobs that are not over count as activity, so that no culler ends the server."
    ).tag(config=True)
    warm_up = Bool(True, help="Whether to load what the first form and submission need right after the start.").tag(
        config=True
    )

    def initialize_settings(self) -> None:
        """Make the parts that handlers share. Opens nothing yet: a broken workspace must not break the server."""
        self._lock = threading.Lock()
        self._open: _Open | None = None
        self._watch: JobsWatch | None = None
        self._active_jobs = 0
        self._calls = Calls(threads=self.threads, timeout=self.answer_timeout)
        self._events.register_event_schema(SCHEMA_FILE)
        self._events.register_event_schema(LIVE_SCHEMA_FILE)
        self.settings["page_config_hook"] = _without_what_is_off(self.settings.get("page_config_hook"))

    def initialize_handlers(self) -> None:
        """Put up the route table."""
        parts = Parts(
            calls=self._calls,
            client=self.client,
            contents=self._contents,
            recorder=self._recorder,
            root=self._root,
            max_page=self.max_page,
            max_body_bytes=self.max_body_bytes,
            max_artifact_bytes=self.max_artifact_bytes,
        )
        self.handlers.extend(routes(parts))

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Begin to watch the workspace, now that the event loop runs."""
        self._watch = JobsWatch(
            client=self.client,
            emit=self._emit,
            active=self._note_active,
            interval=self.watch_interval,
            log=self.log,
            emit_live=self._emit_live,
        )
        self._watch.start()
        if self.warm_up:
            threading.Thread(target=self._warm, name="studio-warm-up", daemon=True).start()

    async def stop_extension(self) -> None:
        """End the watch and let go of the workspace. Jobs go on."""
        if self._watch is not None:
            await self._watch.stop()
        self._calls.close()
        with self._lock:
            opened, self._open = self._open, None
        if opened is not None:
            await asyncio.to_thread(opened.client.close)

    def current_activity(self) -> dict[str, int] | None:
        """Jobs that are not over, for whoever asks whether the server is idle."""
        return {"jobs": self._active_jobs} if self.keep_alive and self._active_jobs else None

    def open_workspace(self) -> Workspace:
        """The workspace that the settings name. Raises ``InvalidRequest`` when it cannot be used. Blocks."""
        from studio_ext.adapters.workspace_config import open_workspace

        given = {"STUDIO_TRACKING_URI": self.tracking_uri, "STUDIO_AUTOLOG": self.autolog}
        override = {name: value for name, value in given.items() if value}
        home = Path(self.workspace).expanduser() if self.workspace else None
        return open_workspace(home, {**os.environ, **override})

    def make_client(self, workspace: Workspace) -> HostClient:
        """The client that answers requests."""
        from studio_ext.adapters.local_client import LocalClient

        return LocalClient(workspace, root=self._root())

    def client(self) -> HostClient:
        """The one client. Blocks; raises ``StudioError`` when the workspace cannot be opened."""
        return self._opened().client

    def _contents(self) -> Contents:
        return self._opened().contents

    def _recorder(self) -> HostRecorder:
        return self._opened().recorder

    def _opened(self) -> _Open:
        """What is open, opened at the first call; tries again after a failure."""
        from studio_ext.adapters.contents_view import ContentsView
        from studio_ext.adapters.recorders import LocalRecorder

        with self._lock:
            if self._open is None:
                workspace = self.open_workspace()
                contents = ContentsView(workspace.jobs, max_content_bytes=self.max_content_bytes)
                recorder = LocalRecorder(workspace, self.recording_lease)
                self._open = _Open(self.make_client(workspace), contents, recorder)
            return self._open

    def _root(self) -> Path:
        root = getattr(self.serverapp.contents_manager, "root_dir", None) or self.serverapp.root_dir
        return Path(root).expanduser()

    @property
    def _events(self) -> EventLogger:
        logger = self.serverapp.event_logger
        assert logger is not None, "Jupyter Server makes it before it loads extensions"
        return logger

    def _emit(self, changed: JobsChanged) -> None:
        self._events.emit(schema_id=SCHEMA_ID, data=changed.model_dump(mode="json"))

    def _emit_live(self, changed: LiveChanged) -> None:
        self._events.emit(schema_id=LIVE_SCHEMA_ID, data=changed.model_dump(mode="json"))

    def _note_active(self, jobs: int) -> None:
        self._active_jobs = jobs
        if jobs and self.keep_alive:
            # Jupyter Server takes the latest of all settings whose names end like this.
            self.serverapp.web_app.settings["studio_last_activity"] = datetime.now(UTC)

    def _warm(self) -> None:
        try:
            self.client().warm()
            self.client().experiments()  # The panel and the form ask for them at once; the first answer takes seconds.
        except StudioError as error:
            self.log.warning("Studio: %s %s", error.message, error.hint)
        except Exception:
            self.log.exception("Studio could not warm up.")

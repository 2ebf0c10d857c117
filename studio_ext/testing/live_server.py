"""A real Jupyter Server with the extension, in a thread of this process."""

from __future__ import annotations

import asyncio
import http.client
import os
import secrets
import socket
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any
from unittest import mock

import httpx
import psutil
from jupyter_server.auth import Authorizer
from jupyter_server.serverapp import ServerApp
from traitlets.config import Config

from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.app import StudioApp
from studio_ext.contract.live import LiveChanged
from studio_ext.contract.series import SeriesQuery
from studio_ext.contract.workspace import ServerInfo
from studio_ext.ports.client import HostClient
from studio_ext.testing.fake_client import FakeClient

START_SECONDS = 30.0


class FakeHostClient(FakeClient):
    """The fake client with what a server asks on top. Every change moves ``data_version``."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.warmed = threading.Event()

    def info(self) -> ServerInfo:
        """A server of nobody."""
        return ServerInfo(
            version="0",
            workspace="/nowhere",
            tracking_uri="sqlite:///nowhere",
            controller_running=True,
            jobs_revision=self._revision,
            user="someone",
        )

    def trial_series_packed(self, query: SeriesQuery) -> bytes:
        """Series of one value, packed."""
        import numpy as np

        from studio_ext.core.packed_series import pack

        page = self.trial_series(query)
        points = [(each.step or each.time, np.array(each.value, dtype=float)) for each in page.series]
        bare = [each.model_copy(update={"step": [], "time": [], "value": []}) for each in page.series]
        return pack(page.model_copy(update={"series": bare}).model_dump_json().encode(), points)

    def expect_series(self, run_ids: Sequence[str], metrics: Sequence[str]) -> None:
        """Nothing takes long here."""

    def data_version(self) -> int:
        """The revision."""
        return self._revision

    def grown(self) -> LiveChanged:
        """Nothing."""
        return LiveChanged()

    def warm(self) -> None:
        """Note that it was asked to."""
        self.warmed.set()


class Switch(Authorizer):
    """An authorizer that tests can tell whom to let through."""

    allow = True
    asked: list[tuple[str, str]]

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """As ``allow`` says; notes what it was asked."""
        self.asked.append((action, resource))
        return self.allow or resource != "studio"


class LiveServer:
    """Context manager. ``root``: folder that is served; ``home``: the workspace.

    ``client`` None: the real client of the workspace, whose controller is ended too. Jupyter Server keeps one
    instance a process, so only one can live at a time.
    """

    def __init__(
        self, root: Path, home: Path, *, client: HostClient | None = None, settings: dict[str, Any] | None = None
    ) -> None:
        self.root, self.home, self.client = root, home, client
        self.token = secrets.token_hex(16)
        self._settings = settings or {}
        self._stack = ExitStack()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="live-server", daemon=True)
        self.app: ServerApp
        self.loop: asyncio.AbstractEventLoop

    @property
    def studio(self) -> StudioApp:
        """The extension that runs."""
        found = next(iter(self.app.extension_manager.extension_apps["studio_ext"]))
        assert isinstance(found, StudioApp)
        return found

    @property
    def url(self) -> str:
        """Base URL, with a slash at its end."""
        return f"http://127.0.0.1:{self.app.port}{self.app.base_url}"

    @property
    def authorizer(self) -> Switch:
        """Whom to let through."""
        assert isinstance(self.app.authorizer, Switch)
        return self.app.authorizer

    def session(self, token: str | None = None) -> httpx.Client:
        """A client of ``studio/api/`` with the server's token, another one, or none (an empty text)."""
        token = self.token if token is None else token
        headers = {"Authorization": f"token {token}"} if token else {}
        return httpx.Client(base_url=f"{self.url}studio/api/", headers=headers, timeout=30)

    def raw(self, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of a request whose target below ``studio/api/`` goes over the wire as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.app.port, timeout=30)
        try:
            headers = {"Authorization": f"token {self.token}"}
            connection.request(method, f"{self.app.base_url}studio/api/{target}", body=body, headers=headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def __enter__(self) -> LiveServer:
        if self.client is not None:
            client = self.client
            self._stack.enter_context(mock.patch.object(StudioApp, "make_client", lambda *_: client))
        # Settings of the person who runs the tests must not reach the server.
        self._stack.enter_context(mock.patch.dict(os.environ, {"JUPYTER_NO_CONFIG": "1"}))
        self._jupyter = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._thread.start()
        if not self._ready.wait(START_SECONDS) or self._failure:
            raise RuntimeError("The server did not start.") from self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        future = asyncio.run_coroutine_threadsafe(self.app._cleanup(), self.loop)
        try:
            future.result(START_SECONDS)
        finally:
            self.app.http_server.stop()
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(START_SECONDS)
            ServerApp.clear_instance()
            self._stack.close()
            if self.client is None:
                end_controller(self.home)

    def _serve(self) -> None:
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self._start())
        except BaseException as failure:
            self._failure = failure
            self._ready.set()
            return
        self._ready.set()
        self.loop.run_forever()
        self.loop.close()

    async def _start(self) -> None:
        ServerApp.clear_instance()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        config = Config(
            {
                "ServerApp": {
                    "jpserver_extensions": {"studio_ext": True},
                    "allow_unauthenticated_access": False,
                    "reraise_server_extension_failures": True,
                    "authorizer_class": Switch,
                },
                "IdentityProvider": {"token": self.token},
                "NotebookNotary": {"db_file": ":memory:"},
                "StudioApp": {"workspace": str(self.home)},
            }
        )
        config.merge(Config(self._settings))
        app = ServerApp.instance(
            config=config,
            ip="127.0.0.1",
            port=port,
            root_dir=str(self.root),
            base_url="/a%40b/",
            open_browser=False,
            allow_root=True,
            log_level="ERROR",
            config_dir=str(self._jupyter / "config"),
            data_dir=str(self._jupyter / "data"),
            runtime_dir=str(self._jupyter / "runtime"),
        )
        Switch.asked = []
        # Signals belong to the main thread.
        app.init_signal = lambda: None
        app.initialize(argv=[], find_extensions=False)
        app.start_app()
        self.app = app
        await app._post_start()


def end_controller(home: Path) -> None:
    """End the controller of a workspace that nobody else uses."""
    from studio_ext.adapters.local_client import LocalClient

    client = LocalClient(open_workspace(home, {}))
    try:
        lease = client.store.lease()
        if lease is not None:
            controller = psutil.Process(lease.pid)
            if str(home) in controller.environ().get("STUDIO_HOME", ""):
                controller.terminate()
                controller.wait(START_SECONDS)
    except psutil.NoSuchProcess:
        pass
    finally:
        client.close()

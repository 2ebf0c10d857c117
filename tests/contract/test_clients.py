"""The clients keep what the client port promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from studio_ext.adapters.http_client import HttpClient
from studio_ext.adapters.local_client import LocalClient
from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.jobs import ExitReason, FileEntry, JobDetail, NotebookParameter, SubmitRequest
from studio_ext.ports.client import Client
from studio_ext.testing.client_suite import ClientSuite
from studio_ext.testing.fake_client import FakeClient
from studio_ext.testing.live_server import LiveServer
from studio_ext.testing.workspaces import temporary_workspace


class TestLocalClient(ClientSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return tmp_path_factory.mktemp("local")

    @pytest.fixture(scope="class")
    @classmethod
    def client(cls, folder: Path) -> Iterator[Client]:
        with temporary_workspace(folder / "workspace") as workspace:
            client = LocalClient(workspace, root=folder)
            yield client
            client.close()


class TestHttpClient(ClientSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return tmp_path_factory.mktemp("http")

    @pytest.fixture(scope="class")
    @classmethod
    def client(cls, folder: Path, as_documented: Callable[[], httpx.BaseTransport]) -> Iterator[Client]:
        with (
            temporary_workspace(folder / "workspace") as workspace,
            LiveServer(folder, workspace.home) as server,
        ):
            client = HttpClient(f"{server.url}lab?token={server.token}", transport=as_documented())
            yield client
            client.close()


class Fake(FakeClient):
    """The fake, with what the notebooks of the suite would do."""

    def __init__(self) -> None:
        super().__init__()
        self.log_text = "hello from 8\n"
        self.parameters = [
            NotebookParameter(name="depth", type="int", default="3", value=3),
            NotebookParameter(name="label", type="str", default="'a'", value="a"),
        ]

    def submit(self, request: SubmitRequest) -> JobDetail:
        if request.runner != "process":
            raise InvalidRequest.field("runner", "there is no such runner")
        if request.kernel not in (None, "python3"):
            raise InvalidRequest.field("kernel", "there is no such kernel")
        if "missing" in request.notebook:
            raise InvalidRequest.field("notebook", "there is none")
        return super().submit(request)

    def files(self, job_id: str, path: str = "") -> list[FileEntry]:
        if ".." in path or path.startswith("/"):
            raise InvalidRequest.field("path", "leads out of the job directory")
        names = ["completes.ipynb"] if path else ["output", "code"]
        kind = "file" if path else "directory"
        return [
            FileEntry(name=n, path=f"{path}/{n}".lstrip("/"), type=kind, modified=0.0, content_path=n) for n in names
        ]


class TestFakeClient(ClientSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return tmp_path_factory.mktemp("fake")

    @pytest.fixture(scope="class")
    @classmethod
    def client(cls) -> Client:
        return Fake()

    @classmethod
    def notebook(cls, client: Client, folder: Path, scenario: str) -> str:
        assert isinstance(client, Fake)
        client.hold = scenario == "sleeps"
        client.reason = ExitReason.cell_failed if scenario == "fails" else ExitReason.completed
        client.message = "Cell 2 raised ValueError." if scenario == "fails" else ""
        return super().notebook(client, folder, scenario)

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from studio_ext.adapters import doctor_checks, doctor_tools
from studio_ext.adapters.docker_runner import DockerRunner
from studio_ext.adapters.doctor_containers import container_checks
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.errors import Unavailable
from studio_ext.contract.workspace import Check, CheckStatus
from studio_ext.core.workspace import Workspace
from studio_ext.services.doctor import diagnose, ok


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "ws", {})


def test_a_new_workspace_on_this_machine(workspace: Workspace) -> None:
    diagnosis = doctor_checks.diagnose(workspace)
    assert [check.name for check in diagnosis.checks] == [name for name, _ in doctor_checks.checks(workspace)]
    assert not [check for check in diagnosis.checks if check.status is CheckStatus.problem]
    assert all(check.hint for check in diagnosis.checks if check.status is not CheckStatus.ok)
    assert not workspace.database.exists(), "looking makes nothing"


def test_a_check_that_fails_is_a_problem_and_the_others_run() -> None:
    def broken() -> Check:
        raise ValueError("oops")

    def away() -> Check:
        raise Unavailable("The store is away.", hint="Wait.")

    checks: list[tuple[str, Callable[[], Check]]] = [
        ("broken", broken),
        ("away", away),
        ("good", lambda: ok("good", "fine")),
    ]
    found = diagnose("1", "/w", checks).checks
    assert [(check.name, check.status) for check in found] == [
        ("broken", "problem"),
        ("away", "problem"),
        ("good", "ok"),
    ]
    assert "oops" in found[0].message and found[1].hint == "Wait."


def test_a_workspace_on_a_network_file_system(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_checks, "filesystem", lambda path: "nfs4")
    check = doctor_checks.check_workspace(workspace)
    assert check.status == "problem" and "nfs4" in check.message and "local disk" in check.hint


def test_a_workspace_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    diagnosis = doctor_checks.diagnose_directory(tmp_path / "file")
    problems = {check.name for check in diagnosis.checks if check.status is CheckStatus.problem}
    assert "workspace" in problems


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_workspace_that_is_read_only(workspace: Workspace) -> None:
    workspace.home.chmod(0o500)
    try:
        assert doctor_checks.check_workspace(workspace).status == "problem"
    finally:
        workspace.home.chmod(0o700)


@pytest.mark.parametrize(
    ("mode", "may"), [(0o777, "write to"), (0o730, "write to"), (0o755, "look into"), (0o701, "look into")]
)
def test_a_workspace_that_is_open_to_others(workspace: Workspace, mode: int, may: str) -> None:
    assert doctor_checks.check_workspace(workspace).status == "ok"
    workspace.home.chmod(mode)
    check = doctor_checks.check_workspace(workspace)
    assert check.status == "warning" and f"may {may}" in check.message and "chmod go=" in check.hint


@pytest.mark.parametrize(("free", "status"), [(10**12, "ok"), (10**9, "warning"), (10**6, "problem")])
def test_disk(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor_checks.shutil, "disk_usage", lambda path: usage(2 * free, free, free))
    assert doctor_checks.check_disk(workspace).status == status


def test_clock(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor_checks.check_clock(workspace).status == "ok"
    now = doctor_checks.time.time()
    monkeypatch.setattr(doctor_checks.time, "time", lambda: now + 3600)
    assert doctor_checks.check_clock(workspace).status == "warning"


def test_database(workspace: Workspace) -> None:
    from studio_ext.adapters.sql_store.migrate import migrate

    assert "none yet" in doctor_checks.check_database(workspace).message
    migrate(workspace.database)
    assert doctor_checks.check_database(workspace).status == "ok"
    with sqlite3.connect(workspace.database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert doctor_checks.check_database(workspace).status == "warning"
    workspace.database.write_bytes(b"not a database" * 100)
    assert doctor_checks.check_database(workspace).status == "problem"


def test_controller(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio_ext._version import __version__
    from studio_ext.adapters.controller_launcher import DetachedController
    from studio_ext.adapters.sql_store import SqlStore
    from studio_ext.adapters.sql_store.migrate import migrate
    from studio_ext.ports.store import Lease

    assert "none runs" in doctor_checks.check_controller(workspace).message
    monkeypatch.setattr(DetachedController, "running", lambda self: True)
    assert "starting" in doctor_checks.check_controller(workspace).message
    migrate(workspace.database)
    assert "starting" in doctor_checks.check_controller(workspace).message
    store = SqlStore(workspace.database)
    now = doctor_checks.time.time()
    for version, heartbeat, status in (
        (__version__, now, "ok"),
        ("0.0.1", now, "warning"),
        (__version__, now - 600, "problem"),
    ):
        store.beat(Lease(os.getpid(), 1, "boot", version, heartbeat))
        check = doctor_checks.check_controller(workspace)
        assert check.status == status and str(os.getpid()) in check.message
    store.close()


@pytest.fixture
def server() -> Iterator[tuple[str, list[int]]]:
    statuses = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses[0])
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://me:hidden@127.0.0.1:{http.server_port}", statuses
        http.shutdown()
        thread.join()


@pytest.mark.parametrize(("code", "status"), [(200, "ok"), (401, "problem"), (500, "warning")])
def test_tracking_server(workspace: Workspace, server: tuple[str, list[int]], code: int, status: str) -> None:
    uri, statuses = server
    statuses[0] = code
    check = doctor_checks.check_tracking(Workspace(workspace.home, uri))
    assert check.status == status and "hidden" not in check.message


@pytest.mark.parametrize(
    "uri", ["http://me:hidden@127.0.0.1:1", "sqlite:///{file}", "nonsense+driver://me:hidden@127.0.0.1/x"]
)
def test_tracking_that_does_not_answer(workspace: Workspace, tmp_path: Path, uri: str) -> None:
    (tmp_path / "file").write_text("not a database, and long enough to be seen as none" * 30)
    check = doctor_checks.check_tracking(Workspace(workspace.home, uri.format(file=tmp_path / "file")))
    assert check.status == "problem" and "hidden" not in check.message


def test_tracking_file(workspace: Workspace) -> None:
    assert "makes it" in doctor_checks.check_tracking(workspace).message
    with sqlite3.connect(workspace.home / "mlflow.db") as connection:
        connection.execute("CREATE TABLE runs (x)")
        connection.execute("INSERT INTO runs VALUES (1)")
    assert doctor_checks.check_tracking(workspace).message.endswith("mlflow.db, 1 run")


def test_kernels_that_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor_tools.check_kernels().status == "ok"
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    spec = tmp_path / "kernels" / "gone"
    spec.mkdir(parents=True)
    argv = [str(tmp_path / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Gone", "language": "python"}))
    check = doctor_tools.check_kernels()
    assert check.status == "warning" and "gone" in check.message
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    assert "no ipykernel" in doctor_tools.check_kernels().message


@pytest.mark.parametrize(
    ("front", "back", "status", "said"),
    [
        (True, True, "ok", "both halves"),
        (True, False, "warning", "disabled"),
        (True, None, "warning", "not enabled"),
        (False, True, "warning", "front end"),
    ],
)
def test_jupyterlab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, front: bool, back: bool | None, status: str, said: str
) -> None:
    import jupyter_core.paths

    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda *names: [str(tmp_path / "labextensions")])
    monkeypatch.setattr(jupyter_core.paths, "jupyter_config_path", lambda: [str(tmp_path)])
    if front:
        (tmp_path / "labextensions/studio_ext").mkdir(parents=True)
        (tmp_path / "labextensions/studio_ext/package.json").write_text("{}")
    if back is not None:
        (tmp_path / "jupyter_server_config.d").mkdir()
        config = {"ServerApp": {"jpserver_extensions": {"studio_ext": back}}}
        (tmp_path / "jupyter_server_config.d/studio_ext.json").write_text(json.dumps(config))
    check = doctor_tools.check_jupyterlab()
    assert check.status == status and said in check.message


def test_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor_tools.check_git().status == "warning"
    (tmp_path / "git").write_text("#!/bin/sh\necho git version 9\n")
    (tmp_path / "git").chmod(0o755)
    assert doctor_tools.check_git().message == "git version 9"


def test_without_an_engine_there_is_a_hint_and_no_problem(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{workspace.home}/none.sock")
    engine, mounts, image = (check() for _, check in container_checks(workspace))
    assert engine.status == "warning" and "there is no socket" in engine.message and "DOCKER_HOST" in engine.hint
    assert (mounts.status, image.status) == ("ok", "ok")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[docker]\nimage = 'x'", "docker.image is not known"),
        ("docker = 1", "docker must be a table"),
        ("[docker]\npids_limit = 1", "docker.pids_limit is wrong"),
        ("[docker]\npath_map = { a = 'b' }", "docker.path_map is wrong"),
        ("[docker", "cannot be read"),
    ],
)
def test_settings_of_containers_that_are_wrong(workspace: Workspace, text: str, said: str) -> None:
    workspace.config_file.write_text(text)
    ((_, check),) = container_checks(workspace)
    assert check().status == "problem" and said in check().message
    info = DockerRunner(workspace).info()
    assert not info.available and said in info.reason

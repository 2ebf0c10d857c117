"""The client on this machine. The first tests start a real controller, and end it by its pid."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters import host, local_workspace
from studio_ext.adapters.local_client import LocalClient, load_runners
from studio_ext.adapters.sql_store import SqlStore, migrate
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound
from studio_ext.contract.jobs import JobStatus, SubmitRequest
from studio_ext.core.workspace import Workspace
from studio_ext.testing.sample_jobs import finish, sample_job
from studio_ext.testing.workspaces import stop_controller, temporary_workspace

EXAMPLE = Path(__file__).parents[3] / "examples" / "house-prices" / "train.ipynb"


def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        threading.Event().wait(0.02)


class Launcher:
    """Counts instead of starting processes."""

    def __init__(self) -> None:
        self.ensured = 0

    def ensure(self) -> None:
        self.ensured += 1

    def running(self) -> bool:
        return False

    def starting(self) -> bool:
        return False


@pytest.fixture
def quiet(store: SqlStore, workspace: Workspace) -> Iterator[LocalClient]:
    """A client of a workspace whose schema is made, without a controller."""
    client = LocalClient(workspace)
    client._launcher = Launcher()  # type: ignore[assignment]
    yield client
    client.close()


# -- with a controller ----------------------------------------------------------------------------------------


def test_a_new_workspace_gets_one_controller_which_makes_the_schema(tmp_path: Path) -> None:
    with temporary_workspace(tmp_path / "new") as workspace:
        assert not workspace.database.exists()
        clients = [LocalClient(workspace) for _ in range(3)]
        revisions: list[int] = []
        threads = [threading.Thread(target=lambda c=each: revisions.append(c.store.revision())) for each in clients]  # type: ignore[misc]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(90)
        assert revisions == [0, 0, 0]
        until(lambda: clients[0].store.lease() is not None)
        lease = clients[0].store.lease()
        assert lease is not None
        assert host.lives(lease.pid, lease.start_time, lease.boot_id)
        assert os.getsid(lease.pid) == lease.pid, "it outlives whoever started it"
        until(lambda: all(each._launcher._starting is None or each._launcher._starting.poll() is not None
                          or each._launcher._starting.pid == lease.pid for each in clients))  # fmt: skip
        assert clients[0].info().controller_running

        os.kill(lease.pid, signal.SIGTERM)
        until(lambda: not clients[0].info().controller_running)
        for each in clients:
            each.close()
        assert "Traceback" not in workspace.controller_log.read_text()
        stop_controller(workspace)


def test_a_newer_schema_starts_no_controller(store: SqlStore, workspace: Workspace) -> None:
    store.close()
    with closing(sqlite3.connect(workspace.database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    client = LocalClient(workspace)
    client._launcher = launcher = Launcher()  # type: ignore[assignment]
    with pytest.raises(Conflict, match="9999") as caught:
        client.jobs()
    assert "pip install -U" in caught.value.hint
    assert launcher.ensured == 0


def test_an_older_schema_waits_for_the_controller(
    store: SqlStore, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_workspace, "KNOWN", ("0000", migrate.HEAD))
    monkeypatch.setattr(migrate, "KNOWN", ("0000", migrate.HEAD))
    store.close()

    def set_schema(name: str) -> None:
        with closing(sqlite3.connect(workspace.database)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", [name])
            connection.commit()

    class Migrating(Launcher):
        def ensure(self) -> None:
            super().ensure()
            threading.Timer(0.1, set_schema, [migrate.HEAD]).start()

        def starting(self) -> bool:
            return True

    set_schema("0000")
    client = LocalClient(workspace)
    client._launcher = launcher = Migrating()  # type: ignore[assignment]
    assert client.jobs().total == 0
    assert launcher.ensured == 1
    client.close()


def test_trials_do_not_wait_for_the_database(quiet: LocalClient, monkeypatch: pytest.MonkeyPatch) -> None:
    opening, may_end = threading.Event(), threading.Event()
    whole = quiet._open_store

    def open_store() -> SqlStore:
        opening.set()
        may_end.wait(30)
        return whole()

    monkeypatch.setattr(quiet, "_open_store", open_store)
    opener = threading.Thread(target=quiet.jobs)
    reader = threading.Thread(target=lambda: quiet.tracking)
    opener.start()
    try:
        assert opening.wait(10)
        reader.start()
        reader.join(20)
        assert not reader.is_alive()
        assert opener.is_alive()
    finally:
        may_end.set()
        opener.join(10)


# -- submitting -----------------------------------------------------------------------------------------------


def test_submit(quiet: LocalClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(EXAMPLE, tmp_path)
    monkeypatch.chdir(tmp_path)
    job = quiet.submit(SubmitRequest(notebook="train.ipynb", parameters={"max_depth": 8}))
    assert (job.status, job.user, job.notebook) == (JobStatus.Pending, host.user_name(), str(tmp_path / "train.ipynb"))
    assert quiet._launcher.ensured == 1  # type: ignore[attr-defined]
    assert quiet.job(job.id[:11]).id == job.id
    assert [each.id for each in quiet.jobs().items] == [job.id]
    assert [each.id for each in quiet.changes(0).items] == [job.id]
    assert {each.name for each in quiet.files(job.id)} >= {"code", "input", "output"}
    assert quiet.log(job.id).text == ""
    before = quiet._launcher.ensured  # type: ignore[attr-defined]
    assert quiet.stop(job.id).stop_requested
    assert quiet._launcher.ensured == before + 1  # type: ignore[attr-defined]


def test_a_client_with_a_root_takes_paths_literally(quiet: LocalClient, tmp_path: Path) -> None:
    (tmp_path / "~").mkdir()
    shutil.copy(EXAMPLE, tmp_path / "~" / "n.ipynb")
    quiet._root = tmp_path
    assert quiet.submit(SubmitRequest(notebook="~/n.ipynb")).notebook == "~/n.ipynb"


@pytest.mark.parametrize("notebook", ["", "a\0b", "~no-such-person-here/n.ipynb"])
def test_what_is_no_path(quiet: LocalClient, notebook: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        quiet.inspect(notebook)
    assert caught.value.fields[0].field == "notebook"


def test_home(quiet: LocalClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copy(EXAMPLE, tmp_path / "n.ipynb")
    assert quiet.inspect("~/n.ipynb").cells > 0
    with pytest.raises(NotFound):
        quiet.inspect("~/missing.ipynb")


# -- jobs -----------------------------------------------------------------------------------------------------


def test_pages_are_bounded(quiet: LocalClient) -> None:
    for limit in (0, -1):
        with pytest.raises(InvalidRequest, match="limit"):
            quiet.jobs(limit=limit)
    for _ in range(3):
        quiet.store.add(sample_job(), None)
    assert len(quiet.jobs(limit=10**9).items) == 3
    assert len(quiet.changes(0, limit=2).items) == 2


def test_delete_and_restore(quiet: LocalClient) -> None:
    job, _ = quiet.store.add(sample_job(), None)
    with pytest.raises(Conflict):
        quiet.delete(job.id)
    finish(quiet.store, job.id)
    quiet.delete(job.id[:11], trial=True)
    with pytest.raises(NotFound):
        quiet.job(job.id)
    assert quiet.restore(job.id).id == job.id
    assert quiet.job(job.id).id == job.id


def test_experiments_need_a_name(quiet: LocalClient) -> None:
    with pytest.raises(InvalidRequest) as caught:
        quiet.create_experiment("  ")
    assert caught.value.fields[0].field == "name"


def test_a_closed_client_opens_again(quiet: LocalClient) -> None:
    quiet.close()
    quiet.close()
    assert quiet.jobs().total == 0


# -- runners --------------------------------------------------------------------------------------------------


def plug_in(folder: Path, points: str, code: str = "") -> None:
    """A package on the path, as pip would leave it."""
    (folder / "plugin-1.0.dist-info").mkdir()
    (folder / "plugin-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
    (folder / "plugin-1.0.dist-info" / "entry_points.txt").write_text(f"[studio_ext.runners]\n{points}\n")
    (folder / "broken_plugin.py").write_text(code)


def test_runners_of_other_packages(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(tmp_path, "fake = studio_ext.testing.fake_runner:FakeRunner")
    monkeypatch.syspath_prepend(str(tmp_path))
    runner: Any = load_runners(workspace)["fake"]
    assert runner.workspace is workspace


@pytest.mark.parametrize(
    ("point", "code"),
    [
        ("gone = no_such_module:Runner", ""),
        ("gone = broken_plugin:Runner", ""),
        ("gone = broken_plugin:Runner", "raise OSError('no engine')"),
        ("gone = broken_plugin:Runner", "class Runner:\n    def __init__(self, workspace): raise ValueError('no')"),
    ],
)
def test_a_broken_runner_takes_nothing_else_with_it(
    workspace: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    point: str,
    code: str,
) -> None:
    plug_in(tmp_path, f"{point}\nfake = studio_ext.testing.fake_runner:FakeRunner", code)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "broken_plugin", raising=False)
    runners = load_runners(workspace)
    assert "fake" in runners
    assert "gone" not in runners
    assert "gone" in caplog.text


def test_options(quiet: LocalClient) -> None:
    options = quiet.options()
    assert options.default_kernel == "python3"
    assert "process" in [runner.name for runner in options.runners]
    assert options.cpus >= 1
    assert options.memory_bytes > 2**20


def test_a_notebook_below_the_root_is_named_relative_to_it(
    workspace: Workspace, store: SqlStore, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    inside, outside = sample_job(), sample_job()
    inside.notebook, outside.notebook = str(root / "a" / "train.ipynb"), str(tmp_path / "rooted" / "train.ipynb")
    store.add(inside, None)
    store.add(outside, None)
    client = LocalClient(workspace, root=root)
    client._launcher = Launcher()  # type: ignore[assignment]  # looking at open jobs would start a real one
    try:
        assert client.job(inside.id).notebook == "a/train.ipynb"
        assert client.job(outside.id).notebook == outside.notebook
        assert {job.notebook for job in client.jobs().items} == {"a/train.ipynb", outside.notebook}
        assert {job.notebook for job in client.changes(0).items} == {"a/train.ipynb", outside.notebook}
    finally:
        client.close()


# -- a controller that is gone --------------------------------------------------------------------------------


@pytest.mark.parametrize("look", ["jobs", "job", "data_version"])
def test_whoever_looks_at_jobs_that_nobody_looks_after_starts_a_controller(quiet: LocalClient, look: str) -> None:
    launcher: Any = quiet._launcher
    job, _ = quiet.store.add(sample_job(), None)
    getattr(quiet, look)(*[job.id][: look == "job"])
    assert launcher.ensured == 1
    getattr(quiet, look)(*[job.id][: look == "job"])
    assert launcher.ensured == 1, "not at every look"


def test_controllers_that_do_not_last_are_started_less_and_less_often(
    quiet: LocalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher: Any = quiet._launcher
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    job, _ = quiet.store.add(sample_job(), None)
    started: list[float] = []
    while now[0] < 1400:
        before = launcher.ensured
        quiet.data_version()
        if launcher.ensured > before:
            started.append(now[0] - 1000)
        now[0] += 0.5
    assert [round(each / 10) for each in started] == [0, 0, 1, 1, 3, 6, 13, 19, 25, 32, 38]
    finish(quiet.store, job.id)
    quiet.store.recorded(job.id)
    now[0] += 100
    before = launcher.ensured
    quiet.data_version()
    assert launcher.ensured == before, "nothing is left to do"


def test_no_controller_is_started_for_jobs_that_are_over(quiet: LocalClient) -> None:
    launcher: Any = quiet._launcher
    job, _ = quiet.store.add(sample_job(), None)
    finish(quiet.store, job.id)
    quiet.store.recorded(job.id)
    assert quiet.jobs().total == 1
    assert launcher.ensured == 0

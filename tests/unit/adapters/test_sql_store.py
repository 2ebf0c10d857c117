"""The store on SQLite: the shipped promises, and what is particular to a file that many processes share."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, insert, update
from sqlalchemy.engine import Engine

from studio_ext.adapters.sql_store import SqlStore, engine, migrate, rows, schema
from studio_ext.adapters.sql_store.schema import metadata
from studio_ext.contract.errors import Conflict, Unavailable
from studio_ext.contract.jobs import JobStatus, SecondaryStatus
from studio_ext.core.workspace import Workspace
from studio_ext.testing.sample_jobs import sample_job
from studio_ext.testing.store_suite import StoreSuite


class TestSqlStore(StoreSuite):
    """Keeps the promises of the port."""


def integrity(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


# -- schema ---------------------------------------------------------------------------------------------------


def test_known_schemas_are_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [migrate.HEAD]
    assert tuple(each.revision for each in script.walk_revisions())[::-1] == migrate.KNOWN


def test_migrations_make_the_schema_that_the_code_declares(store: SqlStore, workspace: Workspace) -> None:
    with engine.make_engine(workspace.database).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_database_is_private_and_uses_wal(store: SqlStore, workspace: Workspace) -> None:
    assert workspace.database.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(workspace.database)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_migrating_again_changes_nothing(store: SqlStore, workspace: Workspace) -> None:
    job, _ = store.add(sample_job(), None)
    migrate.migrate(workspace.database)
    assert store.get(job.id).id == job.id


def test_no_database_yet(workspace: Workspace) -> None:
    with pytest.raises(Unavailable, match="not been made yet"):
        SqlStore(workspace.database)
    assert not workspace.database.exists(), "only the controller makes it"
    sqlite3.connect(workspace.database).close()
    workspace.database.touch()
    with pytest.raises(Unavailable, match="not been made yet"):
        SqlStore(workspace.database)


def test_a_newer_schema_is_refused_and_left_alone(store: SqlStore, workspace: Workspace) -> None:
    store.close()
    with closing(sqlite3.connect(workspace.database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    for use in (SqlStore, migrate.migrate):
        with pytest.raises(Conflict, match="9999") as caught:
            use(workspace.database)
        assert "pip install -U studio_ext" in caught.value.hint
    assert migrate.schema_of(workspace.database) == "9999"


def test_a_database_of_the_first_schema_is_brought_up_to_date(workspace: Workspace) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with engine.make_engine(workspace.database).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    job = sample_job()
    columns = {**rows.job_columns(job), "status": "Completed", "revision": 1, "deleted": 1.0, "delete_trial": True}
    with engine.make_engine(workspace.database).begin() as connection:
        connection.execute(insert(schema.jobs).values(**columns))
        connection.execute(update(schema.revisions).values(revision=1))
    assert migrate.schema_of(workspace.database) == "0001"
    migrate.migrate(workspace.database)
    assert migrate.schema_of(workspace.database) == migrate.HEAD
    with closing(SqlStore(workspace.database)) as store:
        assert store.get(job.id, deleted=True).id == job.id
        assert store.purge(job.id)
        assert store.changed(1, 10).removed == [job.id]
    assert integrity(workspace.database) == "ok"


def test_an_older_schema_waits_for_its_controller() -> None:
    error = migrate.unknown_schema(migrate.KNOWN[0])
    assert "older" in error.message


def test_a_file_that_is_no_database(workspace: Workspace) -> None:
    workspace.database.write_bytes(b"no database at all, " * 300)
    for use in (SqlStore, migrate.migrate):
        with pytest.raises(Conflict, match="not a database"):
            use(workspace.database)


@pytest.mark.parametrize("name", ["a space", "100% sure", "what?x=1", "number#1", "é🙂", "semi;colon'quote"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    migrate.migrate(folder / "studio.db")
    with closing(SqlStore(folder / "studio.db")) as store:
        job, _ = store.add(sample_job(), None)
        assert store.get(job.id).id == job.id
        assert store.data_version() > 0
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("statement", [1, 3, 8, 12, 15])
def test_a_migration_that_was_killed_can_be_run_again(workspace: Workspace, statement: int) -> None:
    child = os.fork()
    if child == 0:
        count = 0

        @event.listens_for(Engine, "before_cursor_execute")
        def _kill(*_args: object) -> None:
            nonlocal count
            count += 1
            if count > statement:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            migrate.migrate(workspace.database)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert migrate.schema_of(workspace.database) in (None, migrate.HEAD)
    migrate.migrate(workspace.database)
    with closing(SqlStore(workspace.database)) as store:
        assert store.add(sample_job(), None)[1]
    assert integrity(workspace.database) == "ok"


# -- many processes -------------------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from studio_ext.adapters.sql_store import SqlStore
from studio_ext.testing.sample_jobs import sample_job
from studio_ext.contract.jobs import Progress
store = SqlStore(Path(sys.argv[1]))
for number in range(25):
    job, _ = store.add(sample_job(name=f"{sys.argv[2]}-{number}"), f"{sys.argv[2]}-{number}")
    store.set_progress(job.id, Progress(done=number, total=25))
    store.add(sample_job(name="shared"), f"shared-{number}")
store.close()
"""


def test_writers_in_several_processes(store: SqlStore, workspace: Workspace) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(workspace.database), name]) for name in ("a", "b", "c")
    ]
    while any(writer.poll() is None for writer in writers):
        store.jobs(limit=5)  # a reader is never in the way
        time.sleep(0.01)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    page = store.jobs(limit=200)
    assert page.total == 3 * 25 + 25
    revisions = [job.revision for job in page.items]
    assert len(set(revisions)) == len(revisions)
    assert integrity(workspace.database) == "ok"


def test_a_locked_database_is_waited_for(store: SqlStore, workspace: Workspace) -> None:
    job, _ = store.add(sample_job(), None)
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(workspace.database)) as other:
            other.execute("BEGIN IMMEDIATE")
            locked.set()
            time.sleep(0.4)
            done.set()
            other.rollback()

    thread = threading.Thread(target=hold)
    thread.start()
    assert locked.wait(5)
    assert store.get(job.id).id == job.id, "reading does not wait"
    assert not done.is_set()
    assert store.step(
        job.id, expect=[JobStatus.Pending], status=JobStatus.Starting, secondary_status=SecondaryStatus.Starting
    )
    assert done.is_set(), "writing waited"
    thread.join()


def test_a_database_that_stays_locked(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate.migrate(workspace.database)
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.1)
    with closing(SqlStore(workspace.database)) as store, closing(sqlite3.connect(workspace.database)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked") as caught:
            store.add(sample_job(), None)
        assert "studio doctor" in caught.value.hint
        other.rollback()
        assert store.add(sample_job(), None)[1], "and works again"


def test_a_failed_submission_leaves_no_row(store: SqlStore) -> None:
    broken = sample_job(parameters={"x": object()})
    with pytest.raises(Exception, match="serialize"):
        store.add(broken, "key")
    assert store.by_key("key") is None
    assert store.jobs(limit=1).total == 0


def test_a_commit_survives_kill(workspace: Workspace) -> None:
    migrate.migrate(workspace.database)
    code = WRITER.replace("store.close()", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    done = subprocess.run([sys.executable, "-c", code, str(workspace.database), "a"], check=False)
    assert done.returncode == -signal.SIGKILL
    with closing(SqlStore(workspace.database)) as store:
        assert store.jobs(limit=1).total == 50
    assert integrity(workspace.database) == "ok"


def test_many_jobs_at_a_time(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio_ext.adapters.sql_store.store._TOGETHER", 3)
    ids = [store.add(sample_job(), None)[0].id for _ in range(7)]
    for job_id in ids[::2]:
        store.step(
            job_id, expect=[JobStatus.Pending], status=JobStatus.Starting, secondary_status=SecondaryStatus.Starting
        )
    active = store.active()
    assert [job.id for job in active] == ids
    assert [len(job.transitions) for job in active] == [2, 1, 2, 1, 2, 1, 2]
    assert active == [store.get(job_id) for job_id in ids]

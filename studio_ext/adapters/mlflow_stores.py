"""MLflow's stores: importing it without a mess, making a store whole, and opening it."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio_ext.adapters.mlflow_calls import away
from studio_ext.contract.errors import Conflict

_BUSY_MILLISECONDS = 3000
"""MLflow waits 20 s for a locked SQLite file; a person in front of a table does not."""


def open_stores(uri: str, artifact_root: Path, *, lean: bool) -> tuple[Any, Any]:
    """MLflow's stores of runs and of models, made if they are not there (call with :func:`creation_lock`).

    Raises ``Conflict`` for one of another version of MLflow, ``Unavailable`` for one that is away.
    """
    _import_mlflow(lean=lean)
    from mlflow.exceptions import MlflowException
    from mlflow.server import handlers

    sqlite = sqlite_path(uri)
    try:
        if sqlite is not None:
            if not sqlite.exists() or sqlite.stat().st_size == 0:
                _make_sqlite_store(sqlite, artifact_root)
            use_wal(sqlite)
        tracking = handlers._tracking_store_registry.get_store(uri, str(artifact_root))
        if sqlite is not None:
            _shorten_busy_timeout(tracking.engine)
        registry = handlers._model_registry_store_registry.get_store(uri)
    except MlflowException as error:
        raise _store_error(str(error)) from error
    except Exception as error:  # drivers raise what they like
        raise away(f"{type(error).__name__}: {error}") from error
    return tracking, registry


def sqlite_path(uri: str) -> Path | None:
    """The file of a SQLite tracking URI; None for other stores."""
    scheme, separator, rest = uri.partition(":///")
    if not separator or scheme.partition("+")[0] != "sqlite":
        return None
    return Path(rest.partition("?")[0])


def _make_sqlite_store(path: Path, artifact_root: Path) -> None:
    """Make the tables under another name and rename them into place (call with the creation lock).

    MLflow makes them in dozens of steps that it cannot take up again: a process killed in between would leave a
    store that nobody can open. So nothing of it has to be on the disk before the last of them, which on a slow disk
    is what takes most of the time.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    for leftover in ("", "-wal", "-shm", "-journal"):
        unfinished.with_name(unfinished.name + leftover).unlink(missing_ok=True)
    with _migrations_lock, _unsynced(unfinished):
        store = SqlAlchemyStore(f"sqlite:///{unfinished}", str(artifact_root))
        store.engine.dispose()
    with contextlib.closing(sqlite3.connect(unfinished)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # everything in the one file that is renamed
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)


@contextlib.contextmanager
def _unsynced(path: Path) -> Iterator[None]:
    """Let connections to a database that are made meanwhile not wait for the disk."""
    from sqlalchemy import Engine, event

    def connected(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            (_, _, file) = connection.execute("PRAGMA database_list").fetchone()
            if file == str(path.resolve()):
                connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", connected)
    try:
        yield
    finally:
        event.remove(Engine, "connect", connected)


def use_wal(path: Path) -> None:
    """Let readers and the writer of a SQLite file not wait for each other. Stays with the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_MILLISECONDS / 1000)) as connection:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode=WAL")
        path.chmod(0o600)
    except sqlite3.Error as error:
        raise away(f"{path}: {error}") from error


@contextlib.contextmanager
def creation_lock(uri: str) -> Iterator[None]:
    """One process at a time makes the tables of a SQLite store; MLflow's migrations bear no company."""
    path = sqlite_path(uri)
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _import_mlflow(*, lean: bool) -> None:
    """Import all that is needed here, one thread at a time: threads that begin in different places lock each other."""
    with _import_lock:
        is_ours = "mlflow" not in sys.modules
        if is_ours:
            os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        if is_ours and lean:
            # MLflow's slim distribution does without pandas, and its server without its login pages.
            sys.modules.setdefault("mlflow.server.auth", None)  # type: ignore[arg-type]
            sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]
        # What MLflow's server says of its own dependencies would land in whichever cell runs now.
        warnings.filterwarnings("ignore", module=r"mlflow\.server\.")
        try:
            import mlflow.server
            import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
        finally:
            if sys.modules.get("pandas", ...) is None:
                del sys.modules["pandas"]  # the rare call that needs it (a model with a signature) may have it
        if is_ours:
            for name in ("mlflow.store.db.utils", "mlflow.server.handlers", "alembic"):
                logging.getLogger(name).setLevel(
                    logging.CRITICAL
                )  # errors reach people as Unavailable, not as log lines


_import_lock = threading.Lock()
_migrations_lock = threading.Lock()
"""alembic keeps what it migrates in module variables."""


def _shorten_busy_timeout(engine: Any) -> None:
    from sqlalchemy import event

    def shorten(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> tuple[str, Any]:
        if statement.startswith("PRAGMA busy_timeout"):
            statement = f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS};"
        return statement, parameters

    if not getattr(engine, "_studio_busy_timeout", False):
        event.listen(engine, "before_cursor_execute", shorten, retval=True)
        engine._studio_busy_timeout = True


def _store_error(message: str) -> Exception:
    if "mlflow db upgrade" in message or "out-of-date" in message:
        return Conflict(
            "The tracking store was made by another version of MLflow.",
            hint="Make a backup of it and run `mlflow db upgrade <tracking URI>`, or install the newer MLflow.",
        )
    return away(message)

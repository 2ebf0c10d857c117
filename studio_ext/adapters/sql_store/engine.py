"""SQLite the way we want it: WAL, foreign keys, writers that take the lock at once instead of half-way."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

BUSY_SECONDS = 30.0
_BUSY_VARIABLE = "STUDIO_BUSY_SECONDS"


def busy_seconds() -> float:
    """How long one who writes waits for another to let go of the database; others only in tests."""
    return float(os.environ.get(_BUSY_VARIABLE) or BUSY_SECONDS)


def make_engine(database: Path, *, synchronous: str = "FULL", begin: str = "BEGIN IMMEDIATE") -> Engine:
    """An engine on the database file.

    ``FULL`` syncs each commit: what was acknowledged survives a power cut. ``begin`` is what a transaction
    starts with; readers use plain ``BEGIN`` and never wait for a writer.
    """
    url = URL.create("sqlite", database=str(database))  # as it is: a path may hold '?', '#' and '%'
    engine = create_engine(url, connect_args={"timeout": busy_seconds(), "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not guessed by the driver
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def read_only_uri(database: Path) -> str:
    """The address under which ``sqlite3`` opens the database file without ever making it."""
    return f"{database.absolute().as_uri()}?mode=ro"

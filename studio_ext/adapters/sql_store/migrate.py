"""Brings the schema of a workspace database up to date. Only the controller does this."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

HEAD = "0001"
"""The schema that this version knows; a test compares it with the newest migration."""


def schema_of(database: Path) -> str | None:
    """The schema revision of a database file; None when there is none yet."""
    if not database.exists():
        return None
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
    return str(row[0]) if row else None


def migrate(database: Path) -> None:
    """Make the database, or bring it to :data:`HEAD`. An interrupted migration can be run again."""
    if schema_of(database) == HEAD:
        return
    from alembic import command
    from alembic.config import Config

    from studio_ext.adapters.sql_store.engine import make_engine

    engine = make_engine(database)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
    database.chmod(0o600)

"""Brings the schema of a workspace database up to date. Only the controller does this."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from studio_ext.adapters.sql_store.engine import busy_seconds, make_engine, read_only_uri
from studio_ext.contract.errors import Conflict, Unavailable

KNOWN = ("0001", "0002")
"""All schemas that this version knows, oldest first; a test compares them with the migrations."""
HEAD = KNOWN[-1]
"""The schema that this version works with."""


def schema_of(database: Path) -> str | None:
    """The schema revision of a database file; None when there is none yet.

    Raises ``Conflict`` for a file that is no database, ``Unavailable`` while it cannot be read.
    """
    if not database.exists():
        return None
    try:
        with closing(sqlite3.connect(read_only_uri(database), uri=True, timeout=busy_seconds())) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        raise Unavailable(
            f"The workspace database {database} cannot be read: {error}.", hint="studio doctor says more."
        ) from error
    except sqlite3.DatabaseError as error:
        raise Conflict(
            f"{database} is not a database of Studio, or is damaged: {error}.",
            hint="Put a backup in its place, or move it away: a new one is made, job directories and trials stay.",
        ) from error
    return str(row[0]) if row else None


def unknown_schema(schema: str) -> Conflict:
    """The error for a database that this version cannot work with."""
    if schema in KNOWN:
        return Conflict(
            f"The workspace database has schema {schema}, which is older than {HEAD}, and its controller is too.",
            hint="Wait until its jobs are over: the controller is replaced then and brings the database up to date.",
        )
    return Conflict(
        f"The workspace database has schema {schema}; this version of studio_ext knows {HEAD}.",
        hint="Upgrade studio_ext here (pip install -U studio_ext), or open the workspace with the newer one.",
    )


def migrate(database: Path) -> None:
    """Make the database, or bring it to :data:`HEAD`. An interrupted migration can be run again.

    Raises ``Conflict`` when its schema is none that this version knows.
    """
    schema = schema_of(database)
    if schema == HEAD:
        return
    if schema is not None and schema not in KNOWN:
        raise unknown_schema(schema)
    from alembic import command
    from alembic.config import Config

    engine = make_engine(database)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
    database.chmod(0o600)

"""The workspace database: SQLite in WAL mode through SQLAlchemy, schema by alembic."""

from studio_ext.adapters.sql_store.store import SqlStore

__all__ = ["SqlStore"]

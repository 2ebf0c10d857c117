"""Run by alembic: the connection comes from :func:`studio_ext.adapters.sql_store.migrate.migrate`."""

from __future__ import annotations

from alembic import context

from studio_ext.adapters.sql_store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()

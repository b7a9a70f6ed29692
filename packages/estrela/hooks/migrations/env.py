"""Alembic's entry point: runs the migrations in the transaction of :meth:`MigratedSchema.migrate`."""

from __future__ import annotations

from alembic import context

given = context.config.attributes
context.configure(connection=given["connection"], version_table="schema_version", version_table_schema=given["schema"])
with context.begin_transaction():
    context.run_migrations()

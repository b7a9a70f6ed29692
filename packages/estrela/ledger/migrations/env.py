"""Runs the migrations on the connection that :func:`estrela.ledger.schema.migrate` gives."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="schema_version", version_table_schema="ledger")
with context.begin_transaction():
    context.run_migrations()

"""Alembic's entry: runs the migrations on the connection that :func:`dataharvest.database.schema.migrate` opened."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

connection: Connection = context.config.attributes["connection"]
connection.execute(text("CREATE SCHEMA IF NOT EXISTS dataharvest"))
context.configure(connection=connection, version_table="schema_version", version_table_schema="dataharvest")
with context.begin_transaction():
    context.run_migrations()

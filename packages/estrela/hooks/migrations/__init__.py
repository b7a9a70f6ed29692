"""Migrations of PostgreSQL schemas, by Alembic."""

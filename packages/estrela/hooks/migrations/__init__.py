"""Migrations of PostgreSQL schemas with Alembic."""

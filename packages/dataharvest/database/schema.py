"""DataHarvest's schema in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL

from estrela.hooks.database import DatabaseManager
from estrela.hooks.migrations.schema import MigratedSchema

SCHEMA = MigratedSchema("dataharvest", Path(__file__).parent / "migrations" / "versions")


def migrate(url: URL | str) -> None:
    """Migrate the database at a ``postgresql+psycopg://`` URL to the newest version. Raises LoadError."""
    database = DatabaseManager.from_url(url)
    try:
        SCHEMA.migrate(database)
    finally:
        database.engine.dispose()

"""DataHarvest's database on the PostgreSQL of Docker Compose, where Metabase reads it.

From the environment: its address (``DATAHARVEST_URL``) and password (``DATAHARVEST_PASSWORD``).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import URL, make_url

from dataharvest.database.schema import SCHEMA, migrate
from demo.databases import create_database
from estrela.hooks.database import DatabaseManager

SECRET = "dataharvest/database"  # noqa: S105 - the name of a secret
ADDRESS = "DATAHARVEST_URL"


def url_of(environ: Mapping[str, str]) -> URL:
    """Return the address with its password."""
    return make_url(environ[ADDRESS]).set(password=environ["DATAHARVEST_PASSWORD"])


def create_tables(url: URL) -> None:
    """Create the database and DataHarvest's tables; what exists stays. Raises LoadError."""
    create_database(url)
    migrate(url)


def emptied(url: URL) -> str:
    """Create the database, or drop DataHarvest's tables in it; return its address for libpq. Raises LoadError."""
    create_database(url)
    database = DatabaseManager.from_url(url)
    try:
        database.query(f"DROP SCHEMA IF EXISTS {SCHEMA.name} CASCADE")
    finally:
        database.engine.dispose()
    return url.set(drivername="postgresql").render_as_string(hide_password=False)

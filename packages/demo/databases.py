"""Databases of a PostgreSQL server."""

from __future__ import annotations

from sqlalchemy import URL, create_engine


def create_database(url: URL) -> None:
    """Create the database that ``url`` names, if the server lacks it."""
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        known = connection.exec_driver_sql("SELECT datname FROM pg_database").scalars().all()
        if url.database not in known:
            connection.exec_driver_sql(f'CREATE DATABASE "{url.database}"')
    engine.dispose()

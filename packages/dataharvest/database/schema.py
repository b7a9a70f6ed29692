"""Bring a database to the newest schema."""

from __future__ import annotations

from importlib import resources

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, create_engine

SCHEMA = "dataharvest"


def migrate(url: URL | str) -> None:
    """Apply the migrations that the database of a ``postgresql+psycopg://`` address lacks, in one transaction."""
    config = Config()
    with resources.as_file(resources.files("dataharvest.database") / "migrations") as folder:
        config.set_main_option("script_location", str(folder))
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        finally:
            engine.dispose()

"""Creates the ledger's schema in a database, or brings it to the newest version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from estrela.hooks.database import DatabaseManager

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 7_352_911
"""Advisory lock that lets one process at a time migrate."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def newest_version() -> str:
    """Return the newest version of the schema."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def migrate(database: DatabaseManager) -> None:
    """Bring the schema ``ledger`` to the newest version, in one transaction; does nothing if it is there already."""
    config = _config()
    with database.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS ledger"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

"""A PostgreSQL schema that is migrated from version to version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.schema import CreateSchema

from estrela.hooks.database import DatabaseManager


@dataclass(frozen=True)
class MigratedSchema:
    """The schema ``name``, whose versions are the Alembic modules in the folder ``versions``."""

    name: str
    versions: Path

    def newest_version(self) -> str:
        """Return the newest version."""
        return str(ScriptDirectory.from_config(self._config()).get_current_head())

    def migrate(self, database: DatabaseManager) -> None:
        """Create the schema, or upgrade it to the newest version, in one transaction. Raises LoadError."""
        config = self._config()
        with database.connection(f"schema {self.name}") as connection:
            # If several processes migrate at once, all except the first have nothing left to do.
            lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))")
            connection.execute(lock, {"lock": f"migrate {self.name}"})
            connection.execute(CreateSchema(self.name, if_not_exists=True))
            config.attributes |= {"connection": connection, "schema": self.name}
            command.upgrade(config, "head")

    def _config(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.set_main_option("version_locations", str(self.versions))
        # Otherwise Alembic would split the path at a space.
        config.set_main_option("path_separator", "newline")
        return config

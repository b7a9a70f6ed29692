"""PostgreSQL for questions: SQL in, typed rows out."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from estrela.errors import EstrelaError
from estrela.hooks.database import DatabaseManager
from metabase.preview.athena import Answer, Cell, QueryError


@dataclass(frozen=True)
class Postgres:
    """Queries to one database, each in a read-only transaction."""

    database: DatabaseManager

    def ask(self, name: str, sql: str) -> Answer:
        """Return the answer to ``sql``. Raises QueryError with PostgreSQL's own reason."""
        begun = time.monotonic()
        try:
            with self.database.connection(name) as connection:
                connection.execute(text("SET TRANSACTION READ ONLY"))
                # The driver executes the statement, so a colon in it does not start a parameter.
                result = connection.exec_driver_sql(sql)
                columns = tuple(result.keys())
                rows = tuple({key: _cell(value) for key, value in row.items()} for row in result.mappings())
        except EstrelaError as error:
            raise QueryError(name, str(error).removeprefix(f"{name}: ")) from error
        return Answer(columns, rows, None, int((time.monotonic() - begun) * 1000))

    def ask_all(self, queries: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Answer]:
        """Return the answers to pairs of name and SQL, each pair queried once. Raises the first QueryError."""
        return {query: self.ask(*query) for query in dict.fromkeys(queries)}


def _cell(value: object) -> Cell:
    return value if isinstance(value, int | float | Decimal | bool | str) or value is None else str(value)

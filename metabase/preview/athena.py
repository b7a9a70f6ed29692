"""Athena for questions: SQL in, typed rows out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import AthenaQueryError, EstrelaError
from estrela.hooks.athena import DEADLINE_SECONDS, AthenaQueries

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

CONCURRENT = 4

Cell = int | float | Decimal | bool | str | None

NUMBERS: Mapping[str, Callable[[str], Cell]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
    **dict.fromkeys(("double", "real", "float"), float),
    "decimal": Decimal,
    "boolean": lambda text: text == "true",
}
"""Parsers for the text of Athena's types; values of other types remain text."""


class QueryError(EstrelaError):
    """Athena did not answer: ``name`` of the query, and Athena's ``reason``."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"{name}: {reason}")


@dataclass(frozen=True)
class Answer:
    """The rows of a query by the names of their ``columns``, and its cost: bytes scanned and milliseconds.

    ``scanned_bytes`` is None for PostgreSQL, which does not count them.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Cell], ...]
    scanned_bytes: int | None
    milliseconds: int


@dataclass(frozen=True)
class Athena:
    """Queries through a boto3 Athena client in a workgroup that sets the location of results."""

    client: AthenaClient
    workgroup: str = "primary"
    deadline: float = DEADLINE_SECONDS
    sleep: Callable[[float], None] = time.sleep

    def ask(self, name: str, sql: str) -> Answer:
        """Return the answer to ``sql``. Raises QueryError with Athena's own reason, or after ``deadline`` seconds."""
        queries = AthenaQueries(self.client, self.workgroup, deadline=self.deadline, sleep=self.sleep)
        try:
            execution = queries.run(sql)
            columns, rows = self._rows(execution["QueryExecutionId"])
        except (AthenaQueryError, ClientError, BotoCoreError) as error:
            raise QueryError(name, str(error)) from error
        spent = execution.get("Statistics", {})
        return Answer(
            columns, rows, spent.get("DataScannedInBytes", 0), spent.get("TotalExecutionTimeInMillis", 0)
        )  # fmt: skip

    def ask_all(self, queries: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Answer]:
        """Return the answers to pairs of name and SQL, queried in parallel, each once. Raises the first QueryError."""
        with ThreadPoolExecutor(CONCURRENT) as pool:
            waiting = {query: pool.submit(self.ask, *query) for query in dict.fromkeys(queries)}
            try:
                return {query: future.result() for query, future in waiting.items()}
            finally:
                pool.shutdown(cancel_futures=True)

    def _rows(self, query: str) -> tuple[tuple[str, ...], tuple[Mapping[str, Cell], ...]]:
        """Return the columns and rows of all result pages; the first row of the first page is the header."""
        columns: Sequence[Any] = ()
        rows: list[Sequence[Any]] = []
        for page in self.client.get_paginator("get_query_results").paginate(QueryExecutionId=query):
            columns = columns or page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            rows += [row["Data"] for row in page["ResultSet"]["Rows"]]
        names = tuple(column["Name"] for column in columns)
        kinds = [str(column["Type"]) for column in columns]
        read = [
            {name: _cell(kind, cell.get("VarCharValue")) for name, kind, cell in zip(names, kinds, row, strict=True)}
            for row in rows[1:]
        ]
        return names, tuple(read)


def _cell(kind: str, text: str | None) -> Cell:
    return None if text is None else NUMBERS.get(kind, str)(text)

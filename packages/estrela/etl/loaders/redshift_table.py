"""The Redshift table of a feed: statements that create it, adapt it to the declaration, empty it and merge rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from estrela.errors import LoadError
from estrela.etl.loaders.postgres_table import is_wider
from estrela.etl.loaders.redshift_sql import (
    NULL_WORD,
    equal,
    failing_unless,
    listed,
    literal,
    mark,
    quoted,
    redshift_type,
)
from estrela.model.feed import FEED_COLUMNS, Feed, Load, SchemaChange
from estrela.model.feed_engine import Distribution, Redshift

STAGE = quoted("estrela_stage")
NUMBERS = ("integer", "bigint", "numeric")
"""Prefixes of the types whose columns can be widened."""


@dataclass(frozen=True)
class RedshiftTable:
    """Statements about the target of ``feed``."""

    feed: Feed

    @property
    def name(self) -> str:
        """Quoted name of the table."""
        return quoted(self.feed.target)

    @property
    def columns_query(self) -> str:
        """Query for the names and types of the table's columns; returns no rows if the table does not exist."""
        schema, _, table = self.feed.target.partition(".")
        return (
            "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale "
            f"FROM information_schema.columns WHERE table_schema = {literal(schema)} AND table_name = {literal(table)}"
        )

    @property
    def declared(self) -> dict[str, str]:
        """Declared columns and their types."""
        return {column.name: redshift_type(column.type) for column in (*self.feed.columns, *FEED_COLUMNS)}

    def created(self) -> list[str]:
        """Return the statements that create the schema and the table."""
        engine = self.feed.engine
        assert isinstance(engine, Redshift)
        required = {field.column for field in self.feed.fields if field.required} | {
            file_column.name for file_column in FEED_COLUMNS
        }
        columns = [f"{quoted(name)} {type_}{' NOT NULL' * (name in required)}" for name, type_ in self.declared.items()]
        # Redshift does not enforce primary keys but uses them for planning. The check of each load keeps them unique.
        keys = [f"PRIMARY KEY ({listed(self.feed.key)})"] if self.feed.key else []
        statement = f"CREATE TABLE IF NOT EXISTS {self.name} ({', '.join(columns + keys)}) "
        statement += f"DISTSTYLE {engine.distribution.upper()}"
        if engine.distribution is Distribution.KEY:
            statement += f" DISTKEY ({quoted(engine.distribution_key)})"
        if engine.sort:
            statement += f" COMPOUND SORTKEY ({listed(engine.sort)})"
        schema = self.feed.target.partition(".")[0]
        return [f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}", statement]

    def evolved(self, existing: Mapping[str, str]) -> list[str]:
        """Return the statements that update a table with the columns ``existing`` as far as schema_change allows.

        Raises LoadError.
        """
        required = {field.column for field in self.feed.fields if field.required}
        policy, statements = self.feed.schema_change, list[str]()
        for name, type_ in self.declared.items():
            may_add = policy in (SchemaChange.ADD_NULLABLE, SchemaChange.WIDEN) and name not in required
            if existing.get(name) == type_:
                continue
            if name not in existing and may_add:
                statements.append(f"ALTER TABLE {self.name} ADD COLUMN {quoted(name)} {type_}")
            elif name in existing and policy is SchemaChange.WIDEN and _is_wider(existing[name], type_):
                statements += self._widened(name, type_)
            else:
                has = f"has {name} {existing[name]}" if name in existing else f"has no column {name}"
                problem = f"{has}, but the feed declares {type_}; schema_change={policy} does not allow that change"
                raise LoadError(self.feed.target, problem, retriable=False)
        return statements

    def _widened(self, name: str, type_: str) -> list[str]:
        """Return the statements that change the type of a column. Redshift's ALTER COLUMN only changes text lengths."""
        column, wider = quoted(name), quoted(f"{name}_wider")
        return [
            f"ALTER TABLE {self.name} ADD COLUMN {wider} {type_}",
            f"UPDATE {self.name} SET {wider} = CAST({column} AS {type_})",
            f"ALTER TABLE {self.name} DROP COLUMN {column}",
            f"ALTER TABLE {self.name} RENAME COLUMN {wider} TO {column}",
        ]

    def replaced(self, existing: Mapping[str, str]) -> list[str]:
        """Return statements that give an emptied table the declared columns and keep its grants, unlike DROP TABLE."""
        declared = self.declared
        wrong = [name for name, type_ in existing.items() if declared.get(name) != type_]
        lacking = [name for name, type_ in declared.items() if existing.get(name) != type_]
        return [f"ALTER TABLE {self.name} DROP COLUMN {quoted(name)}" for name in wrong] + [
            f"ALTER TABLE {self.name} ADD COLUMN {quoted(name)} {declared[name]}" for name in lacking
        ]

    def staged(self, columns: Sequence[str], manifest: str, role: str, delimiter: str, quote: str) -> list[str]:
        """Return the statements that create the staging table and copy the files of ``manifest`` ("": none) into it.

        The table must be dropped explicitly, because the session that runs the statements may be reused.
        """
        names = listed(("source_file", "source_load", "source_line", *columns))
        by = "default" if role == "default" else literal(role)
        copy = (
            f"COPY {STAGE} ({names}) FROM {literal(manifest)} IAM_ROLE {by} MANIFEST CSV GZIP DELIMITER "
            f"{mark(delimiter)} QUOTE {mark(quote)} NULL AS {literal(NULL_WORD)} EMPTYASNULL TIMEFORMAT 'auto' "
            "COMPUPDATE OFF STATUPDATE OFF"
        )
        return [f"CREATE TEMP TABLE {STAGE} (LIKE {self.name})", *([copy] if manifest else [])]

    @property
    def unstaged(self) -> str:
        """The statement that drops the staging table."""
        return f"DROP TABLE {STAGE}"

    def has_all(self, rows: int) -> str:
        """Return the check that exactly ``rows`` rows are staged."""
        return failing_unless(f"(SELECT count(*) FROM {STAGE}) = {rows}")

    def withdrawn(self, condition: str) -> str:
        """Return the statement that deletes the rows that match ``condition``, or all rows if it is empty."""
        return f"DELETE FROM {self.name}" + (f" WHERE {condition}" if condition else "")

    def cleared_lines(self) -> list[str]:
        """Return the statements that delete rows which an earlier attempt loaded from the staged lines."""
        same = equal(("source_file", "source_line"), self.name, STAGE)
        return [f"DELETE FROM {self.name} USING {STAGE} WHERE {same}"]

    def merged(self, newer: str) -> list[str]:
        """Return the statements that merge the staged rows into the table; ``newer`` is a query for the newer files.

        Among rows with the same key, the row of the newest file wins, and within a file the last row.
        """
        columns = listed(self.feed.column_names)
        if self.feed.load is not Load.UPSERT:
            return [f"INSERT INTO {self.name} ({columns}) SELECT {columns} FROM {STAGE}"]
        same = equal(self.feed.key, self.name, STAGE)
        stays = (
            f"({self.name}.source_file IN ({newer}) OR ({self.name}.source_file = {STAGE}.source_file "
            f"AND {self.name}.source_line > {STAGE}.source_line))"
        )
        ranked = f"ROW_NUMBER() OVER (PARTITION BY {listed(self.feed.key)} ORDER BY source_line DESC)"
        last = f"SELECT {columns}, {ranked} AS place_of_row FROM {STAGE}"
        return [
            f"DELETE FROM {STAGE} USING {self.name} WHERE {same} AND {stays}",
            f"DELETE FROM {self.name} USING {STAGE} WHERE {same}",
            f"INSERT INTO {self.name} ({columns}) SELECT {columns} FROM ({last}) AS ranked WHERE place_of_row = 1",
        ]

    def has_keys_once(self) -> str:
        """Return the check that no staged key is twice in the table, for loads that append instead of merging."""
        joined = f"{self.name} JOIN {STAGE} ON {equal(self.feed.key, self.name, STAGE)}"
        keys = ", ".join(f"{self.name}.{quoted(name)}" for name in self.feed.key)
        return failing_unless(f"NOT EXISTS (SELECT 1 FROM {joined} GROUP BY {keys} HAVING count(*) > 1)")


def columns_of(rows: Sequence[tuple[object, ...]]) -> dict[str, str]:
    """Convert the rows of :attr:`RedshiftTable.columns_query` to columns with their types."""
    columns = {}
    for name, type_, length, precision, scale in rows:
        size = f"({length})" if length else f"({precision},{scale})" if type_ == "numeric" else ""
        columns[str(name)] = f"{type_}{size}"
    return columns


def _is_wider(existing: str, declared: str) -> bool:
    if not existing.startswith(NUMBERS):
        return False
    return declared.startswith("character varying") or is_wider(existing, declared)

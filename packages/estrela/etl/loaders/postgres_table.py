"""The PostgreSQL table of a feed: creating, adapting to the declaration, emptying and merging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from estrela.errors import LoadError
from estrela.etl.feed_rows.wire import Wire
from estrela.model.column import Column
from estrela.model.feed import FEED_COLUMNS, Feed, Load, SchemaChange

TYPES = {
    "string": "text",
    "int": "integer",
    "bigint": "bigint",
    "double": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp with time zone",
}
COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""
GRANTS = """
SELECT privilege_type, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
FROM pg_class, aclexplode(relacl) WHERE oid = to_regclass(%s) AND grantee <> relowner
"""
NEWER = """
SELECT f.id, count(*) FROM ledger.files f JOIN ledger.files mine
  ON (f.place, f.arrived_at, f.sequencer, f.id) > (mine.place, mine.arrived_at, mine.sequencer, mine.id)
WHERE mine.id = ANY(%(files)s) AND f.feed = %(feed)s AND f.state = 'Done' GROUP BY f.id
"""
STAGE = Identifier("estrela_stage")


def postgres_type(type_: str) -> str:
    """Return the PostgreSQL type for a declared column type."""
    return TYPES.get(type_) or type_.replace("decimal", "numeric")


@dataclass(frozen=True)
class PostgresTable:
    """The target of ``feed``, in the transaction of ``cursor``. Raises LoadError."""

    feed: Feed
    cursor: Cursor[Any]

    @property
    def name(self) -> Composable:
        """Name of the table, quoted."""
        return Identifier(*self.feed.target.split("."))

    def ensure(self) -> None:
        """Create the table, or update it to match the declaration as far as the feed's schema_change allows."""
        if self.ensure_columns():
            self.index()

    def ensure_columns(self) -> bool:
        """As :meth:`ensure`, but leave the indexes of a new table to :meth:`index`; return whether the table is new."""
        if self._found() == self._declared():
            return False
        # Only one transaction may change the table at a time; the others wait, and read the columns again.
        self.cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))", (self.feed.target,))
        existing = self._found()
        if not existing:
            schema = Identifier(self.feed.target.partition(".")[0])
            self.cursor.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
            self._create()
        elif self.feed.load is not Load.REPLACE:
            self._evolve(existing)
        return not existing

    def _found(self) -> dict[str, str]:
        return dict(self.cursor.execute(COLUMNS, (self.feed.target,)).fetchall())

    def _declared(self) -> dict[str, str]:
        return {column.name: postgres_type(column.type) for column in (*self.feed.columns, *FEED_COLUMNS)}

    def _create(self) -> None:
        required = {field.column for field in self.feed.fields if field.required} | {
            file_column.name for file_column in FEED_COLUMNS
        }
        columns = (*self.feed.columns, *FEED_COLUMNS)
        lines = [
            SQL("{} {}{}").format(Identifier(name), SQL(type_), SQL(" NOT NULL" if name in required else ""))
            for name, type_ in self._declared().items()
        ]
        self.cursor.execute(SQL("CREATE TABLE {} ({})").format(self.name, SQL(", ").join(lines)))
        for column in columns:
            self._comment(column)

    def index(self) -> None:
        """Create the indexes of a new table; after the load of its first rows, this takes less time than before it."""
        # Rows of a file are adjacent, so a BRIN index is small.
        self.cursor.execute(SQL("CREATE INDEX ON {} USING brin (source_file)").format(self.name))
        if self.feed.key:
            self.cursor.execute(SQL("CREATE UNIQUE INDEX ON {} ({})").format(self.name, _list(self.feed.key)))

    def _comment(self, column: Column) -> None:
        place = Identifier(*self.feed.target.split("."), column.name)
        self.cursor.execute(SQL("COMMENT ON COLUMN {} IS {}").format(place, Literal(column.doc)))

    def _evolve(self, existing: Mapping[str, str]) -> None:
        required = {field.column for field in self.feed.fields if field.required}
        policy = self.feed.schema_change
        for name, type_ in self._declared().items():
            if existing.get(name) == type_:
                continue
            may_add = policy in (SchemaChange.ADD_NULLABLE, SchemaChange.WIDEN) and name not in required
            if name not in existing and may_add:
                change = SQL("ADD COLUMN {} {}").format(Identifier(name), SQL(type_))
            elif name in existing and policy is SchemaChange.WIDEN and is_wider(existing[name], type_):
                change = SQL("ALTER COLUMN {} TYPE {}").format(Identifier(name), SQL(type_))
            else:
                has = f"has {name} {existing[name]}" if name in existing else f"has no column {name}"
                problem = f"{has}, but the feed declares {type_}; schema_change={policy} does not allow that change"
                raise LoadError(self.feed.target, problem, retriable=False)
            self.cursor.execute(SQL("ALTER TABLE {} {}").format(self.name, change))

    def begin(self, older: Sequence[int]) -> Composable:
        """Delete the rows that a file replaces (its ``older`` versions, or all); return the table to COPY into.

        With ``Load.REPLACE`` it is a new table without indexes.
        """
        if self.feed.load is Load.TRUNCATE:
            # DELETE instead of TRUNCATE, so that readers see the old rows until the commit.
            self.cursor.execute(SQL("DELETE FROM {}").format(self.name))
        elif self.feed.load is Load.REPLACE:
            self._recreate()
        elif older:
            self.withdraw(older)
        return self.stage() if self.feed.load is Load.UPSERT else self.name

    def stage(self) -> Composable:
        """Create a temporary table for rows to be merged; the end of the transaction drops it."""
        self.cursor.execute(SQL("CREATE TEMP TABLE {} (LIKE {}) ON COMMIT DROP").format(STAGE, self.name))
        return STAGE

    def _recreate(self) -> None:
        grants = self.cursor.execute(GRANTS, (self.feed.target,)).fetchall()
        self.cursor.execute(SQL("DROP TABLE {}").format(self.name))
        self._create()
        for privilege, role in grants:
            self.cursor.execute(SQL("GRANT {} ON {} TO {}").format(SQL(privilege), self.name, SQL(role)))

    def merge(self, files: Sequence[int]) -> dict[int, int]:
        """Merge the staged rows of ``files`` into the table in their order; return the number of rows changed per file.

        Among rows with the same key, the row of the newest file wins, and within a file the last row.
        """
        self.cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 3))", (self.feed.target,))
        # The rank of a newer file is the number of files of the batch that precede it.
        newer = self.cursor.execute(NEWER, {"feed": self.feed.name, "files": list(files)}).fetchall()
        given = {"files": list(files), "newer": [id_ for id_, _ in newer], "ranks": [rank for _, rank in newer]}
        return dict(self.cursor.execute(_merge(self.name, self.feed), given).fetchall())

    def withdraw(self, files: Sequence[int]) -> int:
        """Delete the rows of ``files``; return their number."""
        statement = SQL("DELETE FROM {} WHERE source_file = ANY(%s)").format(self.name)
        return self.cursor.execute(statement, (list(files),)).rowcount


def copy_statement(target: Composable, columns: Sequence[str], wire: Wire) -> Composed:
    """Return the COPY statement for rows of ``columns`` in the format of ``wire``."""
    names = _list(("source_file", "source_load", "source_line", *columns))
    return SQL("COPY {} ({}) FROM STDIN (FORMAT csv, DELIMITER {}, QUOTE {})").format(
        target, names, Literal(wire.delimiter), Literal(wire.quote)
    )


def is_wider(existing: str, declared: str) -> bool:
    """Return whether every value of the type ``existing`` fits ``declared``."""
    if declared == "text":
        return True
    if existing.startswith("numeric") and declared.startswith("numeric"):
        (precision, scale), (wider, wider_scale) = _digits(existing), _digits(declared)
        return wider_scale >= scale and wider - wider_scale >= precision - scale
    if declared.startswith("numeric"):
        wider, wider_scale = _digits(declared)
        return wider - wider_scale >= {"integer": 10, "bigint": 19}.get(existing, 99)
    return existing == "integer" and declared == "bigint"


def _digits(type_: str) -> tuple[int, int]:
    precision, scale = type_[len("numeric(") : -1].split(",")
    return int(precision), int(scale)


def _merge(table: Composable, feed: Feed) -> Composed:
    columns = _list(feed.column_names)
    pairs = SQL(", ").join(
        SQL("{0} = EXCLUDED.{0}").format(Identifier(name)) for name in feed.column_names if name not in feed.key
    )
    return SQL(
        "WITH merged AS (INSERT INTO {0} AS kept ({1}) SELECT DISTINCT ON ({2}) {1} FROM {3} "
        "ORDER BY {2}, array_position(%(files)s::bigint[], source_file) DESC, source_line DESC "
        "ON CONFLICT ({2}) DO UPDATE SET {4} WHERE (kept.source_file <> ALL(%(newer)s::bigint[]) OR "
        "(%(ranks)s::bigint[])[array_position(%(newer)s::bigint[], kept.source_file)] "
        "< array_position(%(files)s::bigint[], EXCLUDED.source_file)) "
        "AND NOT (kept.source_file = EXCLUDED.source_file AND kept.source_line > EXCLUDED.source_line) "
        "RETURNING source_file) SELECT source_file, count(*) FROM merged GROUP BY source_file"
    ).format(table, columns, _list(feed.key), STAGE, pairs)


def _list(names: Sequence[str]) -> Composable:
    return SQL(", ").join(map(Identifier, names))

"""A feed: a declared kind of file that arrives repeatedly, and how its rows are loaded into the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from estrela.errors import DefinitionError
from estrela.model.column import Column, require_distinct, require_known, require_name
from estrela.model.feed_arrival import Expected
from estrela.model.feed_engine import POSTGRES, Engine, Redshift
from estrela.model.feed_format import Csv, Format
from estrela.model.feed_origin import DatabaseTable, S3Drop
from estrela.model.source import Field

FEED_COLUMNS = (
    Column("source_file", "bigint", "File that the row came from: ledger.files.id"),
    Column(
        "source_line",
        "bigint",
        "Line of the file on which the row begins; for JSON the record's position; from 1",
    ),
    Column("source_load", "bigint", "Load that wrote the row: ledger.loads.id"),
)
"""Columns of every target table in addition to those of its feed."""


class Load(StrEnum):
    """Effect of the rows of a file on the rows of the target table."""

    APPEND = "append"
    """The rows are added."""
    REPLACE = "replace"
    """The table is recreated from the declaration and contains only these rows; grants are kept."""
    TRUNCATE = "truncate"
    """The table is truncated and contains only these rows."""
    UPSERT = "upsert"
    """The rows replace those with the same key, unless the existing row is from a newer file."""


class Order(StrEnum):
    """Selects which files of a feed are loaded, and in which order."""

    NEWEST = "newest"
    """Only the newest file; older ones are filtered out."""
    IN_ORDER = "in order"
    """All files, one after the other, oldest first; a failed file blocks the later ones."""
    ALL = "all"
    """All files, in any order, several at a time."""
    BY_MANIFEST = "complete by manifest"
    """The files that a manifest names, once all of them have arrived; in any order."""


class OnOverwrite(StrEnum):
    """Effect of a new version of a file that was already loaded."""

    REPLACE_ROWS = "replace rows"
    """The rows of the new version replace those of the older versions."""
    APPEND_VERSION = "append version"
    """The new version is loaded like a separate file."""
    IGNORE = "ignore"
    """The new version is filtered out."""
    REFUSE = "refuse"
    """The new version is rejected."""


class SchemaChange(StrEnum):
    """Reaction when the declared columns differ from the table's, or a file differs from the declaration."""

    FREEZE = "freeze"
    """The file fails."""
    ADD_NULLABLE = "add nullable"
    """Newly declared nullable columns are added to the table; any other difference fails the file."""
    WIDEN = "widen"
    """Like ADD_NULLABLE; columns of the table are also widened to the declared type: int, bigint, decimal, string."""
    QUARANTINE = "quarantine"
    """The file is rejected, and later files are loaded."""


@dataclass(frozen=True)
class RowTolerance:
    """Limit of rejected rows per file: ``rows``, or ``share`` of the file's rows, whichever is more."""

    rows: int = 0
    share: float = 0.0

    def __post_init__(self) -> None:
        if self.rows < 0 or not 0 <= self.share < 1:
            allowed = ("rows of at least 0, and a share of at least 0 and below 1",)
            raise DefinitionError("RowTolerance", f"rows={self.rows}, share={self.share}", allowed)

    def allows(self, rejected: int, rows: int) -> bool:
        """Return whether ``rejected`` of ``rows`` are within the limit."""
        return rejected <= max(self.rows, self.share * rows)


@dataclass(frozen=True)
class Hashed:
    """Values of ``column`` are replaced by their keyed hash (HMAC-SHA256, 64 hexadecimal digits)."""

    column: str


@dataclass(frozen=True)
class Cut:
    """Only the last ``keep`` characters of values of ``column`` are stored."""

    column: str
    keep: int

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise DefinitionError(f"Cut({self.column!r})", f"keep={self.keep} is not 1 or more")


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A feed and its target table ``schema.table`` in the database ``engine``. ``key`` identifies a row.

    ``pii`` declares how personal values are changed before they are stored. The original values of its columns, and the
    lines that contain them, never appear in the warehouse, the rejects, logs or messages. ``max_attempts`` is the
    number of attempts before a file with transient faults fails.
    """

    name: str
    doc: str
    origin: S3Drop
    format: Format
    columns: tuple[Column, ...]
    fields: tuple[Field, ...]
    target: str
    load: Load
    order: Order
    key: tuple[str, ...] = ()
    on_overwrite: OnOverwrite = OnOverwrite.REPLACE_ROWS
    schema_change: SchemaChange = SchemaChange.FREEZE
    tolerance: RowTolerance = RowTolerance()
    pii: tuple[Hashed | Cut, ...] = ()
    max_attempts: int = 3
    engine: Engine = POSTGRES
    expected: Expected | None = None

    def __post_init__(self) -> None:
        where, known = f"Feed({self.name!r})", [column.name for column in self.columns]
        require_name(where, self.name)
        require_distinct(where, self.column_names)
        schema, dot, table = self.target.partition(".")
        if not dot:
            raise DefinitionError(where, f"target {self.target!r} names no schema", ("schema.table",))
        require_name(where, schema)
        require_name(where, table)
        require_known(where, "a field", [field.column for field in self.fields], known)
        require_known(where, "key", self.key, known)
        require_known(where, "pii", [change.column for change in self.pii], known)
        if isinstance(self.engine, Redshift):
            self.engine.validate(f"{where}, Redshift", known)
        self._validate_fields(where)
        self._validate_policies(where)
        if isinstance(self.origin, DatabaseTable):
            self._validate_database(where, self.origin)
        self._validate_pii(where)

    def _validate_fields(self, where: str) -> None:
        filled = [field.column for field in self.fields]
        if sorted(filled) != sorted(column.name for column in self.columns):
            lacking = sorted({column.name for column in self.columns} - set(filled)) or ["a column twice"]
            raise DefinitionError(where, f"its fields do not fill each column once: {lacking[0]}")
        if len({field.header for field in self.fields}) < len(self.fields):
            raise DefinitionError(where, "has a header twice")
        blank = [field.column for field in self.fields if field.column in self.key and not field.required]
        if blank:
            raise DefinitionError(where, f"key names {blank[0]!r}, whose field may be blank; make it required")
        if self.max_attempts < 1:
            raise DefinitionError(where, f"max_attempts={self.max_attempts} is not 1 or more")

    def _validate_policies(self, where: str) -> None:
        if self.load is Load.UPSERT and not self.key:
            raise DefinitionError(where, "load=upsert needs a key")
        if self.load is Load.APPEND and self.order is Order.NEWEST:
            problem = "order=newest with load=append would lose the rows of older files"
            _refuse(where, problem, (Order.IN_ORDER, Order.ALL))
        if self.is_whole and self.order is Order.ALL:
            problem = f"order=all with load={self.load}: the table would contain the rows of an arbitrary file"
            _refuse(where, problem, (Order.NEWEST, Order.IN_ORDER))
        if self.is_whole and self.order is Order.BY_MANIFEST:
            problem = f"order={self.order} with load={self.load}: the table would contain only one file of a delivery"
            _refuse(where, problem, (Load.APPEND, Load.UPSERT))
        if (self.order is Order.BY_MANIFEST) != bool(self.origin.manifest):
            problem = f"order={self.order} and an origin with manifest={self.origin.manifest!r}"
            _refuse(where, problem, ("order=complete by manifest with a manifest", "neither"))
        if self.is_whole and self.on_overwrite is OnOverwrite.APPEND_VERSION:
            problem = f"on_overwrite=append version with load={self.load}, which keeps one file only"
            _refuse(where, problem, [policy for policy in OnOverwrite if policy is not OnOverwrite.APPEND_VERSION])

    def _validate_database(self, where: str, origin: DatabaseTable) -> None:
        if self.format != Csv(compression="gzip", encodings=("utf-8",)):
            _refuse(where, "its origin writes files of one format", ('Csv(compression="gzip", encodings=("utf-8",))',))
        # A file contains all changes since the newest loaded file, so an older file that is still waiting is included
        # in it.
        if self.order is not Order.NEWEST:
            _refuse(where, f"order={self.order} of a DatabaseTable", (Order.NEWEST,))
        if origin.watermark and self.load is not Load.UPSERT:
            _refuse(where, f"load={self.load} of a DatabaseTable with a watermark", (Load.UPSERT,))
        if not origin.watermark and not self.is_whole:
            _refuse(where, f"load={self.load} of a DatabaseTable without a watermark", (Load.TRUNCATE, Load.REPLACE))
        if origin.reconcile and isinstance(self.engine, Redshift):
            _refuse(where, "reconcile deletes rows in PostgreSQL only, not in Redshift", ("reconcile=None",))
        headers = [field.header for field in self.fields]
        require_known(where, "watermark", [origin.watermark] if origin.watermark else [], headers)

    def _validate_pii(self, where: str) -> None:
        types = {column.name: column.type for column in self.columns}
        for change in self.pii:
            if types[change.column] != "string":
                raise DefinitionError(where, f"pii names {change.column!r}, which is not a string column")
            if isinstance(change, Cut) and change.column in self.key:
                raise DefinitionError(
                    where, f"pii cuts {change.column!r}, a column of the key: different rows would get the same key"
                )
        require_distinct(f"{where}, pii", [change.column for change in self.pii])

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the target's columns, including the columns about the file."""
        return tuple(column.name for column in (*self.columns, *FEED_COLUMNS))

    @property
    def is_serial(self) -> bool:
        """Return whether the feed's files are loaded one at a time."""
        return self.order in (Order.NEWEST, Order.IN_ORDER)

    @property
    def is_whole(self) -> bool:
        """Return whether each file contains the complete table."""
        return self.load in (Load.REPLACE, Load.TRUNCATE)

    @cached_property
    def withheld(self) -> frozenset[str]:
        """Columns whose values are shown nowhere except in the table."""
        return frozenset(column.name for column in self.columns if column.sensitive) | {
            change.column for change in self.pii
        }

    @property
    def has_header(self) -> bool:
        """Return whether the files name their columns."""
        return not isinstance(self.format, Csv) or self.format.header

    def __hash__(self) -> int:
        return hash((type(self), self.name))


def _refuse(where: str, problem: str, allowed: Sequence[object]) -> None:
    raise DefinitionError(where, problem, allowed)

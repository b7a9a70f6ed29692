"""Sources: the origin of data, how it is read, and how many rows may be rejected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from estrela.errors import DefinitionError
from estrela.model.check import Check, validate_checks
from estrela.model.column import Column, require_distinct, require_known, require_name, require_not_sensitive
from estrela.model.freshness import DAILY, Freshness
from estrela.model.origin import Api, Origin
from estrela.model.parse import Parser
from estrela.model.partition import DatePart, PartitionField, column_of, validate_partitioning, valued
from estrela.model.run_parameter import RunParameter

COMPRESSIONS = ("", "gzip", "bz2", "zstd", "zip")
"""Compressions of files as received; a zip archive must contain exactly one file."""
ENCODINGS = ("utf-8", "windows-1252", "iso-8859-1")
NUMERIC = ("int", "bigint", "double")
FILE_COLUMNS = (
    Column("source_file", "string", "Raw file that contains the row, named by the sha256 of its content"),
    Column("source_line", "bigint", "Line of the file, from 1; for JSON the position of the record, from 1"),
    Column("fetched_at", "timestamp", "When the file was received, UTC"),
)
"""Columns of every trusted table in addition to those of its source."""


@dataclass(frozen=True)
class Field:
    """A field of a file or answer: its ``header`` or JSON name, the ``column`` it fills, and how it is parsed.

    A row in which a ``required`` field is blank is rejected.
    """

    header: str
    column: str
    parse: Parser
    required: bool = False


@dataclass(frozen=True)
class Layout:
    """One shape of a source's files: the fields in order, and columns with the same value in every row."""

    name: str
    fields: tuple[Field, ...]
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FromRequest:
    """A column that the request determines: ``key`` of the request fills ``column``, or must ``match`` the row's value.

    The key ``fetched_on`` is the date on which the answer was received (UTC).
    """

    key: str
    column: str
    match: bool = False


@dataclass(frozen=True)
class Tolerance:
    """Limits of missing data, above which a run fails: a share of the requests, and a share of the content of each
    file.

    ``rows`` is a share of the file's rows or, if rows have different weights, of the sum of the column ``measure``.
    With a measure, a rejected row whose measure cannot be read is never tolerated.

    ``withdrawals`` is the share of the known requests that may vanish or become empty at once; a larger share suggests
    a fault of the source.
    """

    requests: float = 0.0
    rows: float = 0.0
    withdrawals: float = 0.5
    measure: str = ""

    def __post_init__(self) -> None:
        shares = (("requests", self.requests), ("rows", self.rows), ("withdrawals", self.withdrawals))
        for name, share in shares:
            if not 0 <= share < 1:
                raise DefinitionError("Tolerance", f"{name}={share} is not a share of at least 0 and below 1")
        if self.measure and not self.rows:
            raise DefinitionError("Tolerance", f"measure {self.measure!r} has no effect without rows above 0")


@dataclass(frozen=True)
class Source:
    """A source and its trusted table. ``entity`` is the group of sources that one Glue run extracts together.

    ``snapshots``: every answer is kept, with the date on which it was received; otherwise the newest answer to a
    request replaces older ones. ``partition_by`` must be among the columns that the request fills or must match, so
    that a corrected file replaces whole partitions. ``run_parameters`` may limit a run to some of the source's
    requests. ``received_with`` names another source whose raw files this source also reads, for example for a table of
    the newest answers next to a table of all snapshots; this source is then not extracted itself.

    ``compression`` is that of the files as received, one of COMPRESSIONS. A file of more than ``max_bytes`` after
    decompression is rejected. Fields that no layout declares are rejected unless ``ignore`` names them or
    ``ignore_undeclared`` is true. ``raw_days`` is the number of days for which raw keeps a superseded answer that no
    table needs any more; 0 keeps it forever. ``freshness`` sets when people are alerted that the source's data is too
    old.
    """

    name: str
    doc: str
    entity: str
    origin: Origin
    columns: tuple[Column, ...]
    layouts: tuple[Layout, ...]
    from_request: tuple[FromRequest, ...] = ()
    partition_by: tuple[PartitionField, ...] = ()
    sort_by: tuple[str, ...] = ()
    snapshots: bool = False
    tolerance: Tolerance = Tolerance()
    checks: tuple[Check, ...] = ()
    run_parameters: tuple[RunParameter, ...] = ()
    received_with: Source | None = None
    compression: str = ""
    max_bytes: int = 1 << 30
    ignore: tuple[str, ...] = ()
    ignore_undeclared: bool = False
    raw_days: int = 0
    freshness: Freshness = DAILY

    def __post_init__(self) -> None:
        where = f"{type(self).__name__}({self.name!r})"
        known = self.column_names
        require_name(where, self.name)
        require_name(where, self.entity)
        require_distinct(where, known)
        if not self.layouts:
            raise DefinitionError(where, "has no layout; declare the fields of its files")
        require_known(where, "from_request", [request_column.column for request_column in self.from_request], known)
        require_known(where, "sort_by", self.sort_by, known)
        for layout in self.layouts:
            self._validate_layout(where, layout)
        requested = [request_column.column for request_column in self.from_request]
        validate_partitioning(where, self.partition_by, self.all_columns)
        for name in map(column_of, valued(self.partition_by)):
            if name not in requested:
                raise DefinitionError(
                    where, f"partition_by names {name!r}, which is not a value of the request", requested
                )
        validate_checks(where, self.checks, known)
        self._validate_limits(where)
        self._validate_sensitive(where)

    def _validate_sensitive(self, where: str) -> None:
        """Raise DefinitionError if a sensitive column is in a request or partition: these name files and rows of ops,
        unmasked.
        """
        placed = [("from_request", request_column.column) for request_column in self.from_request]
        placed += [("partition_by", column_of(field)) for field in self.partition_by]
        require_not_sensitive(where, placed, self.columns)

    def _validate_limits(self, where: str) -> None:
        if self.compression not in COMPRESSIONS:
            raise DefinitionError(where, f"unknown compression {self.compression!r}", COMPRESSIONS)
        if self.raw_days < 0 or (self.raw_days and self.received_with):
            problem = (
                f"raw_days={self.raw_days}; give 0 or more days, and declare them at the source that receives the files"
            )
            raise DefinitionError(where, problem)
        if self.max_bytes < 1:
            raise DefinitionError(where, f"max_bytes={self.max_bytes} is not 1 or more")
        if self.tolerance.measure:
            numeric = [
                column.name for column in self.columns if column.type in NUMERIC or column.type.startswith("decimal")
            ]
            require_known(where, "tolerance", [self.tolerance.measure], numeric)

    def _validate_layout(self, where: str, layout: Layout) -> None:
        place = f"{where}, layout {layout.name!r}"
        filled = [field.column for field in layout.fields] + list(layout.constants)
        require_known(place, "a field", filled, [column.name for column in self.columns])
        require_distinct(place, filled)
        if len({field.header for field in layout.fields}) < len(layout.fields):
            raise DefinitionError(place, "has a header twice")

    @cached_property
    def types(self) -> Mapping[str, str]:
        """The type of each column, by name."""
        return {column.name: column.type for column in self.columns}

    @cached_property
    def partition_keys(self) -> tuple[tuple[str | DatePart, str], ...]:
        """Each field of ``partition_by`` except buckets, with the key of the request that fills its column."""
        keys = {request_column.column: request_column.key for request_column in self.from_request}
        return tuple((field, keys[column_of(field)]) for field in valued(self.partition_by))

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the trusted table's columns, including the columns about the file."""
        return tuple(column.name for column in self.all_columns)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The trusted table's columns, including the columns about the file."""
        return (*self.columns, *FILE_COLUMNS)

    @property
    def is_sensitive(self) -> bool:
        """Return whether any column is sensitive."""
        return any(column.sensitive for column in self.columns)

    @property
    def raw_name(self) -> str:
        """Name of the raw files that the source reads."""
        return self.received_with.name if self.received_with else self.name

    @property
    def needs(self) -> tuple[Source, ...]:
        """Sources that must be extracted before this one, because they provide its files or the values of its
        parameters.
        """
        if self.received_with is not None:
            return (self.received_with,)
        if not isinstance(self.origin, Api):
            return ()
        needed = (source for parameter in self.origin.parameters for source in parameter.needs)
        return tuple(dict.fromkeys(source for source in needed if isinstance(source, Source)))

    def __hash__(self) -> int:
        return hash((type(self), self.name))


@dataclass(frozen=True)
class Delimited:
    """Separators of the fields of a line; ``quote`` encloses fields as in RFC 4180, "" means no quoting."""

    delimiter: str
    quote: str = ""


@dataclass(frozen=True, eq=True)
class CsvSource(Source):
    """Delimited text files.

    ``delimiter`` and ``quote`` are tried first, then the pairs in ``also``, until the file's header line fits a layout.
    Without a ``header`` the layout is the one with as many fields as the file, in order. ``multiline`` allows line ends
    inside quotes; such a file is read by a single task. Each line is decoded with the first of ``encodings`` in which
    it is valid. ``null_words`` are read as blank. ``lost`` lists the replacement characters that another program wrote
    for characters it could not convert.
    """

    delimiter: str = ";"
    quote: str = ""
    also: tuple[Delimited, ...] = ()
    header: bool = True
    multiline: bool = False
    encodings: tuple[str, ...] = ("utf-8", "windows-1252")
    null_words: tuple[str, ...] = ()
    lost: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        where = f"CsvSource({self.name!r})"
        for dialect in self.dialects:
            if len(dialect.delimiter) != 1 or dialect.delimiter in "\r\n":
                raise DefinitionError(where, f"delimiter {dialect.delimiter!r} is not one character")
            if len(dialect.quote) > 1 or dialect.quote == dialect.delimiter:
                raise DefinitionError(where, f"quote {dialect.quote!r} is not one character other than the delimiter")
        if self.multiline and not all(written.quote for written in self.dialects):
            raise DefinitionError(where, "multiline=True requires a quote")
        if not self.header and self.also:
            raise DefinitionError(where, "files without a header cannot have several delimiters or quotes")
        validate_encodings(where, self.encodings)

    @property
    def dialects(self) -> tuple[Delimited, ...]:
        """All declared separators, in the order in which they are tried."""
        return (Delimited(self.delimiter, self.quote), *self.also)

    __hash__ = Source.__hash__


def validate_encodings(where: str, encodings: tuple[str, ...]) -> None:
    """Raise DefinitionError unless all ``encodings`` are known and only the last accepts every text."""
    unknown = [name for name in encodings if name not in ENCODINGS]
    if unknown or not encodings:
        raise DefinitionError(where, f"encodings {encodings!r}", ENCODINGS)
    if encodings[0] != ENCODINGS[0] and len(encodings) > 1:
        raise DefinitionError(where, f"encodings {encodings!r}: every line is valid in the first one", ENCODINGS[:1])


@dataclass(frozen=True, eq=True)
class ApiSource(Source):
    """JSON documents whose records are in the array at the dotted path ``records``, ``""`` if they are an array.

    Fields that no layout declares are ignored.
    """

    records: str = "value"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.layouts) != 1:
            raise DefinitionError(f"ApiSource({self.name!r})", f"has {len(self.layouts)} layouts where 1 is allowed")

    __hash__ = Source.__hash__

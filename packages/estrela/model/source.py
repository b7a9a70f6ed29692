"""Sources: where data comes from, how it is read, and how much of it may be refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from estrela.errors import DefinitionError
from estrela.model.check import Check, validate_checks
from estrela.model.column import Column, require_distinct, require_known, require_name
from estrela.model.origin import Api, Origin
from estrela.model.parse import Parser
from estrela.model.partition import PartitionField, column_of, validate_partitioning, valued
from estrela.model.run_parameter import RunParameter

FILE_COLUMNS = (
    Column("source_file", "string", "Object in the raw layer that holds the row, named by the sha256 of its content"),
    Column("source_line", "bigint", "Line of the file, from 1; of a JSON answer the place of the record, from 1"),
    Column("fetched_at", "timestamp", "When the file was received, UTC"),
)
"""What every trusted table has beside the columns of its source."""


@dataclass(frozen=True)
class Field:
    """A field of a file or answer: its ``header`` or JSON name, the ``column`` it fills, and how it is read.

    A ``required`` field that is blank refuses its row.
    """

    header: str
    column: str
    parse: Parser
    required: bool = False


@dataclass(frozen=True)
class Layout:
    """One shape of a source's files: the fields in order, and columns whose value is the same in every row."""

    name: str
    fields: tuple[Field, ...]
    constants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FromRequest:
    """A column that the request knows: ``key`` of the request fills ``column``, or must ``match`` what the row says.

    The key ``fetched_on`` is the date on which the answer was received (UTC).
    """

    key: str
    column: str
    match: bool = False


@dataclass(frozen=True)
class Tolerance:
    """What may be missing before a run fails: a share of failed requests, a share of refused rows of one file.

    ``withdrawals`` is the share of the known requests that may vanish or become empty at once; more suggest a fault of
    the source.
    """

    requests: float = 0.0
    rows: float = 0.0
    withdrawals: float = 0.5

    def __post_init__(self) -> None:
        shares = (("requests", self.requests), ("rows", self.rows), ("withdrawals", self.withdrawals))
        for name, share in shares:
            if not 0 <= share < 1:
                raise DefinitionError("Tolerance", f"{name}={share} is not a share of at least 0 and below 1")


@dataclass(frozen=True)
class Source:
    """A source and its trusted table. ``entity`` names the sources that one Glue run takes in together.

    ``snapshots``: every answer is kept, dated by the day it came; else the newest answer to a request replaces the
    older ones. ``partition_by`` must be among the columns that the request fills or must match, so that a
    corrected file replaces whole partitions. ``run_parameters`` may limit a run to some of the source's requests.
    ``received_with`` names the source whose raw files this one reads too, such as the newest answers beside all
    snapshots; it is not extracted itself.
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

    def __post_init__(self) -> None:
        where = f"{type(self).__name__}({self.name!r})"
        known = self.column_names
        require_name(where, self.name)
        require_name(where, self.entity)
        require_distinct(where, known)
        if not self.layouts:
            raise DefinitionError(where, "has no layout; declare the fields of its files")
        require_known(where, "from_request", [one.column for one in self.from_request], known)
        require_known(where, "sort_by", self.sort_by, known)
        for layout in self.layouts:
            self._validate_layout(where, layout)
        requested = [one.column for one in self.from_request]
        validate_partitioning(where, self.partition_by, self.all_columns)
        for name in map(column_of, valued(self.partition_by)):
            if name not in requested:
                raise DefinitionError(where, f"partition_by names {name!r}, which the request does not tell", requested)
        validate_checks(where, self.checks, known)

    def _validate_layout(self, where: str, layout: Layout) -> None:
        place = f"{where}, layout {layout.name!r}"
        filled = [one.column for one in layout.fields] + list(layout.constants)
        require_known(place, "a field", filled, [column.name for column in self.columns])
        require_distinct(place, filled)
        if len({one.header for one in layout.fields}) < len(layout.fields):
            raise DefinitionError(place, "has a header twice")

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the trusted table's columns, those of the file included."""
        return tuple(column.name for column in self.all_columns)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The trusted table's columns, those of the file included."""
        return (*self.columns, *FILE_COLUMNS)

    @property
    def raw_name(self) -> str:
        """Name of the raw files that the source reads."""
        return self.received_with.name if self.received_with else self.name

    @property
    def needs(self) -> tuple[Source, ...]:
        """Sources that must be extracted before this one: its files or the values of its parameters are theirs."""
        if self.received_with is not None:
            return (self.received_with,)
        if not isinstance(self.origin, Api):
            return ()
        needed = (source for parameter in self.origin.parameters for source in parameter.needs)
        return tuple(dict.fromkeys(source for source in needed if isinstance(source, Source)))

    def __hash__(self) -> int:
        return hash((type(self), self.name))


@dataclass(frozen=True, eq=True)
class CsvSource(Source):
    """Delimited text files with a header line; Windows-1252 or UTF-8, found out per file."""

    delimiter: str = ";"
    null_words: tuple[str, ...] = ("NULL",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.delimiter) != 1:
            raise DefinitionError(f"CsvSource({self.name!r})", f"delimiter {self.delimiter!r} is not one character")

    __hash__ = Source.__hash__


@dataclass(frozen=True, eq=True)
class ApiSource(Source):
    """JSON answers whose records stand in the array ``records``."""

    records: str = "value"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.layouts) != 1:
            raise DefinitionError(f"ApiSource({self.name!r})", f"has {len(self.layouts)} layouts where 1 is allowed")

    __hash__ = Source.__hash__

"""Dimensions and facts: the tables of a star."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from estrela.errors import DefinitionError
from estrela.model.check import Check, validate_checks
from estrela.model.column import Column, require_distinct, require_known, require_name, require_not_sensitive
from estrela.model.increment import ByPartition
from estrela.model.partition import PartitionField, column_of, validate_partitioning
from estrela.model.source import Source

UNKNOWN_KEY = 0
"""Key of the unknown member, which every dimension has."""
KEY_SUFFIX = "_key"
SESSION = "spark"
"""Parameter of the transform of a dimension without sources."""
VALID_COLUMNS = (
    Column("valid_from", "date", "First day on which this version is valid; 1900-01-01 for the first version"),
    Column("valid_to", "date", "First day on which this version is no longer valid; 9999-12-31 for the current one"),
    Column("is_current", "boolean", "Whether this is the newest version"),
)


@dataclass(frozen=True)
class Scd1:
    """Slowly changing dimension, type 1: only the newest values are stored."""


@dataclass(frozen=True)
class Scd2:
    """Slowly changing dimension, type 2: a new version whenever one of the ``tracked`` columns changes.

    The transform returns one row per business key and date of observation ``as_of``. A row whose ``as_of`` is NULL
    describes the member without a date. Columns that are not tracked have the newest value in every version.
    """

    tracked: tuple[str, ...]
    as_of: str


@dataclass(frozen=True)
class Dimension:
    """A dimension. ``transform`` takes one DataFrame per source, named after the source, and returns ``columns``.

    A dimension without sources, such as a calendar, is generated: its transform takes the session, as ``spark``. The
    engine adds the surrogate key, the durable key, the validity dates of versions and the unknown member (both keys 0).
    """

    name: str
    doc: str
    sources: tuple[Source, ...]
    transform: Callable[..., Any]
    columns: tuple[Column, ...]
    business_key: tuple[str, ...]
    history: Scd1 | Scd2 = Scd1()
    checks: tuple[Check, ...] = ()

    def __post_init__(self) -> None:
        where = f"Dimension({self.name!r})"
        known = [column.name for column in self.columns]
        _validate_table(where, self.name, _names_of(where, self.sources) or (SESSION,), self.transform)
        require_distinct(where, known)
        if not self.name.startswith("dim_"):
            raise DefinitionError(where, "name does not start with 'dim_'")
        if not self.business_key:
            raise DefinitionError(where, "has no business key", known)
        require_known(where, "business_key", self.business_key, known)
        self._validate_history(where, known)
        require_distinct(where, [column.name for column in self.all_columns])
        validate_checks(where, self.checks, [column.name for column in self.all_columns])

    def _validate_history(self, where: str, known: Sequence[str]) -> None:
        if isinstance(self.history, Scd1):
            return
        free = [name for name in known if name not in self.business_key]
        if not self.history.tracked:
            raise DefinitionError(where, "Scd2 tracks no column", free)
        require_known(where, "tracked", self.history.tracked, free)
        if self.history.as_of in known:
            raise DefinitionError(
                where, f"as_of {self.history.as_of!r} is declared as a column; valid_from and valid_to replace it"
            )

    @property
    def is_sensitive(self) -> bool:
        """Return whether its rows are computed from sensitive values."""
        return any(column.sensitive for column in self.columns) or any(source.is_sensitive for source in self.sources)

    @property
    def key(self) -> str:
        """Name of the surrogate key, which identifies a version of a member."""
        return f"{self.name.removeprefix('dim_')}_key"

    @property
    def durable_key(self) -> str:
        """Name of the durable key, which identifies a member through all of its versions."""
        return _durable(self.key)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The table's columns: surrogate and durable key, declared columns, and the validity dates of an Scd2."""
        has_versions = isinstance(self.history, Scd2)
        hashed = "the business key and valid_from" if has_versions else "the business key"
        return (
            Column(self.key, "bigint", f"Surrogate key: a hash of {hashed}; 0 is unknown"),
            Column(
                self.durable_key, "bigint", "Durable key: a hash of the business key, in all versions; 0 is unknown"
            ),
            *self.columns,
            *(VALID_COLUMNS if has_versions else ()),
        )

    def __hash__(self) -> int:
        return hash((type(self), self.name))


@dataclass(frozen=True)
class Lookup:
    """A fact's reference to a dimension: the fact's columns ``on`` contain the dimension's business key, in that order.

    ``as_of`` names the fact's date that selects the version of an Scd2. ``column`` is the key's name in the fact, by
    default that of the dimension's key; it ends with ``_key``. ``brings`` names columns of the member that are added to
    the row, for later lookups and for the fact's own columns.
    """

    dimension: Dimension
    on: tuple[str, ...]
    as_of: str = ""
    column: str = ""
    brings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given: object = self.dimension
        if not isinstance(given, Dimension):
            raise DefinitionError("Lookup", f"{getattr(given, 'name', given)!r} is not a dimension", ("a Dimension",))
        where = f"Lookup({self.dimension.name!r})"
        if len(self.on) != len(self.dimension.business_key):
            problem = f"on={self.on!r} does not match the business key"
            raise DefinitionError(where, problem, self.dimension.business_key)
        if isinstance(self.dimension.history, Scd2) and not self.as_of:
            raise DefinitionError(where, "has no as_of, although the dimension has versions")
        if isinstance(self.dimension.history, Scd1) and self.as_of:
            raise DefinitionError(where, f"as_of {self.as_of!r} is given, but the dimension has no versions")
        if not self.key.endswith(KEY_SUFFIX):
            raise DefinitionError(where, f"column {self.column!r} does not end with {KEY_SUFFIX!r}")
        require_known(where, "brings", self.brings, [column.name for column in self.dimension.columns])

    @property
    def key(self) -> str:
        """Name of the surrogate key's column in the fact."""
        return self.column or self.dimension.key

    @property
    def durable_key(self) -> str:
        """Name of the durable key's column in the fact."""
        return _durable(self.key)


@dataclass(frozen=True)
class Fact:
    """A fact. ``transform`` returns the declared columns and those that the lookups need, except columns that lookups
    bring.

    ``grain`` names the columns (lookup keys included) whose values together identify a row. With ``increment``, a run
    computes only the partitions whose inputs changed; without it, the whole fact.
    """

    name: str
    doc: str
    sources: tuple[Source, ...]
    transform: Callable[..., Any]
    columns: tuple[Column, ...]
    lookups: tuple[Lookup, ...]
    grain: tuple[str, ...]
    partition_by: tuple[PartitionField, ...] = ()
    sort_by: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    increment: ByPartition | None = None

    def __post_init__(self) -> None:
        where = f"Fact({self.name!r})"
        if not self.sources:
            raise DefinitionError(where, "has no source")
        _validate_table(where, self.name, _names_of(where, self.sources), self.transform)
        if not self.name.startswith("fact_"):
            raise DefinitionError(where, "name does not start with 'fact_'")
        known = [column.name for column in self.all_columns]
        require_distinct(where, known)
        if not self.grain:
            raise DefinitionError(where, "has no grain", known)
        require_known(where, "grain", self.grain, known)
        validate_partitioning(where, self.partition_by, self.all_columns)
        require_not_sensitive(where, [("partition_by", column_of(field)) for field in self.partition_by], self.columns)
        require_known(where, "sort_by", self.sort_by, known)
        if self.increment:
            self.increment.validate(where, self.sources, self.partition_by)
        validate_checks(where, self.checks, known)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The table's columns: the two keys of each lookup, then the declared columns."""
        return (*[column for lookup in self.lookups for column in _key_columns(lookup)], *self.columns)

    @property
    def is_sensitive(self) -> bool:
        """Return whether its rows are computed from sensitive values."""
        inputs = [source.is_sensitive for source in self.sources]
        inputs += [lookup.dimension.is_sensitive for lookup in self.lookups]
        return any(column.sensitive for column in self.columns) or any(inputs)

    @property
    def transformed(self) -> tuple[str, ...]:
        """Names of the columns that ``transform`` returns."""
        needed = [name for lookup in self.lookups for name in (*lookup.on, *([lookup.as_of] if lookup.as_of else []))]
        brought = {name for lookup in self.lookups for name in lookup.brings}
        names = dict.fromkeys([*(column.name for column in self.columns), *needed])
        return tuple(name for name in names if name not in brought)

    def __hash__(self) -> int:
        return hash((type(self), self.name))


Table = Dimension | Fact


def _durable(key: str) -> str:
    return f"{key.removesuffix(KEY_SUFFIX)}_durable{KEY_SUFFIX}"


def _key_columns(lookup: Lookup) -> tuple[Column, Column]:
    name = lookup.dimension.name
    durable = f"Durable key into {name}, the same for all versions of a member; kept if the member is unknown"
    return (
        Column(lookup.key, "bigint", f"Key into {name}; 0 is its unknown member"),
        Column(lookup.durable_key, "bigint", durable),
    )


def _validate_table(where: str, name: str, parameters: Sequence[str], transform: Callable[..., Any]) -> None:
    require_name(where, name)
    arguments = tuple(inspect.signature(transform).parameters)
    if sorted(arguments) != sorted(parameters):
        raise DefinitionError(where, f"transform takes {arguments}, which are not its sources", parameters)


def _names_of(where: str, sources: Sequence[object]) -> tuple[str, ...]:
    for source in sources:
        if not isinstance(source, Source):
            raise DefinitionError(where, f"source {source!r} is not a Source", ("a CsvSource", "an ApiSource"))
    return tuple(source.name for source in sources if isinstance(source, Source))

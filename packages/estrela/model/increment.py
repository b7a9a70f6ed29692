"""The mapping from partitions of a source to partitions of a fact."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from estrela.errors import DefinitionError
from estrela.model.column import require_known
from estrela.model.partition import UNITS, DatePart, PartitionField, column_of, valued
from estrela.model.source import Source


@dataclass(frozen=True)
class ByPartition:
    """Each partition of a fact is computed only from the partitions of ``source`` that map to it.

    The transform receives only the rows of these partitions, so it must not compare a row with rows of other
    partitions. A partition column of the fact takes the value of the source's partition column of the same name, or of
    the Spark SQL expression over the source's partition columns that ``derived`` has for it. The fact's other sources
    are read completely, and a change in one of them rebuilds the whole fact.
    """

    source: Source
    derived: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def validate(self, where: str, sources: Sequence[Source], partition_by: Sequence[PartitionField]) -> None:
        """Raise DefinitionError unless every partition column of the fact can be derived from the source's."""
        if self.source not in sources:
            problem = f"increment is by {self.source.name!r}, which is not among its sources"
            raise DefinitionError(where, problem, [source.name for source in sources])
        fields = valued(partition_by)
        if not fields:
            raise DefinitionError(where, "has an increment, but no partition column")
        require_known(where, "increment", self.derived, list(map(column_of, fields)))
        known = {column_of(field): field for field in valued(self.source.partition_by)}
        for field in fields:
            if column_of(field) not in self.derived:
                _require_same(where, field, known)


def _require_same(where: str, field: str | DatePart, known: Mapping[str, str | DatePart]) -> None:
    """Raise DefinitionError unless the source is partitioned by the column of ``field``, at least as finely."""
    source_field = known.get(column_of(field))
    if source_field is None:
        problem = f"increment does not derive {column_of(field)!r}, which is not a partition column of the source"
        raise DefinitionError(where, problem, list(known))
    if isinstance(source_field, DatePart) and (
        isinstance(field, str) or UNITS.index(field.unit) > UNITS.index(source_field.unit)
    ):
        raise DefinitionError(where, f"partitions by {column_of(field)!r} are finer than those of its source")

"""Changes of Iceberg tables: the creation of a table, and updates of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER, SortOrder
from pyiceberg.table.update import TableRequirement, TableUpdate


@dataclass(frozen=True)
class NewTable:
    """Definition of a new table. The default ``location`` is below its database's location, or ``warehouse/db.db``."""

    schema: Schema
    partition_spec: PartitionSpec = UNPARTITIONED_PARTITION_SPEC
    sort_order: SortOrder = UNSORTED_SORT_ORDER
    location: str | None = None
    properties: Mapping[str, str] | None = None
    warehouse: str | None = None


@dataclass(frozen=True)
class Change:
    """One table's part of a commit."""

    database: str
    name: str
    requirements: Sequence[TableRequirement]
    updates: Sequence[TableUpdate]

"""Changes of Iceberg tables: a new table, and a change of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER, SortOrder
from pyiceberg.table.update import TableRequirement, TableUpdate


@dataclass(frozen=True)
class NewTable:
    """Definition of a new table. Without ``location`` it lies in its database's, or in ``warehouse/db.db``."""

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

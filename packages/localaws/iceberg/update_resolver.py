"""Updates of the REST specification, rewritten to the IDs and removals that are valid for one table.

As in ``org.apache.iceberg.TableMetadata.Builder`` 1.10, the server numbers schemas, specs and sort orders, reuses those
that are equal, resolves -1 to the last added, and ignores the removal of what does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatchmethod

from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.sorting import SortOrder
from pyiceberg.table.update import (
    AddPartitionSpecUpdate,
    AddSchemaUpdate,
    AddSnapshotUpdate,
    AddSortOrderUpdate,
    RemovePartitionStatisticsUpdate,
    RemovePropertiesUpdate,
    RemoveSnapshotsUpdate,
    RemoveStatisticsUpdate,
    SetCurrentSchemaUpdate,
    SetDefaultSortOrderUpdate,
    SetDefaultSpecUpdate,
    SetPartitionStatisticsUpdate,
    SetPropertiesUpdate,
    SetStatisticsUpdate,
    TableUpdate,
)

LAST_ADDED = -1


class UpdateResolver:
    """Resolves the updates of one commit, in order, against the metadata on which the commit is based."""

    def __init__(self, base: TableMetadata) -> None:
        self._schemas = list(base.schemas)
        self._specs = list(base.partition_specs)
        self._orders = list(base.sort_orders)
        self._last_added: dict[type, int] = {}
        self._properties = set(base.properties)
        self._snapshots = {s.snapshot_id for s in base.snapshots}
        self._statistics = {s.snapshot_id for s in base.statistics}
        self._partition_statistics = {s.snapshot_id for s in base.partition_statistics}

    def resolve(self, updates: Sequence[TableUpdate]) -> list[TableUpdate]:
        """The updates in a form that ``update_table_metadata`` can apply; raise ValueError if -1 refers to nothing."""
        return [resolved for update in updates for resolved in self._resolved(update)]

    @singledispatchmethod
    def _resolved(self, update: TableUpdate) -> list[TableUpdate]:
        return [update]

    @_resolved.register
    def _(self, update: AddSchemaUpdate) -> list[TableUpdate]:
        known = next((schema for schema in self._schemas if schema == update.schema_), None)
        number = known.schema_id if known else max((s.schema_id + 1 for s in self._schemas), default=0)
        self._last_added[Schema] = number
        if known:
            return []
        added = update.schema_.model_copy(update={"schema_id": number})
        self._schemas.append(added)
        return [update.model_copy(update={"schema_": added})]

    @_resolved.register
    def _(self, update: AddPartitionSpecUpdate) -> list[TableUpdate]:
        known = next((spec for spec in self._specs if spec.compatible_with(update.spec)), None)
        number = known.spec_id if known else max((s.spec_id + 1 for s in self._specs), default=0)
        self._last_added[PartitionSpec] = number
        if known:
            return []
        added = PartitionSpec(*update.spec.fields, spec_id=number)
        self._specs.append(added)
        return [update.model_copy(update={"spec": added})]

    @_resolved.register
    def _(self, update: AddSortOrderUpdate) -> list[TableUpdate]:
        known = next((order for order in self._orders if order.fields == update.sort_order.fields), None)
        number = known.order_id if known else self._order_number(update.sort_order)
        self._last_added[SortOrder] = number
        if known:
            return []
        added = update.sort_order.model_copy(update={"order_id": number})
        self._orders.append(added)
        return [update.model_copy(update={"sort_order": added})]

    def _order_number(self, order: SortOrder) -> int:
        """Return the number of a sort order; the specification reserves 0 for unsorted."""
        return max((o.order_id + 1 for o in self._orders), default=1) if order.fields else 0

    @_resolved.register
    def _(self, update: SetCurrentSchemaUpdate) -> list[TableUpdate]:
        return [update.model_copy(update={"schema_id": self._id(Schema, update.schema_id)})]

    @_resolved.register
    def _(self, update: SetDefaultSpecUpdate) -> list[TableUpdate]:
        return [update.model_copy(update={"spec_id": self._id(PartitionSpec, update.spec_id)})]

    @_resolved.register
    def _(self, update: SetDefaultSortOrderUpdate) -> list[TableUpdate]:
        return [update.model_copy(update={"sort_order_id": self._id(SortOrder, update.sort_order_id)})]

    def _id(self, kind: type, wanted: int) -> int:
        if wanted != LAST_ADDED:
            return wanted
        if kind not in self._last_added:
            raise ValueError(f"Cannot set the last added {kind.__name__}: none was added in this commit")
        return self._last_added[kind]

    @_resolved.register
    def _(self, update: SetPropertiesUpdate) -> list[TableUpdate]:
        self._properties |= set(update.updates)
        return [update]

    @_resolved.register
    def _(self, update: RemovePropertiesUpdate) -> list[TableUpdate]:
        return [update.model_copy(update={"removals": [n for n in update.removals if n in self._properties]})]

    @_resolved.register
    def _(self, update: AddSnapshotUpdate) -> list[TableUpdate]:
        self._snapshots.add(update.snapshot.snapshot_id)
        return [update]

    @_resolved.register
    def _(self, update: RemoveSnapshotsUpdate) -> list[TableUpdate]:
        present = [number for number in update.snapshot_ids if _taken(self._snapshots, number)]
        self._statistics -= set(present)
        described = [number for number in present if _taken(self._partition_statistics, number)]
        statistics = [RemovePartitionStatisticsUpdate.model_validate({"snapshot-id": number}) for number in described]
        return [*statistics, update.model_copy(update={"snapshot_ids": present})] if present else []

    @_resolved.register
    def _(self, update: SetStatisticsUpdate) -> list[TableUpdate]:
        self._statistics.add(update.statistics.snapshot_id)
        return [update]

    @_resolved.register
    def _(self, update: RemoveStatisticsUpdate) -> list[TableUpdate]:
        return [update] if _taken(self._statistics, update.snapshot_id) else []

    @_resolved.register
    def _(self, update: SetPartitionStatisticsUpdate) -> list[TableUpdate]:
        self._partition_statistics.add(update.partition_statistics.snapshot_id)
        return [update]

    @_resolved.register
    def _(self, update: RemovePartitionStatisticsUpdate) -> list[TableUpdate]:
        return [update] if _taken(self._partition_statistics, update.snapshot_id) else []


def _taken(ids: set[int], number: int) -> bool:
    """Remove ``number`` from ``ids``; return False if it was not there."""
    present = number in ids
    ids.discard(number)
    return present

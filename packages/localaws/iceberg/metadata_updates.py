"""Table updates of the REST specification, applied as Iceberg's reference builder applies them.

PyIceberg's ``update_table_metadata`` does the work; the snapshot log is corrected after it, by the rules of
``org.apache.iceberg.TableMetadata.Builder`` 1.10.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table.metadata import TableMetadata, TableMetadataUtil, TableMetadataV1, TableMetadataV2
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import SnapshotLogEntry
from pyiceberg.table.update import (
    AddSnapshotUpdate,
    RemoveSnapshotRefUpdate,
    SetPropertiesUpdate,
    SetSnapshotRefUpdate,
    TableUpdate,
    UpgradeFormatVersionUpdate,
    update_table_metadata,
)

from localaws.iceberg.update_resolver import LAST_ADDED, UpdateResolver

FORMAT_VERSION = 2
FIRST_PARTITION_ID = 1000


class InvalidUpdateError(ValueError):
    """An update that the table can never accept, so that a retry is useless."""


def updated(base: TableMetadata | None, updates: Sequence[TableUpdate], location: str | None) -> TableMetadata:
    """The metadata after ``updates``; without ``base``, those of a new table.

    ``location`` is the base's file, for the metadata log. Raises InvalidUpdateError, and CommitFailedException if
    another commit was made in between.
    """
    start = base or _empty()
    _check_format(updates)
    _check_sequence_numbers(start, updates)
    try:
        resolved = UpdateResolver(start).resolve(updates)
        metadata = update_table_metadata(start, tuple(resolved), metadata_location=location)
    except StopIteration as error:
        raise InvalidUpdateError(
            "the updates do not make a whole table: schema, spec or sort order is not set"
        ) from error
    except (ValueError, KeyError) as error:
        raise InvalidUpdateError(str(error)[:1000]) from error
    if base is None:
        return _validated(metadata)
    return _with_corrected_history(base, metadata, updates)


def check_format_version(version: object) -> None:
    """Raise InvalidUpdateError for a version other than 2: PyIceberg does not write 3, and 1 is outdated."""
    if str(version) != str(FORMAT_VERSION):
        raise InvalidUpdateError(f"format-version {version} is not supported; tables have format-version 2")


def _empty() -> TableMetadata:
    return TableMetadataV2.model_construct(
        location="",
        table_uuid=uuid.uuid4(),
        last_column_id=0,
        current_schema_id=LAST_ADDED,
        schemas=[],
        partition_specs=[],
        default_spec_id=LAST_ADDED,
        last_partition_id=FIRST_PARTITION_ID - 1,
        sort_orders=[],
        default_sort_order_id=LAST_ADDED,
        last_updated_ms=0,
    )


def _validated(metadata: TableMetadata) -> TableMetadata:
    try:
        return TableMetadataUtil.parse_obj(metadata.model_dump())
    except ValueError as error:
        raise InvalidUpdateError(f"the updates do not make a whole table: {str(error)[:800]}") from error


def _check_format(updates: Sequence[TableUpdate]) -> None:
    for update in updates:
        if isinstance(update, UpgradeFormatVersionUpdate):
            check_format_version(update.format_version)
        if isinstance(update, SetPropertiesUpdate) and "format-version" in update.updates:
            check_format_version(update.updates["format-version"])


def _check_sequence_numbers(base: TableMetadata, updates: Sequence[TableUpdate]) -> None:
    """Refuse a snapshot whose sequence number is already used.

    Writers on different branches pass each other's requirements, yet the second must renumber its snapshot.
    """
    if isinstance(base, TableMetadataV1):
        return
    last = base.last_sequence_number
    for update in updates:
        if isinstance(update, AddSnapshotUpdate) and update.snapshot.parent_snapshot_id is not None:
            number = update.snapshot.sequence_number
            if number is not None and number <= last:
                raise CommitFailedException(
                    f"Cannot add snapshot with sequence number {number} older than last sequence number {last}"
                )


def _with_corrected_history(
    base: TableMetadata, metadata: TableMetadata, updates: Sequence[TableUpdate]
) -> TableMetadata:
    """Keep each snapshot's parent, and a snapshot log without gaps and without snapshots that were never current."""
    parents = {s.snapshot_id: s.parent_snapshot_id for s in base.snapshots}
    snapshots = [
        s.model_copy(update={"parent_snapshot_id": parents[s.snapshot_id]}) if s.snapshot_id in parents else s
        for s in metadata.snapshots
    ]
    return metadata.model_copy(update={"snapshots": snapshots, "snapshot_log": _log(base, metadata, updates)})


def _log(base: TableMetadata, metadata: TableMetadata, updates: Sequence[TableUpdate]) -> list[SnapshotLogEntry]:
    unborn = {u.snapshot.snapshot_id for u in updates if isinstance(u, AddSnapshotUpdate)}
    passed = {u.snapshot_id for u in updates if isinstance(u, SetSnapshotRefUpdate) and u.ref_name == MAIN_BRANCH}
    intermediate = (unborn & passed) - {metadata.current_snapshot_id}
    added = [entry for entry in metadata.snapshot_log if entry not in base.snapshot_log]
    cleared = any(isinstance(u, RemoveSnapshotRefUpdate) and u.ref_name == MAIN_BRANCH for u in updates)
    present = {s.snapshot_id for s in metadata.snapshots}
    log: list[SnapshotLogEntry] = []
    for entry in added if cleared else [*base.snapshot_log, *added]:
        if entry.snapshot_id not in present:
            # With a gap, time travel would return a snapshot that was not current at that time.
            log = []
        elif entry.snapshot_id not in intermediate:
            log.append(entry)
    return log

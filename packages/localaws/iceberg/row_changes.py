"""Commits that add data files, delete rows of others, and remove or replace whole files, in one snapshot.

A concurrent commit is checked for conflicts as in Iceberg's ``RowDelta`` and ``RewriteFiles``, under serializable
isolation: https://iceberg.apache.org/docs/1.10.0/reliability/#concurrent-write-operations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    ManifestWriter,
    ManifestWriterV2,
)
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.table import Table, Transaction
from pyiceberg.table.snapshots import Operation, SnapshotSummaryCollector, Summary, update_snapshot_summaries
from pyiceberg.table.update.snapshot import _SnapshotProducer
from pyiceberg.table.update.validate import (
    _validate_added_data_files,
    _validate_data_files_exist,
    _validate_no_new_delete_files,
    _validate_no_new_deletes_for_data_files,
)
from pyiceberg.typedef import EMPTY_DICT


@dataclass(frozen=True)
class RowChange:
    """New data files and delete files, data files to whose rows the deletes apply, and files to remove.

    ``read`` is the filter of the rows on which the change is based. ``sequence_number`` is set for a rewrite, which
    replaces files by files with the same rows: it is the sequence number of these rows. None for new rows.
    """

    added: Sequence[DataFile] = ()
    deletes: Sequence[DataFile] = ()
    changed: Sequence[DataFile] = ()
    removed: Sequence[DataFile] = ()
    read: BooleanExpression = AlwaysTrue()  # noqa: RUF009 - a constant
    sequence_number: int | None = None

    @property
    def operation(self) -> Operation:
        if self.sequence_number is not None:
            return Operation.REPLACE
        return Operation.OVERWRITE if self.added else Operation.DELETE


def commit_change(table: Table, change: RowChange) -> None:
    """Commit to the main branch, on top of concurrent commits that do not conflict.

    Raises PyIceberg's ValidationException for a conflict, CommitFailedException if all retries fail.
    """
    with table.transaction() as transaction:
        _ChangeProducer(transaction, table, change).commit()


class _DeleteManifestWriter(ManifestWriterV2):
    """Writes a manifest of delete files."""

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


class _ChangeProducer(_SnapshotProducer["_ChangeProducer"]):
    """Writes the manifests of a :class:`RowChange`."""

    def __init__(self, transaction: Transaction, table: Table, change: RowChange) -> None:
        super().__init__(change.operation, transaction, table.io)
        self._change = change
        self._gone = {file.file_path for file in change.removed}

    def _manifests(self) -> list[ManifestFile]:
        return [
            *self._added(ManifestContent.DATA, self._change.added, self._change.sequence_number),
            *self._added(ManifestContent.DELETES, self._change.deletes, None),
            *self._existing_manifests(),
        ]

    def _added(
        self, content: ManifestContent, files: Iterable[DataFile], sequence_number: int | None
    ) -> list[ManifestFile]:
        """Write one manifest per partition spec."""
        by_spec: defaultdict[int, list[DataFile]] = defaultdict(list)
        for file in files:
            by_spec[file.spec_id].append(file)
        manifests = []
        for spec_id, members in by_spec.items():
            with self._writer(content, self.spec(spec_id)) as writer:
                for file in members:
                    writer.add_entry(self._entry(ManifestEntryStatus.ADDED, file, sequence_number))
            manifests.append(writer.to_manifest_file())
        return manifests

    def _existing_manifests(self) -> list[ManifestFile]:
        """The manifests so far; a manifest that lists a removed file is rewritten with that entry marked as deleted."""
        snapshot = self._transaction.table_metadata.snapshot_by_name(self._target_branch)
        manifests = snapshot.manifests(self._io) if snapshot else []
        return [self._without_gone(manifest) for manifest in manifests] if self._gone else list(manifests)

    def _without_gone(self, manifest: ManifestFile) -> ManifestFile:
        entries = manifest.fetch_manifest_entry(self._io, discard_deleted=True)
        if not any(entry.data_file.file_path in self._gone for entry in entries):
            return manifest
        with self._writer(manifest.content, self.spec(manifest.partition_spec_id)) as writer:
            for entry in entries:
                if entry.data_file.file_path in self._gone:
                    writer.delete(entry)
                else:
                    writer.existing(entry)
        return writer.to_manifest_file()

    def _deleted_entries(self) -> list[ManifestEntry]:
        return []

    def _entry(self, status: ManifestEntryStatus, file: DataFile, sequence_number: int | None) -> ManifestEntry:
        return ManifestEntry.from_args(
            status=status,
            snapshot_id=self._snapshot_id,
            sequence_number=sequence_number,
            file_sequence_number=None,
            data_file=file,
        )

    def _writer(self, content: ManifestContent, spec: PartitionSpec) -> ManifestWriter:
        if content == ManifestContent.DATA:
            return self.new_manifest_writer(spec)
        return _DeleteManifestWriter(
            spec, self.schema(), self.new_manifest_output(), self._snapshot_id, self._compression
        )

    def _summary(self, snapshot_properties: dict[str, str] = EMPTY_DICT) -> Summary:
        metadata = self._transaction.table_metadata
        specs, schema = metadata.specs(), metadata.schema()
        collector = SnapshotSummaryCollector()
        for file in (*self._change.added, *self._change.deletes):
            collector.add_file(file, schema, specs[file.spec_id])
        for file in self._change.removed:
            collector.remove_file(file, schema, specs[file.spec_id])
        previous = metadata.snapshot_by_id(self._parent_snapshot_id) if self._parent_snapshot_id else None
        # PyIceberg computes no totals for a replace, so they are computed as for an overwrite.
        summed = update_snapshot_summaries(
            Summary(Operation.OVERWRITE, **collector.build(), **snapshot_properties),
            previous.summary if previous else None,
        )
        return Summary(self._operation, **summed.additional_properties)

    def _validate_concurrency(self) -> None:
        window = self._commit_window
        if window is None or window.is_empty() or window.head is None:
            return
        table, change = self._transaction._table, self._change
        removed = {file for file in change.removed if file.content == DataFileContent.DATA}
        _validate_data_files_exist(table, window.head, {*change.changed, *removed}, window.base)
        if change.operation == Operation.REPLACE:
            _validate_no_new_deletes_for_data_files(table, window.head, None, removed, window.base)
            return
        _validate_added_data_files(table, window.head, change.read, window.base)
        _validate_no_new_delete_files(table, window.head, change.read, None, window.base)

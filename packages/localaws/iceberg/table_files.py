"""The files of a table."""

from __future__ import annotations

from pyiceberg.table import Table


def files_of(table: Table, *, live: bool = False) -> set[str]:
    """Locations of every file that the table's snapshots, statistics and metadata log reference.

    With ``live``, without data files that snapshots list only as deleted.
    """
    metadata = table.metadata
    files = {entry.metadata_file for entry in metadata.metadata_log} | {table.metadata_location}
    files |= {statistics.statistics_path for statistics in (*metadata.statistics, *metadata.partition_statistics)}
    for snapshot in metadata.snapshots:
        files.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            files.add(manifest.manifest_path)
            entries = manifest.fetch_manifest_entry(table.io, discard_deleted=live)
            files |= {entry.data_file.file_path for entry in entries}
    return files

"""The tables of operations of a star: files, rejects, checks, completeness, releases and maintenance.

Their database is empty here; :class:`~estrela.etl.star_tables.StarTables` sets that of the star.
"""

from __future__ import annotations

from estrela.etl.lake_table import LakeTable
from estrela.model import mart
from estrela.model.column import Column

MEASURE = "decimal(38,6)"
"""Type of the sums of a source's measure."""

_SOURCE = Column("source", "string", "Source that reads the file")
_REQUEST = Column("request", "string", "Request that the file answers, such as quarter=4,year=2021")
_FILE = Column("source_file", "string", "sha256 of the file's content, its name in the raw layer")

FILES = LakeTable(
    "",
    "files",
    "Newest files received for each request; for a loaded file, rows_in = rows_loaded + rows_rejected",
    (
        _SOURCE,
        Column("received_by", "string", "Source that received the file; several sources may read the same file"),
        _REQUEST,
        Column("page", "int", "Page of the answer, from 0"),
        _FILE,
        Column("url", "string", "Where the file came from"),
        Column("fetched_at", "timestamp", "When it was received, UTC"),
        Column("size", "bigint", "Bytes"),
        Column("state", "string", "loaded; held back: its source has a refused file; set aside: by an operator"),
        Column("rows_in", "bigint", "Rows of the file, without header and blank lines; NULL if the file was not read"),
        Column("rows_loaded", "bigint", "Rows in the trusted table"),
        Column("rows_rejected", "bigint", "Rows in rejects; NULL if the file was not read"),
        Column("measure_in", MEASURE, "Sum of the source's declared measure over all rows; NULL if it has none"),
        Column("measure_rejected", MEASURE, "The same over the rejected rows"),
    ),
    ("source",),
    ("request", "page"),
)
REJECTS = LakeTable(
    "",
    "rejects",
    "Rejected rows and refused files, with the reason",
    (
        _SOURCE,
        _REQUEST,
        _FILE,
        Column("source_line", "bigint", "Line of the file, from 1; for JSON the position of the record, from 1"),
        Column("column_name", "string", "Header of the wrong column; empty if the whole row or file is wrong"),
        Column("value", "string", "The value found there"),
        Column("reason", "string", "What is wrong with it and what is allowed"),
        Column("raw_line", "string", "The row as received, at most 1,000 characters"),
    ),
    ("source",),
    ("request", "source_line"),
)
CHECKS = LakeTable(
    "",
    "checks",
    "Results of the checks of the published tables",
    (
        Column("table_name", "string", "Table"),
        Column("check_name", "string", "Check"),
        Column("column_name", "string", "Columns that the check reads"),
        Column("rows_checked", "bigint", "Rows of the table"),
        Column("rows_failed", "bigint", "Rows that fail the check"),
    ),
    (),
    ("table_name", "check_name", "column_name"),
)
COMPLETENESS = LakeTable(
    "",
    "completeness",
    "Periods with missing rows or files; a period that is not listed is complete",
    (
        Column("table_name", "string", "Dimension or fact"),
        Column("source", "string", "Source whose rows or files are missing"),
        Column("column_name", "string", "Partition column of the table; empty for the table as a whole"),
        Column("period", "string", "Value of that column, for a month or year its first day; empty for the table"),
        Column(
            "files_held_back",
            "bigint",
            "Number of files that are not loaded because a file of their source was refused",
        ),
        Column("files_set_aside", "bigint", "Number of files that an operator set aside"),
        Column("rows_received", "bigint", "Rows of the newest files; NULL if one of them was never read"),
        Column("rows_loaded", "bigint", "Rows of these files in the trusted table"),
        mart.COMPLETENESS,
    ),
    (),
    ("table_name", "column_name", "period"),
)
RUNS = LakeTable(
    "",
    "runs",
    "Changes of the current release: one row per publish and per rollback",
    (
        Column("release_id", "bigint", "Number of the release; less than replaces after a rollback"),
        Column("replaces", "bigint", "Release that it replaced for readers; 0 if it was the first"),
        Column("run_key", "string", "Key of the run"),
        Column("published_at", "timestamp", "When its tables were published, UTC"),
        Column("tables", "string", "Tables that changed, comma-separated"),
        Column("held_back", "string", "Sources whose new data was refused, comma-separated"),
    ),
)
MAINTENANCE = LakeTable(
    "",
    "maintenance",
    "Snapshots, files and raw answers that maintenance removed, and those that remain, per table and source",
    (
        Column("run_key", "string", "Key of the run"),
        Column("maintained_at", "timestamp", "When the run began, UTC"),
        Column("is_dry_run", "boolean", "Whether the run only counted"),
        Column("table_name", "string", "Table, or raw/ and the name of a source"),
        Column("tags_dropped", "bigint", "Tags of releases that can no longer be shown"),
        Column("snapshots_expired", "bigint", "Expired snapshots, to which nothing refers any more"),
        Column("files_compacted", "bigint", "Small data files merged into larger ones"),
        Column("orphans_removed", "bigint", "Files that belong to no snapshot"),
        Column("data_files", "bigint", "Data files of the newest snapshot, afterwards"),
        Column("snapshots", "bigint", "Snapshots of the table, afterwards"),
        Column("answers_retired", "bigint", "Removed raw answers, which newer ones replaced and no table needs"),
        Column("bytes_removed", "bigint", "Size of the removed raw files in bytes"),
    ),
)

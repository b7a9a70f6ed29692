"""The tables of operations of a star: files, rejects, checks, completeness, releases and maintenance.

Their database is empty here; :class:`~estrela.etl.star_tables.StarTables` sets that of the star.
"""

from __future__ import annotations

from estrela.etl.lake_table import LakeTable
from estrela.model import mart
from estrela.model.column import Column

MEASURE = "decimal(38,6)"
"""Type of the sums of a source's measure."""

_SOURCE = Column("source", "string", "Source that the file answers")
_REQUEST = Column("request", "string", "What was asked for, such as quarter=4,year=2021")
_FILE = Column("source_file", "string", "sha256 of the file's content, its name in the raw layer")

FILES = LakeTable(
    "",
    "files",
    "Newest files received: of a loaded one, rows in = rows loaded + rows rejected",
    (
        _SOURCE,
        Column("received_by", "string", "Source that received the file; another one than source may read it, too"),
        _REQUEST,
        Column("page", "int", "Page of the answer, from 0"),
        _FILE,
        Column("url", "string", "Where the file came from"),
        Column("fetched_at", "timestamp", "When it was received, UTC"),
        Column("size", "bigint", "Bytes"),
        Column("state", "string", "loaded; held back: refused, with its source; set aside: by an operator"),
        Column("rows_in", "bigint", "Rows that the file holds, header and blank lines not counted; NULL if unread"),
        Column("rows_loaded", "bigint", "Rows in the trusted table"),
        Column("rows_rejected", "bigint", "Rows in rejects; NULL if unread"),
        Column("measure_in", MEASURE, "Sum of the source's declared measure over all rows; NULL if it has none"),
        Column("measure_rejected", MEASURE, "The same over the rejected rows"),
    ),
    ("source",),
    ("request", "page"),
)
REJECTS = LakeTable(
    "",
    "rejects",
    "Rows and files that were refused, and why",
    (
        _SOURCE,
        _REQUEST,
        _FILE,
        Column("source_line", "bigint", "Line of the file, from 1; of a JSON answer the place of the record, from 1"),
        Column("column_name", "string", "Header of the column that is wrong; empty for the row or file as a whole"),
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
    "Results of the checks of what is published",
    (
        Column("table_name", "string", "Table"),
        Column("check_name", "string", "Check"),
        Column("column_name", "string", "Columns that it looks at"),
        Column("rows_checked", "bigint", "Rows of the table"),
        Column("rows_failed", "bigint", "Rows that fail it"),
    ),
    (),
    ("table_name", "check_name", "column_name"),
)
COMPLETENESS = LakeTable(
    "",
    "completeness",
    "Periods of which rows or files are missing; a period that is not listed is complete",
    (
        Column("table_name", "string", "Dimension or fact"),
        Column("source", "string", "Source whose rows or files are missing"),
        Column("column_name", "string", "Partition column of the table; empty for the table as a whole"),
        Column("period", "string", "Value of that column, of a date the first day of its part; empty for the whole"),
        Column("files_held_back", "bigint", "Newest files that were refused, with their source"),
        Column("files_set_aside", "bigint", "Newest files that an operator set aside"),
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
    "Releases as they became current: one row per publish, and one per rollback",
    (
        Column("release_id", "bigint", "Number of the release; less than replaces after a rollback"),
        Column("replaces", "bigint", "Release that it replaced for readers; 0 if it was the first"),
        Column("run_key", "string", "Key of the run"),
        Column("published_at", "timestamp", "When its tables were published, UTC"),
        Column("tables", "string", "Tables that changed, comma-separated"),
        Column("held_back", "string", "Sources that were not brought up to date, comma-separated"),
    ),
)
MAINTENANCE = LakeTable(
    "",
    "maintenance",
    "What maintenance removed from each table and from raw, and what it left",
    (
        Column("run_key", "string", "Key of the run"),
        Column("maintained_at", "timestamp", "When the run began, UTC"),
        Column("is_dry_run", "boolean", "Whether the run only counted"),
        Column("table_name", "string", "Table, or raw/ and the name of a source"),
        Column("tags_dropped", "bigint", "Tags of releases that can no longer be shown"),
        Column("snapshots_expired", "bigint", "Snapshots that nothing refers to any more"),
        Column("files_compacted", "bigint", "Small data files merged into larger ones"),
        Column("orphans_removed", "bigint", "Files that belong to no snapshot"),
        Column("data_files", "bigint", "Data files of the newest snapshot, afterwards"),
        Column("snapshots", "bigint", "Snapshots of the table, afterwards"),
        Column("answers_retired", "bigint", "Raw answers given up: superseded, and needed by no table"),
        Column("bytes_removed", "bigint", "Size of the raw contents that were removed"),
    ),
)

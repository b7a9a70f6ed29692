"""The COPY statement: reads its options, table and files, loads them, and sets the session's copy variables."""

from __future__ import annotations

from collections.abc import Callable

from localaws.redshift.copy.columns import copy_target
from localaws.redshift.copy.files import source_files
from localaws.redshift.copy.loading import Loader
from localaws.redshift.copy.options import read_copy
from localaws.redshift.copy.records import ABORTED, COMPLETED, Load, LoadRecords
from localaws.redshift.copy.stream import CopyStream
from localaws.redshift.database import Connection
from localaws.s3.store import ObjectStore


class CopyFailedError(Exception):
    """A COPY that failed while loading: pg_last_copy_id() returns its ``query_id`` from now on."""

    def __init__(self, query_id: int, cause: Exception) -> None:
        super().__init__(str(cause))
        self.query_id = query_id
        self.cause = cause


def run_copy(
    sql: str,
    query_id: int,
    connection: Connection,
    store: ObjectStore,
    records: LoadRecords,
    check: Callable[[], None],
) -> int:
    """Run a COPY inside the connection's transaction; return the number of loaded rows.

    Raises SqlError before it loads, and CopyFailedError afterwards. ``check`` raises if the statement was cancelled.
    """
    options = read_copy(sql)
    target = copy_target(connection, options)
    files = source_files(store, options)
    load = Load(
        query_id, _transaction(connection), connection.info.backend_pid, target, options.table, options.source,
        options.format, len(files), sum(file.size for file in files),
    )  # fmt: skip
    records.begin(load)
    stream = CopyStream(connection, target, options)
    try:
        Loader(store, options, load, stream, check).run(files)
    except BaseException as error:
        stream.abandon()
        records.end(load, ABORTED)
        if isinstance(error, Exception):
            raise CopyFailedError(query_id, error) from error
        raise
    records.end(load, COMPLETED)
    loaded = 0 if options.no_load else load.rows
    remember(connection, query_id, loaded)
    return loaded


def remember(connection: Connection, query_id: int, rows: int) -> None:
    """Set the values of pg_last_copy_id() and pg_last_copy_count(); a rollback restores them, as in Redshift."""
    connection.execute(
        "SELECT set_config('rs.copy_id', %s, false), set_config('rs.copy_count', %s, false)", (str(query_id), str(rows))
    )


def _transaction(connection: Connection) -> int:
    row = connection.execute("SELECT pg_catalog.pg_current_xact_id()::text::bigint").fetchone()
    return int(str(row[0])) if row else 0

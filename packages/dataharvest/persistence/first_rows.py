"""Of rows with the same key, the first in the file is kept, in whatever order the chunks are loaded."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from dataharvest.database.session import lock, share
from dataharvest.model.kind import Kind

REPEATED = "repeats the key of an earlier row, which is kept"
LONGEST_VALUE = 200


def share_file(connection: Connection[Any], file_id: int) -> None:
    """Take the file's shared lock, which lets chunks load in parallel, until the transaction or savepoint ends."""
    share(connection, *_lock(file_id))


def keep_first(connection: Connection[Any], kind: Kind, file_id: int, stage: Identifier) -> int:
    """Compare staged rows with the file's rows in the table: of rows with the same key, the later is quarantined.

    Staged rows are marked; rows of the table are moved. Return the number of moved rows. The file's exclusive lock
    prevents other chunks from being loaded during the transaction, because two chunks that wait for each other's keys
    would deadlock.
    """
    lock(connection, *_lock(file_id))
    key = SQL(", ").join(map(Identifier, kind.key))
    names = {
        "stage": stage,
        "table": Identifier("dataharvest", kind.table),
        "key": key,
        "last": Identifier(kind.key[-1]),
    }
    given = {"file": file_id, "kind": kind.name, "column": kind.key[-1], "limit": LONGEST_VALUE, "reason": REPEATED}
    mark = SQL(
        "UPDATE {stage} s SET fault_column = %(column)s, fault_value = left(s.{last}, %(limit)s), fault = %(reason)s "
        "FROM (SELECT line AS first, {key} FROM {table} WHERE file_id = %(file)s) t "
        "JOIN {stage} m USING ({key}) WHERE s.line = m.line AND m.fault IS NULL AND t.first < m.line"
    )
    move = SQL(
        "WITH later AS (DELETE FROM {table} t USING {stage} s WHERE t.file_id = %(file)s AND s.fault IS NULL "
        "AND ({of_t}) = ({of_s}) RETURNING t.line, t.{last}) "
        "INSERT INTO dataharvest.quarantine (file_id, kind, line, column_name, value, reason) "
        "SELECT %(file)s, %(kind)s, line, %(column)s, left({last}, %(limit)s), %(reason)s FROM later"
    )
    connection.execute(mark.format(**names), given)
    of = {name: SQL(", ").join(Identifier(name[-1], column) for column in kind.key) for name in ("of_t", "of_s")}
    return connection.execute(move.format(**names, **of), given).rowcount


def _lock(file_id: int) -> tuple[str, str]:
    return "chunks", str(file_id)

"""Registration of files: which content is current, and to which version of the delivery it belongs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from dataharvest.database.session import lock
from dataharvest.model.delivery import DeliveredObject, Delivery, FileName, day_of
from dataharvest.model.kind import KINDS, Kind

_FILE_COLUMNS = SQL(", ").join(Identifier(f"{kind.noun}_file") for kind in KINDS)
_LOCK_DAY = (
    SQL(
        "SELECT b.version, {} FROM dataharvest.business_day b "
        "JOIN dataharvest.delivery d USING (external_client, business_date, version) "
        "WHERE (b.external_client, b.business_date) = (%s, %s) FOR UPDATE OF b FOR NO KEY UPDATE OF d"
    )
    .format(_FILE_COLUMNS)
    .as_bytes()
)


@dataclass(frozen=True)
class Registered:
    """A delivery, and the flags of its files. ``is_new``: this registration opened its version."""

    delivery: Delivery
    flags: tuple[str, ...]
    is_new: bool = False


@dataclass(frozen=True)
class KnownFile:
    """A content that arrived before: was it refused as a whole, and are all of its rows loaded?"""

    file_id: int
    is_refused: bool
    is_complete: bool

    @property
    def is_ready(self) -> bool:
        """Return whether it can be registered."""
        return self.is_complete and not self.is_refused


def lock_kind(connection: Connection[Any], name: FileName) -> None:
    """Prevent other transactions from loading a file of the same client, date and kind until this one ends."""
    lock(connection, "persistence", name.external_client, name.business_date, name.kind.name)


def is_outdated(connection: Connection[Any], name: FileName, delivered: DeliveredObject) -> bool:
    """Do as :func:`arrive`, but return only whether a newer object arrived before."""
    return arrive(connection, name, delivered)[0]


def arrive(connection: Connection[Any], name: FileName, delivered: DeliveredObject) -> tuple[bool, KnownFile | None]:
    """Return whether a newer object of the same client, date and kind arrived before, and the file record of the
    content if it arrived before.

    The event is recorded if it is the newest of its key. Sequencers order the events of one key. S3 does not define an
    order for different keys; they are ordered by event time, then by bucket and key.
    """
    query = """
        WITH noted AS (
            INSERT INTO dataharvest.newest_object AS known
                (bucket, object_key, sequencer, external_client, business_date, kind, event_time)
            VALUES (%(bucket)s, %(key)s, %(order)s, %(client)s, %(day)s, %(kind)s, %(time)s)
            ON CONFLICT (bucket, object_key) DO UPDATE
            SET sequencer = greatest(known.sequencer COLLATE "C", EXCLUDED.sequencer COLLATE "C"),
                event_time = CASE WHEN EXCLUDED.sequencer COLLATE "C" > known.sequencer COLLATE "C"
                    THEN EXCLUDED.event_time ELSE known.event_time END,
                times_seen = known.times_seen + 1
            RETURNING sequencer, event_time
        )
        SELECT sequencer <> %(order)s OR EXISTS (
            SELECT FROM dataharvest.newest_object other
            WHERE (other.external_client, other.business_date, other.kind) = (%(client)s, %(day)s, %(kind)s)
                AND (other.bucket, other.object_key) <> (%(bucket)s, %(key)s)
                AND (other.event_time, other.bucket, other.object_key)
                    > (noted.event_time, %(bucket)s, %(key)s)),
            file_id, refused_because IS NOT NULL, is_complete
        FROM noted LEFT JOIN dataharvest.delivered_file f
            ON (f.external_client, f.business_date, f.kind, f.etag) = (%(client)s, %(day)s, %(kind)s, %(etag)s)
    """
    client, day = _day(name)
    time = delivered.event_time or "-infinity"
    of = {"client": client, "day": day, "kind": name.kind.name, "order": delivered.order, "time": time}
    of |= {"bucket": delivered.bucket, "key": delivered.key, "etag": delivered.etag}
    row = connection.execute(query, of).fetchone()
    assert row is not None
    return bool(row[0]), None if row[1] is None else KnownFile(*row[1:])


def known_file(connection: Connection[Any], name: FileName, delivered: DeliveredObject) -> KnownFile | None:
    """Return the file record of a content that arrived before; None if it is new."""
    query = """
        SELECT file_id, refused_because IS NOT NULL, is_complete FROM dataharvest.delivered_file
        WHERE (external_client, business_date, kind, etag) = (%s, %s, %s, %s)
    """
    row = connection.execute(query, (*_day(name), name.kind.name, delivered.etag)).fetchone()
    return KnownFile(*row) if row else None


def loaded_chunks(connection: Connection[Any], file_id: int) -> set[str]:
    """Return the ids of the chunks of a file whose rows are loaded."""
    query = "SELECT chunk_id FROM dataharvest.loaded_chunk WHERE file_id = %s"
    return {str(identity) for (identity,) in connection.execute(query, [file_id]).fetchall()}


def new_file(
    connection: Connection[Any], name: FileName, delivered: DeliveredObject, chunks: int | None = None, rows: int = 0
) -> int:
    """Record a content with its number of loaded ``rows``, as far as it is known; return its file id.

    If it has ``chunks``, it is complete when all are loaded.
    """
    query = """
        INSERT INTO dataharvest.delivered_file
            (external_client, business_date, kind, bucket, object_key, etag, size, chunks, is_complete, rows_loaded)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING file_id
    """
    place = (delivered.bucket, delivered.key, delivered.etag, delivered.size, chunks, chunks is None, rows)
    row = connection.execute(query, (*_day(name), name.kind.name, *place)).fetchone()
    assert row is not None
    return int(row[0])


def count_rows(connection: Connection[Any], file_id: int, loaded: int, rejected: int) -> None:
    """Record the numbers of loaded and rejected rows of a file."""
    query = "UPDATE dataharvest.delivered_file SET rows_loaded = %s, rows_rejected = %s WHERE file_id = %s"
    connection.execute(query, (loaded, rejected, file_id))


def refuse(connection: Connection[Any], file_id: int, reason: str) -> None:
    """Record that a file cannot be read at all."""
    connection.execute(
        "UPDATE dataharvest.delivered_file SET refused_because = %s WHERE file_id = %s", (reason, file_id)
    )


def register(connection: Connection[Any], name: FileName, file_id: int) -> Registered:
    """Make a file the current one of its kind and date.

    A date starts with version 1. A file that replaces another opens the next version, which keeps the other files.
    """
    current = _locked_day(connection, name)
    while current is None:
        if _open_day(connection, name, file_id):
            return Registered(Delivery(name.external_client, name.business_date, 1), (name.kind.flag,), is_new=True)
        current = _locked_day(connection, name)
    version, files = current
    is_new = files[name.kind] not in (None, file_id)
    if is_new:
        version += 1
        _open_version(connection, name, version)
    if files[name.kind] != file_id:
        connection.execute(_set_file(name.kind), (file_id, *_day(name), version))
    flags = tuple(kind.flag for kind, known in files.items() if known is not None or kind == name.kind)
    return Registered(Delivery(name.external_client, name.business_date, version), flags, is_new)


def _locked_day(connection: Connection[Any], name: FileName) -> tuple[int, dict[Kind, int | None]] | None:
    """Lock a date until the transaction ends; return its current version, and the file id of each kind in it.

    Return None if the date does not exist, or if another transaction opened a version meanwhile.
    """
    row = connection.execute(_LOCK_DAY, _day(name)).fetchone()
    return (int(row[0]), dict(zip(KINDS, row[1:], strict=True))) if row else None


def _open_day(connection: Connection[Any], name: FileName, file_id: int) -> bool:
    """Create a date whose version 1 has one file; return False if another transaction created it."""
    return connection.execute(_insert_day(name.kind), (*_day(name), file_id)).rowcount == 1


def _open_version(connection: Connection[Any], name: FileName, version: int) -> None:
    statement = SQL(
        "INSERT INTO dataharvest.delivery (external_client, business_date, version, {0}) "
        "SELECT external_client, business_date, %s, {0} FROM dataharvest.delivery "
        "WHERE (external_client, business_date, version) = (%s, %s, %s)"
    )
    connection.execute(statement.format(_FILE_COLUMNS), (version, *_day(name), version - 1))
    connection.execute(
        "UPDATE dataharvest.business_day SET version = %s WHERE (external_client, business_date) = (%s, %s)",
        (version, *_day(name)),
    )


@cache
def _set_file(kind: Kind) -> bytes:
    statement = SQL(
        "UPDATE dataharvest.delivery SET {} = %s WHERE (external_client, business_date, version) = (%s, %s, %s)"
    )
    return statement.format(_file_column(kind)).as_bytes()


@cache
def _insert_day(kind: Kind) -> bytes:
    statement = SQL(
        "WITH opened AS (INSERT INTO dataharvest.business_day VALUES (%s, %s, 1) ON CONFLICT DO NOTHING RETURNING *) "
        "INSERT INTO dataharvest.delivery (external_client, business_date, version, {}) SELECT *, %s FROM opened"
    )
    return statement.format(_file_column(kind)).as_bytes()


def _file_column(kind: Kind) -> Identifier:
    return Identifier(f"{kind.noun}_file")


def _day(name: FileName) -> tuple[object, object]:
    return name.external_client, day_of(name.business_date)

"""Loads the chunks of a large file; the load of the last chunk registers the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Connection

from dataharvest.catapult.sender import Sender
from dataharvest.database.session import lock
from dataharvest.metastore import Metastore
from dataharvest.model.chunk import ChunkTask, chunk_id, content_name
from dataharvest.model.delivery import FileName, file_name
from dataharvest.persistence import register
from dataharvest.persistence.chunk_table import ChunkTable
from dataharvest.persistence.persist import FOREIGN, PERSISTED, REPLACED
from dataharvest.persistence.rows import Loaded, load_rows
from dataharvest.persistence.stream import Opened, ReplacedError, open_chunk, open_object
from dataharvest.progress import Done, Progress, chunks_of_kind
from dataharvest.vault import DataKey

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK_PERSISTED = "chunk persisted"
FORGOTTEN = "chunk of a file that is not known"


@dataclass(frozen=True)
class _State:
    """Number of loaded chunks of a file, and its registration if all are loaded."""

    done: Done
    registered: register.Registered | None


@dataclass(frozen=True)
class ChunkPersistence:
    """Loads chunks. The set of chunk ids in PostgreSQL, written with the rows, decides when a file is complete."""

    sender: Sender
    metastore: Metastore
    s3: S3Client
    chunk_table: ChunkTable
    progress: Progress

    def load(self, task: ChunkTask) -> str:
        """Load one chunk, and return the outcome; a repeated call changes nothing.

        Chunk table, progress and flag are written after the commit. After a crash in between, the repeated message
        writes them. Raises LoadError, or botocore's errors.
        """
        name = file_name(task.delivered.key)
        if name is None:
            return FOREIGN
        key = self.sender.vault.key(name.external_client, name.business_date)
        content = content_name(name, task.delivered.etag)
        try:
            with self.sender.database.transaction() as connection:
                state = self._load(connection, name, task, key, chunk_id(content, task.chunk))
        except ReplacedError:
            return REPLACED
        if state is None:
            return FORGOTTEN
        self.chunk_table.mark(content, task.chunk)
        self.progress.note(name.external_client, name.business_date, content, state.done)
        if state.registered is None:
            return CHUNK_PERSISTED
        self.metastore.set_flags(state.registered.delivery, state.registered.flags)
        return PERSISTED

    def _load(
        self, connection: Connection[Any], name: FileName, task: ChunkTask, key: DataKey, identity: str
    ) -> _State | None:
        known = register.known_file(connection, name, task.delivered)
        if known is None or known.is_refused:
            return None
        lock(connection, "chunk", str(known.file_id), identity)
        if identity not in register.loaded_chunks(connection, known.file_id):

            def source() -> Opened:
                return open_chunk(name.kind, task, open_object(self.s3, task.delivered, task.chunk))

            rows = load_rows(connection, name.kind, known.file_id, source(), source, key)
            _enter(connection, known.file_id, identity, rows)
        done = len(register.loaded_chunks(connection, known.file_id))
        registered = _complete(connection, name, task, known.file_id) if done == task.chunks else None
        return _State(Done(chunks_of_kind(name.kind), done, task.chunks), registered)


def _enter(connection: Connection[Any], file_id: int, identity: str, rows: Loaded) -> None:
    """Record a loaded chunk. If two chunks end at once, the later waits here, and then sees the earlier."""
    connection.execute("SELECT FROM dataharvest.delivered_file WHERE file_id = %s FOR NO KEY UPDATE", [file_id])
    query = """
        INSERT INTO dataharvest.loaded_chunk (file_id, chunk_id, rows_loaded, rows_rejected) VALUES (%s, %s, %s, %s)
    """
    connection.execute(query, (file_id, identity, rows.loaded, rows.rejected))


def _complete(connection: Connection[Any], name: FileName, task: ChunkTask, file_id: int) -> register.Registered:
    """Register a file whose chunks are all loaded. Raises ReplacedError if a newer object arrived meanwhile."""
    register.lock_kind(connection, name)
    if register.is_outdated(connection, name, task.delivered):
        raise ReplacedError
    query = """
        UPDATE dataharvest.delivered_file SET is_complete = true, (rows_loaded, rows_rejected) =
            (SELECT sum(rows_loaded), sum(rows_rejected) FROM dataharvest.loaded_chunk WHERE file_id = %(file)s)
        WHERE file_id = %(file)s AND NOT is_complete
    """
    connection.execute(query, {"file": file_id})
    return register.register(connection, name, file_id)

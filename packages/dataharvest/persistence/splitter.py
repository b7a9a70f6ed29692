"""Splits a large file into chunks, and requests the load of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Connection

from dataharvest.catapult.sender import Sender
from dataharvest.metastore import Metastore
from dataharvest.model.chunk import Plan, chunk_id, content_name, tasks
from dataharvest.model.delivery import DeliveredObject, FileName, file_name
from dataharvest.persistence import register
from dataharvest.persistence.boundaries import chunks_of
from dataharvest.persistence.chunk_table import ChunkTable
from dataharvest.persistence.persist import FOREIGN, PERSISTED, REFUSED, REPLACED
from dataharvest.persistence.refusal import refuse
from dataharvest.persistence.stream import RefusedError, ReplacedError, open_object, read_header
from dataharvest.progress import Done, Progress, chunks_of_kind
from dataharvest.resources import CHUNKS
from dataharvest.stage_queues import StageQueues
from dataharvest.vault import DataKey

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SPLIT = "split"


@dataclass(frozen=True)
class Splitter:
    """Splits files into chunks of about ``chunk_bytes``, and stores the split in ``chunk_table``."""

    sender: Sender
    metastore: Metastore
    s3: S3Client
    queues: StageQueues
    chunk_table: ChunkTable
    chunk_bytes: int
    progress: Progress

    def split(self, delivered: DeliveredObject) -> str:
        """Request the load of those chunks of an object that are not loaded, and return the outcome.

        A complete file is registered like a file without chunks. A plan never changes, so a repeated event requests the
        same chunks. Raises LoadError, or botocore's errors.
        """
        name = file_name(delivered.key)
        if name is None:
            return FOREIGN
        key = self.sender.vault.key(name.external_client, name.business_date)
        content = content_name(name, delivered.etag)
        try:
            plan = self.chunk_table.plan(content) or self.chunk_table.decide(content, self._plan(name, delivered))
        except ReplacedError:
            return REPLACED
        except RefusedError as error:
            return self._enter(name, delivered, key, error)[0]
        done, loaded = self._enter(name, delivered, key, plan)
        if done == SPLIT:
            missing = [chunk for chunk in plan.chunks if chunk_id(content, chunk) not in loaded]
            done_now = Done(chunks_of_kind(name.kind), len(loaded), len(plan.chunks))
            self.progress.note(name.external_client, name.business_date, content, done_now)
            for task in tasks(delivered, plan, missing):
                self.chunk_table.enter(content, task.chunk)
                self.queues.ask(CHUNKS, task.to_json(), name.external_client)
        return done

    def _plan(self, name: FileName, delivered: DeliveredObject) -> Plan:
        """Read the file once. Raises ReplacedError, RefusedError."""
        opened = read_header(name.kind, open_object(self.s3, delivered))
        return Plan(tuple(column.name for column in opened.columns), chunks_of(opened, self.chunk_bytes))

    def _enter(
        self, name: FileName, delivered: DeliveredObject, key: DataKey, decision: Plan | RefusedError
    ) -> tuple[str, set[str]]:
        """Record the file unless it is known.

        Return its state (SPLIT, PERSISTED, REFUSED or REPLACED), and the ids of its loaded chunks.
        """
        with self.sender.database.transaction() as connection:
            register.lock_kind(connection, name)
            is_outdated, known = register.arrive(connection, name, delivered)
            if is_outdated:
                return REPLACED, set()
            if known is None:
                known = self._entered(connection, name, delivered, key, decision)
            registered = register.register(connection, name, known.file_id) if known.is_ready else None
            loaded = register.loaded_chunks(connection, known.file_id)
        if registered:
            self.metastore.set_flags(registered.delivery, registered.flags)
            return PERSISTED, loaded
        if known.is_refused:
            self.sender.send(name.external_client, name.business_date)
            return REFUSED, loaded
        return SPLIT, loaded

    def _entered(
        self,
        connection: Connection[Any],
        name: FileName,
        delivered: DeliveredObject,
        key: DataKey,
        decision: Plan | RefusedError,
    ) -> register.KnownFile:
        if isinstance(decision, RefusedError):
            refuse(connection, name, delivered, decision, key)
        else:
            register.new_file(connection, name, delivered, len(decision.chunks))
        known = register.known_file(connection, name, delivered)
        assert known is not None
        return known

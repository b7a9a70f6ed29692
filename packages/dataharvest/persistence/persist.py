"""Loads an object: its rows and registration in one transaction, then the flag."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from psycopg import Connection

from dataharvest.catapult.sender import Sender
from dataharvest.metastore import Metastore
from dataharvest.model.delivery import DeliveredObject, FileName, file_name
from dataharvest.persistence import register
from dataharvest.persistence.plain_bytes import NotPlainError
from dataharvest.persistence.refusal import refuse
from dataharvest.persistence.rows import load_rows, load_small
from dataharvest.persistence.stream import CHUNK, Opened, RefusedError, ReplacedError, open_object, read_header
from dataharvest.resources import SPLITTER
from dataharvest.stage_queues import StageQueues
from dataharvest.vault import DataKey

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PERSISTED = "persisted"
REFUSED = "refused"
REPLACED = "replaced by a newer object"
FOREIGN = "not a delivered file"
TO_SPLIT = "to be split into chunks"
Load = Callable[[Connection[Any], FileName, DeliveredObject], int | None]
"""Loads a content that did not arrive before; the result is the id of its file, or None if it is refused."""


@dataclass(frozen=True)
class Persistence:
    """Loads delivered objects into the database and sets flags in the ``metastore``; ``sender`` reports a refused file.

    Objects of more than ``split_above`` bytes are passed to the splitter through its queue; None means that all objects
    are loaded as a whole.
    """

    sender: Sender
    metastore: Metastore
    s3: S3Client
    queues: StageQueues
    split_above: int | None = None

    def take(self, delivered: DeliveredObject) -> str:
        """Load one object, and return the outcome; a repeated call changes nothing.

        The flag is set after the commit. After a crash in between, the repeated event sets it. Raises LoadError, or
        botocore's errors.
        """
        outcome = self.load(delivered)
        if isinstance(outcome, str):
            return outcome
        self.metastore.set_flags(outcome.delivery, outcome.flags, is_new=outcome.is_new)
        return PERSISTED

    def load(self, delivered: DeliveredObject) -> register.Registered | str:
        """Load and register one object without setting its flags; return the registration, or the reason why there is
        none.

        Raises LoadError, or botocore's errors.
        """
        name = file_name(delivered.key)
        if name is None:
            return FOREIGN
        outcome: register.Registered | str = TO_SPLIT
        if self.split_above is None or delivered.size <= self.split_above:
            try:
                outcome = self._load_and_register(name, delivered)
            except ReplacedError:
                return REPLACED
        if outcome == TO_SPLIT:
            self.queues.ask(SPLITTER, delivered.to_json(), name.external_client)
        elif outcome == REFUSED:
            self.sender.send(name.external_client, name.business_date)
        return outcome

    def _load_and_register(self, name: FileName, delivered: DeliveredObject) -> register.Registered | str:
        """Return the registration, REFUSED, or TO_SPLIT if chunks of the content are missing.

        Most files are small and valid. They need neither savepoints nor, without sensitive columns, a key. Any other
        file is rolled back and loaded again. Raises ReplacedError.
        """
        # Read or created outside the transaction, which may be rolled back: the vault remembers it.
        key = partial(self.sender.vault.key, name.external_client, name.business_date)
        if delivered.size < CHUNK:
            load: Load = partial(self._load_valid, key=key() if name.kind.is_sensitive else None)
            with suppress(NotPlainError, RefusedError), self.sender.database.transaction() as connection:
                return self._register(connection, name, delivered, load)
        load = partial(self._load, key=key())
        with self.sender.database.transaction() as connection:
            return self._register(connection, name, delivered, load)

    def _register(
        self, connection: Connection[Any], name: FileName, delivered: DeliveredObject, load: Load
    ) -> register.Registered | str:
        register.lock_kind(connection, name)
        is_outdated, known = register.arrive(connection, name, delivered)
        if is_outdated:
            raise ReplacedError
        if known and not known.is_ready:
            return REFUSED if known.is_refused else TO_SPLIT
        file_id = known.file_id if known else load(connection, name, delivered)
        return REFUSED if file_id is None else register.register(connection, name, file_id)

    def _load_valid(
        self, connection: Connection[Any], name: FileName, delivered: DeliveredObject, key: DataKey | None
    ) -> int:
        """Load a file without invalid rows, and return its id. Raises NotPlainError, RefusedError or ReplacedError."""
        opened = read_header(name.kind, open_object(self.s3, delivered))
        return load_small(
            connection,
            name.kind,
            opened,
            key,
            lambda rows: register.new_file(connection, name, delivered, rows=rows),
        )

    def _load(
        self, connection: Connection[Any], name: FileName, delivered: DeliveredObject, key: DataKey
    ) -> int | None:
        """Return the id of the file, or None if it is refused."""

        def source() -> Opened:
            return read_header(name.kind, open_object(self.s3, delivered))

        try:
            opened = source().read_ahead()
            with connection.transaction():
                file_id = register.new_file(connection, name, delivered)
                rows = load_rows(connection, name.kind, file_id, opened, source, key)
        except RefusedError as error:
            refuse(connection, name, delivered, error, key)
            return None
        register.count_rows(connection, file_id, rows.loaded, rows.rejected)
        return file_id

"""Take an object in: rows and their registration in one transaction, then the flag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Connection

from dataharvest.catapult.messages import error_message
from dataharvest.catapult.outbox import write_error
from dataharvest.catapult.sender import Sender
from dataharvest.database.session import lock
from dataharvest.metastore import Metastore
from dataharvest.model.delivery import DeliveredObject, Delivery, FileName, file_name
from dataharvest.persistence import register
from dataharvest.persistence.rows import load_rows
from dataharvest.persistence.stream import RefusedError, ReplacedError, open_object
from dataharvest.vault import DataKey

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PERSISTED = "persisted"
REFUSED = "refused"
REPLACED = "replaced by a newer object"
FOREIGN = "not a delivered file"
NO_VERSION = 0
"""Version of a message about a file that belongs to none."""


@dataclass(frozen=True)
class Persistence:
    """Takes delivered objects into the database and tells the ``metastore``, or ``sender`` if a file is refused."""

    sender: Sender
    metastore: Metastore
    s3: S3Client

    def take(self, delivered: DeliveredObject) -> str:
        """Take one object in, and return what came of it; taking it again changes nothing.

        The flag is set after the commit. Where a crash parts the two, the repeated event sets it.
        Raises LoadError, or botocore's errors.
        """
        name = file_name(delivered.key)
        if name is None:
            return FOREIGN
        key = self.sender.vault.key(name.external_client, name.business_date)
        try:
            with self.sender.database.transaction() as connection:
                registered = self._register(connection, name, delivered, key)
        except ReplacedError:
            return REPLACED
        if registered is None:
            self.sender.send(name.external_client, name.business_date)
            return REFUSED
        self.metastore.set_flags(registered.delivery, registered.flags)
        return PERSISTED

    def _register(
        self, connection: Connection[Any], name: FileName, delivered: DeliveredObject, key: DataKey
    ) -> register.Registered | None:
        """Return what was registered, or None if the file was refused. Raises ReplacedError."""
        lock(connection, "persistence", name.external_client, name.business_date, name.kind.name)
        if register.is_outdated(connection, delivered):
            raise ReplacedError
        known = register.known_file(connection, name, delivered)
        file_id, is_refused = known or self._load(connection, name, delivered, key)
        return None if is_refused else register.register(connection, name, file_id)

    def _load(
        self, connection: Connection[Any], name: FileName, delivered: DeliveredObject, key: DataKey
    ) -> tuple[int, bool]:
        file_id = register.new_file(connection, name, delivered)
        try:
            with connection.transaction():
                rows = load_rows(connection, name.kind, file_id, lambda: open_object(self.s3, delivered), key)
        except RefusedError as error:
            register.refuse(connection, file_id, str(error))
            message = error_message(f"{name.kind.name}: the file {delivered.key} is refused: {error}", key)
            write_error(connection, Delivery(name.external_client, name.business_date, NO_VERSION), message, key)
            return file_id, True
        register.count_rows(connection, file_id, rows.loaded, rows.rejected)
        return file_id, False

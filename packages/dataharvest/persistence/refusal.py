"""A file that cannot be read at all: it is recorded, and an error message is sent."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from dataharvest.catapult.messages import error_message
from dataharvest.catapult.outbox import write_error
from dataharvest.model.delivery import DeliveredObject, Delivery, FileName
from dataharvest.persistence import register
from dataharvest.persistence.stream import RefusedError
from dataharvest.vault import DataKey

NO_VERSION = 0
"""Version in a message about a file that belongs to no version."""


def refuse(
    connection: Connection[Any], name: FileName, delivered: DeliveredObject, error: RefusedError, key: DataKey
) -> None:
    """Record a content that is refused because of ``error``, and write the error message.

    A different content that is refused for the same reason gets its own message.
    """
    file_id = register.new_file(connection, name, delivered)
    register.refuse(connection, file_id, str(error))
    text = f"{name.kind.name}: the file {delivered.key} is refused: {error}"
    message = error_message(text, key, of=delivered.etag)
    write_error(connection, Delivery(name.external_client, name.business_date, NO_VERSION), message, key)

"""The outbox: messages to be sent, written in the transaction that finishes a delivery."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from psycopg import Connection

from dataharvest.catapult.messages import Message, MessageWriter, error_message
from dataharvest.catapult.schema import CLIENT_MESSAGE, PORTFOLIO_MESSAGE
from dataharvest.database.session import Database
from dataharvest.deliveries import CurrentDelivery, finish, lock_current
from dataharvest.model.choreography import CATAPULT
from dataharvest.model.delivery import Delivery, day_of
from dataharvest.vault import DataKey, Vault

BODY = "body"
"""Column name that is bound into encrypted bodies."""
_BATCH = 5000
_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS dataharvest_message (place bigint GENERATED ALWAYS AS IDENTITY, type text,
    reference text, sealed bytea, digest bytea, PRIMARY KEY (type, reference)) ON COMMIT DELETE ROWS
"""
_COPY = "COPY pg_temp.dataharvest_message (type, reference, sealed, digest) FROM STDIN (FORMAT BINARY)"
_VANISHED = """
SELECT p.type, p.reference, p.version FROM dataharvest.published p
LEFT JOIN pg_temp.dataharvest_message m USING (type, reference)
WHERE (p.external_client, p.business_date) = (%(client)s, %(day)s) AND m.type IS NULL ORDER BY p.type, p.reference
"""
_WRITE = """
INSERT INTO dataharvest.outbox (key, external_client, business_date, version, type, reference, corrects, sealed)
SELECT concat_ws('/', m.type, %(client)s, to_char(%(day)s::date, 'YYYYMMDD'), %(version)s::int, m.reference),
    %(client)s, %(day)s, %(version)s, m.type, m.reference, p.version, m.sealed
FROM pg_temp.dataharvest_message m LEFT JOIN dataharvest.published p
    ON (p.external_client, p.business_date, p.type, p.reference) = (%(client)s, %(day)s, m.type, m.reference)
WHERE p.digest IS DISTINCT FROM m.digest ORDER BY m.place
"""
_FORGET_VANISHED = """
DELETE FROM dataharvest.published p WHERE (external_client, business_date) = (%(client)s, %(day)s) AND NOT EXISTS (
    SELECT FROM pg_temp.dataharvest_message m WHERE (m.type, m.reference) = (p.type, p.reference))
"""
_REMEMBER = """
INSERT INTO dataharvest.published AS p (external_client, business_date, type, reference, version, digest)
SELECT %(client)s, %(day)s, type, reference, %(version)s, digest FROM pg_temp.dataharvest_message
ON CONFLICT (external_client, business_date, type, reference) DO UPDATE
SET version = EXCLUDED.version, digest = EXCLUDED.digest WHERE p.digest <> EXCLUDED.digest
"""


def write_outbox(database: Database, vault: Vault, writer: MessageWriter, delivery: Delivery) -> bool:
    """Write the messages of a delivery, unless already written; return False if it was replaced or lacks a file.

    A message that consumers already have with the same content is not written again. A changed one names the version
    that it corrects. If the delivery no longer contains an earlier message, an error message declares that one void.
    """
    key = vault.key(delivery.external_client, delivery.business_date)
    with database.transaction() as connection:
        current = lock_current(connection, delivery, CATAPULT)
        if current is None:
            return False
        if CATAPULT not in current.finished:
            _write(connection, current, writer, key)
            finish(connection, current, CATAPULT)
    return True


def write_error(connection: Connection[Any], delivery: Delivery, message: Message, key: DataKey) -> None:
    """Write one error message, for example about an unreadable file. A repeated call does not duplicate it."""
    query = """
        INSERT INTO dataharvest.outbox (key, external_client, business_date, version, type, reference, sealed)
        VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING
    """
    client, day, version = delivery.external_client, delivery.business_date, delivery.version
    name = f"{message.type}/{client}/{day}/{version}/{message.reference}"
    values = (name, client, day_of(day), version, message.type, message.reference, key.seal(message.body, BODY))
    connection.execute(query, values)


def _write(connection: Connection[Any], current: CurrentDelivery, writer: MessageWriter, key: DataKey) -> None:
    client, day = current.day
    given = {"client": client, "day": day, "version": current.delivery.version}
    connection.execute(_STAGE)
    _stage(connection, writer.messages(connection, current, key), key)
    vanished = connection.execute(_VANISHED, given).fetchall()
    if vanished:
        _stage(connection, _void(current.delivery, vanished, key), key)
    connection.execute(_WRITE, given)
    if vanished:
        connection.execute(_FORGET_VANISHED, given)
    connection.execute(_REMEMBER, given)


def _stage(connection: Connection[Any], messages: Iterable[Message], key: DataKey) -> None:
    """Store messages in batches, because the same connection is used to read them."""
    source = iter(messages)
    while batch := list(islice(source, _BATCH)):
        with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.set_types(("text", "text", "bytea", "bytea"))
            for message in batch:
                copy.write_row(
                    (message.type, message.reference, key.seal(message.body, BODY), key.digest(message.body))
                )


def _void(delivery: Delivery, vanished: list[Any], key: DataKey) -> Iterator[Message]:
    for message_type, reference, version in vanished:
        if message_type not in (CLIENT_MESSAGE, PORTFOLIO_MESSAGE):
            continue
        text = (
            f"{message_type} of version {version} is void: version {delivery.version} of "
            f"{delivery.business_date} no longer has it"
        )
        owner = "client" if message_type == CLIENT_MESSAGE else "portfolio"
        yield error_message(text, key, **{owner: reference})

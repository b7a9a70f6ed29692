"""Send what the outbox holds, in the order in which it was written."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import Connection

from dataharvest.catapult.outbox import BODY
from dataharvest.catapult.schema import ERROR_MESSAGE
from dataharvest.database.session import Database, lock
from dataharvest.model.delivery import day_of
from dataharvest.vault import DataKey, Vault
from estrela.errors import LoadError, some_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
"""Messages of one call, SQS's own limit."""
_GROUP = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
_UNSENT = """
WITH unsent AS (
    SELECT * FROM dataharvest.outbox WHERE (external_client, business_date) = (%s, %s) AND sent_at IS NULL
)
SELECT outbox_id, key, version, type, reference, corrects, sealed FROM unsent
WHERE version = (SELECT min(version) FROM unsent) ORDER BY outbox_id LIMIT %s
"""
"""One version at a time: a refused message is not overtaken by the one that corrects it."""


@dataclass(frozen=True)
class Sender:
    """Sends messages to the queue at ``queue_url``.

    A FIFO queue orders the messages of one client or portfolio, and drops a repeated one within five minutes; a
    consumer drops later ones by the attribute ``key``. On a standard queue the group is the external client, so that
    SQS serves the clients fairly.
    """

    database: Database
    vault: Vault
    sqs: SQSClient
    queue_url: str

    def send(self, external_client: str, business_date: str) -> int:
        """Send the unsent messages of a client's date; return their number.

        A batch is marked as sent after the call: a crash between the two sends it again, with the same keys.
        Raises LoadError if SQS refuses a message, or botocore's errors.
        """
        key, count = self.vault.key(external_client, business_date), 0
        while sent := self._send_batch(external_client, business_date, key):
            count += sent
        return count

    def _send_batch(self, external_client: str, business_date: str, key: DataKey) -> int:
        with self.database.transaction() as connection:
            # One sender at a time for each date: messages of one reference leave in the order of their versions.
            lock(connection, "sender", external_client, business_date)
            rows = connection.execute(_UNSENT, (external_client, day_of(business_date), BATCH)).fetchall()
            if not rows:
                return 0
            entries = [self._entry(external_client, business_date, row, key) for row in rows]
            answer = self.sqs.send_message_batch(QueueUrl=self.queue_url, Entries=entries)
            _mark(connection, [int(done["Id"]) for done in answer.get("Successful", [])])
        if answer.get("Failed"):
            reasons = {f"{one['Code']}" for one in answer["Failed"]}
            raise LoadError("outbox", f"SQS refused {len(answer['Failed'])} messages: {some_of(sorted(reasons))}")
        return len(rows)

    def _entry(self, external_client: str, business_date: str, row: Any, key: DataKey) -> Any:
        outbox_id, name, version, message_type, reference, corrects, sealed = row
        said = {"external_client": external_client, "business_date": business_date, "version": version, "key": name}
        if corrects is not None:
            said["corrects"] = corrects
        entry = {
            "Id": str(outbox_id),
            "MessageBody": key.open(bytes(sealed), BODY),
            "MessageAttributes": {
                attribute: {"DataType": "Number" if isinstance(value, int) else "String", "StringValue": str(value)}
                for attribute, value in said.items()
            },
        }
        if not self.queue_url.endswith(".fifo"):
            return {**entry, "MessageGroupId": external_client}
        owner = external_client if message_type == ERROR_MESSAGE else reference
        deduplication = hashlib.sha256(name.encode()).hexdigest()
        return {**entry, "MessageGroupId": _group(owner), "MessageDeduplicationId": deduplication}


def _group(name: str) -> str:
    return name if _GROUP.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()


def _mark(connection: Connection[Any], sent: list[int]) -> None:
    connection.execute("UPDATE dataharvest.outbox SET sent_at = clock_timestamp() WHERE outbox_id = ANY(%s)", [sent])

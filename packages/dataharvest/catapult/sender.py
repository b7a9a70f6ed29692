"""Sends the messages of the outbox in the order in which they were written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
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
"""Messages per call, the limit of SQS."""
CALLS = 8
"""Parallel calls. Sequential calls for the messages of 100,000 portfolios would exceed the function's timeout."""
_GROUP = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that SQS does not accept unchanged."""
_UNSENT = """
SELECT outbox_id, key, version, type, reference, corrects, sealed FROM dataharvest.outbox
WHERE (external_client, business_date) = (%(client)s, %(day)s) AND sent_at IS NULL AND version = (
    SELECT version FROM dataharvest.outbox
    WHERE (external_client, business_date) = (%(client)s, %(day)s) AND sent_at IS NULL ORDER BY outbox_id LIMIT 1)
ORDER BY outbox_id LIMIT %(limit)s
"""
"""Selects one version at a time, so that a refused message is not overtaken by its correction."""
_MARK = """
WITH marked AS (UPDATE dataharvest.outbox SET sent_at = clock_timestamp() WHERE outbox_id = ANY(%(sent)s))
SELECT %(is_full)s OR EXISTS (
    SELECT FROM dataharvest.outbox WHERE (external_client, business_date) = (%(client)s, %(day)s)
    AND sent_at IS NULL AND outbox_id <> ALL(%(sent)s))
"""
"""A full batch (``is_full``) has probably more after it; searching these each time would read every message again."""


@dataclass(frozen=True)
class _Answer:
    """Result of a batch: outbox ids that SQS accepted, error codes of those it refused, or the error of the call."""

    taken: tuple[int, ...] = ()
    refused: tuple[str, ...] = ()
    failure: Exception | None = None


@dataclass(frozen=True)
class Sender:
    """Sends messages to the queue at ``queue_url``.

    A FIFO queue keeps the messages of one client or portfolio in order, and drops duplicates within five minutes;
    consumers drop later duplicates by the attribute ``key``. On a standard queue the message group is the external
    client, so that SQS serves the clients fairly.
    """

    database: Database
    vault: Vault
    sqs: SQSClient
    queue_url: str

    def send(self, external_client: str, business_date: str) -> int:
        """Send the unsent messages of a client's date; return their number.

        Messages are marked as sent after the calls. After a crash in between, they are sent again with the same keys.
        Raises LoadError if SQS refuses a message, or botocore's errors; the accepted messages are still marked.
        """
        key, count, has_more = self.vault.key(external_client, business_date), 0, True
        with ThreadPoolExecutor(CALLS) as pool:  # it starts no thread before it has work
            while has_more:
                sent, has_more = self._send_some(external_client, business_date, key, pool)
                count += sent
        return count

    def _send_some(
        self, external_client: str, business_date: str, key: DataKey, pool: ThreadPoolExecutor
    ) -> tuple[int, bool]:
        """Send messages of one version with up to ``CALLS`` parallel calls; return their number and whether there are
        more.
        """
        given = {"client": external_client, "day": day_of(business_date), "limit": BATCH * CALLS}
        with self.database.transaction() as connection:
            # Only one sender per date: messages with the same reference must be sent in the order of their versions.
            lock(connection, "sender", external_client, business_date)
            rows = connection.execute(_UNSENT, given).fetchall()
            if not rows:
                return 0, False
            entries = [self._entry(external_client, business_date, row, key) for row in rows]
            batches = [entries[at : at + BATCH] for at in range(0, len(entries), BATCH)]
            answers = list(pool.map(self._publish, batches)) if len(batches) > 1 else [*map(self._publish, batches)]
            taken = [identity for answer in answers for identity in answer.taken]
            has_more = _mark(connection, {**given, "sent": taken, "is_full": len(rows) == given["limit"]})
        failures = [answer.failure for answer in answers if answer.failure]
        if failures:
            raise failures[0]
        refused = [code for answer in answers for code in answer.refused]
        if refused:
            raise LoadError("outbox", f"SQS refused {len(refused)} messages: {some_of(sorted(set(refused)))}")
        return len(rows), has_more

    def _publish(self, entries: Sequence[Any]) -> _Answer:
        """Send one batch. An error of the call is returned and not raised, so that messages of other calls can be
        marked.
        """
        try:
            answer = self.sqs.send_message_batch(QueueUrl=self.queue_url, Entries=entries)
        except (BotoCoreError, ClientError) as error:
            return _Answer(failure=error)
        taken = tuple(int(done["Id"]) for done in answer.get("Successful", []))
        return _Answer(taken, tuple(entry["Code"] for entry in answer.get("Failed", [])))

    def _entry(self, external_client: str, business_date: str, row: Any, key: DataKey) -> Any:
        outbox_id, name, version, message_type, reference, corrects, sealed = row
        said = {"external_client": external_client, "business_date": business_date, "version": version, "key": name}
        if corrects is not None:
            said["corrects"] = corrects
        entry = {
            "Id": str(outbox_id),
            "MessageBody": _valid(key.open(bytes(sealed), BODY)),
            "MessageAttributes": {
                attribute: {
                    "DataType": "Number" if isinstance(value, int) else "String",
                    "StringValue": _valid(str(value)),
                }
                for attribute, value in said.items()
            },
        }
        if not self.queue_url.endswith(".fifo"):
            return {**entry, "MessageGroupId": external_client}
        owner = external_client if message_type == ERROR_MESSAGE else reference
        deduplication = hashlib.sha256(name.encode()).hexdigest()
        return {**entry, "MessageGroupId": _group(owner), "MessageDeduplicationId": deduplication}


def _valid(text: str) -> str:
    r"""Replace the characters that SQS does not accept by JSON escapes, such as \u0001."""
    return _INVALID.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _group(name: str) -> str:
    return name if _GROUP.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()


def _mark(connection: Connection[Any], given: Mapping[str, object]) -> bool:
    """Mark messages as sent; return whether others of the client's date are not."""
    row = connection.execute(_MARK, given).fetchone()
    return bool(row and row[0])

"""Erases a client from tables, objects and queues, and verifies it by a search."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg import Connection

from dataharvest.database.session import Database
from dataharvest.erasure import tables
from dataharvest.erasure.files import StoredFile, owners, records, stored_files, write_without
from dataharvest.erasure.queues import search_queue, with_dead_letters
from dataharvest.erasure.streams import Streams, search_batches
from dataharvest.erasure.traces import ClientIdentifiers, Day, Traces
from dataharvest.model.delivery import FileName
from dataharvest.model.kind import CLIENTS, KINDS, PORTFOLIOS
from dataharvest.persistence.register import lock_kind
from dataharvest.vault import Vault

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

Owned = tuple[str, str]
"""A portfolio of a client and its account; "" if a row has none."""


@dataclass(frozen=True)
class Erasure:
    """Erases clients from the database, from the delivered files in ``buckets`` and from the queue ``queue_url``.

    ``failed_batches`` is the place where Lambda writes exhausted batches (``s3://bucket/prefix``; "": none).
    ``streams`` are only searched, as their records disappear when the retention ends.
    """

    database: Database
    vault: Vault
    s3: S3Client
    sqs: SQSClient
    queue_url: str
    buckets: tuple[str, ...]
    streams: Streams
    failed_batches: str = ""

    def find(self, reference: str) -> ClientIdentifiers:
        """Return the dates with data of a client, and the texts that identify the client on each.

        Raises SettingsError for a file that is not CSV, LoadError, or botocore's errors.
        """
        own = self._own(reference)
        accounts = {day: {account for _, account in owned if account} for day, owned in own.items()}
        with self.database.transaction() as connection:
            shared = {day: tables.accounts_of_others(connection, day, reference, accounts[day]) for day in own}
        for stored in self._stored():
            if stored.day in own and stored.name.kind == PORTFOLIOS:
                of_client = accounts[stored.day]
                rows = owners(self.s3, stored)
                shared[stored.day] |= {row[2] for row in rows if row[0] != reference and row[2] in of_client}
        # Only messages of the same date name a date's portfolio, but it is searched for in messages of all dates.
        portfolios = frozenset(name for of_day in own.values() for name, _ in of_day if name)
        days = {day: Traces(reference, portfolios, frozenset(accounts[day] - shared[day])) for day in own}
        return ClientIdentifiers(Traces(reference, portfolios), days)

    def _own(self, reference: str) -> dict[Day, set[Owned]]:
        """Return the portfolios and accounts of a client on each of its dates, in files and in the database."""
        own: dict[Day, set[Owned]] = {}
        for stored in self._stored():
            if stored.name.kind in (CLIENTS, PORTFOLIOS):
                owned = {row[1:] for row in owners(self.s3, stored) if row[0] == reference}
                if owned:
                    own.setdefault(stored.day, set()).update(owned)
        with self.database.transaction() as connection:
            for day in tables.days_of(connection, reference):
                own.setdefault(day, set()).update(tables.portfolios_of(connection, day, reference))
        return own

    def erase(self, client: ClientIdentifiers) -> Iterator[str]:
        """Erase a client; yield one line per erased item. A repeated call erases what an earlier one left.

        Messages are deleted first: after an interruption with the rows already deleted, nothing would show whom they
        name. They are deleted again at the end, because some may have been sent meanwhile. While the rows and objects
        of a date are replaced, no file of the date can be loaded; the event of a rewritten object then finds its
        content already known. Raises the errors of :meth:`find`, and SettingsError for a date that is being calculated
        in batches of portfolios.
        """
        yield from self._search(client, delete=True)
        for day, traces in client.days.items():
            key = self.vault.key(day.external_client, day.business_date)
            with self.database.transaction() as connection:
                for kind in KINDS:
                    lock_kind(connection, FileName(day.external_client, kind, day.business_date))
                tables.require_calculated(connection, day)
                counts = tables.erase(connection, day, traces, key)
                lines = [f"{table}: {count} rows" for table, count in counts.items()]
                replaced = tables.replaced_objects(connection, day)
                for stored in [file for file in self._stored() if file.day == day]:
                    is_newest = stored.is_newest and (stored.bucket, stored.key) not in replaced
                    lines += self._rewrite(connection, replace(stored, is_newest=is_newest), traces)
            yield from (f"{day.external_client} {day.business_date}: {line}" for line in lines)
        yield from self._search(client, delete=True)

    def left(self, client: ClientIdentifiers) -> Iterator[str]:
        """Yield one line for each table, object, queue, batch or stream that still names the client."""
        for day, traces in client.days.items():
            key = self.vault.key(day.external_client, day.business_date)
            with self.database.transaction() as connection:
                counts = tables.left(connection, day, traces, key)
            yield from (f"{table}: {count} rows name the client" for table, count in counts.items())
        for stored in self._stored():
            count = sum(client.is_named(stored.day, text) for text, _ in records(self.s3, stored))
            if count:
                yield f"s3://{stored.bucket}/{stored.key} (version {stored.version_id}): {count} records"
        yield from self._search(client, delete=False)
        yield from self.streams.left(client.is_named)

    def _search(self, client: ClientIdentifiers, *, delete: bool) -> Iterator[str]:
        """Search the queue, its dead-letter queue and the exhausted batches, and ``delete`` matches if requested."""
        for url in with_dead_letters(self.sqs, self.queue_url):
            count = search_queue(self.sqs, url, client.is_named, delete=delete)
            if count:
                yield f"{url}: {count} messages"
        if self.failed_batches:
            yield from search_batches(self.s3, self.failed_batches, client.is_named, delete=delete)

    def _stored(self) -> Iterator[StoredFile]:
        for bucket in self.buckets:
            yield from stored_files(self.s3, bucket)

    def _rewrite(self, connection: Connection[Any], stored: StoredFile, traces: Traces) -> list[str]:
        """Replace the newest version of a file by one without the client; delete an older version that names it."""
        where = f"s3://{stored.bucket}/{stored.key} (version {stored.version_id})"
        with tempfile.TemporaryFile() as file:
            count = write_without(self.s3, stored, traces, file)
            if not count:
                return []
            tables.drop_incomplete(connection, stored.day, stored.name.kind, stored.etag)
            if stored.is_newest:
                size = file.tell()
                file.seek(0)
                put = self.s3.put_object(Bucket=stored.bucket, Key=stored.key, Body=file)
                new = (put["ETag"].strip('"'), size)
                tables.replace_content(connection, stored.day, stored.name.kind.name, stored.etag, new)
        if not stored.is_newest or "VersionId" in put:
            self.s3.delete_object(Bucket=stored.bucket, Key=stored.key, VersionId=stored.version_id)
        return [f"{where}: {count} records"]

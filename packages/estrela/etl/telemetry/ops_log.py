"""Tables of operations written without Spark: JSON Lines in the lake, one file per month, queried by Athena.

Glue and Athena report a few rows per day about their own work. A Spark job to write these rows would cost more than
most of the reported work.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from estrela.etl.lake_table import LakeTable

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

Row = Mapping[str, Any]
"""Values by column: text, number or None. A timestamp has the form ``2024-11-01 06:00:00``, a date ``2024-11-01``."""
TEXT = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
ATTEMPTS = 5
OVERTAKEN = ("PreconditionFailed", "ConditionalRequestConflict")
"""Error codes of S3 for a conditional write if another writer was faster."""
JSON_SERDE = "org.openx.data.jsonserde.JsonSerDe"


@dataclass(frozen=True)
class OpsLog:
    """One table, ``s3://<bucket>/ops/<table>/<month>.json``, with at most one row per value of the ``key`` columns.

    The month of a row is that of its column ``time``.
    """

    s3: S3Client
    glue: GlueClient
    bucket: str
    table: LakeTable
    key: tuple[str, ...]
    time: str

    @property
    def prefix(self) -> str:
        """Folder of the table in the bucket."""
        return f"ops/{self.table.name}/"

    def merge(self, rows: Iterable[Row]) -> int:
        """Add ``rows``, which replace rows with the same key; return the number of new or changed rows.

        Writes nothing if nothing changes. Raises ClientError (PreconditionFailed) if other writers of the same month
        are faster at every attempt.
        """
        months: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            months[str(row[self.time])[:7]].append(row)
        changed = sum(self._merge_month(month, new) for month, new in sorted(months.items()))
        self._declare()
        return changed

    def _merge_month(self, month: str, new: Iterable[Row], attempts: int = ATTEMPTS) -> int:
        known, version = self._read(month)
        before, merged = self._by_key(known), self._by_key((*known, *new))
        changed = [key for key, row in merged.items() if row != before.get(key)]
        try:
            if changed:
                self._write(month, self._sorted(merged.values()), version)
        except ClientError as error:
            if attempts == 1 or error.response["Error"]["Code"] not in OVERTAKEN:
                raise
            return self._merge_month(month, new, attempts - 1)
        return len(changed)

    def newest(self) -> str:
        """Return the greatest ``time`` of all rows, or "" if the table is empty."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix).get("Contents", [])
        if not listed:
            return ""
        rows, _ = self._read(max(entry["Key"] for entry in listed).removeprefix(self.prefix).removesuffix(".json"))
        return max(str(row[self.time]) for row in rows)

    def _by_key(self, rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
        return {tuple(row[name] for name in self.key): row for row in rows}

    def _sorted(self, rows: Iterable[Row]) -> list[Row]:
        return sorted(rows, key=lambda row: (row[self.time], *(row[name] for name in self.key)))

    def _read(self, month: str) -> tuple[list[Row], str]:
        """Return the rows of a month and the ETag of its file, "" if the file does not exist."""
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=f"{self.prefix}{month}.json")
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return [], ""
            raise
        return [json.loads(line) for line in answer["Body"].read().splitlines()], answer["ETag"]

    def _write(self, month: str, rows: Iterable[Row], version: str) -> None:
        body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
        key = f"{self.prefix}{month}.json"
        if version:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, IfMatch=version)
        else:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, IfNoneMatch="*")

    def _declare(self) -> None:
        """Register the table and its database in the Glue catalog, or update a table that differs."""
        wanted = table_input(self.table, f"s3://{self.bucket}/{self.prefix}")
        try:
            known = self.glue.get_table(DatabaseName=self.table.database, Name=self.table.name)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            self._create(wanted)
            return
        if _definition(known) != _definition(wanted):
            self.glue.update_table(DatabaseName=self.table.database, TableInput=wanted)

    def _create(self, wanted: Any) -> None:
        name = self.table.database
        database: Any = {"Name": name, "Description": "Records of the platform's operation"}
        _create_if_missing(lambda: self.glue.create_database(DatabaseInput=database))
        _create_if_missing(lambda: self.glue.create_table(DatabaseName=name, TableInput=wanted))


def _create_if_missing(create: Callable[[], object]) -> None:
    try:
        create()
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
            raise


def _definition(table: Mapping[str, Any]) -> tuple[Any, ...]:
    storage = table["StorageDescriptor"]
    return table.get("Description"), storage["Columns"], storage["Location"]


def table_input(table: LakeTable, location: str) -> Any:
    """Return the definition of an external table of JSON Lines for Glue's CreateTable."""
    return {
        "Name": table.name,
        "Description": table.doc,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "json"},
        "StorageDescriptor": {
            "Columns": [{"Name": column.name, "Type": column.type, "Comment": column.doc} for column in table.columns],
            "Location": location,
            "InputFormat": TEXT,
            "OutputFormat": TEXT_OUT,
            "SerdeInfo": {"SerializationLibrary": JSON_SERDE},
        },
    }

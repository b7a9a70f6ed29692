"""The progress table in DynamoDB: the progress of each external client's large files and calculations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from dataharvest.model.kind import Kind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class Done:
    """``done`` of ``total`` parts: chunks of a kind of file, or portfolios of a step."""

    part: str
    done: int
    total: int


@dataclass(frozen=True)
class Progress:
    """The table ``table``: key ``partition_key`` (external client) and ``sort_key`` (business date ``#`` part).

    It is only for people; PostgreSQL is authoritative. An earlier state does not overwrite a later one.
    """

    client: DynamoDBClient
    table: str

    def note(self, external_client: str, business_date: str, of: str, done: Done) -> None:
        """Record the progress of a part. ``of`` names its whole: a file's content, or a version of a delivery."""
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"partition_key": {"S": external_client}, "sort_key": {"S": f"{business_date}#{done.part}"}},
                UpdateExpression="SET #of = :of, #done = :done, #total = :total, updated_at = :now",
                ConditionExpression="attribute_not_exists(#of) OR #of <> :of OR #done < :done",
                ExpressionAttributeNames={"#of": "of", "#done": "done", "#total": "total"},
                ExpressionAttributeValues={
                    ":of": {"S": of},
                    ":done": {"N": str(done.done)},
                    ":total": {"N": str(done.total)},
                    ":now": {"S": datetime.now(UTC).isoformat(timespec="milliseconds")},
                },
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return

    def unfinished(self) -> dict[tuple[str, str], tuple[Done, ...]]:
        """Return the unfinished parts, sorted by name, of each external client and business date that has any parts."""
        pages = self.client.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        parts: dict[tuple[str, str], tuple[Done, ...]] = {}
        for item in sorted(
            (_plain(item) for page in pages for item in page["Items"]), key=lambda entry: entry["sort_key"]
        ):
            day, _, part = item["sort_key"].partition("#")
            done = Done(part, int(item["done"]), int(item["total"]))
            known = parts.setdefault((item["partition_key"], day), ())
            if done.done < done.total:
                parts[item["partition_key"], day] = (*known, done)
        return dict(sorted(parts.items()))


def chunks_of_kind(kind: Kind) -> str:
    """Return the part name for the chunks of a kind of file."""
    return f"{kind.name} chunks"


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    deserialize = TypeDeserializer().deserialize
    return {name: deserialize(value) for name, value in item.items()}

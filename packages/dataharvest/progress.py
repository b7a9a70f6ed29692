"""The progress table in DynamoDB: how far the large files and calculations of each external client are."""

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

    It is for people: what counts is in PostgreSQL. A note of an earlier state does not replace a later one.
    """

    client: DynamoDBClient
    table: str

    def note(self, external_client: str, business_date: str, of: str, found: Done) -> None:
        """Note how far a part is. ``of`` names what it is a part of: a file's content, or a version of a delivery."""
        try:
            self.client.update_item(
                TableName=self.table,
                Key={"partition_key": {"S": external_client}, "sort_key": {"S": f"{business_date}#{found.part}"}},
                UpdateExpression="SET #of = :of, #done = :done, #total = :total, updated_at = :now",
                ConditionExpression="attribute_not_exists(#of) OR #of <> :of OR #done < :done",
                ExpressionAttributeNames={"#of": "of", "#done": "done", "#total": "total"},
                ExpressionAttributeValues={
                    ":of": {"S": of},
                    ":done": {"N": str(found.done)},
                    ":total": {"N": str(found.total)},
                    ":now": {"S": datetime.now(UTC).isoformat(timespec="milliseconds")},
                },
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return

    def days(self) -> list[tuple[str, str]]:
        """Return the external clients and business dates that have parts, in their order."""
        pages = self.client.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        items = [item for page in pages for item in page["Items"]]
        return sorted({(item["partition_key"]["S"], item["sort_key"]["S"].partition("#")[0]) for item in items})

    def unfinished(self, external_client: str, business_date: str) -> tuple[Done, ...]:
        """Return the parts of a client's date that are not finished, by name."""
        answer = self.client.query(
            TableName=self.table,
            KeyConditionExpression="partition_key = :client AND begins_with(sort_key, :day)",
            ExpressionAttributeValues={
                ":client": {"S": external_client},
                ":day": {"S": f"{business_date}#"},
            },
        )
        deserialize = TypeDeserializer().deserialize
        found = [_done({name: deserialize(value) for name, value in item.items()}) for item in answer["Items"]]
        return tuple(one for one in found if one.done < one.total)


def chunks_of_kind(kind: Kind) -> str:
    """Return the name of the part that the chunks of a kind of file are."""
    return f"{kind.name} chunks"


def _done(item: Mapping[str, Any]) -> Done:
    return Done(item["sort_key"].partition("#")[2], int(item["done"]), int(item["total"]))

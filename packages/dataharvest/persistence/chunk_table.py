"""The table of chunks in DynamoDB: how each large file is split, and which of its chunks are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dataharvest.model.chunk import Chunk, Plan, chunk_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PLAN = "plan"


@dataclass(frozen=True)
class ChunkTable:
    """The table ``table``: key ``partition_key`` (name of a file's content) and ``sort_key`` (chunk id, or "plan").

    The plan counts. Which chunks are loaded is for people: what counts is in PostgreSQL, in the rows' own transaction.
    """

    client: DynamoDBClient
    table: str

    def plan(self, content: str) -> Plan | None:
        """Return how a content is split, if that was decided."""
        item = self.client.get_item(TableName=self.table, Key=_key(content, _PLAN), ConsistentRead=True).get("Item")
        return Plan.from_json(item["plan"]["S"]) if item else None

    def decide(self, content: str, plan: Plan) -> Plan:
        """Decide how a content is split, once for all: return the plan that holds, which is the first one."""
        try:
            self.client.put_item(
                TableName=self.table,
                Item={**_key(content, _PLAN), "plan": {"S": plan.to_json()}},
                ConditionExpression="attribute_not_exists(partition_key)",
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return self.plan(content) or plan
        return plan

    def enter(self, content: str, chunk: Chunk) -> None:
        """Enter a chunk; entered again, it keeps what is known of it."""
        self.client.update_item(
            TableName=self.table,
            Key=_key(content, chunk_id(content, chunk)),
            UpdateExpression="SET first_byte = :start, end_byte = :end, lines_before = :lines",
            ExpressionAttributeValues={
                ":start": {"N": str(chunk.start)},
                ":end": {"N": str(chunk.end)},
                ":lines": {"N": str(chunk.lines)},
            },
        )

    def mark(self, content: str, chunk: Chunk) -> None:
        """Note that a chunk is loaded; noted again, it keeps its time."""
        self.client.update_item(
            TableName=self.table,
            Key=_key(content, chunk_id(content, chunk)),
            UpdateExpression="SET loaded_at = if_not_exists(loaded_at, :now)",
            ExpressionAttributeValues={":now": {"S": datetime.now(UTC).isoformat(timespec="milliseconds")}},
        )


def _key(content: str, sort_key: str) -> dict[str, Any]:
    return {"partition_key": {"S": content}, "sort_key": {"S": sort_key}}

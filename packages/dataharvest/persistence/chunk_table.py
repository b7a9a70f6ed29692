"""The table of chunks in DynamoDB: the split of each large file, and its loaded chunks."""

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

    The plan is authoritative. The list of loaded chunks is only for people: the authoritative one is in PostgreSQL,
    written in the transaction of the rows.
    """

    client: DynamoDBClient
    table: str

    def plan(self, content: str) -> Plan | None:
        """Return the plan for a content; None if it is not decided yet."""
        item = self.client.get_item(TableName=self.table, Key=_key(content, _PLAN), ConsistentRead=True).get("Item")
        return Plan.from_json(item["plan"]["S"]) if item else None

    def decide(self, content: str, plan: Plan) -> Plan:
        """Store the plan for a content unless another was stored before; return the stored plan."""
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
        """Add a chunk; a repeated call keeps the chunk's other attributes."""
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
        """Mark a chunk as loaded; a repeated call keeps the first time."""
        self.client.update_item(
            TableName=self.table,
            Key=_key(content, chunk_id(content, chunk)),
            UpdateExpression="SET loaded_at = if_not_exists(loaded_at, :now)",
            ExpressionAttributeValues={":now": {"S": datetime.now(UTC).isoformat(timespec="milliseconds")}},
        )


def _key(content: str, sort_key: str) -> dict[str, Any]:
    return {"partition_key": {"S": content}, "sort_key": {"S": sort_key}}

"""A function that records its input from mappings, and sources for it."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from waiting import eventually

ACCOUNT = "123456789012"
# Appends its input to a file. Depending on the records it fails, or waits until another file is removed.
CODE = """
    import json, os, time

    def subject(record):
        if "dynamodb" in record:
            return record["dynamodb"]["Keys"]["id"]["S"]
        if "kinesis" in record:
            import base64
            return base64.b64decode(record["kinesis"]["data"]).decode()
        return record["body"]

    def identifier(record):
        if "dynamodb" in record:
            return record["dynamodb"]["SequenceNumber"]
        return record["kinesis"]["sequenceNumber"] if "kinesis" in record else record["messageId"]

    def handler(event, context):
        names = [subject(record) for record in event["Records"]]
        with open(os.environ["OUT"], "a") as file:
            file.write(json.dumps(names) + "\\n")
        while any(name.endswith("slow") for name in names) and os.path.exists(os.environ["OUT"] + ".hold"):
            time.sleep(0.05)
        bad = [r for r, n in zip(event["Records"], names) if n.startswith("bad")]
        if os.environ.get("PARTIAL"):
            return {"batchItemFailures": [{"itemIdentifier": identifier(r)} for r in bad]}
        if bad:
            raise ValueError("bad record")
"""


class Bench:
    """A function, its recorded input, and sources for it, on one server."""

    def __init__(self, functions: Any, out: Path, **variables: str) -> None:
        self.functions = functions
        self.server = functions.server
        self.out = out
        self.hold = out.with_name(f"{out.name}.hold")
        self.name = functions.create(CODE, Timeout=300, Environment={"Variables": {"OUT": str(out), **variables}})
        self.dynamodb = self.server.client("dynamodb")
        self.sqs = self.server.client("sqs")

    def table(self) -> str:
        name = f"t-{uuid.uuid4().hex[:8]}"
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return name

    def put(self, table: str, *names: str, **flags: str) -> None:
        for name in names:
            item = {"id": {"S": name}, **{flag: {"S": value} for flag, value in flags.items()}}
            self.dynamodb.put_item(TableName=table, Item=item)

    def map_table(self, table: str, **settings: Any) -> str:
        arn = self.dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        return self.map(arn, StartingPosition="TRIM_HORIZON", **settings)

    def map(self, arn: str, **settings: Any) -> str:
        mapping = self.functions.client.create_event_source_mapping(
            FunctionName=self.name, EventSourceArn=arn, **settings
        )
        return str(mapping["UUID"])

    def queue(self, suffix: str = "", **attributes: str) -> tuple[str, str]:
        """Create a queue; return its URL and ARN."""
        name = f"q-{uuid.uuid4().hex[:8]}{suffix}"
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"

    def message(self, url: str) -> dict[str, Any]:
        """Wait for the next message of a queue and return it."""
        answer = eventually(lambda: self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
        return dict(answer[0])

    def batches(self) -> list[list[str]]:
        lines = self.out.read_text().splitlines() if self.out.exists() else []
        return [json.loads(line) for line in lines]

    def seen(self) -> list[str]:
        return [name for batch in self.batches() for name in batch]

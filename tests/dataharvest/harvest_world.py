"""One database, S3, DynamoDB with its stream, queues and KMS, and the functions that use them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from dataharvest.functions import Functions
from dataharvest.metastore import plain
from dataharvest.model.choreography import CATAPULT, choreography
from dataharvest.model.delivery import DeliveredObject, Delivery
from dataharvest.resources import BUS, CHUNK_TABLE, PROGRESS_TABLE, queues, streams
from dataharvest.settings import settings_from

BUCKET = "deliveries"
TABLE = "metastore"
CLIENT = "EXT_CLIENT"
DAY = "20220226"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
}
FRIDA, FRITZ = "9e40659b-8b9f-4fc4-814b-5a7b5a23b64d", "f4a0cc2c-d0b4-4f14-b202-c8a5e45e90e7"
PORTFOLIO_1, PORTFOLIO_2 = "90755e32-7438-4354-ad37-ad900e297844", "439695b4-508d-4562-8576-670e70024627"
SAMPLE = {
    "clients": "record_id,first_name,last_name,client_reference,tax_free_allowance\n"
    f"1,Frida,Müller,{FRIDA},801\n2,Fritz,Maier,{FRITZ},0",
    "portfolios": "record_id,accout_number,portfolio_reference,client_reference,agent_code\n"
    f"1,12345678,{PORTFOLIO_1},{FRIDA},EREZBT\n2,12345679,{PORTFOLIO_2},{FRITZ},SFOJFK",
    "accounts": "record_id,account_number,cash_balance,currency,taxes_paid\n"
    "1,12345678,15000.00,EUR,0.00\n2,12345679,-56.00,EUR,789.56",
    "transactions": "record_id,account_number,transaction_reference,amount,keyword\n"
    "1,12345678,14e56786,5000,DEPOSIT\n2,12345679,dfeb5fe13cd4,-789.56,TAX",
}
SAMPLE_MESSAGES = [
    {"type": "client_message", "client_reference": FRIDA, "tax_free_allowance": "801", "taxes_paid": "0.00"},
    {"type": "client_message", "client_reference": FRITZ, "tax_free_allowance": "0", "taxes_paid": "789.56"},
    {"type": "portfolio_message", "portfolio_reference": PORTFOLIO_2, "cash_balance": "-56.00",
     "number_of_transactions": 1, "sum_of_deposits": "0"},
    {"type": "portfolio_message", "portfolio_reference": PORTFOLIO_1, "cash_balance": "15000.00",
     "number_of_transactions": 1, "sum_of_deposits": "5000"},
]  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A message as a consumer receives it."""

    body: dict[str, Any]
    attributes: dict[str, str]
    group: str

    @property
    def key(self) -> str:
        return self.attributes["key"]


def make_aws(conninfo: Mapping[str, str]) -> dict[str, str]:
    """Create bucket, table, queues, key and secret; return the environment of the functions."""
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    boto3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    make_table(TABLE, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    make_table(CHUNK_TABLE)
    make_table(PROGRESS_TABLE)
    boto3.client("events").create_event_bus(Name=BUS)
    for name in streams(choreography()):
        boto3.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    sqs = boto3.client("sqs")
    messages = sqs.create_queue(QueueName="messages.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for queue in queues(choreography()):
        sqs.create_queue(QueueName=queue)
    boto3.client("secretsmanager").create_secret(Name="dataharvest/db", SecretString=json.dumps(dict(conninfo)))
    key = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
    return {
        "DATAHARVEST_DATABASE_SECRET": "dataharvest/db",
        "DATAHARVEST_METASTORE": TABLE,
        "DATAHARVEST_KMS_KEY": key,
        "DATAHARVEST_MESSAGES": messages,
        "DATAHARVEST_STAGES": messages.replace("messages.fifo", "dataharvest-"),
        "DATAHARVEST_CHUNK_TABLE": CHUNK_TABLE,
        "DATAHARVEST_PROGRESS_TABLE": PROGRESS_TABLE,
        "DATAHARVEST_BUS": BUS,
        "DATAHARVEST_FAILED_BATCHES": f"s3://{BUCKET}/aws/lambda/",
    }


def make_table(name: str, **options: Any) -> None:
    keys: list[Any] = [("partition_key", "HASH"), ("sort_key", "RANGE")]
    boto3.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        BillingMode="PAY_PER_REQUEST",
        **options,
    )


def delivery_of(record: Mapping[str, Any]) -> Delivery:
    item = plain(record["dynamodb"]["NewImage"])
    return Delivery(item["partition_key"], item["sort_key"], item["version"])


@dataclass
class World:
    """Actions of a test on the system, and queries of its state."""

    environment: dict[str, str]
    functions: Functions = field(init=False)
    _sequence: int = 0

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Drop everything in memory, as a new process would start without it."""
        if hasattr(self, "functions"):
            self.functions.database.close()
        self.functions = Functions(settings_from(self.environment), choreography())

    def upload(
        self, kind: str, content: str | bytes, client: str = CLIENT, day: str = DAY, prefix: str = "in"
    ) -> DeliveredObject:
        """Put a file and return the object that its event describes."""
        body = content.encode() if isinstance(content, str) else content
        self._sequence += 1
        key = f"{prefix}/{client}/{kind}_{day}.csv"
        put = boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        etag = hashlib.md5(body).hexdigest()
        time = (EPOCH + timedelta(milliseconds=self._sequence)).isoformat()
        return DeliveredObject(BUCKET, key, etag, f"{self._sequence:016X}", len(body), put["VersionId"], time)

    def upload_all(self, files: Mapping[str, str], client: str = CLIENT, day: str = DAY) -> list[DeliveredObject]:
        return [self.upload(kind, content, client, day) for kind, content in files.items()]

    def take(self, *delivered: DeliveredObject) -> None:
        for event in delivered:
            self.functions.persistence.take(event)

    def stream(self, seen: int = 0) -> list[dict[str, Any]]:
        """Return the records of the metastore's stream from number ``seen`` on."""
        shard = dynamodb_backends["123456789012"][CREDENTIALS["AWS_REGION"]].tables[TABLE].stream_shard
        return list(shard.get(shard.starting_sequence_number + seen, 100_000))

    def forget_requests(self) -> None:
        """Empty the queues of requests between functions, because the test calls the functions itself.

        moto counts all messages of a queue at each call, and like AWS it allows PurgeQueue only once per minute.
        """
        for queue in queues(choreography()):
            sqs_backends["123456789012"][CREDENTIALS["AWS_REGION"]].queues[queue]._messages.clear()

    def work(self, stage: str, delivery: Delivery) -> bool:
        return self.run(self.functions, stage, delivery)

    @staticmethod
    def run(functions: Functions, stage: str, delivery: Delivery) -> bool:
        transition = functions.catapult.launch(delivery) if stage == CATAPULT else functions.transform(stage, delivery)
        for error in functions.metastore.set_all([transition] if transition else []):
            if error:
                raise error
        return transition is not None

    def settle(self, seen: int = 0) -> int:
        """Dispatch the stream from record ``seen`` on, and run the requested stages; return the records read."""
        while records := self.stream(seen):
            for record in records:
                delivery = delivery_of(record)
                for stage in self.functions.dispatcher.dispatch(record):
                    self.work(stage, delivery)
            seen += len(records)
        return seen

    def deliver(self, files: Mapping[str, str], client: str = CLIENT, day: str = DAY) -> list[Sent]:
        """Upload files, load them, run all stages, and return the messages."""
        self.take(*self.upload_all(files, client, day))
        self.settle()
        return self.received()

    def received(self) -> list[Sent]:
        """Receive all messages from the consumers' queue and return them sorted by key."""
        sqs, url, sent_messages = boto3.client("sqs"), self.functions.settings.messages, []
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                attributes = {name: given["StringValue"] for name, given in message["MessageAttributes"].items()}
                group = message["Attributes"]["MessageGroupId"]
                sent_messages.append(Sent(json.loads(message["Body"]), attributes, group))
        return sorted(sent_messages, key=lambda sent: sent.key)

    def delivery(self, version: int = 1, client: str = CLIENT, day: str = DAY) -> Delivery:
        return Delivery(client, day, version)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.functions.database.transaction() as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

"""Time that localaws adds to a function: warm and cold invocations, records of streams, S3 events until the handler.

    python benchmarks/functions.py [--rounds 1000] [--records 5000]

Warm invocations alternate with a call without work (GetCallerIdentity) over the same connection pool.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time
import zipfile
from pathlib import Path
from typing import Any

from localaws.running import Running, running

CODE = """
import os, time
OUT = os.environ.get("OUT")

def handler(event, context):
    if OUT:
        with open(OUT, "a") as file:
            file.write(f"{time.time()} {len(event.get('Records', []))}\\n")
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--records", type=int, default=5000)
    options = parser.parse_args()
    with running() as aws:  # files of functions and of this program: /tmp is a function's own, the home is not
        invocations(aws, options.rounds)
        kinesis(aws, aws.home / "kinesis", options.records)
        dynamodb(aws, aws.home / "dynamodb", options.records // 5)
        notifications(aws, aws.home / "s3-events")


def create(aws: Running, name: str, out: Path | None = None) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", CODE)
    aws.client("lambda").create_function(
        FunctionName=name, Runtime="python3.11", Role="arn:aws:iam::123456789012:role/r", Handler="app.handler",
        Code={"ZipFile": data.getvalue()}, Timeout=60, Environment={"Variables": {"OUT": str(out)} if out else {}},
    )  # fmt: skip


def invocations(aws: Running, rounds: int) -> None:
    create(aws, "empty")
    client, sts = aws.client("lambda"), aws.client("sts")
    sts.get_caller_identity()
    cold = timed(lambda: client.invoke(FunctionName="empty"))
    pairs = [
        (timed(lambda: client.invoke(FunctionName="empty")), timed(sts.get_caller_identity)) for _ in range(rounds)
    ]
    warm, nothing = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"cold start of an empty function {cold:.2f} s")
    times = f"warm invocation {warm * 1000:.1f} ms; a call that does nothing {nothing * 1000:.1f} ms"
    print(f"{times}; ratio {warm / nothing:.2f}")


def kinesis(aws: Running, out: Path, records: int) -> None:
    create(aws, "kinesis", out)
    client = aws.client("kinesis")
    client.create_stream(StreamName="s", ShardCount=1)
    for start in range(0, records, 500):
        entries = [{"Data": b"x" * 100, "PartitionKey": str(number)} for number in range(start, start + 500)]
        client.put_records(StreamName="s", Records=entries)
    arn = client.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    print(f"Kinesis mapping, batches of 100: {drained(aws, 'kinesis', arn, out, records):,.0f} records/s")


def dynamodb(aws: Running, out: Path, records: int) -> None:
    create(aws, "dynamodb", out)
    client = aws.client("dynamodb")
    client.create_table(
        TableName="t", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )  # fmt: skip
    began = time.perf_counter()
    for start in range(0, records, 25):
        puts = [{"PutRequest": {"Item": {"id": {"S": str(number)}}}} for number in range(start, start + 25)]
        client.batch_write_item(RequestItems={"t": puts})
    print(f"BatchWriteItem with a stream: {records / (time.perf_counter() - began):,.0f} items/s")
    arn = client.describe_table(TableName="t")["Table"]["LatestStreamArn"]
    print(f"DynamoDB mapping, batches of 100: {drained(aws, 'dynamodb', arn, out, records):,.0f} records/s")


def drained(aws: Running, name: str, arn: str, out: Path, records: int) -> float:
    """Return the records per second between the mapping's creation and the last record."""
    began = time.time()
    aws.client("lambda").create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, StartingPosition="TRIM_HORIZON", BatchSize=100
    )
    while sum(number for _, number in lines(out)) < records:
        time.sleep(0.01)
    return records / (lines(out)[-1][0] - began)


def notifications(aws: Running, out: Path) -> None:
    create(aws, "s3", out)
    client = aws.client("s3")
    client.create_bucket(Bucket="bench")
    rule = {"LambdaFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:s3", "Events": ["s3:ObjectCreated:*"]}
    configuration = {"LambdaFunctionConfigurations": [rule]}
    client.put_bucket_notification_configuration(Bucket="bench", NotificationConfiguration=configuration)
    waits = []
    for number in range(31):
        began = time.time()
        client.put_object(Bucket="bench", Key=str(number), Body=json.dumps({"n": number}).encode())
        while len(lines(out)) <= number:
            time.sleep(0.002)
        waits.append(lines(out)[-1][0] - began)
    print(f"PutObject to the function's first line: {statistics.median(waits[1:]) * 1000:.0f} ms")


def lines(out: Path) -> list[tuple[float, int]]:
    text = out.read_text() if out.exists() else ""
    return [(float(line.split()[0]), int(line.split()[1])) for line in text.splitlines()]


def timed(call: Any) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

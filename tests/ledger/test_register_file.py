"""The function that registers files: called with events in the format of AWS, and by S3's notifications."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import time
import types
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ledger_warehouse import Warehouse, csv

from estrela.errors import DefinitionError
from estrela.ledger.arrivals import arrivals_of
from localaws.running import Running

HANDLER = Path(__file__).parents[2] / "lambdas" / "register_file" / "handler.py"
CONTEXT = types.SimpleNamespace(aws_request_id="1")
KEY = "card_settlements/visa_2026-11-01.csv.gz"


@pytest.fixture
def environment(warehouse: Warehouse, aws: Running) -> dict[str, str]:
    """Environment variables of the function; the database login is in a secret."""
    url = warehouse.database.engine.url
    fields = {
        "username": url.username,
        "password": url.password,
        "host": url.host,
        "port": url.port,
        "dbname": url.database,
    }
    name = f"warehouse-{warehouse.bucket}"
    aws.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(fields))
    return {"ESTRELA_WAREHOUSE_SECRET": name, "ESTRELA_LANDING": warehouse.bucket}


@pytest.fixture
def call(environment: dict[str, str], aws: Running, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """A function that calls the handler in the state of a new process."""
    for name, value in {**aws.env, **environment}.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("register_file", HANDLER)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def call(event: Any) -> Any:
        try:
            return module.handler(event, CONTEXT)
        finally:
            module.parts.database.engine.dispose()

    return call


def queued(*bodies: object) -> dict[str, Any]:
    return {"Records": [
        {"messageId": str(at), "receiptHandle": "r", "body": json.dumps(body), "attributes": {},
         "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs",
         "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:q",
         "awsRegion": "us-east-1"}
        for at, body in enumerate(bodies)
    ]}  # fmt: skip


def test_only_the_message_that_fails_comes_again(warehouse: Warehouse, call: Callable[[Any], Any]) -> None:
    event = warehouse.put(KEY, b"x")
    odd = {"Records": [{"eventName": "ObjectCreated:Put"}]}
    test = {"Service": "Amazon S3", "Event": "s3:TestEvent"}
    assert call(queued(event, odd, test, event)) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert warehouse.query("SELECT key, state, events_seen, run FROM ledger.files") == [
        (KEY, "New", 2, "register_file/0")
    ]


def test_events_of_s3_itself_and_of_eventbridge(warehouse: Warehouse, call: Callable[[Any], Any]) -> None:
    event = warehouse.put("card_settlements/visa_2026-11-02 (1).gz", b"x")
    call(event)
    detail = event["Records"][0]["s3"]
    item = {**detail["object"], "key": KEY, "etag": detail["object"]["eTag"], "version-id": "v2"}
    bridge = {"bucket": detail["bucket"], "object": item}
    call({"detail-type": "Object Created", "time": "2026-11-01T00:00:00Z", "detail": bridge})
    assert warehouse.states() == [("card_settlements/visa_2026-11-02 (1).gz", "Rejected"), (KEY, "New")]
    with pytest.raises(KeyError):
        call({"Records": [{"eventName": "ObjectCreated:Put"}]})


def test_a_file_of_an_unreadable_feed_is_not_registered(warehouse: Warehouse) -> None:
    register = replace(warehouse.register, unreadable={"rates": "ModuleNotFoundError: No module named 'x'"})
    known, unknown = (arrivals_of(warehouse.put(key, b"x")) for key in ("sales/1.csv", "rates/1.csv"))
    assert register.register(known, "test", by_event=True) == 1
    with pytest.raises(DefinitionError) as caught:
        register.register(unknown, "test", by_event=True)
    assert str(caught.value) == (
        f"rates: cannot be read, but s3://{warehouse.bucket}/rates/1.csv may belong to it: "
        "ModuleNotFoundError: No module named 'x'"
    )
    assert warehouse.states() == [("sales/1.csv", "New")]


def test_a_file_that_lands_is_registered_by_the_deployed_function(
    warehouse: Warehouse, aws: Running, environment: dict[str, str]
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(HANDLER, "handler.py")
    name = f"register-{warehouse.bucket}"
    libraries = ":".join(path for path in sys.path if path)
    aws.client("lambda").create_function(
        FunctionName=name, Runtime="python3.11", Role="arn:aws:iam::123456789012:role/r", Handler="handler.handler",
        Code={"ZipFile": packed.getvalue()}, Timeout=60,
        Environment={"Variables": {**environment, "PYTHONPATH": libraries}},
    )  # fmt: skip
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    rule = {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"], "Id": "files"}
    warehouse.s3.put_bucket_notification_configuration(
        Bucket=warehouse.bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [rule]}
    )
    warehouse.s3.put_object(Bucket=warehouse.bucket, Key=KEY, Body=csv(1))
    deadline = time.monotonic() + 120
    while not warehouse.states():
        assert time.monotonic() < deadline, _lines(aws, name)
        time.sleep(0.2)
    warehouse.list()
    assert warehouse.query("SELECT key, state, events_seen, listings_seen FROM ledger.files") == [(KEY, "New", 1, 1)]


def _lines(aws: Running, name: str) -> list[str]:
    try:
        events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    except ClientError as error:
        return [str(error)]
    return [event["message"] for event in events]

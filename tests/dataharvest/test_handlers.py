"""The functions, called with events in the format that AWS sends."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import socket
import subprocess
import sys
import types
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from harvest_world import SAMPLE, SAMPLE_MESSAGES, World
from large_work import LIMITS, Bus

from dataharvest import resources
from dataharvest.aws_clients import CLIENT
from dataharvest.metastore import Metastore
from dataharvest.model.choreography import choreography
from dataharvest.model.delivery import DeliveredObject
from dataharvest.overdue import OVERDUE_DATES

LAMBDAS = Path(__file__).parents[2] / "lambdas"
HANDLERS = {path.parent.name: path for path in LAMBDAS.rglob("dataharvest_*/handler.py")}
CONTEXT = types.SimpleNamespace(function_name="f", aws_request_id="1")
Call = Callable[..., Any]


@pytest.fixture
def call(world: World, monkeypatch: pytest.MonkeyPatch) -> Call:
    """A function that calls the handler of a Lambda function in the state of a new process."""
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)

    def call(function: str, *records: dict[str, Any]) -> Any:
        spec = importlib.util.spec_from_file_location(function, HANDLERS[function])
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        try:
            return module.handler({"Records": list(records)}, CONTEXT)
        finally:
            module.functions.database.close()

    return call


def queued(*bodies: str) -> list[dict[str, Any]]:
    return [
        {"messageId": str(at), "receiptHandle": "r", "body": body, "attributes": {}, "messageAttributes": {},
         "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:q",
         "awsRegion": "us-east-1"}
        for at, body in enumerate(bodies)
    ]  # fmt: skip


def s3_event(*delivered: DeliveredObject) -> str:
    return json.dumps({"Records": [
        {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {
            "bucket": {"name": event.bucket},
            "object": {"key": event.key.replace(" ", "+"), "size": event.size, "eTag": event.etag,
                       "versionId": event.version_id, "sequencer": event.sequencer}}}
        for event in delivered
    ]})  # fmt: skip


def asked(world: World, stage: str) -> list[str]:
    url = world.functions.settings.stages + stage
    messages = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [message["Body"] for message in messages]


def test_a_delivery_passes_through_every_function(world: World, call: Call) -> None:
    events = world.upload_all(SAMPLE)
    done = {"batchItemFailures": []}
    assert call("dataharvest_persistence", *queued(s3_event(*events[:2]), s3_event(*events[2:]))) == done
    assert len(world.stream()) == 1, "files of one batch set their flags in one write"
    assert call("dataharvest_dispatcher", *world.stream()) == done
    relation = asked(world, "relationship")
    assert [json.loads(body) for body in relation] == [
        {"external_client": "EXT_CLIENT", "business_date": "20220226", "version": 1}
    ]
    assert call("dataharvest_relationship_transformer", *queued(*relation)) == done
    assert call("dataharvest_dispatcher", *world.stream()[1:]) == done
    for stage in ("sum_deposit", "transaction", "tax"):
        assert call(f"dataharvest_{stage}_transformer", *queued(*asked(world, stage))) == done
    assert call("dataharvest_dispatcher", *world.stream()[2:]) == done
    assert call("dataharvest_catapult", *queued(*asked(world, "catapult"))) == done
    assert [sent.body for sent in world.received()] == SAMPLE_MESSAGES


def test_the_records_that_fail_are_reported_and_the_others_are_done(
    world: World, call: Call, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (event,) = world.upload_all({"clients": SAMPLE["clients"]})
    answer = call("dataharvest_persistence", *queued("no JSON", s3_event(event), '{"Event": "s3:TestEvent"}'))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    (item,) = world.functions.metastore.items()
    assert item["client_persisted"] is True
    (error,) = [vars(record)["error"] for record in caplog.records if record.message == "record failed"]
    assert error == "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
    (metric,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "RecordsFailed" in line]
    assert (metric["RecordsFailed"], metric["RecordsDone"]) == ([1.0], [2.0])
    assert metric["service"] == "dataharvest_persistence"


def test_files_whose_flags_cannot_be_set_are_reported_and_done_by_the_repeated_messages(
    world: World, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [event for client in ("a", "b") for event in world.upload_all(SAMPLE, client)]
    messages = queued(*[s3_event(event) for event in events])
    with monkeypatch.context() as patched:
        real = Metastore.set_all
        patched.setattr(Metastore, "set_all", lambda self, changes: (
            [RuntimeError("no capacity"), *real(self, changes[1:])]))  # fmt: skip
        failed = call("dataharvest_persistence", *messages)["batchItemFailures"]
    assert failed == [{"itemIdentifier": str(at)} for at in range(4)]
    assert [item["partition_key"] for item in world.functions.metastore.items()] == ["b"]
    assert call("dataharvest_persistence", *messages[:4]) == {"batchItemFailures": []}
    world.settle()
    assert len(world.received()) == 2 * len(SAMPLE_MESSAGES)


def test_deliveries_whose_flags_cannot_be_set_are_reported_and_their_step_is_not_repeated(
    world: World, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    for client in ("a", "b", "c"):
        world.take(*world.upload_all(SAMPLE, client))
    messages = queued(*[world.delivery(client=client).to_json() for client in ("a", "b", "c")])
    with monkeypatch.context() as patched:
        real = Metastore.set_all
        patched.setattr(Metastore, "set_all", lambda self, changes: (
            [None, RuntimeError("no capacity"), None] if real(self, [changes[0], changes[2]]) else []))  # fmt: skip
        failed = call("dataharvest_relationship_transformer", *messages)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    flags = {item["partition_key"]: item.get("relation_established") for item in world.functions.metastore.items()}
    assert flags == {"a": True, "b": None, "c": True}
    before = world.rows("SELECT count(*) FROM dataharvest.relation")
    assert call("dataharvest_relationship_transformer", messages[1]) == {"batchItemFailures": []}
    assert world.rows("SELECT count(*) FROM dataharvest.relation") == before
    world.settle()
    assert len(world.received()) == 3 * len(SAMPLE_MESSAGES)


def test_a_change_whose_stage_cannot_be_asked_is_delivered_again(world: World, call: Call) -> None:
    for client in ("a", "b"):
        world.take(*world.upload_all(SAMPLE, client))
    records = world.stream()
    assert call("dataharvest_dispatcher", *records) == {"batchItemFailures": []}
    assert len(asked(world, "relationship")) == 2
    boto3.client("sqs").delete_queue(QueueUrl=f"{world.functions.settings.stages}relationship")
    failed = [{"itemIdentifier": records[at]["dynamodb"]["SequenceNumber"]} for at in (3, 7)]
    assert call("dataharvest_dispatcher", *records) == {"batchItemFailures": failed}


def overdue(call: Call, capsys: pytest.CaptureFixture[str], hours: int) -> float:
    """Return the metric of dates that are still incomplete ``hours`` after midnight."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DATAHARVEST_DUE_HOURS", str(hours))
        patched.setenv("METRICS_ENVIRONMENT", "test")
        call("dataharvest_metrics")
    (metric,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if OVERDUE_DATES in line]
    (described,) = metric["_aws"]["CloudWatchMetrics"]
    assert (described["Namespace"], metric["service"], metric["environment"]) == (
        "DataHarvest", "dataharvest_metrics", "test",
    )  # fmt: skip
    return float(*metric[OVERDUE_DATES])


def test_dates_that_are_not_complete_after_their_hour_are_counted(
    world: World, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    today, long_ago = f"{now:%Y%m%d}", f"{now - timedelta(days=31):%Y%m%d}"
    world.deliver(SAMPLE, "complete", today)
    world.take(world.upload("clients", SAMPLE["clients"], "incomplete", today))
    world.take(world.upload("clients", "no,such,header", "refused", today))
    world.take(world.upload("clients", SAMPLE["clients"], "given_up", long_ago))
    assert overdue(call, capsys, 0) == 2
    assert overdue(call, capsys, 24) == 0
    world.take(world.upload("clients", SAMPLE["clients"].replace("801", "802"), "complete", today))
    assert overdue(call, capsys, 0) == 3
    world.settle()
    assert overdue(call, capsys, 0) == 2
    world.rows("UPDATE dataharvest.outbox SET sent_at = NULL WHERE external_client = 'complete' RETURNING 1")
    assert overdue(call, capsys, 0) == 3


def portfolio_events(bus: Bus) -> list[dict[str, Any]]:
    """Return the records that EventBridge's rules write to each stream."""
    return [
        {"eventSource": "aws:kinesis", "eventID": f"shard:{at}", "kinesis": {
            "sequenceNumber": str(at), "partitionKey": event.portfolio_reference,
            "data": base64.b64encode(event.to_json().encode()).decode()}}
        for at, event in enumerate(bus.taken())
    ]  # fmt: skip


def test_a_large_delivery_passes_through_every_function(
    world: World, call: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in {**LIMITS, "DATAHARVEST_CHUNK_BYTES": "60"}.items():
        monkeypatch.setenv(name, value)
    events, done, bus = world.upload_all(SAMPLE), {"batchItemFailures": []}, Bus()
    assert call("dataharvest_persistence", *queued(s3_event(*events))) == done
    assert call("dataharvest_splitter", *queued(*asked(world, "splitter"), *asked(world, "splitter"))) == done
    while chunks := asked(world, "chunks"):
        assert call("dataharvest_chunk_persistence", *queued(*chunks)) == done
    assert call("dataharvest_dispatcher", *world.stream()) == done
    assert call("dataharvest_relationship_transformer", *queued(*asked(world, "relationship"))) == done
    assert call("dataharvest_dispatcher", *world.stream()[4:]) == done
    assert [asked(world, stage) for stage in ("sum_deposit", "transaction")] == [[], []]
    assert call("dataharvest_tax_transformer", *queued(*asked(world, "tax"))) == done
    announced = asked(world, "announcer")
    with monkeypatch.context() as patched:
        real = boto3.client
        patched.setattr("boto3.client", lambda name, **given: bus if name == "events" else real(name, **given))
        assert call("dataharvest_announcer", *queued(*announced)) == done
    portfolios = portfolio_events(bus)
    assert len(portfolios) == 2
    broken = {**portfolios[0], "kinesis": {"sequenceNumber": "9", "data": base64.b64encode(b"{}").decode()}}
    failed = {"batchItemFailures": [{"itemIdentifier": "9"}]}
    assert call("dataharvest_sum_deposit_transformer", broken, *portfolios) == failed
    (error,) = [vars(record)["error"] for record in caplog.records if record.message == "record failed"]
    assert error == "ValueError: an event of a portfolio needs a portfolio_reference in addition to its delivery"
    assert call("dataharvest_transaction_transformer", *portfolios[:1]) == done
    assert call("dataharvest_transaction_transformer", *portfolios) == done
    assert call("dataharvest_dispatcher", *world.stream()[5:]) == done
    assert call("dataharvest_catapult", *queued(*asked(world, "catapult"))) == done
    assert [sent.body for sent in world.received()] == SAMPLE_MESSAGES


TRACED = """
import json, socket, sys, types
from dataharvest.tracing import traced
@traced("a_function")
def handler(event, context):
    return {"secret": "Frida"}
daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if sys.argv[1:]:
    daemon.bind(("127.0.0.1", int(sys.argv[1])))
    daemon.settimeout(10)
handler({"secret": "Fritz"}, types.SimpleNamespace())
print("aws_xray_sdk" in sys.modules)
print(daemon.recv(65536).decode() if sys.argv[1:] else "")
"""


def traced(*port: str, **environment: str) -> list[str]:
    """Return the output of the program in the environment of a function."""
    given = {"LAMBDA_TASK_ROOT": "/", "PATH": os.environ["PATH"], **environment}
    done = subprocess.run([sys.executable, "-c", TRACED, *port], env=given, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_invocations_are_traced_where_x_ray_listens_and_cost_nothing_elsewhere() -> None:
    assert traced() == ["False", ""]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    imported, _, document = traced(port, AWS_XRAY_DAEMON_ADDRESS=f"127.0.0.1:{port}", _X_AMZN_TRACE_ID=trace)
    assert imported == "True"
    segment = json.loads(document)
    assert (segment["name"], segment["trace_id"]) == ("## handler", "1-5759e988-bd862e3fe1be46a994272793")
    assert segment["annotations"]["Service"] == "a_function"
    assert "Frida" not in document
    assert "Fritz" not in document


def test_every_stage_has_a_function_and_every_handler_is_thin() -> None:
    transformers = {f"dataharvest_{transformer.name}_transformer" for transformer in choreography().transformers}
    small = ("persistence", "dispatcher", "catapult")
    large = {f"dataharvest_{name}" for name in ("splitter", "chunk_persistence", "announcer")}
    invoked = transformers | large | {f"dataharvest_{name}" for name in small}
    assert {path.parent.name for path in LAMBDAS.glob("large/*/handler.py")} == large
    assert set(HANDLERS) == invoked | {"dataharvest_schema", "dataharvest_metrics"}
    assert {function.name for function in resources.functions(choreography())} == invoked
    assert {function.name for function in resources.functions(choreography()) if function.is_for_large} == large
    for handler in HANDLERS.values():
        assert len(handler.read_text("utf-8").splitlines()) <= 30, handler
        assert "@traced(" in handler.read_text("utf-8"), handler


def test_clients_of_functions_do_little_per_call(world: World) -> None:
    functions = world.functions
    assert not CLIENT.parameter_validation
    for client in (functions.sqs, functions.metastore.client, functions.persistence.s3):
        assert client.meta.config.user_agent.startswith("dataharvest ")

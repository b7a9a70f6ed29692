"""Roles of DataHarvest's functions, and the policy of its operators, allow exactly the actions that are called."""

from __future__ import annotations

import base64
import importlib.util
import itertools
import json
import types
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from harvest_world import BUCKET, CLIENT, DAY, FRIDA, PORTFOLIO_1, PORTFOLIO_2, SAMPLE, World
from large_work import LIMITS
from recorded_calls import for_code, recorded
from test_forget import put_batch

from dataharvest.cli import main
from dataharvest.model.choreography import ANNOUNCER, choreography
from dataharvest.model.delivery import DeliveredObject
from dataharvest.model.portfolio import PortfolioEvent
from dataharvest.progress import Done, Progress
from dataharvest.resources import CHUNKS, SPLITTER

LAMBDAS = Path(__file__).parents[2] / "lambdas"
HANDLERS = {path.parent.name: path for path in LAMBDAS.rglob("dataharvest_*/handler.py")}
# Queues of the functions for large deliveries, by function.
ASKED = {
    "dataharvest_splitter": SPLITTER,
    "dataharvest_chunk_persistence": CHUNKS,
    f"dataharvest_{ANNOUNCER}": ANNOUNCER,
}
CONTEXT = types.SimpleNamespace(function_name="f", aws_request_id="1")
STAGES = tuple(stage.name for stage in choreography().stages)
Calls = dict[str, set[str]]


def runner(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., set[str]]:
    """Return a function that calls a Lambda function as a new process and returns the AWS actions it called."""
    for name, value in {**world.environment, "METRICS_ENVIRONMENT": "test"}.items():
        monkeypatch.setenv(name, value)
    # The clients of the world were created before, so their calls would not be recorded.
    monkeypatch.setattr(boto3, "client", boto3.client.__wrapped__)

    def run(function: str, *records: dict[str, Any]) -> set[str]:
        spec = importlib.util.spec_from_file_location(function, HANDLERS[function])
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        with recorded() as actions:
            spec.loader.exec_module(module)
            if hasattr(module, "large"):
                steps = replace(module.large.portfolio_steps, wave=1)  # the sample's two portfolios are two waves
                module.large.__dict__["portfolio_steps"] = steps
            answer = module.handler({"Records": list(records)}, CONTEXT)
        module.functions.database.close()
        assert records == () or answer == {"batchItemFailures": []}
        return actions

    return run


def queued(*bodies: str) -> list[dict[str, Any]]:
    return [
        {"messageId": str(at), "receiptHandle": "r", "body": body, "attributes": {}, "messageAttributes": {},
         "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:q",
         "awsRegion": "us-east-1"}
        for at, body in enumerate(bodies)
    ]  # fmt: skip


def notification(event: DeliveredObject, *, with_version: bool = True) -> str:
    s3_object = {"key": event.key, "size": event.size, "eTag": event.etag, "sequencer": event.sequencer}
    s3_object |= {"versionId": event.version_id} if with_version else {}
    record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": event.bucket}}}
    record["s3"]["object"] = s3_object  # type: ignore[index]
    return json.dumps({"Records": [record]})


def function_of(stage: str) -> str:
    return f"dataharvest_{stage}" if stage == "catapult" else f"dataharvest_{stage}_transformer"


def role_of(function: str) -> str:
    own = {f"dataharvest_{name}": name for name in ("dispatcher", "metrics", "schema")}
    module = "dataharvest_large" if HANDLERS[function].is_relative_to(LAMBDAS / "large") else "dataharvest"
    return f"{module}.{own.get(function, function)}"


def asked(world: World, queue: str) -> list[dict[str, Any]]:
    """Remove the messages of a queue and return each twice, because a queue may deliver it twice."""
    sqs, url = boto3.client("sqs"), world.functions.settings.stages + queue
    bodies = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            bodies += [message["Body"]] * 2
    return queued(*bodies)


def streamed(world: World, reference: str) -> dict[str, Any]:
    """Return the event of a portfolio of the sample, in the format of Kinesis."""
    data = base64.b64encode(PortfolioEvent(world.delivery(), reference).to_json().encode()).decode()
    return {"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": "1", "data": data}}


def work(world: World, run: Callable[..., set[str]]) -> Calls:
    """Run the functions until there are no more requests; return the actions that each called."""
    calls: Calls = defaultdict(set)
    seen, waves = 0, list[str]()
    queues = {function_of(stage): stage for stage in STAGES} | ASKED
    while True:
        records = world.stream()[seen:]
        seen += len(records)
        if records:
            calls["dataharvest_dispatcher"] |= run("dataharvest_dispatcher", *records)
        waiting = {function: messages for function, queue in queues.items() if (messages := asked(world, queue))}
        if not waiting and not records:
            return calls
        for function, messages in waiting.items():
            calls[function] |= run(function, messages[0])
            calls[function] |= run(function, *messages)  # another process finds what the first one made
        if f"dataharvest_{ANNOUNCER}" in waiting and not waves:
            waves = [PORTFOLIO_1, PORTFOLIO_2]
            # When the first of the two is delivered again, it finds that the wave has ended and requests the next wave
            # too.
            for reference, transformer in itertools.product(waves, choreography().streamed * 2):
                calls[function_of(transformer.name)] |= run(function_of(transformer.name), streamed(world, reference))


def test_functions_call_what_their_roles_allow_and_nothing_else(
    new_world: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small delivery, a delivery with a refused file, and a large delivery in chunks and batches of one portfolio."""
    calls: Calls = defaultdict(set)
    for limits in ({}, LIMITS):
        with new_world(**limits) as world, monkeypatch.context() as patched:
            run = runner(world, patched)
            bodies = [notification(event, with_version=at > 0) for at, event in enumerate(world.upload_all(SAMPLE))]
            refused = world.upload("clients", "no,such,header\n1,2,3", day="20220327")
            took = run("dataharvest_persistence", *queued(*bodies[:1]))
            took |= run("dataharvest_persistence", *queued(*bodies, notification(refused)))
            other = [[notification(event) for event in world.upload_all(SAMPLE, client)] for client in ("b", "c")]
            for some in (slice(1), slice(1, None)):  # new dates, then more of their flags
                took |= run("dataharvest_persistence", *queued(*[body for bodies in other for body in bodies[some]]))
            function_actions = work(world, run) | {"dataharvest_persistence": took}
            function_actions |= {name: run(name) for name in ("dataharvest_schema", "dataharvest_metrics")}
            for function, actions in function_actions.items():
                calls[function] |= actions
    assert calls == {function: for_code(role_of(function)) for function in calls}
    assert set(calls) == set(HANDLERS)


def test_commands_of_operators_call_what_their_policy_allows_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client has messages, two batches that Lambda gave up (one only hers), and an event in a stream."""
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    sqs, attributes = boto3.client("sqs"), {"FifoQueue": "true"}
    dead = sqs.create_queue(QueueName="messages-dead.fifo", Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 10})
    sqs.set_queue_attributes(QueueUrl=world.functions.settings.messages, Attributes={"RedrivePolicy": policy})
    world.take(*world.upload_all(SAMPLE))
    world.settle()
    world.take(world.upload("clients", SAMPLE["clients"], day="20220228"))
    put_batch(world, PORTFOLIO_1, PORTFOLIO_2)
    put_batch(world, PORTFOLIO_1)
    event = PortfolioEvent(world.delivery(), PORTFOLIO_1).to_json().encode()
    boto3.client("kinesis").put_record(StreamName="dataharvest-deposits", Data=event, PartitionKey=PORTFOLIO_1)
    progress = Progress(boto3.client("dynamodb"), world.functions.settings.progress_table)
    progress.note(CLIENT, DAY, "content", Done("transactions chunks", 1, 2))
    monkeypatch.setenv("DATAHARVEST_FORGOTTEN", f"s3://{BUCKET}/forgotten/")
    new_key = boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]
    monkeypatch.setattr(boto3, "client", boto3.client.__wrapped__)
    with recorded() as actions:
        assert main(["status"]) == 0
        assert main(["explain", CLIENT, DAY]) == 0
        assert main(["replay", f"s3://{BUCKET}/aws/lambda/"]) == 0
        assert main(["forget", FRIDA]) == 1, "the event is still in the stream"
        monkeypatch.setenv("DATAHARVEST_KMS_KEY", new_key)
        assert main(["rotate-keys"]) == 0
        assert main(["forget-again"]) == 0
    assert actions == for_code("dataharvest_operator", {"Key"})

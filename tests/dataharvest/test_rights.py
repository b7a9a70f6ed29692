"""Roles of DataHarvest's functions allow what the functions call, all of it, and nothing else."""

from __future__ import annotations

import importlib.util
import json
import types
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from harvest_world import SAMPLE, World
from recorded_calls import for_code, recorded

from dataharvest.model.choreography import choreography
from dataharvest.model.delivery import DeliveredObject

LAMBDAS = Path(__file__).parents[2] / "lambdas"
CONTEXT = types.SimpleNamespace(function_name="f", aws_request_id="1")
STAGES = tuple(stage.name for stage in choreography().stages)
Calls = dict[str, set[str]]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., set[str]]:
    """Call a function in the memory of a new process; return the actions that it called."""
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    # The world's clients were made before: calls of them would not be recorded.
    monkeypatch.setattr(boto3, "client", boto3.client.__wrapped__)

    def run(function: str, *records: dict[str, Any]) -> set[str]:
        spec = importlib.util.spec_from_file_location(function, LAMBDAS / function / "handler.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        with recorded() as actions:
            spec.loader.exec_module(module)
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


def notification(one: DeliveredObject, *, with_version: bool = True) -> str:
    found = {"key": one.key, "size": one.size, "eTag": one.etag, "sequencer": one.sequencer}
    found |= {"versionId": one.version_id} if with_version else {}
    record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": one.bucket}}}
    record["s3"]["object"] = found  # type: ignore[index]
    return json.dumps({"Records": [record]})


def function_of(stage: str) -> str:
    return f"dataharvest_{stage}" if stage == "catapult" else f"dataharvest_{stage}_transformer"


def role_of(function: str) -> str:
    own = {"dataharvest_dispatcher": "dispatcher", "dataharvest_schema": "schema"}
    return f"dataharvest.{own.get(function, function)}.this"


def test_functions_call_what_their_roles_allow_and_nothing_else(world: World, run: Callable[..., set[str]]) -> None:
    calls: Calls = defaultdict(set)
    events = world.upload_all(SAMPLE)
    bodies = [notification(one, with_version=at > 0) for at, one in enumerate(events)]
    refused = world.upload("clients", "no,such,header\n1,2,3", day="20220227")
    calls["dataharvest_persistence"] |= run("dataharvest_persistence", *queued(*bodies, notification(refused)))
    seen, sqs = 0, boto3.client("sqs")
    while records := world.stream()[seen:]:
        seen += len(records)
        calls["dataharvest_dispatcher"] |= run("dataharvest_dispatcher", *records)
        for stage in STAGES:
            url = world.functions.settings.stages + stage
            asked = [message["Body"] for message in sqs.receive_message(QueueUrl=url).get("Messages", [])]
            if asked:
                # delivered again, a message finds its flag set: that is another write
                calls[function_of(stage)] |= run(function_of(stage), *queued(*asked, *asked))
    calls["dataharvest_schema"] |= run("dataharvest_schema")
    assert calls == {function: for_code(role_of(function)) for function in calls}
    assert set(calls) == {path.parent.name for path in LAMBDAS.glob("dataharvest_*/handler.py")}

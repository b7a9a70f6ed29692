"""EventBridge, Scheduler and SNS: matches reach their targets, schedules fire, failures reach dead-letter queues."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from waiting import eventually

from localaws.events.cron import Schedule
from localaws.running import Running

ACCOUNT = "123456789012"
RECORDING = """
    import json, os, pathlib, uuid
    def handler(event, context):
        pathlib.Path(os.environ["FOLDER"], uuid.uuid4().hex).write_text(json.dumps(event))
"""


class Inbox:
    def __init__(self, server: Running, suffix: str = "", **attributes: str) -> None:
        self.name = f"q-{uuid.uuid4().hex[:8]}{suffix}"
        self.arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{self.name}"
        self._sqs = server.client("sqs")
        self._url = self._sqs.create_queue(QueueName=self.name, Attributes=attributes)["QueueUrl"]

    def next(self, seconds: float = 40) -> dict[str, Any]:
        """Wait for the next message, delete it and return it."""

        def received() -> Any:
            return self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=1, MessageAttributeNames=["All"]).get(
                "Messages"
            )

        message = eventually(received, seconds)[0]
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return dict(message)


def put_event(events: Any, source: str, detail: Any) -> None:
    answer = events.put_events(Entries=[{"Source": source, "DetailType": "d", "Detail": json.dumps(detail)}])
    assert answer["FailedEntryCount"] == 0


def test_a_rule_sends_to_functions_queues_and_streams(aws: Running, functions: Any, exchange: Path) -> None:
    events, kinesis, inbox = aws.client("events"), aws.client("kinesis"), Inbox(aws)
    name = functions.create(RECORDING, Environment={"Variables": {"FOLDER": str(exchange)}})
    kinesis.create_stream(StreamName="deposits", ShardCount=1)
    events.put_rule(
        Name="many", EventPattern=json.dumps({"source": ["many"], "detail": {"n": [{"numeric": [">", 1]}]}})
    )
    stream = {
        "Id": "s", "Arn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/deposits", "InputPath": "$.detail",
        "KinesisParameters": {"PartitionKeyPath": "$.detail.portfolio"},
    }  # fmt: skip
    targets = [
        {"Id": "f", "Arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"},
        {"Id": "q", "Arn": inbox.arn, "Input": '{"constant": true}'},
        stream,
    ]
    events.put_targets(Rule="many", Targets=targets)
    put_event(events, "many", {"n": 1})
    put_event(events, "many", {"n": 2, "portfolio": "p-1"})
    assert json.loads(inbox.next()["Body"]) == {"constant": True}
    (file,) = eventually(lambda: list(exchange.iterdir()))
    event = eventually(lambda: json.loads(file.read_text() or "{}"))
    assert (event["source"], event["detail-type"], event["detail"]["n"]) == ("many", "d", 2)
    iterator = kinesis.get_shard_iterator(
        StreamName="deposits", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    (record,) = eventually(lambda: kinesis.get_records(ShardIterator=iterator)["Records"])
    assert (record["PartitionKey"], json.loads(record["Data"])) == ("p-1", {"n": 2, "portfolio": "p-1"})


def transformer(template: str) -> dict[str, Any]:
    return {"InputPathsMap": {"all": "$.detail", "n": "$.detail.n"}, "InputTemplate": template}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"InputPath": "$.detail", "InputTransformer": transformer("<n>")},
         "Only one of Input, InputPath, or InputTransformer must be provided for target t."),
        ({"InputTransformer": transformer('"<n> and <other>"')},
         "InputTemplate for target t contains invalid placeholder other."),
    ],
)  # fmt: skip
def test_inputs_that_are_refused(aws: Running, target: dict[str, Any], message: str) -> None:
    """Texts of AWS's recordings (tests/aws/services/events/test_events_inputs.snapshot.json)."""
    events = aws.client("events")
    events.put_rule(Name="refusing", EventPattern='{"source": ["refusing"]}')
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:nobody"
    with pytest.raises(ClientError) as error:
        events.put_targets(Rule="refusing", Targets=[{"Id": "t", "Arn": arn, **target}])
    assert error.value.response["Error"] == {"Code": "ValidationException", "Message": message}


def test_templates_make_json_or_nothing(aws: Running) -> None:
    """The first template puts an object into quotation marks, which is no JSON: EventBridge drops the event."""
    events, inbox = aws.client("events"), Inbox(aws)
    events.put_rule(Name="templates", EventPattern='{"source": ["templates"]}')
    templates = ('{"a": "<all>"}', '{"a": <all>, "b": "n <n>"}', '{"e": <aws.events.event>}', '"<all> is text"')
    targets = [
        {"Id": str(number), "Arn": inbox.arn, "InputTransformer": transformer(template)}
        for number, template in enumerate(templates)
    ]
    events.put_targets(Rule="templates", Targets=targets)
    put_event(events, "templates", {"n": "x"})
    first, second, third = (inbox.next()["Body"] for _ in range(3))
    assert json.loads(first) == {"a": {"n": "x"}, "b": "n x"}
    event = json.loads(second)["e"]
    assert (event["detailType"], event["source"], "detail" in event) == ("d", "templates", False)
    assert third == '"{n:x} is text"'


def test_a_target_that_is_gone_has_a_dead_letter_queue(aws: Running) -> None:
    events, dead = aws.client("events"), Inbox(aws)
    events.put_rule(Name="gone", EventPattern='{"source": ["gone"]}')
    missing = f"arn:aws:sqs:us-east-1:{ACCOUNT}:nobody"
    events.put_targets(Rule="gone", Targets=[{"Id": "1", "Arn": missing, "DeadLetterConfig": {"Arn": dead.arn}}])
    put_event(events, "gone", {"a": 1})
    letter = dead.next()
    assert json.loads(letter["Body"])["detail"] == {"a": 1}
    assert letter["MessageAttributes"]["TARGET_ARN"]["StringValue"] == missing


def test_rates_and_moments_fire(aws: Running) -> None:
    """With this server a minute of ``rate()`` lasts one second."""
    events, scheduler = aws.client("events"), aws.client("scheduler")
    by_rule, once = Inbox(aws), Inbox(aws)
    events.put_rule(Name="ticks", ScheduleExpression="rate(2 minutes)")
    events.put_targets(Rule="ticks", Targets=[{"Id": "1", "Arn": by_rule.arn}])
    moment = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%S")
    scheduler.create_schedule(
        Name="once", ScheduleExpression=f"at({moment})", FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "RoleArn": "arn:aws:iam::123456789012:role/r",
            "Input": json.dumps({
                "QueueUrl": f"{aws.endpoint}/{ACCOUNT}/{once.name}",
                "MessageBody": "at <aws.scheduler.scheduled-time>",
            }),
        },
    )  # fmt: skip
    first, second = (json.loads(by_rule.next()["Body"]) for _ in range(2))
    assert (first["source"], first["detail-type"], first["detail"]) == ("aws.events", "Scheduled Event", {})
    assert first["time"] < second["time"]
    events.disable_rule(Name="ticks")
    assert once.next()["Body"] == f"at {moment}Z"
    eventually(lambda: not scheduler.list_schedules()["Schedules"])


@pytest.mark.long
def test_cron_expressions_fire_at_the_minute(aws: Running) -> None:
    events, scheduler = aws.client("events"), aws.client("scheduler")
    by_rule, by_schedule = Inbox(aws), Inbox(aws)
    events.put_rule(Name="minutes", ScheduleExpression="cron(* * * * ? *)")
    events.put_targets(Rule="minutes", Targets=[{"Id": "1", "Arn": by_rule.arn}])
    target = {"Arn": by_schedule.arn, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "Input": "now"}
    scheduler.create_schedule(
        Name="minutes", ScheduleExpression="cron(* * * * ? *)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    moment = json.loads(by_rule.next(70)["Body"])["time"]
    assert by_schedule.next(70)["Body"] == "now"
    events.remove_targets(Rule="minutes", Ids=["1"])
    scheduler.delete_schedule(Name="minutes")
    assert moment.endswith(":00Z")


# Filter policy, attributes of a message that it accepts, and of a message that it excludes.
_POLICIES: tuple[tuple[dict[str, Any], dict[str, Any], dict[str, Any]], ...] = (
    ({"kind": ["tax"]}, {"kind": ("String", "tax")}, {"kind": ("String", "fee")}),
    ({"n": [{"numeric": [">=", 5]}]}, {"n": ("Number", "7")}, {"n": ("Number", "4")}),
    ({"list": ["b"]}, {"list": ("String.Array", '["a", "b"]')}, {}),
)


def test_filter_policies_decide(aws: Running) -> None:
    """Each queue is sent a message that its policy excludes, then one that it accepts: only the second may arrive."""
    sns = aws.client("sns")
    for policy, taken, dropped in _POLICIES:
        inbox = Inbox(aws)
        topic = sns.create_topic(Name=inbox.name)["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn + "-none")  # a queue that does not exist
        attributes = {"FilterPolicy": json.dumps(policy), "RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn, Attributes=attributes)
        for message, published in (("dropped", dropped), ("taken", taken)):
            given = {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in published.items()}
            sns.publish(TopicArn=topic, Message=message, MessageAttributes=given)
        assert inbox.next()["Body"] == "taken", policy


def test_a_function_subscribes_to_a_topic(aws: Running, functions: Any, exchange: Path) -> None:
    sns = aws.client("sns")
    name = functions.create(RECORDING, Environment={"Variables": {"FOLDER": str(exchange)}})
    topic = sns.create_topic(Name="to-function")["TopicArn"]
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)["SubscriptionArn"]
    sns.publish(TopicArn=topic, Message="hello", Subject="s")
    (file,) = eventually(lambda: list(exchange.iterdir()))
    (record,) = eventually(lambda: json.loads(file.read_text() or "{}"))["Records"]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", subscription)
    assert (record["Sns"]["Message"], record["Sns"]["Subject"]) == ("hello", "s")


@pytest.mark.parametrize(
    ("expression", "timezone", "after", "expected"),
    [
        ("cron(0 9 ? * MON-FRI *)", "UTC", "2026-11-27T09:00:00", "2026-11-30T09:00:00"),
        ("cron(0 9 L * ? *)", "UTC", "2026-02-01T00:00:00", "2026-02-28T09:00:00"),
        ("cron(15 10 ? * 6L 2026)", "UTC", "2026-11-01T00:00:00", "2026-11-27T10:15:00"),
        ("cron(0 8 1W * ? *)", "UTC", "2026-07-30T00:00:00", "2026-08-03T08:00:00"),
        ("cron(0/20 * * * ? *)", "UTC", "2026-01-01T00:01:00", "2026-01-01T00:20:00"),
        ("cron(0 9 ? * 2#1 *)", "UTC", "2026-11-05T00:00:00", "2026-12-07T09:00:00"),
        ("cron(0 9 * * ? *)", "America/Sao_Paulo", "2026-01-01T00:00:00", "2026-01-01T12:00:00"),
    ],
)
def test_next_times_of_cron_expressions(expression: str, timezone: str, after: str, expected: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC).timestamp()
    next_time = Schedule(expression, timezone).next_after(moment, moment)
    assert next_time is not None
    assert datetime.fromtimestamp(next_time, UTC).strftime("%Y-%m-%dT%H:%M:%S") == expected

"""Targets of events: log groups, buses, operations; refused targets; topics and buses as destinations."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from waiting import eventually

from localaws.running import Running

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"


@pytest.fixture
def inbox(aws: Running) -> tuple[str, Callable[[], dict[str, Any]]]:
    """The ARN of a queue, and a function that receives its next message."""
    sqs, name = aws.client("sqs"), f"q-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]

    def receive() -> Any:
        given = {"WaitTimeSeconds": 1, "MessageAttributeNames": ["All"]}
        return sqs.receive_message(QueueUrl=url, **given).get("Messages")

    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}", lambda: dict(eventually(receive)[0])


def test_a_rule_writes_to_a_log_group(aws: Running) -> None:
    events, logs = aws.client("events"), aws.client("logs")
    logs.create_log_group(logGroupName="/aws/events/all")
    events.put_rule(Name="logged", EventPattern='{"source": ["logged"]}')
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/events/all"
    events.put_targets(Rule="logged", Targets=[{"Id": "1", "Arn": arn}])
    events.put_events(Entries=[{"Source": "logged", "DetailType": "d", "Detail": '{"a": 1}'}])
    (line,) = eventually(lambda: logs.filter_log_events(logGroupName="/aws/events/all")["events"])
    assert json.loads(line["message"])["detail"] == {"a": 1}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Arn": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"},
         "an event bus needs the target's EventBridgeParameters"),
        ({"Arn": "arn:aws:scheduler:::aws-sdk:sqs:fly"}, "sqs has no operation fly"),
        ({"Arn": "arn:aws:scheduler:::aws-sdk:nothing:fly"}, "Unknown service: 'nothing'."),
        ({"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": "{}"}, "Parameter validation failed"),
        ({"Arn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m"}, "localaws does not deliver to states"),
    ],
)  # fmt: skip
def test_the_dead_letter_queue_says_what_a_schedule_lacks(
    aws: Running, inbox: tuple[str, Callable[[], dict[str, Any]]], target: dict[str, Any], message: str
) -> None:
    arn, receive = inbox
    scheduler, name = aws.client("scheduler"), uuid.uuid4().hex
    scheduler.create_schedule(
        Name=name, ScheduleExpression="rate(60 minutes)", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"RoleArn": ROLE, "DeadLetterConfig": {"Arn": arn}, **target},
    )  # fmt: skip
    letter = receive()
    scheduler.delete_schedule(Name=name)
    assert letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"].startswith(message)
    assert letter["MessageAttributes"]["TARGET_ARN"]["StringValue"] == target["Arn"]


@pytest.mark.parametrize(
    ("expression", "zone"),
    [
        ("rate(0 minutes)", "UTC"),
        ("rate(soon)", "UTC"),
        ("cron(x)", "UTC"),
        ("cron(0 1 * * * *)", "UTC"),
        ("cron(0 9 ? * ? *)", "UTC"),
        ("cron(0 9 * * ? *)", "Mars/Base"),
    ],
)
def test_an_invalid_schedule_is_refused(aws: Running, expression: str, zone: str) -> None:
    """If such a rule were stored, it would end the thread that fires all schedules."""
    events, scheduler = aws.client("events"), aws.client("scheduler")
    with pytest.raises(scheduler.exceptions.ClientError) as error:
        scheduler.create_schedule(
            Name="never", ScheduleExpression=expression, ScheduleExpressionTimezone=zone,
            FlexibleTimeWindow={"Mode": "OFF"}, Target={"RoleArn": ROLE, "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"},
        )  # fmt: skip
    text = f"Invalid Schedule Expression {expression}{'' if zone == 'UTC' else f' or time zone {zone}'}."
    assert error.value.response["Error"] == {"Code": "ValidationException", "Message": text}
    assert error.value.response["Message"] == text
    if zone == "UTC":
        with pytest.raises(events.exceptions.ClientError) as error:
            events.put_rule(Name="never", ScheduleExpression=expression)
        assert error.value.response["Error"]["Message"] == "Parameter ScheduleExpression is not valid."


def test_a_function_tells_a_bus_of_success_and_a_topic_of_failure(
    aws: Running, functions: Any, inbox: tuple[str, Callable[[], dict[str, Any]]]
) -> None:
    arn, receive = inbox
    sns, events = aws.client("sns"), aws.client("events")
    topic = sns.create_topic(Name="failures")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    events.put_rule(Name="ended", EventPattern='{"source": ["lambda"]}')
    events.put_targets(Rule="ended", Targets=[{"Id": "1", "Arn": arn}])
    name = functions.create("def handler(event, context): return 1 / event['by']")
    functions.client.put_function_event_invoke_config(
        FunctionName=name,
        DestinationConfig={
            "OnSuccess": {"Destination": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"},
            "OnFailure": {"Destination": topic},
        },
    )  # fmt: skip
    functions.client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"by": 0}')
    record = json.loads(receive()["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responsePayload"]["errorType"] == "ZeroDivisionError"
    functions.client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"by": 1}')
    event = json.loads(receive()["Body"])
    assert event["detail-type"] == "Lambda Function Invocation Result - Success"
    assert event["detail"]["responsePayload"] == 1.0
    assert event["resources"][1].endswith(f"function:{name}:$LATEST")

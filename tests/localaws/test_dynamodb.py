"""DynamoDB: conditions hold under concurrency, streams contain the changes."""

from __future__ import annotations

import threading
import uuid
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localaws.dynamodb.item_size import item_size
from localaws.running import Running


@pytest.fixture(scope="module")
def client(aws: Running) -> Any:
    return aws.client("dynamodb")


def make_table(client: Any, view: str = "NEW_AND_OLD_IMAGES") -> str:
    name = f"t-{uuid.uuid4().hex[:8]}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
    )
    return name


@cache
def streams_of(server: Running) -> Any:
    return server.client("dynamodbstreams")


def records(server: Running, table: str, kind: str = "TRIM_HORIZON", **options: Any) -> list[dict[str, Any]]:
    streams = streams_of(server)
    arn = streams.list_streams(TableName=table)["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    place = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType=kind, **options)
    batch: list[dict[str, Any]] = streams.get_records(ShardIterator=place["ShardIterator"])["Records"]
    return batch


def put(client: Any, table: str, **attributes: str) -> None:
    client.put_item(TableName=table, Item={name: {"S": value} for name, value in attributes.items()})


def set_flag(client: Any, table: str, key: str, value: str) -> None:
    client.update_item(
        TableName=table, Key={"id": {"S": key}}, UpdateExpression="SET f = :v",
        ExpressionAttributeValues={":v": {"S": value}},
    )  # fmt: skip


def test_a_table_is_described_as_dynamodb_does(client: Any) -> None:
    """As recorded in event_source_mapping/test_lambda_integration_dynamodbstreams.snapshot.json."""
    given = {
        "TableName": f"t-{uuid.uuid4().hex[:8]}", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }  # fmt: skip
    created = client.create_table(**given)["TableDescription"]
    shown = client.describe_table(TableName=given["TableName"])["Table"]
    updated = client.update_table(TableName=given["TableName"], BillingMode="PAY_PER_REQUEST")["TableDescription"]
    assert [table["TableStatus"] for table in (created, shown, updated)] == ["CREATING", "ACTIVE", "UPDATING"]
    assert created["TableId"] == shown["TableId"] == updated["TableId"]
    assert "WarmThroughput" not in created
    assert updated["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"] == created["CreationDateTime"]
    assert not {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"} & shown.keys()
    client.delete_table(TableName=given["TableName"])
    assert client.create_table(**given)["TableDescription"]["TableId"] != created["TableId"]


def test_each_transition_is_one_record(aws: Running, client: Any) -> None:
    table = make_table(client)
    put(client, table, id="a", x="1")
    put(client, table, id="a", x="1")  # changes nothing
    set_flag(client, table, "a", "on")
    set_flag(client, table, "a", "on")  # nor does this
    set_flag(client, table, "b", "on")  # makes the item
    client.delete_item(TableName=table, Key={"id": {"S": "a"}})
    client.delete_item(TableName=table, Key={"id": {"S": "nobody"}})
    changes = records(aws, table)
    assert [record["eventName"] for record in changes] == ["INSERT", "MODIFY", "INSERT", "REMOVE"]
    assert changes[1]["dynamodb"]["OldImage"] == {"id": {"S": "a"}, "x": {"S": "1"}}
    assert changes[1]["dynamodb"]["NewImage"] == {"id": {"S": "a"}, "x": {"S": "1"}, "f": {"S": "on"}}
    assert changes[2]["dynamodb"]["NewImage"] == {"id": {"S": "b"}, "f": {"S": "on"}}
    assert "NewImage" not in changes[3]["dynamodb"]
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in changes]
    assert numbers == sorted(set(numbers))
    after = records(aws, table, "AFTER_SEQUENCE_NUMBER", SequenceNumber=str(numbers[1]))
    assert [record["eventName"] for record in after] == ["INSERT", "REMOVE"]
    assert records(aws, table, "LATEST") == []


@pytest.mark.parametrize(
    ("view", "images"),
    [("KEYS_ONLY", set()), ("NEW_IMAGE", {"NewImage"}), ("OLD_IMAGE", {"OldImage"})],
)
def test_a_stream_shows_what_its_view_says(aws: Running, client: Any, view: str, images: set[str]) -> None:
    table = make_table(client, view)
    put(client, table, id="a", x="1")
    put(client, table, id="a", x="2")
    assert {name for name in records(aws, table)[1]["dynamodb"] if name.endswith("Image")} == images


def test_a_stream_that_was_disabled_is_read_and_one_that_never_was_is_not_found(aws: Running, client: Any) -> None:
    table, streams = make_table(client, "KEYS_ONLY"), streams_of(aws)
    put(client, table, id="a")
    arn = streams.list_streams(TableName=table)["Streams"][0]["StreamArn"]
    enabled = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    client.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    put(client, table, id="b")
    disabled = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert (enabled["StreamStatus"], disabled["StreamStatus"]) == ("ENABLED", "DISABLED")
    assert disabled | {"StreamStatus": "ENABLED"} == enabled
    assert disabled["StreamLabel"].startswith(disabled["CreationRequestDateTime"].strftime("%Y-%m-"))
    assert [record["dynamodb"]["Keys"] for record in records(aws, table)] == [{"id": {"S": "a"}}]
    for unknown in (f"{arn}9", arn.replace(table, "nobody")):
        for call in (
            lambda: streams.describe_stream(StreamArn=unknown),  # noqa: B023 - called at once
            lambda: streams.get_shard_iterator(StreamArn=unknown, ShardId="s" * 30, ShardIteratorType="LATEST"),  # noqa: B023
        ):
            with pytest.raises(ClientError) as error:
                call()
            text = f"Requested resource not found: Stream: {unknown} not found"
            assert error.value.response["Error"] == {"Code": "ResourceNotFoundException", "Message": text}


def test_a_transaction_that_is_cancelled_leaves_no_record(aws: Running, client: Any) -> None:
    table = make_table(client)
    put(client, table, id="a")
    good = {"Put": {"TableName": table, "Item": {"id": {"S": "b"}}}}
    bad = {
        "Put": {
            "TableName": table, "Item": {"id": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(id)",
        }
    }  # fmt: skip
    with pytest.raises(ClientError):
        client.transact_write_items(TransactItems=[good, bad])
    assert len(records(aws, table)) == 1
    client.transact_write_items(TransactItems=[good])
    assert len(records(aws, table)) == 2
    assert client.scan(TableName=table)["Count"] == 2


def test_a_condition_holds_for_one_of_many_at_once(aws: Running, client: Any) -> None:
    table = make_table(client)
    won = []

    def claim(number: int) -> None:
        try:
            client.put_item(
                TableName=table, Item={"id": {"S": "lease"}, "owner": {"N": str(number)}},
                ConditionExpression="attribute_not_exists(id)",
            )  # fmt: skip
            won.append(number)
        except client.exceptions.ConditionalCheckFailedException:
            pass

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert len(records(aws, table)) == 1


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ({"my_partition_key": {"S": "hello world"}, "binary_key": {"B": b"foobar"}}, 43),
        ({"numericFilter": {"N": "42"}, "id": {"S": "id_value_1"}}, 27),
        ({"my_partition_key": {"S": "testId0"}, "should_fail": {"BOOL": False}}, 35),
        ({"n": {"N": "-1.50"}, "z": {"NULL": True}, "s": {"SS": ["á", "b"]}}, 10),
        ({"l": {"L": [{"N": "0"}, {"M": {"k": {"B": "AAE="}}}]}}, 15),
    ],
)
def test_sizes_of_items(attributes: dict[str, Any], size: int) -> None:
    """The first three as recorded in event_source_mapping/test_lambda_integration_dynamodbstreams.snapshot.json."""
    assert item_size(attributes) == size


_OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["put", "update", "delete"]), st.sampled_from("ab"), st.sampled_from("xyz")), max_size=12
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations=_OPERATIONS)
def test_the_records_lead_to_the_items(aws: Running, client: Any, operations: list[tuple[str, str, str]]) -> None:
    """Replayed in order, each record fits the state before it, and the last state equals the table."""
    table = make_table(client)
    for kind, key, value in operations:
        if kind == "put":
            put(client, table, id=key, v=value)
        elif kind == "update":
            set_flag(client, table, key, value)
        else:
            client.delete_item(TableName=table, Key={"id": {"S": key}})
    state: dict[str, Any] = {}
    for record in records(aws, table):
        change = record["dynamodb"]
        key = change["Keys"]["id"]["S"]
        assert state.pop(key, None) == change.get("OldImage")
        if "NewImage" in change:
            state[key] = change["NewImage"]
    assert {item["id"]["S"]: item for item in client.scan(TableName=table)["Items"]} == state

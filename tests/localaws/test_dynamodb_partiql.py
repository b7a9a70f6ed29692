"""PartiQL's INSERT, UPDATE and DELETE: they change one item on a condition, or fail as DynamoDB says."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.running import Running

BEFORE = {"pk": {"S": "it's"}, "sk": {"N": "1"}, "version": {"N": "3"}, "notes": {"L": [{"S": "a"}]}, "old": {"S": "x"}}
WHERE = "WHERE pk = 'it''s' AND sk = 1"


@pytest.fixture(scope="module")
def client(aws: Running) -> Any:
    return aws.client("dynamodb")


@pytest.fixture
def table(client: Any) -> str:
    name = f"t-{uuid.uuid4().hex[:8]}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    client.put_item(TableName=name, Item=BEFORE)
    client.put_item(TableName=name, Item={"pk": {"S": "it's"}, "sk": {"N": "2"}, "version": {"N": "3"}})
    return name


def item(client: Any, table: str, sort: str = "1") -> dict[str, Any]:
    attributes: dict[str, Any] = client.get_item(TableName=table, Key={"pk": BEFORE["pk"], "sk": {"N": sort}}).get(
        "Item", {}
    )
    return attributes


@pytest.mark.parametrize(
    ("change", "parameters", "changed"),
    [
        (f'SET "flag" = ? SET b = false {WHERE}', [{"BOOL": True}], {"flag": {"BOOL": True}, "b": {"BOOL": False}}),
        (f"SET a = 1.5, b = -2, c = NULL {WHERE};", [], {"a": {"N": "1.5"}, "b": {"N": "-2"}, "c": {"NULL": True}}),
        (f"SET version = version + 1 {WHERE} AND version = ?", [{"N": "3"}], {"version": {"N": "4"}}),
        (f"SET notes[1] = 'b' {WHERE}", [], {"notes": {"L": [{"S": "a"}, {"S": "b"}]}}),
        (f"SET notes = list_append(notes, ['b', ?]) {WHERE}", [{"N": "7"}],
         {"notes": {"L": [{"S": "a"}, {"S": "b"}, {"N": "7"}]}}),
        (f"SET m = {{'a b': [2020, ?]}} {WHERE}", [{"S": "x"}],
         {"m": {"M": {"a b": {"L": [{"N": "2020"}, {"S": "x"}]}}}}),
        (f"REMOVE old {WHERE}", [], {"old": None}),
        (f"set a = 1 remove old {WHERE.lower()}", [], {"a": {"N": "1"}, "old": None}),
        ("SET a = 1 WHERE sk = ? AND ? = pk AND (gone IS MISSING OR version > 9)", [{"N": "1"}, BEFORE["pk"]],
         {"a": {"N": "1"}}),
        (f"SET a = 1 {WHERE} AND old IS NOT MISSING AND NOT version IN [1, 2] AND version BETWEEN 3 AND 3", [],
         {"a": {"N": "1"}}),
        (f"SET a = 1 {WHERE} AND begins_with(old, 'x') AND contains(notes, 'a') AND size(notes) <= 1", [],
         {"a": {"N": "1"}}),
        (f"SET a = 1 {WHERE} AND version != 4 AND version <> 5 AND attribute_type(version, 'N')", [],
         {"a": {"N": "1"}}),
    ],
)  # fmt: skip
def test_an_update_changes_the_item_of_its_key(
    client: Any, table: str, change: str, parameters: list[Any], changed: dict[str, Any]
) -> None:
    given = {"Parameters": parameters} if parameters else {}
    answer = client.execute_statement(Statement=f'UPDATE "{table}" {change}', **given)
    assert answer["Items"] == []
    expected = {name: value for name, value in {**BEFORE, **changed}.items() if value is not None}
    assert item(client, table) == expected
    assert len(item(client, table, "2")) == 3


@pytest.mark.parametrize(
    ("statement", "code", "message"),
    [
        (f"UPDATE {{0}} SET a = 1 {WHERE} AND version = 4", "ConditionalCheckFailedException",
         "The conditional request failed"),
        (f"UPDATE {{0}} SET a = 1 {WHERE} AND old IS MISSING", "ConditionalCheckFailedException",
         "The conditional request failed"),
        ("UPDATE {0} SET a = 1 WHERE pk = 'no' AND sk = 1", "ConditionalCheckFailedException",
         "The conditional request failed"),
        (f"DELETE FROM {{0}} {WHERE} AND version = 4", "ConditionalCheckFailedException",
         "The conditional request failed"),
        ("UPDATE {0} SET a = 1 WHERE pk = 'a'", "ValidationException",
         "Where clause does not contain a mandatory equality on all key attributes"),
        (f"UPDATE {{0}} SET a = 1 {WHERE} OR version = 3", "ValidationException",
         "Where clause does not contain a mandatory equality on all key attributes"),
        ("UPDATE {0} SET a = 1 WHERE pk = 'a' AND (sk = 1 OR sk = 2)", "ValidationException",
         "Where clause does not contain a mandatory equality on all key attributes"),
        (f"UPDATE {{0}} SET a = ? {WHERE}", "ValidationException",
         "Number of parameters in request and statement don't match."),
        ("INSERT INTO {0} VALUE {{'pk': 'it''s', 'sk': 1}}", "DuplicateItemException",
         "Duplicate primary key exists in table"),
        ("INSERT INTO {0} VALUE {{'pk': 'new'}}", "ValidationException",
         "One or more parameter values were invalid: Missing the key sk in the item"),
        (f"UPDATE gone SET a = 1 {WHERE}", "ResourceNotFoundException", "Requested resource not found"),
        (f"UPDATE {{0}} SET a = set_add(a, <<1>>) {WHERE}", "NotImplemented",
         "localaws does not implement ExecuteStatement of dynamodb: "
         "PartiQL with '(a, <<1>>) WHERE pk = 'it''s' AND sk = 1' at this place"),
    ],
)  # fmt: skip
def test_a_change_that_is_refused_changes_nothing(
    client: Any, table: str, statement: str, code: str, message: str
) -> None:
    with pytest.raises(ClientError) as refused:
        client.execute_statement(Statement=statement.format(f'"{table}"'))
    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"].replace('"', "'")) == (code, message)
    assert item(client, table) == BEFORE


def test_an_insert_adds_an_item(client: Any, table: str) -> None:
    parameters = [{"S": "it's"}, {"L": [{"N": "1"}]}]
    client.execute_statement(
        Statement=f"INSERT INTO \"{table}\" VALUE {{'pk': ?, 'sk': 3, 'l': ?}}", Parameters=parameters
    )
    assert item(client, table, "3") == {"pk": {"S": "it's"}, "sk": {"N": "3"}, "l": parameters[1]}


def test_a_delete_and_the_items_that_statements_return(client: Any, table: str) -> None:
    answers = [
        client.execute_statement(Statement=statement)["Items"]
        for statement in (
            f'UPDATE "{table}" SET a = 1 {WHERE} RETURNING ALL OLD *',
            f'UPDATE "{table}" REMOVE a {WHERE} RETURNING ALL NEW *',
            f'DELETE FROM "{table}" {WHERE} RETURNING ALL OLD *',
            f'DELETE FROM "{table}" {WHERE} RETURNING ALL OLD *',
        )
    ]
    assert answers == [[BEFORE], [BEFORE], [BEFORE], []]
    assert item(client, table) == {}


def test_the_statements_of_a_batch_succeed_or_fail_one_by_one(client: Any, table: str) -> None:
    """Codes are those of BatchStatementError, without the word Exception."""
    update = f'UPDATE "{table}" SET version = 4 WHERE pk = ? AND sk = ? AND version = 3'
    keys = [("it's", "1"), ("it's", "1"), ("no", "1"), ("it's", "2")]
    statements = [{"Statement": update, "Parameters": [{"S": pk}, {"N": sk}]} for pk, sk in keys]
    statements += [{"Statement": f'UPDATE "{table}" SET a = 1 WHERE sk = 1'}]
    statements += [{"Statement": f"INSERT INTO \"{table}\" VALUE {{'pk': 'i', 'sk': 1}}"}] * 2
    responses = client.batch_execute_statement(Statements=statements)["Responses"]
    assert [response.get("Error", {}).get("Code") for response in responses] == [
        None, "ConditionalCheckFailed", "ConditionalCheckFailed", None, "ValidationError", None, "DuplicateItem",
    ]  # fmt: skip
    assert [item(client, table, sort)["version"] for sort in ("1", "2")] == [{"N": "4"}] * 2
    with pytest.raises(ClientError, match="less than or equal to 25"):
        client.batch_execute_statement(Statements=statements[:1] * 26)
    with pytest.raises(ClientError, match="Batch must consist of either read statements or write statements"):
        select = {"Statement": f'SELECT * FROM "{table}" {WHERE}'}
        client.batch_execute_statement(Statements=[*statements[:1], select])


def test_the_statements_of_a_transaction_succeed_together(client: Any, table: str) -> None:
    by_key = "WHERE pk = ? AND sk = ?"
    responses = client.execute_transaction(
        TransactStatements=[
            {"Statement": f'UPDATE "{table}" SET version = version + 1 {WHERE} AND version = 3'},
            {"Statement": f'DELETE FROM "{table}" {by_key} AND version = 3', "Parameters": [BEFORE["pk"], {"N": "2"}]},
            {"Statement": f'DELETE FROM "{table}" {by_key}', "Parameters": [BEFORE["pk"], {"N": "9"}]},
            {"Statement": f"INSERT INTO \"{table}\" VALUE {{'pk': 'i', 'sk': 1}}"},
        ]
    )["Responses"]
    assert responses == [{}] * 4
    assert [item(client, table, sort).get("version") for sort in ("1", "2")] == [{"N": "4"}, None]
    select = f'SELECT version FROM "{table}" {by_key}'
    keys = [(BEFORE["pk"], {"N": "1"}), ({"S": "no"}, {"N": "1"})]
    read = client.execute_transaction(
        TransactStatements=[{"Statement": select, "Parameters": list(key)} for key in keys]
    )
    assert read["Responses"] == [{"Item": {"version": {"N": "4"}}}, {}]


def test_a_transaction_of_which_a_statement_fails_changes_nothing(client: Any, table: str) -> None:
    update = {"Statement": f'UPDATE "{table}" SET version = 4 {WHERE}'}
    failing = [
        {"Statement": f"INSERT INTO \"{table}\" VALUE {{'pk': 'it''s', 'sk': 2}}"},
        {
            "Statement": f'DELETE FROM "{table}" WHERE pk = ? AND sk = 2 AND version = 9',
            "Parameters": [BEFORE["pk"]],
        },
    ]
    for statement, code, message in (
        (failing[0], "DuplicateItem", "Duplicate primary key exists in table"),
        (failing[1], "ConditionalCheckFailed", "The conditional request failed"),
    ):
        with pytest.raises(client.exceptions.TransactionCanceledException) as refused:
            client.execute_transaction(TransactStatements=[update, statement])
        assert refused.value.response["CancellationReasons"] == [{"Code": "None"}, {"Code": code, "Message": message}]
    for statements, message in (
        ([update, {"Statement": f'SELECT * FROM "{table}" {WHERE}'}],
         "Transaction must consist of either read statements or write statements"),
        ([update, update], "Transaction request cannot include multiple operations on one item"),
        ([{"Statement": f'UPDATE "{table}" SET version = 4 {WHERE} RETURNING ALL OLD *'}],
         "localaws does not implement ExecuteTransaction of dynamodb: PartiQL with RETURNING in a transaction"),
    ):  # fmt: skip
        with pytest.raises(ClientError, match=message):
            client.execute_transaction(TransactStatements=statements)
    assert item(client, table) == BEFORE
    assert item(client, table, "2")["version"] == {"N": "3"}

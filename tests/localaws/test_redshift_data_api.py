"""The Data API as boto3 uses it: statements, batches, results, parameters, sessions, secrets."""

from __future__ import annotations

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def numbers(warehouse: Any) -> str:
    """A table with the numbers 0 to 2,499."""
    digits = " UNION ALL ".join(f"SELECT {n} AS n" for n in range(10))
    warehouse.done(
        f"CREATE TABLE numbers AS WITH d AS ({digits}) SELECT a.n * 1000 + b.n * 100 + c.n * 10 + e.n AS n "
        "FROM d a, d b, d c, d e WHERE a.n * 1000 + b.n * 100 + c.n * 10 + e.n < 2500"
    )
    return "numbers"


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_values_have_the_types_of_the_api(warehouse: Any) -> None:
    statement = warehouse.run(
        "SELECT 1::smallint AS a, 2::bigint AS b, 1.50::decimal(10, 2) AS c, 0.5::float AS d, true AS e, "
        "'é'::varchar(9) AS f, "
        "date '2024-01-02' AS g, timestamp '2024-01-02 03:04:05' AS h, null::int AS i"
    )
    result = warehouse.data.get_statement_result(Id=statement["Id"])
    assert result["Records"] == [
        [
            {"longValue": 1}, {"longValue": 2}, {"stringValue": "1.50"}, {"doubleValue": 0.5}, {"booleanValue": True},
            {"stringValue": "é"}, {"stringValue": "2024-01-02"}, {"stringValue": "2024-01-02 03:04:05"},
            {"isNull": True},
        ]
    ]  # fmt: skip
    shown = [(c["name"], c["typeName"], c["precision"], c["scale"]) for c in result["ColumnMetadata"]]
    assert shown[2:6] == [("c", "numeric", 10, 2), ("d", "float8", 17, 0), ("e", "bool", 1, 0), ("f", "varchar", 9, 0)]


def test_results_come_in_pages(warehouse: Any, numbers: str) -> None:
    statement = warehouse.run(f"SELECT n FROM {numbers} ORDER BY n")
    first = warehouse.data.get_statement_result(Id=statement["Id"])
    assert (len(first["Records"]), first["TotalNumRows"]) == (1000, 2500)
    assert warehouse.result(statement["Id"]) == [[n] for n in range(2500)]


def test_a_result_may_be_csv(warehouse: Any) -> None:
    statement = warehouse.run("SELECT 1 AS a, 'x,y' AS b, null AS c, true AS d", ResultFormat="CSV")
    result = warehouse.data.get_statement_result_v2(Id=statement["Id"])
    assert result["Records"] == [{"CSVRecords": 'a,b,c,d\r\n1,"x,y",,true\r\n'}]
    assert refused(warehouse.data.get_statement_result, Id=statement["Id"])[0] == "ValidationException"


def test_parameters_are_values(warehouse: Any, numbers: str) -> None:
    given = [{"name": "low", "value": "5"}, {"name": "text", "value": "a':low"}]
    rows = warehouse.rows(f"SELECT n, :text, ':low' FROM {numbers} WHERE n BETWEEN :low AND :low", Parameters=given)
    assert rows == [[5, "a':low", ":low"]]
    code, message = refused(warehouse.data.execute_statement, Sql="SELECT :low", Parameters=given, **warehouse.place)
    assert (code, message) == (
        "ValidationException", "Parameters list contains unused parameters. Unused parameters: [text]",
    )  # fmt: skip
    assert warehouse.fails("SELECT :missing").startswith('ERROR: syntax error at or near ":missing"')


def test_a_batch_is_one_transaction(warehouse: Any) -> None:
    warehouse.done("CREATE TABLE one_transaction (n int)")
    batch = warehouse.batch("INSERT INTO one_transaction VALUES (1), (2)", "SELECT 1 / 0", "SELECT 1")
    assert (batch["Status"], batch["Error"]) == ("FAILED", "Query #2 failed with ERROR: division by zero")
    parts = [(part["Status"], part["ResultRows"]) for part in batch["SubStatements"]]
    assert parts == [("FINISHED", 2), ("FAILED", -1), ("ABORTED", -1)]
    assert warehouse.rows("SELECT count(*) FROM one_transaction") == [[0]]
    batch = warehouse.batch("INSERT INTO one_transaction VALUES (1)", "SELECT n FROM one_transaction")
    assert batch["Status"] == "FINISHED"
    assert warehouse.result(f"{batch['Id']}:2") == [[1]]
    assert warehouse.rows("SELECT count(*) FROM one_transaction") == [[1]]


def test_what_a_lock_waited_for_is_seen(warehouse: Any) -> None:
    warehouse.done("CREATE TABLE locked (n int)")
    started = warehouse.data.execute_statement(Sql="BEGIN", SessionKeepAliveSeconds=60, **warehouse.place)
    session = {"SessionId": started["SessionId"]}
    warehouse.ended(started["Id"])
    warehouse.done("LOCK TABLE locked", **session)
    warehouse.done("INSERT INTO locked VALUES (1)", **session)
    waiting = warehouse.data.batch_execute_statement(Sqls=["LOCK locked", "SELECT n FROM locked"], **warehouse.place)
    warehouse.done("COMMIT", **session)
    assert warehouse.ended(waiting["Id"])["Status"] == "FINISHED"
    assert warehouse.result(f"{waiting['Id']}:2") == [[1]]


def test_a_batch_may_commit_each_statement(warehouse: Any) -> None:
    warehouse.done("CREATE TABLE each_alone (n int)")
    texts = ("INSERT INTO each_alone VALUES (1)", "SELECT 1 / 0", "INSERT INTO each_alone VALUES (2)")
    batch = warehouse.batch(*texts, ExecutionMode="AUTO_COMMIT")
    assert [part["Status"] for part in batch["SubStatements"]] == ["FINISHED", "FAILED", "FINISHED"]
    assert warehouse.rows("SELECT n FROM each_alone ORDER BY n") == [[1], [2]]


def test_a_session_keeps_its_temporary_tables_and_its_transaction(warehouse: Any) -> None:
    warehouse.done("CREATE TABLE seen (n int)")
    started = warehouse.data.execute_statement(
        Sql="CREATE TEMP TABLE kept AS SELECT 1 AS n", SessionKeepAliveSeconds=60, **warehouse.place
    )
    session = {"SessionId": started["SessionId"]}
    assert warehouse.ended(started["Id"])["SessionId"] == started["SessionId"]
    assert warehouse.rows("SELECT n FROM kept", **session) == [[1]]
    assert warehouse.fails("SELECT n FROM kept") == 'ERROR: relation "kept" does not exist'
    warehouse.done("BEGIN", **session)
    warehouse.done("INSERT INTO seen SELECT n FROM kept", **session)
    assert warehouse.rows("SELECT count(*) FROM seen") == [[0]]
    assert warehouse.fails("SELECT 1 / 0", **session) == "ERROR: division by zero"
    assert "current transaction is aborted" in warehouse.fails("SELECT 1", **session)
    warehouse.done("ROLLBACK", **session)
    assert warehouse.rows("SELECT count(*) FROM seen", **session) == [[0]]
    listed = warehouse.data.list_sessions(SessionId=started["SessionId"])["Sessions"]
    assert [(entry["Status"], entry["Database"]) for entry in listed] == [("AVAILABLE", "dev")]


def test_a_session_ends_with_its_time(warehouse: Any) -> None:
    started = warehouse.data.execute_statement(Sql="SELECT 1", SessionKeepAliveSeconds=1, **warehouse.place)
    warehouse.ended(started["Id"])
    time.sleep(1.2)
    code, message = refused(warehouse.data.execute_statement, Sql="SELECT 1", SessionId=started["SessionId"])
    assert (code, message) == ("ValidationException", f"Session {started['SessionId']} is closed or does not exist.")


def test_a_statement_can_be_cancelled(warehouse: Any, numbers: str) -> None:
    everything = ", ".join(f"{numbers} t{place}" for place in range(6))
    sql = f"SELECT count(*) FROM {everything}"
    started = warehouse.data.execute_statement(Sql=sql, **warehouse.place)
    while warehouse.data.describe_statement(Id=started["Id"])["Status"] != "STARTED":
        time.sleep(0.05)
    assert refused(warehouse.data.get_statement_result, Id=started["Id"]) == (
        "ResourceNotFoundException",
        "Query does not have result. Please check query status with DescribeStatement.",
    )
    assert warehouse.data.cancel_statement(Id=started["Id"])["Status"] is True
    assert warehouse.ended(started["Id"])["Status"] == "ABORTED"
    assert refused(warehouse.data.cancel_statement, Id=started["Id"]) == (
        "ValidationException",
        f"Could not cancel a query that is already in ABORTED state with ID: {started['Id']}",
    )


def test_a_cancellation_is_kept_however_early_it_comes(warehouse: Any, numbers: str) -> None:
    everything = ", ".join(f"{numbers} t{place}" for place in range(6))
    for place in range(20):
        started = warehouse.data.execute_statement(Sql=f"SELECT count(*) FROM {everything}", **warehouse.place)
        time.sleep(place / 500)
        warehouse.data.cancel_statement(Id=started["Id"])
        assert warehouse.ended(started["Id"])["Status"] == "ABORTED"


def test_a_session_goes_on_after_a_cancelled_statement(warehouse: Any, numbers: str) -> None:
    everything = ", ".join(f"{numbers} t{place}" for place in range(6))
    started = warehouse.data.execute_statement(
        Sql=f"SELECT count(*) FROM {everything}", SessionKeepAliveSeconds=60, **warehouse.place
    )
    while warehouse.data.describe_statement(Id=started["Id"])["Status"] != "STARTED":
        time.sleep(0.05)
    warehouse.data.cancel_statement(Id=started["Id"])
    assert warehouse.ended(started["Id"])["Status"] == "ABORTED"
    session = {"SessionId": started["SessionId"]}
    assert warehouse.fails("SELECT 1 / 0", **session) == "ERROR: division by zero"
    warehouse.done("CREATE TEMP TABLE after_cancel (n int)", **session)
    location = warehouse.put("after-cancel", "1\n")
    assert warehouse.done(f"COPY after_cancel FROM '{location}' IAM_ROLE DEFAULT", **session) == 1


def test_statements_are_listed_by_name_and_status(warehouse: Any) -> None:
    name = f"nightly-{uuid.uuid4()}"
    good = warehouse.run("SELECT 1", StatementName=f"{name}-good")["Id"]
    bad = warehouse.run("SELECT 1 / 0", StatementName=f"{name}-bad")["Id"]
    listed = {
        status: [
            statement["Id"]
            for statement in warehouse.data.list_statements(StatementName=name, Status=status)["Statements"]
        ]
        for status in ("FINISHED", "FAILED", "ALL")
    }
    assert listed == {"FINISHED": [good], "FAILED": [bad], "ALL": [bad, good]}
    assert [statement["Id"] for statement in warehouse.data.list_statements(StatementName=name)["Statements"]] == [good]
    page = warehouse.data.list_statements(StatementName=name, Status="ALL", MaxResults=1)
    assert page["Statements"][0]["Id"] == bad
    rest = warehouse.data.list_statements(StatementName=name, Status="ALL", NextToken=page["NextToken"])
    assert [statement["Id"] for statement in rest["Statements"]] == [good]


def test_statements_run_at_the_same_time(warehouse: Any) -> None:
    """Inserts, batches and COPYs of several clients into one table: nothing is lost, nothing comes twice."""
    warehouse.done("CREATE TABLE many (n int)")
    location = warehouse.put("many", "".join(f"{n}\n" for n in range(100)))
    copy = f"COPY many FROM '{location}' IAM_ROLE DEFAULT"

    def work(place: int) -> list[str]:
        batch = warehouse.batch("INSERT INTO many VALUES (1000)", copy if place % 2 else "SELECT 1")
        ended = [warehouse.run("INSERT INTO many SELECT 2000")["Status"], batch["Status"]]
        return [*ended, warehouse.run(copy)["Status"]]

    with ThreadPoolExecutor(6) as clients:
        assert {status for statuses in clients.map(work, range(6)) for status in statuses} == {"FINISHED"}
    counts = warehouse.rows("SELECT n, count(*) FROM many WHERE n IN (0, 99, 1000, 2000) GROUP BY n ORDER BY n")
    assert counts == [[0, 9], [99, 9], [1000, 6], [2000, 6]]
    assert warehouse.rows("SELECT count(*) FROM many") == [[9 * 100 + 2 * 6]]


def test_a_client_token_runs_a_statement_once(warehouse: Any) -> None:
    warehouse.done("CREATE TABLE once (n int)")
    token = str(uuid.uuid4())
    ids = {warehouse.run("INSERT INTO once VALUES (1)", ClientToken=token)["Id"] for _ in range(3)}
    assert len(ids) == 1
    assert warehouse.rows("SELECT count(*) FROM once") == [[1]]


def test_a_secret_opens_the_database(warehouse: Any) -> None:
    secrets = warehouse.server.client("secretsmanager")

    def secret(**content: str) -> str:
        return str(secrets.create_secret(Name=f"s-{uuid.uuid4()}", SecretString=json.dumps(content))["ARN"])

    place = {"ClusterIdentifier": "dw", "Database": "dev"}
    right = secret(username="admin", password="Secret99x")
    started = warehouse.data.execute_statement(Sql="SELECT current_user", SecretArn=right, **place)
    assert warehouse.result(warehouse.ended(started["Id"])["Id"]) == [["admin"]]
    wrong = secret(username="admin", password="guess")
    ended = warehouse.ended(warehouse.data.execute_statement(Sql="SELECT 1", SecretArn=wrong, **place)["Id"])
    assert (ended["Status"], ended["Error"]) == ("FAILED", 'FATAL: password authentication failed for user "admin"')
    for arn, text in (
        (right[:-8] + "missing", "Secrets Manager can't find the specified secret."),
        (secret(user="admin"), "has no username and password"),
        (secret(username="a", password="b", dbClusterIdentifier="other"), "belongs to cluster other, not to dw"),
    ):
        code, message = refused(warehouse.data.execute_statement, Sql="SELECT 1", SecretArn=arn, **place)
        assert code == "ValidationException"
        assert text in message


def test_missing_clusters_databases_and_statements_are_refused(warehouse: Any) -> None:
    request = {"Sql": "SELECT 1", "Database": "dev"}
    missing = refused(warehouse.data.execute_statement, ClusterIdentifier="nope", **request)
    assert missing == ("ValidationException", "Redshift endpoint doesn't exist in this region.")
    assert refused(warehouse.data.execute_statement, **request)[1] == (
        "Specify either ClusterIdentifier or WorkgroupName."
    )
    place = warehouse.place | {"Database": "nope"}
    ended = warehouse.ended(warehouse.data.execute_statement(Sql="SELECT 1", **place)["Id"])
    assert (ended["Status"], ended["Error"]) == ("FAILED", 'ERROR: database "nope" does not exist')
    unknown = str(uuid.uuid4())
    assert refused(warehouse.data.describe_statement, Id=unknown) == (
        "ResourceNotFoundException", "Query does not exist.",
    )  # fmt: skip
    code, message = refused(warehouse.data.execute_statement, Sql="SELECT 1", WithEvent=True, **warehouse.place)
    assert (code, message) == ("ValidationException", "localaws does not support WithEvent.")


def test_the_catalog_can_be_listed(warehouse: Any) -> None:
    warehouse.done("CREATE SCHEMA IF NOT EXISTS listed")
    warehouse.done("CREATE TABLE listed.fees (bank varchar(8) NOT NULL, fee numeric(18, 2))")
    place = warehouse.place
    assert "dev" in warehouse.data.list_databases(**place)["Databases"]
    assert "listed" in warehouse.data.list_schemas(**place)["Schemas"]
    tables = warehouse.data.list_tables(SchemaPattern="listed", **place)["Tables"]
    assert tables == [{"name": "fees", "schema": "listed", "type": "TABLE"}]
    columns = warehouse.data.describe_table(Schema="listed", Table="fees", **place)["ColumnList"]
    shown = [(c["name"], c["typeName"], c["nullable"], c["precision"], c["scale"]) for c in columns]
    assert shown == [("bank", "varchar", 0, 8, 0), ("fee", "numeric", 1, 18, 2)]

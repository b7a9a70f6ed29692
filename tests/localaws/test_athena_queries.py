"""Query executions through boto3: states, results, limits, and refused queries."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.running import Running, running

SLOW = (
    "SELECT count(*) FROM UNNEST(sequence(1, 100000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 100000)) AS b(y) "
    "WHERE sqrt(x * y) < 0"
)


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"
    return str(caught.value.response["Error"]["Message"])


def test_a_query_succeeds_with_its_result_as_csv(athena, s3) -> None:
    execution = athena.run("SELECT 1 AS a, 'x\"y' AS b, CAST(NULL AS varchar) AS c, '' AS d")
    assert execution["Status"]["State"] == "SUCCEEDED"
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "SELECT")
    key = f"results/{execution['QueryExecutionId']}.csv"
    assert execution["ResultConfiguration"]["OutputLocation"] == f"s3://{athena.bucket}/{key}"
    body = s3.get_object(Bucket=athena.bucket, Key=key)["Body"].read()
    assert body == b'"a","b","c","d"\n"1","x""y",,""\n'


def test_the_metadata_file_describes_the_columns(athena, s3) -> None:
    execution = athena.run("SELECT ARRAY[1] AS ary")
    key = f"results/{execution['QueryExecutionId']}.csv.metadata"
    body = s3.get_object(Bucket=athena.bucket, Key=key)["Body"].read()
    assert body.endswith(bytes.fromhex("2219 0a0468697665 2203617279 2a03617279 32056172726179 4803"))


def test_values_and_types_as_athena_shows_them(athena) -> None:
    sql = (
        "SELECT 1e10, CAST(1.5 AS decimal(10,2)), TIMESTAMP '2024-01-01 00:00:00', DATE '2024-01-01', true, "
        "ARRAY[1, 2], MAP(ARRAY['a'], ARRAY[1]), CAST(ROW(1, 'x') AS ROW(a integer, b varchar)), X'6869'"
    )
    execution = athena.run(sql)
    result = athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    assert [cell["VarCharValue"] for cell in result["Rows"][1]["Data"]] == [
        "1.0E10", "1.50", "2024-01-01 00:00:00.000", "2024-01-01", "true", "[1, 2]", "{a=1}", "{a=1, b=x}", "68 69",
    ]  # fmt: skip
    columns = result["ResultSetMetadata"]["ColumnInfo"]
    assert [column["Type"] for column in columns] == [
        "double", "decimal", "timestamp", "date", "boolean", "array", "map", "row", "varbinary",
    ]  # fmt: skip
    assert columns[0]["Name"] == "_col0"
    assert (columns[1]["Precision"], columns[1]["Scale"]) == (10, 2)


def test_pages_of_a_thousand_rows_start_with_the_header(athena) -> None:
    execution_id = athena.run("SELECT x FROM UNNEST(sequence(1, 2500)) AS t(x) ORDER BY x")["QueryExecutionId"]
    sizes, values, token = [], [], {}
    while True:
        page = athena.client.get_query_results(QueryExecutionId=execution_id, **token)
        rows = page["ResultSet"]["Rows"]
        sizes.append(len(rows))
        values += [row["Data"][0]["VarCharValue"] for row in rows]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sizes == [1000, 1000, 501]
    assert values == ["x", *map(str, range(1, 2501))]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed. Got: SELECT 1; SELECT 2"),
        ("SELEC 1", "line 1:1: mismatched input 'SELEC'. Expecting: "),
        ("-- nothing", "Query string cannot be empty"),
        ("GRANT x", "line 1:1: mismatched input 'GRANT'. Expecting: "),
    ],
)
def test_what_is_refused_at_once(athena, sql: str, reason: str) -> None:
    assert refused(athena.start, sql=sql).startswith(reason)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT *\nFROM nope", "TABLE_NOT_FOUND: line 2:6: Table 'awsdatacatalog.{database}.nope' does not exist"),
        ("SELECT * FROM nowhere.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nowhere' does not exist"),
        ("SELECT a FROM (SELECT 1 AS b)", "COLUMN_NOT_FOUND: Column 'a' cannot be resolved"),
        ("DELETE FROM t", "TABLE_NOT_FOUND: Table 'awsdatacatalog.{database}.t' does not exist"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        (
            "SELECT (SELECT x FROM (VALUES 1, 2) t(x))",
            "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multiple rows",
        ),
        (
            "SELECT 9223372036854775807 + 1",
            "NUMERIC_VALUE_OUT_OF_RANGE: bigint addition overflow: 9223372036854775807 + 1",
        ),
        (
            "SELECT smallint '300' * smallint '300'",
            "NUMERIC_VALUE_OUT_OF_RANGE: smallint multiplication overflow: 300 * 300",
        ),
    ],
)
def test_why_a_query_failed(athena, sql: str, reason: str) -> None:
    assert athena.fails(sql) == reason.format(database=athena.database)


def test_a_failure_is_an_athena_error(athena) -> None:
    error = athena.run("SELECT 1 / 0")["Status"]["AthenaError"]
    assert error["ErrorCategory"] == 2
    assert error["Retryable"] is False
    assert error["ErrorMessage"] == "DIVISION_BY_ZERO: Division by zero"


def test_a_leading_comment_and_a_closing_semicolon_are_fine(athena) -> None:
    assert athena.rows("-- Metabase:: userID: 1 queryHash: ab\nSELECT 1;\n") == [("1",)]


def test_a_running_query_stops(athena) -> None:
    execution_id = athena.start(SLOW)
    athena.client.stop_query_execution(QueryExecutionId=execution_id)
    status = athena.wait(execution_id)["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Query was cancelled by the user")
    text = refused(athena.client.get_query_results, QueryExecutionId=execution_id)
    assert text == "Query did not finish successfully. Final query state: CANCELLED"


def test_a_request_token_starts_one_query(athena) -> None:
    token = uuid.uuid4().hex
    first, second = (athena.start("SELECT 1", ClientRequestToken=token) for _ in range(2))
    assert first == second
    assert refused(athena.start, sql="SELECT 2", ClientRequestToken=token) == "Idempotent parameters do not match"


def test_an_output_location_is_needed(athena) -> None:
    assert refused(athena.client.start_query_execution, QueryString="SELECT 1").startswith(
        "No output location provided"
    )
    configuration = {"OutputLocation": "s3://no-such-bucket-anywhere/x/"}
    text = refused(athena.start, sql="SELECT 1", ResultConfiguration=configuration)
    assert text == "Unable to verify/create output bucket no-such-bucket-anywhere"


def test_an_enforced_workgroup_decides_the_location(athena) -> None:
    own = f"s3://{athena.bucket}/enforced/"
    configuration = {"ResultConfiguration": {"OutputLocation": own}, "EnforceWorkGroupConfiguration": True}
    athena.client.create_work_group(Name=f"w-{athena.database}", Configuration=configuration)
    execution = athena.run("SELECT 1", WorkGroup=f"w-{athena.database}")
    assert execution["ResultConfiguration"]["OutputLocation"].startswith(own)
    assert refused(athena.start, sql="SELECT 1", WorkGroup="nope") == "WorkGroup nope is not found."


def test_a_workgroup_is_updated_listed_and_deleted(athena) -> None:
    name = f"w-{athena.database}"
    athena.client.create_work_group(Name=name, Description="first")
    athena.client.update_work_group(
        WorkGroup=name, Description="second", State="DISABLED",
        ConfigurationUpdates={"BytesScannedCutoffPerQuery": 10_000_000},
    )  # fmt: skip
    group = athena.client.get_work_group(WorkGroup=name)["WorkGroup"]
    assert (group["Description"], group["State"]) == ("second", "DISABLED")
    assert group["Configuration"]["BytesScannedCutoffPerQuery"] == 10_000_000
    assert refused(athena.start, sql="SELECT 1", WorkGroup=name) == f"WorkGroup {name} is disabled."
    assert name in [w["Name"] for w in athena.client.list_work_groups()["WorkGroups"]]
    athena.client.delete_work_group(WorkGroup=name)
    assert refused(athena.client.get_work_group, WorkGroup=name) == f"WorkGroup {name} is not found."


def test_a_query_over_the_limit_is_cut_off(athena, s3) -> None:
    s3.put_object(Bucket=athena.bucket, Key="big/a.txt", Body=b"1234567\n" * 1_500_000)
    athena.run(f"CREATE EXTERNAL TABLE big (n int) LOCATION 's3://{athena.bucket}/big/'")
    name = f"w-{athena.database}"
    athena.client.create_work_group(Name=name, Configuration={"BytesScannedCutoffPerQuery": 10_000_000})
    status = athena.run("SELECT max(n) FROM big", WorkGroup=name)["Status"]
    assert status["State"] == "CANCELLED"
    assert status["StateChangeReason"] == "Query cancelled! : Bytes scanned limit was exceeded"


def test_batch_get_and_list(athena) -> None:
    name = f"w-{athena.database}"
    athena.client.create_work_group(Name=name)
    ids = [athena.run(f"SELECT {n}", WorkGroup=name)["QueryExecutionId"] for n in (1, 2)]
    assert athena.client.list_query_executions(WorkGroup=name)["QueryExecutionIds"] == ids[::-1]
    batch = athena.client.batch_get_query_execution(QueryExecutionIds=[*ids, "nope"])
    assert [execution["QueryExecutionId"] for execution in batch["QueryExecutions"]] == ids
    assert [missing["QueryExecutionId"] for missing in batch["UnprocessedQueryExecutionIds"]] == ["nope"]


def test_named_queries_and_prepared_statements(athena) -> None:
    client, group = athena.client, f"w-{athena.database}"
    client.create_work_group(Name=group)
    query_id = client.create_named_query(Name="n", Database="d", QueryString="SELECT 1", WorkGroup=group)[
        "NamedQueryId"
    ]
    assert client.batch_get_named_query(NamedQueryIds=[query_id])["NamedQueries"][0]["QueryString"] == "SELECT 1"
    client.create_prepared_statement(StatementName="p", WorkGroup=group, QueryStatement="SELECT ? - ?")
    assert athena.rows("EXECUTE p USING 5, -2", WorkGroup=group) == [("7",)]
    athena.run("DEALLOCATE PREPARE p", WorkGroup=group)
    assert client.list_prepared_statements(WorkGroup=group)["PreparedStatements"] == []
    assert (
        refused(athena.start, sql="EXECUTE p", WorkGroup=group)
        == f"PreparedStatement p was not found in workGroup {group}"
    )


def test_parameters_stand_for_values(athena) -> None:
    assert athena.rows("SELECT ? || 'b?', ? * 2", ExecutionParameters=["'a'", "1 + 2"]) == [("ab?", "6")]
    text = refused(athena.start, sql="SELECT ?", ExecutionParameters=["1", "2"])
    assert text.endswith("Incorrect number of parameters: expected 1 but found 2")


def test_a_parameter_without_quotes_is_a_text(athena) -> None:
    parameters = ["Washington", "'Washington'", "New York", "2024-01-01", "O\u00f1a", "null"]
    sql = "SELECT ? = ?, ?, ?, ?, ? IS NULL"
    assert athena.rows(sql, ExecutionParameters=parameters) == [("true", "New York", "2024-01-01", "O\u00f1a", "true")]


def test_a_workgroup_may_leave_its_results_to_athena(athena) -> None:
    managed = {"ManagedQueryResultsConfiguration": {"Enabled": True}}
    athena.client.create_work_group(Name="managed", Configuration=managed)
    execution_id = athena.client.start_query_execution(QueryString="SELECT 1 AS a", WorkGroup="managed")
    execution = athena.wait(execution_id["QueryExecutionId"])
    assert execution["Status"]["State"] == "SUCCEEDED"
    assert "OutputLocation" not in execution["ResultConfiguration"]
    assert execution["ManagedQueryResultsConfiguration"] == {"Enabled": True}
    result = athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]
    assert [row["Data"][0]["VarCharValue"] for row in result["Rows"]] == ["a", "1"]
    updates = {"ManagedQueryResultsConfigurationUpdates": {"Enabled": False}}
    athena.client.update_work_group(WorkGroup="managed", ConfigurationUpdates=updates)
    assert refused(athena.client.start_query_execution, QueryString="SELECT 1", WorkGroup="managed").startswith(
        "No output location provided."
    )


def reuse(minutes: int) -> dict[str, Any]:
    by_age = {"Enabled": True, "MaxAgeInMinutes": minutes}
    return {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": by_age}}


def test_a_result_is_reused_while_it_is_young_and_there(athena, s3) -> None:
    sql = "SELECT to_unixtime(now())"
    first = athena.run(sql)
    again = athena.run(sql, **reuse(5))
    assert again["Statistics"]["ResultReuseInformation"] == {"ReusedPreviousResult": True}
    assert again["ResultReuseConfiguration"] == reuse(5)["ResultReuseConfiguration"]
    assert again["ResultConfiguration"]["OutputLocation"] == first["ResultConfiguration"]["OutputLocation"]
    assert athena.rows(sql, **reuse(5)) == athena.rows(sql, **reuse(5))
    for other in ({}, reuse(0), reuse(5) | {"QueryExecutionContext": {"Database": "default"}}):
        assert not athena.run(sql, **other)["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]
    for entry in s3.list_objects_v2(Bucket=athena.bucket)["Contents"]:
        s3.delete_object(Bucket=athena.bucket, Key=entry["Key"])
    assert not athena.run(sql, **reuse(5))["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"]
    assert refused(athena.start, sql=sql, **reuse(20_000)) == (
        "MaxAgeInMinutes is 20000: it must be between 0 and 10080"
    )


def test_the_catalog_through_athena(athena) -> None:
    athena.run(f"CREATE EXTERNAL TABLE t (a int COMMENT 'x') PARTITIONED BY (y int) LOCATION 's3://{athena.bucket}/t/'")
    where = {"CatalogName": "AwsDataCatalog", "DatabaseName": athena.database}
    table = athena.client.get_table_metadata(**where, TableName="t")["TableMetadata"]
    assert table["Columns"] == [{"Name": "a", "Type": "int", "Comment": "x"}]
    assert table["PartitionKeys"] == [{"Name": "y", "Type": "int"}]
    assert [t["Name"] for t in athena.client.list_table_metadata(**where)["TableMetadataList"]] == ["t"]
    names = [
        d["Name"] for d in athena.client.list_databases(CatalogName="AwsDataCatalog", MaxResults=50)["DatabaseList"]
    ]
    assert athena.client.get_database(**where)["Database"]["Name"] == athena.database
    assert names == sorted(names)
    assert athena.client.list_data_catalogs()["DataCatalogsSummary"][0] == {
        "CatalogName": "AwsDataCatalog",
        "Type": "GLUE",
    }


def test_several_queries_at_once(athena) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: athena.rows(f"SELECT {n}"), range(16)))
    assert answers == [[(str(n),)] for n in range(16)]


def test_history_and_results_survive_a_restart(tmp_path) -> None:
    def athena_of(server: Running) -> Any:
        return server.client("athena")

    with running(tmp_path / "home") as server:
        server.client("s3").create_bucket(Bucket="kept-results")
        configuration = {"OutputLocation": "s3://kept-results/"}
        started = athena_of(server).start_query_execution(QueryString="SELECT 7", ResultConfiguration=configuration)
        execution_id = started["QueryExecutionId"]
        while athena_of(server).get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]["Status"][
            "State"
        ] in ("QUEUED", "RUNNING"):
            pass
    with running(tmp_path / "home") as server:
        rows = athena_of(server).get_query_results(QueryExecutionId=execution_id)["ResultSet"]["Rows"]
    assert rows[1]["Data"][0]["VarCharValue"] == "7"


def test_a_database_may_be_named_with_its_catalog_plain_or_quoted(athena) -> None:
    name = f"{athena.database}_other"
    for catalog in ("awsdatacatalog", "`AwsDataCatalog`", "hive"):
        athena.rows(f"CREATE DATABASE {catalog}.`{name}`")
        athena.rows(f"ALTER DATABASE {catalog}.{name} SET DBPROPERTIES ('a' = 'b')")
        assert athena.rows(f"SHOW TABLES IN {catalog}.{name}") == []
        athena.rows(f"DROP DATABASE {catalog}.{name}")
    athena.rows(f'CREATE SCHEMA IF NOT EXISTS "awsdatacatalog"."{name}"')
    athena.rows(f'DROP SCHEMA "awsdatacatalog"."{name}"')
    assert (name,) not in athena.rows("SHOW DATABASES")
    assert athena.fails(f"CREATE DATABASE other.{name}") == "CATALOG_NOT_FOUND: Catalog 'other' does not exist"


def test_a_capacity_reservation_needs_no_tags(athena) -> None:
    name = f"capacity-{uuid.uuid4().hex[:8]}"
    athena.client.create_capacity_reservation(Name=name, TargetDpus=24)
    reservation = athena.client.get_capacity_reservation(Name=name)["CapacityReservation"]
    assert (reservation["Name"], reservation["TargetDpus"]) == (name, 24)

"""Databases, tables and partitions of the Glue catalog, as boto3 sees them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.running import Running, running


@pytest.fixture(scope="session")
def glue(aws: Running) -> Any:
    return aws.client("glue")


@pytest.fixture
def database(glue: Any) -> str:
    name = f"db_{uuid.uuid4().hex[:10]}"
    glue.create_database(DatabaseInput={"Name": name})
    return name


@pytest.fixture
def by_month(glue: Any, database: str) -> str:
    """A table with the partitions 2023/11 to 2024/03."""
    keys = [{"Name": "year", "Type": "int"}, {"Name": "month", "Type": "string"}]
    glue.create_table(DatabaseName=database, TableInput={"Name": "by_month", "PartitionKeys": keys})
    columns = {"Columns": [{"Name": "id", "Type": "bigint"}], "Location": "s3://b/by_month"}
    parts = [("2023", "11"), ("2023", "12"), ("2024", "01"), ("2024", "02"), ("2024", "03")]
    answer = glue.batch_create_partition(
        DatabaseName=database,
        TableName="by_month",
        PartitionInputList=[{"Values": list(values), "StorageDescriptor": columns} for values in parts],
    )
    assert "Errors" not in answer
    return database


def values(partitions: list[dict[str, Any]]) -> list[str]:
    return ["/".join(partition["Values"]) for partition in partitions]


def code_and_message(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_names_fold_to_lower_case(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database.upper(), TableInput={"Name": "Complaints"})
    table = glue.get_table(DatabaseName=database, Name="COMPLAINTS")["Table"]
    assert (table["DatabaseName"], table["Name"]) == (database, "complaints")


def test_a_database_keeps_location_and_parameters(glue: Any) -> None:
    name = f"lake_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name, "LocationUri": "s3://b/x", "Parameters": {"owner": "ana"}})
    entry = glue.get_database(Name=name)["Database"]
    assert (entry["LocationUri"], entry["Parameters"]) == ("s3://b/x", {"owner": "ana"})


@pytest.mark.parametrize(
    ("call", "arguments", "code", "message"),
    [
        ("get_database", {"Name": "nowhere"}, "EntityNotFoundException", "Database nowhere not found."),
        ("get_table", {"Name": "nothing"}, "EntityNotFoundException", "Table nothing not found."),
        ("create_table", {"TableInput": {"Name": "BY_MONTH"}}, "AlreadyExistsException", "Table already exists."),
        (
            "create_partition",
            {"TableName": "by_month", "PartitionInput": {"Values": ["2024", "03"]}},
            "AlreadyExistsException",
            "Partition already exists.",
        ),
        (
            "create_partition",
            {"TableName": "by_month", "PartitionInput": {"Values": ["2024"]}},
            "InvalidInputException",
            "The number of partition keys do not match the number of partition values",
        ),
        (
            "get_partitions",
            {"TableName": "by_month", "Expression": "year = 'soon'"},
            "InvalidInputException",
            "soon is not an integer.",
        ),
        (
            "get_partitions",
            {"TableName": "by_month", "Expression": "day = 1"},
            "InvalidInputException",
            "Invalid partition expression! day is not a partition key; allowed: year, month",
        ),
        (
            "get_partitions",
            {"TableName": "by_month", "Expression": "year + 1 = 2"},
            "InvalidInputException",
            "Unsupported expression 'year + 1 = 2'",
        ),
    ],
)
def test_errors_are_glue_s(
    glue: Any, by_month: str, call: str, arguments: dict[str, Any], code: str, message: str
) -> None:
    given = arguments if call == "get_database" else {"DatabaseName": by_month, **arguments}
    with pytest.raises(ClientError) as error:
        getattr(glue, call)(**given)
    assert code_and_message(error) == (code, message)


def test_update_table_with_an_old_version_id_is_refused(glue: Any, by_month: str) -> None:
    version = glue.get_table(DatabaseName=by_month, Name="by_month")["Table"]["VersionId"]
    definition = {"Name": "by_month", "Description": "first"}
    glue.update_table(DatabaseName=by_month, TableInput=definition, VersionId=version)
    with pytest.raises(ClientError) as error:
        glue.update_table(DatabaseName=by_month, TableInput={**definition, "Description": "2"}, VersionId=version)
    assert code_and_message(error) == (
        "ConcurrentModificationException",
        "Update table failed due to concurrent modifications.",
    )
    assert glue.get_table(DatabaseName=by_month, Name="by_month")["Table"]["Description"] == "first"


def test_skip_archive_keeps_no_old_version(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput={"Name": "t"})
    glue.update_table(DatabaseName=database, TableInput={"Name": "t", "Description": "a"})
    glue.update_table(DatabaseName=database, TableInput={"Name": "t", "Description": "b"}, SkipArchive=True)
    versions = glue.get_table_versions(DatabaseName=database, TableName="t")["TableVersions"]
    assert [v["Table"].get("Description") for v in versions] == ["b", None]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", ["2023/11", "2023/12", "2024/01", "2024/02", "2024/03"]),
        ("year = '2024' AND month >= '02'", ["2024/02", "2024/03"]),
        ("year = 2023 or month in ('01', '03')", ["2023/11", "2023/12", "2024/01", "2024/03"]),
        ("not (year between 2023 and 2023)", ["2024/01", "2024/02", "2024/03"]),
        ("month like '1_' and year <> 2024", ["2023/11", "2023/12"]),
        ("year > 999", ["2023/11", "2023/12", "2024/01", "2024/02", "2024/03"]),
    ],
)
def test_partitions_are_filtered_by_the_types_of_their_keys(
    glue: Any, by_month: str, expression: str, expected: list[str]
) -> None:
    partitions = glue.get_partitions(DatabaseName=by_month, TableName="by_month", Expression=expression)["Partitions"]
    assert values(partitions) == expected


def test_partitions_come_in_pages_and_segments(glue: Any, by_month: str) -> None:
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=by_month, TableName="by_month", PaginationConfig={"PageSize": 2}
    )
    value_pages = [values(page["Partitions"]) for page in pages]
    assert value_pages == [["2023/11", "2023/12"], ["2024/01", "2024/02"], ["2024/03"]]
    segments = [
        glue.get_partitions(
            DatabaseName=by_month, TableName="by_month", Segment={"SegmentNumber": n, "TotalSegments": 3}
        )["Partitions"]
        for n in range(3)
    ]
    assert sorted(v for segment in segments for v in values(segment)) == [v for page in value_pages for v in page]


def test_a_partition_cannot_get_the_values_of_another(glue: Any, by_month: str) -> None:
    with pytest.raises(ClientError) as error:
        glue.update_partition(
            DatabaseName=by_month,
            TableName="by_month",
            PartitionValueList=["2023", "11"],
            PartitionInput={"Values": ["2024", "03"]},
        )
    assert error.value.response["Error"]["Code"] == "AlreadyExistsException"
    assert len(glue.get_partitions(DatabaseName=by_month, TableName="by_month")["Partitions"]) == 5


def test_batch_calls_list_what_failed_and_do_the_rest(glue: Any, by_month: str) -> None:
    answer = glue.batch_delete_partition(
        DatabaseName=by_month,
        TableName="by_month",
        PartitionsToDelete=[{"Values": ["1999", "01"]}, {"Values": ["2023", "11"]}],
    )
    assert [(e["PartitionValues"], e["ErrorDetail"]["ErrorCode"]) for e in answer["Errors"]] == [
        (["1999", "01"], "EntityNotFoundException")
    ]
    left = glue.get_partitions(DatabaseName=by_month, TableName="by_month", ExcludeColumnSchema=True)["Partitions"]
    assert values(left) == ["2023/12", "2024/01", "2024/02", "2024/03"]
    assert "Columns" not in left[0]["StorageDescriptor"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("fact_.*", ["fact_a", "fact_b"]), ("*_a", ["dim_a", "fact_a"]), (".*dim.*", ["dim_a"]), ("fact", [])],
)
def test_tables_are_listed_by_pattern(glue: Any, database: str, expression: str, expected: list[str]) -> None:
    for name in ("fact_b", "dim_a", "fact_a"):
        glue.create_table(DatabaseName=database, TableInput={"Name": name})
    tables = glue.get_tables(DatabaseName=database, Expression=expression)["TableList"]
    assert [table["Name"] for table in tables] == expected


def test_tables_come_in_pages(glue: Any, database: str) -> None:
    for name in "edcba":
        glue.create_table(DatabaseName=database, TableInput={"Name": name})
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database, PaginationConfig={"PageSize": 2})
    assert [[table["Name"] for table in page["TableList"]] for page in pages] == [["a", "b"], ["c", "d"], ["e"]]


def test_the_catalog_survives_a_restart(tmp_path: Any) -> None:
    with running(tmp_path) as first:
        glue = first.client("glue")
        glue.create_database(DatabaseInput={"Name": "db"})
        keys = [{"Name": "day", "Type": "date"}]
        glue.create_table(DatabaseName="db", TableInput={"Name": "t", "PartitionKeys": keys})
        glue.create_partition(DatabaseName="db", TableName="t", PartitionInput={"Values": ["2024-02-29"]})
    with running(tmp_path) as second:
        glue = second.client("glue")
        partitions = glue.get_partitions(DatabaseName="db", TableName="t", Expression="day < '2024-03-01'")[
            "Partitions"
        ]
        assert values(partitions) == ["2024-02-29"]
        glue.update_table(DatabaseName="db", TableInput={"Name": "t"}, VersionId="1")


def statistics(column: str, kind: str, **data: Any) -> dict[str, Any]:
    member = f"{kind.title()}ColumnStatisticsData"
    analyzed = datetime(2026, 1, 2, tzinfo=UTC)
    return {
        "ColumnName": column,
        "ColumnType": kind.lower(),
        "AnalyzedTime": analyzed,
        "StatisticsData": {"Type": kind, member: {"NumberOfNulls": 0, "NumberOfDistinctValues": 7, **data}},
    }


def test_column_statistics_of_a_table_are_kept(tmp_path: Path) -> None:
    columns = [{"Name": "id", "Type": "bigint"}, {"Name": "price", "Type": "decimal(9,2)"}]
    table = {"DatabaseName": "d", "TableName": "t"}
    price = {"MaximumValue": {"UnscaledValue": b"\x01\x00", "Scale": 2}}
    given = [statistics("id", "LONG", MaximumValue=9), statistics("price", "DECIMAL", **price)]
    with running(tmp_path) as aws:
        glue = aws.client("glue")
        glue.create_database(DatabaseInput={"Name": "d"})
        glue.create_table(DatabaseName="d", TableInput={"Name": "t", "StorageDescriptor": {"Columns": columns}})
        mixed = {**statistics("id", "LONG"), "StatisticsData": {"Type": "DATE"}}
        answer = glue.update_column_statistics_for_table(
            **table, ColumnStatisticsList=[*given, statistics("gone", "LONG"), mixed]
        )
        assert [error["Error"]["ErrorMessage"] for error in answer["Errors"]] == [
            "Column gone is not a column of the table.",
            "StatisticsData of column id is of type DATE and lacks DateColumnStatisticsData.",
        ]
    with running(tmp_path) as aws:
        glue = aws.client("glue")
        column_statistics = glue.get_column_statistics_for_table(**table, ColumnNames=["price", "ID", "other"])
        assert column_statistics["ColumnStatisticsList"] == given[::-1]
        raw = column_statistics["ColumnStatisticsList"][0]["StatisticsData"]["DecimalColumnStatisticsData"][
            "MaximumValue"
        ]
        assert raw == {"UnscaledValue": b"\x01\x00", "Scale": 2}
        assert column_statistics["Errors"] == [
            {
                "ColumnName": "other",
                "Error": {
                    "ErrorCode": "EntityNotFoundException",
                    "ErrorMessage": "Column other has no statistics.",
                },
            }
        ]
        glue.delete_column_statistics_for_table(**table, ColumnName="id")
        glue.delete_column_statistics_for_table(**table, ColumnName="id")  # Trino deletes those of every column
        assert glue.get_column_statistics_for_table(**table, ColumnNames=["id"])["ColumnStatisticsList"] == []


def test_column_statistics_of_a_partition(glue: Any, by_month: str) -> None:
    glue.update_table(
        DatabaseName=by_month,
        TableInput={
            "Name": "by_month",
            "PartitionKeys": [{"Name": "year", "Type": "int"}, {"Name": "month", "Type": "string"}],
            "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "bigint"}]},
        },
    )
    january = {"DatabaseName": by_month, "TableName": "by_month", "PartitionValues": ["2024", "01"]}
    given = [statistics("id", "LONG", MinimumValue=1)]
    glue.update_column_statistics_for_partition(**january, ColumnStatisticsList=given)
    assert glue.get_column_statistics_for_partition(**january, ColumnNames=["id"])["ColumnStatisticsList"] == given
    other = {**january, "PartitionValues": ["2024", "02"]}
    assert glue.get_column_statistics_for_partition(**other, ColumnNames=["id"])["ColumnStatisticsList"] == []
    glue.delete_column_statistics_for_partition(**january, ColumnName="id")
    assert glue.get_column_statistics_for_partition(**january, ColumnNames=["id"])["ColumnStatisticsList"] == []
    missing = {**january, "PartitionValues": ["1999", "01"]}
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.get_column_statistics_for_partition(**missing, ColumnNames=["id"])


def test_tables_are_found_by_any_word_of_theirs(glue: Any, database: str) -> None:
    parameters = {"classification": "parquet", "mark": database}
    for name, description in (("tbl_1", "Foo boo bar"), ("tbl_2", "other")):
        table = {"Name": name, "Description": description, "Parameters": parameters, "Owner": f"o{name[-1]}"}
        glue.create_table(DatabaseName=database, TableInput=table)

    def search(**wanted: Any) -> list[str]:
        scope = {"Key": "DatabaseName", "Value": database}
        tables = glue.search_tables(Filters=[scope, *wanted.pop("Filters", [])], **wanted)["TableList"]
        return [table["Name"] for table in tables]

    assert search(SearchText="parquet") == search(SearchText='"PARQUET"') == ["tbl_1", "tbl_2"]
    assert search(SearchText='"parque"') == []
    assert search(SearchText="boo") == search(SearchText="tbl_1", CatalogId="123456789012") == ["tbl_1"]
    assert search(Filters=[{"Key": "mark", "Value": "another"}]) == []
    assert search(SortCriteria=[{"FieldName": "Name", "Sort": "DESC"}], MaxResults=1) == ["tbl_2"]
    assert search(ResourceShareType="FOREIGN") == []
    newer = {"Key": "CreateTime", "Value": "1", "Comparator": "GREATER_THAN"}
    with pytest.raises(ClientError, match="Comparator GREATER_THAN is not supported; use EQUALS"):
        search(Filters=[newer])
    with pytest.raises(ClientError, match="SortCriteria names the field 'Size'; one of Name, DatabaseName"):
        search(SortCriteria=[{"FieldName": "Size", "Sort": "ASC"}])

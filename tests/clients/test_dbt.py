"""dbt-athena: a project is built, rebuilt after its sources changed, documented, and built from scratch."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.clients

LATER_LOANS = """id,reader,book,fee,lent_on,changed_at
1,inês,Dom Casmurro,1.50,2024-03-01,2024-03-01 09:00:00
2,joão,"Quincas, Borba",0.80,2024-03-02,2024-03-04 07:00:00
3,inês,Iracema,,2024-03-02,2024-03-02 11:00:00
4,rui,O Cortiço,2.25,2024-03-03,2024-03-03 08:30:00
5,joão,Ubirajara,3.00,2024-03-05,2024-03-05 12:00:00
"""
LATER_READERS = """reader,town,is_member
inês,Olinda,true
joão,"Ouro Preto, MG",true
rui,São Luís,true
"""
FIRST = {
    "SELECT * FROM stg_loans ORDER BY id": [
        ("1", "inês", "Dom Casmurro", "1.50", "2024-03-01", "2024-03-01 09:00:00.000"),
        ("2", "joão", "Quincas, Borba", "0.75", "2024-03-02", "2024-03-02 10:15:30.000"),
        ("3", "inês", "Iracema", None, "2024-03-02", "2024-03-02 11:00:00.000"),
        ("4", "rui", "O Cortiço", "2.25", "2024-03-03", "2024-03-03 08:30:00.000"),
    ],
    "SELECT * FROM readers ORDER BY loans DESC, reader": [
        ("inês", "Olinda", "true", "2", "1.50", "2024-03-01"),
        ("joão", "Ouro Preto, MG", "false", "1", "0.75", "2024-03-02"),
        ("rui", "São Luís", "true", "1", "2.25", "2024-03-03"),
    ],
    "SELECT lent_on, count(*), sum(fee) FROM loans_hive GROUP BY 1 ORDER BY 1": [
        ("2024-03-01", "1", "1.50"),
        ("2024-03-02", "2", "0.75"),
        ("2024-03-03", "1", "2.25"),
    ],
    "SELECT id, fee FROM loans_bucketed ORDER BY id": [("1", "1.50"), ("2", "0.75"), ("3", None), ("4", "2.25")],
    'SELECT count(*), count(DISTINCT "$path") FROM loans_iceberg': [("4", "3")],
    "SELECT id FROM hive_append ORDER BY id": [("1",), ("2",), ("3",), ("4",)],
    "SELECT id, lent_on FROM hive_overwrite ORDER BY id": [
        ("1", "2024-03-01"),
        ("2", "2024-03-02"),
        ("3", "2024-03-02"),
        ("4", "2024-03-03"),
    ],
    "SELECT id FROM iceberg_append ORDER BY id": [("1",), ("2",), ("3",), ("4",)],
    "SELECT id, fee FROM iceberg_merge ORDER BY id": [("1", "1.50"), ("2", "0.75"), ("3", None), ("4", "2.25")],
    "SELECT id, dbt_valid_to FROM {SCHEMA}_history.loans_snapshot ORDER BY id": [
        ("1", None),
        ("2", None),
        ("3", None),
        ("4", None),
    ],
}
SECOND = {
    "SELECT reader, is_member, loans, fees FROM readers ORDER BY reader": [
        ("inês", "true", "2", "1.50"),
        ("joão", "true", "2", "3.80"),
        ("rui", "true", "1", "2.25"),
    ],
    'SELECT count(*), count(DISTINCT "$path") FROM loans_iceberg': [("5", "5")],
    "SELECT id FROM hive_append ORDER BY id": [("1",), ("2",), ("3",), ("4",), ("5",)],
    "SELECT id, fee, lent_on FROM hive_overwrite ORDER BY id": [
        ("1", "1.50", "2024-03-01"),
        ("2", "0.80", "2024-03-02"),
        ("3", None, "2024-03-02"),
        ("4", "2.25", "2024-03-03"),
        ("5", "3.00", "2024-03-05"),
    ],
    "SELECT id FROM iceberg_append ORDER BY id": [("1",), ("2",), ("3",), ("4",), ("5",)],
    # The merge deletes the rows of rui. The new column is NULL in rows that the merge did not change.
    "SELECT id, fee, book FROM iceberg_merge ORDER BY id": [
        ("1", "1.50", None),
        ("2", "0.80", "Quincas, Borba"),
        ("3", None, "Iracema"),
        ("5", "3.00", "Ubirajara"),
    ],
    "SELECT id, fee, dbt_valid_from, dbt_valid_to FROM {SCHEMA}_history.loans_snapshot WHERE id IN (2, 5)"
    " ORDER BY id, dbt_valid_from": [
        ("2", "0.75", "2024-03-02 10:15:30.000000", "2024-03-04 07:00:00.000000"),
        ("2", "0.8", "2024-03-04 07:00:00.000000", None),
        ("5", "3.0", "2024-03-05 12:00:00.000000", None),
    ],
    "SELECT reader, is_member, dbt_valid_to IS NULL FROM {SCHEMA}_history.readers_snapshot ORDER BY 1, 2": [
        ("inês", "true", "true"),
        ("joão", "false", "false"),
        ("joão", "true", "true"),
        ("rui", "true", "true"),
    ],
}


def test_a_project_is_built_twice_documented_and_built_anew(client_of: Callable[..., Any]) -> None:
    client = client_of("dbt", "dbt_project")
    schema = client.bucket.replace("-", "_")

    def read(questions: dict[str, Any]) -> dict[str, Any]:
        return {sql: client.rows(in_schema(sql, schema)) for sql in questions}

    client.run("dbt", "build")
    assert read(FIRST) == FIRST
    (client.folder / "seeds" / "raw_loans.csv").write_text(LATER_LOANS, encoding="utf-8")
    (client.folder / "seeds" / "raw_readers.csv").write_text(LATER_READERS, encoding="utf-8")
    client.run("dbt", "build", "--vars", "wider: true")
    assert read(SECOND) == SECOND

    client.run("dbt", "docs", "generate")
    catalog = json.loads((client.folder / "target" / "catalog.json").read_text(encoding="utf-8"))
    assert catalog["errors"] is None
    documented = catalog["nodes"]["model.library.readers"]
    assert documented["metadata"]["comment"] == "Readers; with 'quotes' and ç"
    assert documented["columns"]["town"]["comment"] == "Where the reader lives"
    assert [
        (name, column["type"]) for name, column in catalog["nodes"]["model.library.loans_hive"]["columns"].items()
    ] == [
        ("id", "bigint"),
        ("reader", "string"),
        ("fee", "decimal(10,2)"),
        ("changed_at", "timestamp"),
        ("lent_on", "date"),
    ]

    client.run("dbt", "build", "--full-refresh", "--exclude", "resource_type:snapshot")
    anew = {
        "SELECT id, fee FROM iceberg_merge ORDER BY id": [
            ("1", "1.50"),
            ("2", "0.80"),
            ("3", None),
            ("4", "2.25"),
            ("5", "3.00"),
        ],
        "SELECT id FROM iceberg_append ORDER BY id": SECOND["SELECT id FROM iceberg_append ORDER BY id"],
        "SELECT count(*) FROM hive_overwrite": [("5",)],
    }
    assert read(anew) == anew


def in_schema(sql: str, schema: str) -> str:
    """Return a query on tables of ``schema`` that works for a client without a default database."""
    sql = sql.replace("{SCHEMA}", schema)
    return sql if f"FROM {schema}" in sql else sql.replace("FROM ", f"FROM {schema}.")

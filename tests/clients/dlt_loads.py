"""A user's dlt loads into Athena: append, a new column, replace, merge, and reading back. Prints one JSON object."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import os
import sys
from typing import Any

import dlt

TABLE_FORMAT = sys.argv[1]
BUCKET = os.environ["BUCKET"]
DATASET = f"{os.environ['SCHEMA']}_{TABLE_FORMAT}"
ROWS = [
    {
        "id": 1,
        "name": "açaí",
        "price": decimal.Decimal("1.50"),
        "at": dt.datetime(2024, 1, 1, 10, 30, tzinfo=dt.UTC),
        "day": dt.date(2024, 1, 1),
        "is_fresh": True,
        "weight": 1.5,
        "tags": ["fruit", "purple"],
    },
    {
        "id": 2,
        "name": "cupuaçu",
        "price": decimal.Decimal("2.25"),
        "at": dt.datetime(2024, 1, 2, tzinfo=dt.UTC),
        "day": dt.date(2024, 1, 2),
        "is_fresh": False,
        "weight": 2.5,
        "tags": [],
    },
]


def main() -> None:
    pipeline = dlt.pipeline(
        pipeline_name=f"fruits_{TABLE_FORMAT}", destination="athena", dataset_name=DATASET, staging="filesystem"
    )

    def load(rows: list[dict[str, Any]], table: str, disposition: str, **options: Any) -> None:
        pipeline.run(
            rows,
            table_name=table,
            write_disposition=disposition,
            loader_file_format="parquet",
            table_format=TABLE_FORMAT if TABLE_FORMAT == "iceberg" else None,
            **options,
        ).raise_on_failed_jobs()

    def read(sql: str) -> list[list[str]]:
        with pipeline.sql_client() as client:
            return [[str(value) for value in row] for row in client.execute_sql(sql)]

    answers: dict[str, Any] = {}
    load(ROWS, "fruits", "append")
    answers["append"] = read("SELECT id, name, price, at, day, is_fresh, weight FROM fruits ORDER BY id")
    answers["nested"] = read("SELECT value FROM fruits__tags ORDER BY 1")
    load([{**ROWS[0], "id": 3, "origin": "Pará"}], "fruits", "append")
    answers["new column"] = read("SELECT id, origin FROM fruits ORDER BY id")
    load(ROWS[:1], "fruits", "replace")
    answers["replace"] = read("SELECT id, origin FROM fruits ORDER BY id")
    answers["replace, nested"] = read("SELECT value FROM fruits__tags ORDER BY 1")
    load(ROWS, "prices", "merge", primary_key="id")
    load([{**ROWS[0], "name": "açaí-juçara", "tags": ["palm"]}], "prices", "merge", primary_key="id")
    answers["merge"] = read("SELECT id, name FROM prices ORDER BY id, name")
    answers["merge, nested"] = read("SELECT value FROM prices__tags ORDER BY 1")
    answers["dataset"] = len(pipeline.dataset().prices.fetchall())
    answers["loads"] = read("SELECT count(*), min(status) FROM _dlt_loads")
    pipeline.drop(pipeline_name=pipeline.pipeline_name)
    pipeline.sync_destination(destination="athena", staging="filesystem", dataset_name=DATASET)
    answers["restored"] = sorted(pipeline.default_schema.data_table_names())
    print(json.dumps(answers))


if __name__ == "__main__":
    main()

"""Athena joins of 2, 5 and 18 Iceberg tables, compared with DuckDB on the same files, before and after schema
evolution.

Exits with status 1 if Athena takes more than 1.5 times as long as DuckDB plus 30 ms.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.types import DoubleType, LongType

from localaws.running import Running, running

SALES, ROUNDS, FACTOR, EXTRA_SECONDS, ENOUGH_SECONDS = 600_000, 9, 1.5, 0.030, 5.0
DIMENSIONS = {
    "day": 20_000, "item": 2_000, "address": 2_000, "person": 40_000, "band": 20, "store": 2, "promo": 30,
}  # fmt: skip
CUSTOMER_KEYS = {"c_person": "person", "c_home": "home", "c_address": "address", "c_first": "day", "c_ship": "day"}
SALES_KEYS = ("day", "item", "customer", "address", "person", "home", "store", "promo")
QUERIES = {
    2: "SELECT item_v, count(*) AS n, sum(price) AS price FROM sales, item WHERE s_item = item_id GROUP BY item_v",
    5: (
        "SELECT item_v, store_v, day_v, sum(price) AS price FROM sales, item, store, day, promo WHERE s_item = item_id "
        "AND s_store = store_id AND s_day = day_id AND s_promo = promo_id AND promo_v < 50 "
        "GROUP BY item_v, store_v, day_v"
    ),
    18: (
        "SELECT item.item_v, store.store_v, d1.day_v, count(*) AS n, sum(price) AS price "
        "FROM sales, returns, day AS d1, day AS d2, day AS d3, store, customer, person AS p1, person AS p2, promo, "
        "home AS h1, home AS h2, address AS a1, address AS a2, band AS b1, band AS b2, item "
        "WHERE s_store = store_id AND s_day = d1.day_id AND s_customer = customer_id AND s_person = p1.person_id "
        "AND s_home = h1.home_id AND s_address = a1.address_id AND s_item = item_id AND s_item = r_item "
        "AND ticket = r_ticket AND c_person = p2.person_id AND c_home = h2.home_id AND c_address = a2.address_id "
        "AND c_first = d2.day_id AND c_ship = d3.day_id AND s_promo = promo_id AND h1.home_band = b1.band_id "
        "AND h2.home_band = b2.band_id AND p1.person_v <> p2.person_v AND item.item_v < 20 "
        "GROUP BY item.item_v, store.store_v, d1.day_v"
    ),
}


def mix(number: int, salt: int, bound: int) -> int:
    """Return a pseudorandom number below ``bound``, the same in every run."""
    return (number * 2654435761 + salt * 40503) % 4294967291 % bound


def tables() -> Iterator[tuple[str, dict[str, list[Any]]]]:
    """Yield names and columns of the star's tables."""
    for name, rows in DIMENSIONS.items():
        yield name, {f"{name}_id": list(range(rows)), f"{name}_v": [mix(i, 7, 97) for i in range(rows)]}
    sizes = DIMENSIONS | {"home": 7_200, "customer": 2_000}
    yield "home", {"home_id": list(range(7_200)), "home_band": [mix(i, 3, 20) for i in range(7_200)]}
    keys = enumerate(CUSTOMER_KEYS.items())
    yield (
        "customer",
        {
            "customer_id": list(range(2_000)),
            **{key: [mix(i, salt, sizes[table]) for i in range(2_000)] for salt, (key, table) in keys},
        },
    )
    yield (
        "sales",
        {
            "ticket": [i // 12 for i in range(SALES)],
            **{f"s_{t}": [mix(i, s, sizes[t]) for i in range(SALES)] for s, t in enumerate(SALES_KEYS, 11)},
            "price": [float(mix(i, 5, 1000)) for i in range(SALES)],
        },
    )
    back = range(0, SALES, 10)
    yield "returns", {"r_ticket": [i // 12 for i in back], "r_item": [mix(i, 12, sizes["item"]) for i in back]}


def halves(columns: dict[str, list[Any]], *, narrow: bool) -> tuple[pa.Table, pa.Table]:
    """Return both halves of a table; with ``narrow`` the first has the smaller types from before the evolution."""
    whole = pa.table(columns)
    first = whole.slice(0, whole.num_rows // 2)
    if narrow:
        small = {pa.int64(): pa.int32(), pa.float64(): pa.float32()}
        first = first.cast(pa.schema([(field.name, small[field.type]) for field in first.schema]))
    return first, whole.slice(whole.num_rows // 2)


def load(catalog: Catalog, database: str, *, evolved: bool) -> None:
    """Write every table as two files. Those of evolved tables differ in their types and in one added column."""
    catalog.create_namespace(database)
    for name, columns in tables():
        first, second = halves(columns, narrow=evolved)
        table = catalog.create_table(
            f"{database}.{name}", first.schema, location=f"s3://bench-bucket/{database}/{name}"
        )
        table.append(first)
        if evolved:
            with table.update_schema() as update:
                for field in first.schema:
                    update.update_column(field.name, LongType() if field.type == pa.int32() else DoubleType())
                update.add_column("added", LongType())
            second = second.append_column("added", pa.array(range(second.num_rows), pa.int64()))
        table.append(second)


def views(connection: duckdb.DuckDBPyConnection, catalog: Catalog, server: Running, database: str) -> None:
    """Create views on the same files for DuckDB itself, with all statistics and the optimizers of localaws."""
    connection.execute("SET disabled_optimizers = 'partial_aggregate_pushdown'")
    connection.execute(f"CREATE SCHEMA {database}")
    for _, name in catalog.list_tables(database):
        tasks = catalog.load_table(f"{database}.{name}").scan().plan_files()
        files = [task.file.file_path.replace("s3://", f"{server.home}/s3/") for task in tasks]
        source = f"read_parquet({files}, union_by_name = true)"
        connection.execute(f"CREATE VIEW {database}.{name} AS SELECT * FROM {source}")


def least_seconds(call: Callable[[], Any]) -> float:
    """Return the shortest time of several rounds, or of one round if that takes longer than :data:`ENOUGH_SECONDS`."""
    times: list[float] = []
    while len(times) < ROUNDS and sum(times) < ENOUGH_SECONDS:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def ask(athena: Any, sql: str, database: str) -> None:
    started = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": database},
        ResultConfiguration={"OutputLocation": "s3://bench-bucket/results/"},
    )
    while True:
        status = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]["Status"]
        if status["State"] not in ("QUEUED", "RUNNING"):
            assert status["State"] == "SUCCEEDED", status
            return
        time.sleep(0.002)


def compare(server: Running, connection: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Print the times of all queries of a database, and return whether every query stays within the limit."""
    athena, within = server.client("athena"), True
    connection.execute(f"USE {database}")
    for number, sql in QUERIES.items():
        plain = least_seconds(lambda sql=sql: connection.execute(sql).fetchall())
        whole = least_seconds(lambda sql=sql: ask(athena, sql, database))
        within &= whole <= FACTOR * plain + EXTRA_SECONDS
        print(f"{database:8} {number:3} tables   DuckDB {plain * 1000:7.1f} ms   Athena {whole * 1000:7.1f} ms")
    return within


def main() -> int:
    with running() as server, duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        connection.execute(f"SET temp_directory = '{server.home}/tmp/bench'")
        server.client("s3").create_bucket(Bucket="bench-bucket")
        catalog = load_catalog("bench", type="rest", uri=f"{server.endpoint}/iceberg")
        within = True
        for database in ("plain", "evolved"):
            load(catalog, database, evolved=database == "evolved")
            views(connection, catalog, server, database)
            within &= compare(server, connection, database)
    return int(not within)


if __name__ == "__main__":
    sys.exit(main())

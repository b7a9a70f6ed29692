"""One load of a CSV file into PostgreSQL by another tool, started by ``benchmarks/warehouse_peers.py``.

``python warehouse.py PEER URL FILE`` prints its seconds, without imports.
"""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

TABLE = "peer"
NAMES = ("id", "day", "merchant", "city", "amount", "parts", "is_open", "at")
CREATED = f"""
DROP TABLE IF EXISTS {TABLE}; CREATE TABLE {TABLE} (id bigint NOT NULL, day date, merchant text, city text,
amount numeric(14,2), parts integer, is_open boolean, at timestamptz)
"""


def typed(path: str) -> Iterator[dict[str, object]]:
    """Return the rows of the file with Python's types."""
    with Path(path).open(newline="") as file:
        for row in csv.DictReader(file):
            yield row | {
                "id": int(row["id"]), "day": date.fromisoformat(row["day"]), "amount": Decimal(row["amount"]),
                "parts": int(row["parts"]), "is_open": row["is_open"] == "true",
                "at": datetime.fromisoformat(f"{row['at']}+00:00"),
            }  # fmt: skip


def dlt_pipeline(url: str, **options: object) -> Callable[[object], None]:
    import dlt

    pipeline = dlt.pipeline("peer", destination=dlt.destinations.postgres(url), dataset_name="peers", dev_mode=True)

    def run(rows: object) -> None:
        pipeline.run(rows, table_name=TABLE, write_disposition="append", **options)

    return run


def dlt_default(url: str, path: str) -> Callable[[], None]:
    run = dlt_pipeline(url)
    return lambda: run(typed(path))


def dlt_best(url: str, path: str) -> Callable[[], None]:
    """Load an Arrow table with dlt, which writes CSV files and passes them to COPY."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    run = dlt_pipeline(url, loader_file_format="csv")
    types = {"amount": pa.decimal128(14, 2), "day": pa.date32(), "is_open": pa.bool_(), "at": pa.timestamp("us")}
    convert = arrow_csv.ConvertOptions(column_types=types)
    return lambda: run(arrow_csv.read_csv(path, convert_options=convert))


def polars_copy(url: str, path: str) -> Callable[[], None]:
    """Parse with Polars, write rows as CSV, and load them with COPY."""
    import polars as pl
    import psycopg

    def load() -> None:
        read = pl.read_csv(path, infer_schema=False)
        rows = read.with_columns(
            pl.col("id").cast(pl.Int64), pl.col("day").str.to_date(), pl.col("amount").cast(pl.Decimal(14, 2)),
            pl.col("parts").cast(pl.Int32), pl.col("is_open") == "true", pl.col("at").str.to_datetime(),
        )  # fmt: skip
        rows.write_csv(text := io.BytesIO(), include_header=False)
        statement = f"COPY {TABLE} ({', '.join(NAMES)}) FROM STDIN (FORMAT csv)"
        with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(text.getbuffer())

    return load


def orm(url: str, path: str) -> Callable[[], None]:
    """Load objects of SQLAlchemy, 10,000 per flush, in one commit."""
    from sqlalchemy import create_engine
    from sqlalchemy.ext.automap import automap_base
    from sqlalchemy.orm import Session

    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {TABLE} ADD PRIMARY KEY (id)")
    base = automap_base()
    base.prepare(autoload_with=engine)
    kind = base.classes[TABLE]

    def load() -> None:
        with Session(engine) as session:
            for number, row in enumerate(typed(path), 1):
                session.add(kind(**row))
                if number % 10_000 == 0:
                    session.flush()
                    session.expunge_all()
            session.commit()

    return load


PEERS = {peer.__name__: peer for peer in (dlt_default, dlt_best, polars_copy, orm)}


def main() -> None:
    name, url, path = sys.argv[1:]
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute(CREATED)
    load = PEERS[name](url, path)
    start = time.perf_counter()
    load()
    print(f"SECONDS {time.perf_counter() - start}")


if __name__ == "__main__":
    main()

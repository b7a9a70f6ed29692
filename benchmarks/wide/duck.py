"""DuckDB with two threads. It writes Parquet in partition folders, without a table format."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import duckdb

from wide.best import HEADERS, TEXTS
from wide.star import FIELDS, fact_sales, sales
from wide.work import Output, Work

MARKED = ("Tax", "Total")
PARTITIONED = "FORMAT parquet, COMPRESSION zstd, PARTITION_BY (quarter), WRITE_PARTITION_COLUMNS true"
READ = """
SELECT * FROM read_csv($files, columns = $columns, delim = ';', header = true, quote = '', escape = '',
  null_padding = true, auto_detect = false, filename = true)
"""


def run(work: Work) -> Output:
    """Write the results below ``work.out``."""
    start = perf_counter()
    work.out.mkdir(parents=True)
    with duckdb.connect(str(work.out / "work.duckdb")) as db:
        db.execute("SET threads = 2; SET memory_limit = '4GB'; SET preserve_insertion_order = false")
        columns = dict.fromkeys(TEXTS, "VARCHAR")
        files = [str(path) for path in work.files.values()]
        db.execute(f"CREATE TEMP TABLE parsed AS {_typed(work)}", {"files": files, "columns": columns})
        for name, path in {"customer": work.customers, "product": work.products}.items():
            db.execute(
                f"CREATE TEMP TABLE {name}s AS SELECT Code AS {name}_code, (hash(Code) >> 1)::bigint AS {name}_key,"
                f" * EXCLUDE (Code) FROM read_csv('{path}', delim = ';', header = true, all_varchar = true)"
            )
            db.execute(f"COPY {name}s TO '{work.out}/{name}s.parquet' (FORMAT parquet, COMPRESSION zstd)")
        parsed = perf_counter()
        trusted = ", ".join(column.name for column in sales.all_columns)
        good = "FROM parsed {} WHERE column_name IS NULL ORDER BY quarter, {}"
        db.execute(f"COPY (SELECT {trusted} {good.format('', 'customer_code')}) TO '{work.out}/sales' ({PARTITIONED})")
        keyed = ", ".join(
            f"coalesce({name}_key, 0) AS {name}_key, (hash({name}_code) >> 1)::bigint AS {name}_durable_key"
            for name in ("customer", "product")
        )
        plain = ", ".join(column.name for column in fact_sales.columns)
        joins = "LEFT JOIN customers USING (customer_code) LEFT JOIN products USING (product_code)"
        db.execute(
            f"COPY (SELECT {plain}, {keyed} {good.format(joins, 'customer_key')}) TO '{work.out}/fact' ({PARTITIONED})"
        )
        rejects = """SELECT source_file, source_line, column_name, value, raw_line, 'is not allowed' AS reason
          FROM parsed WHERE column_name IS NOT NULL"""
        accounts = """SELECT source_file, count(*) AS rows_in, count(*) - count(column_name) AS rows_loaded,
          count(column_name) AS rows_rejected FROM parsed GROUP BY source_file"""
        for name, query in {"rejects": rejects, "accounts": accounts}.items():
            db.execute(f"COPY ({query}) TO '{work.out}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
    seconds = {"parse": parsed - start, "results": perf_counter() - parsed}
    single = ([f"{work.out}/{name}.parquet"] for name in ("rejects", "accounts"))
    return Output(_below(work.out / "sales"), _below(work.out / "fact"), *single, seconds)


def _typed(work: Work) -> str:
    """Return a query of the rows with typed columns and, for rejected rows, column_name, value and raw_line.

    The reader has no line numbers. They are computed from the number of the sale, because all files have equally many
    rows.
    """
    quarters = " ".join(f"WHEN '{path.name}' THEN DATE '{day}'" for day, path in work.files.items())
    each = work.rows // len(work.files)
    values = ", ".join(f"{_value(header, column.type)} AS {column.name}" for column, header, *_ in FIELDS)
    faults = " ".join(
        f"WHEN {_fault(header, column.name, column.type, required)} THEN '{header}'"
        for column, header, _, required in FIELDS
    )
    named = " ".join(f"WHEN '{header}' THEN text_{header}" for header in HEADERS)
    line = " || ';' || ".join(f"coalesce({text}, '')" for text in TEXTS)
    return f"""
    SELECT *, CASE column_name {named} END AS value,
      CASE WHEN column_name IS NOT NULL THEN {line} END AS raw_line FROM (
      SELECT *, CASE WHEN text_Total IS NULL THEN '' {faults} END AS column_name FROM (
        SELECT *, parse_filename(filename) AS source_file, CASE parse_filename(filename) {quarters} END AS quarter,
          now() AS fetched_at, {values}, sale % {each} + 2 AS source_line FROM ({READ})))
    """


def _value(header: str, type_: str) -> str:
    text = f"trim(text_{header})"
    if type_ == "string":
        return f"nullif({text}, '')"
    if header == "Due":
        return f"try_strptime({text}, '%d/%m/%Y')::date"
    return f"try_cast({_plain(header)} AS {type_})"


def _plain(header: str) -> str:
    return f"replace(trim(text_{header}), ',', '.')" if header in MARKED else f"trim(text_{header})"


def _fault(header: str, name: str, type_: str, required: bool) -> str:
    missing = f"{name} IS NULL" if required else f"{name} IS NULL AND text_{header} <> ''"
    if type_ == "string":
        return missing if required else "false"
    if header == "Due":
        return f"{missing} OR strftime({name}, '%d/%m/%Y') <> trim(text_{header})"
    if type_.startswith("decimal"):
        return f"{missing} OR NOT starts_with({name}::text, {_plain(header)})"
    return f"{missing} OR {name}::text <> trim(text_{header})"


def _below(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*.parquet"))
